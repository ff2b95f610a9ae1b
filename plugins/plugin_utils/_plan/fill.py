# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What formatted disks and vfat drives are filled with, packed for the host half. Equal disks of a task are made once."""

from __future__ import annotations

import base64
import uuid
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import Problems
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.extents import Extent
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.qcow2_image import build_qcow2
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.swap_area import swap_header
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.volume_plan import VolumePlan

from .file_system import make_file_system, make_vfat_drive, missing_copier, missing_tool

_SWAP = "swap"


def check_tools(volumes: Sequence[VolumePlan], path: str, problems: Problems) -> None:
    """The controller's tools are looked for before anything is touched."""
    for volume in volumes:
        if volume.file_system in (None, _SWAP):
            continue
        is_drive = volume.role == "disk.config"
        option = "config_drive_format" if is_drive else "default_ephemeral_format"
        for message in (missing_tool(volume.file_system), missing_copier() if is_drive else None):
            if message is not None:
                where = f"{path}.{volume.role}" if path else volume.role
                allowed = f"see host_options.DEFAULT.{option}"
                problems.add("ToolNotFound", "DSK-09", where, volume.file_system, allowed, f"{where}: {message}")


@dataclass
class Fills:
    """The fills of one task by name: {size (bytes of the file), extents: [[offset, zlib in base64]]}."""

    packed: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add_formatted(self, volume: VolumePlan, server_uuid: str, arch: str) -> str:
        """The name of what an ephemeral disk or swap area is filled with."""
        name = f"{volume.file_system}/{volume.label}/{volume.capacity}/{volume.format}"
        if volume.file_system == _SWAP:
            name = f"{server_uuid}/{name}"
        if name not in self.packed:
            self.packed[name] = _packed(volume, _content(volume, server_uuid, arch))
        return name

    def add_drive(self, volume: VolumePlan, server_uuid: str, files: Mapping[str, bytes]) -> str:
        name = f"{server_uuid}/{volume.role}"
        self.packed[name] = _packed(volume, make_vfat_drive(files, volume.label or "", volume.capacity))
        return name

    def add_overlay(self, volume: VolumePlan) -> str:
        """A disk over its base image, empty as yet: libvirt takes no space beforehand for an overlay that it makes itself."""
        name = f"{volume.backing_path}/{volume.capacity}"
        if name not in self.packed:
            self.packed[name] = _packed(volume, [])
        return name


def _content(volume: VolumePlan, server_uuid: str, arch: str) -> list[Extent]:
    if volume.file_system == _SWAP:
        identity = uuid.uuid5(uuid.UUID(server_uuid), volume.role)
        return [(0, swap_header(volume.capacity, str(identity), arch))]
    return make_file_system(volume.file_system or "", volume.label or "", volume.capacity)


def _packed(volume: VolumePlan, extents: list[Extent]) -> dict[str, Any]:
    size = volume.capacity
    if volume.format == "qcow2":
        backing = (volume.backing_path, volume.backing_format or "raw") if volume.backing_path else None
        whole = build_qcow2(volume.capacity, extents, backing)
        size, extents = len(whole), [(0, whole)]
    return {
        "size": size,
        "extents": [[offset, base64.b64encode(zlib.compress(data, 6)).decode("ascii")] for offset, data in extents],
    }
