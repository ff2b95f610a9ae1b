# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks of a guest and the volumes behind them."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.device_name_bus import Machine

from ..base_image import BaseImage
from ..device_model import Disk, DiskSource
from ..volume_plan import VolumePlan
from .context import Context

GIB = 1024**3


@dataclass(frozen=True)
class DiskDesign:
    disks: tuple[Disk, ...]
    volumes: tuple[VolumePlan, ...]


def design_disks(context: Context) -> DiskDesign:
    disks: list[Disk] = []
    volumes: list[VolumePlan] = []
    if context.base_image is not None:
        volume = _root_volume(context, context.base_image)
        volumes.append(volume)
        disks.append(_file_disk(context, volume, "disk", "vda", "virtio"))
    if context.server["config_drive"]:
        volume = _config_drive_volume(context)
        volumes.append(volume)
        bus = _machine(context).default_bus("cdrom", context.problems) or "ide"
        prefix = _machine(context).prefix(bus) or "hd"
        disks.append(_file_disk(context, volume, "cdrom", f"{prefix}a", bus))
    return DiskDesign(tuple(disks), tuple(volumes))


def _machine(context: Context) -> Machine:
    return Machine(context.virt_type, context.properties, context.arch, context.machine)


def _root_volume(context: Context, base: BaseImage) -> VolumePlan:
    """An overlay as large as the flavor says; 0 takes the image's own size (guest CACHE-07, CACHE-08)."""
    wanted = context.server["flavor"]["disk"] * GIB
    if wanted and wanted < base["virtual_size"]:
        message = f"the image needs {base['virtual_size']} bytes, and the flavor's root disk has {wanted}"
        path = context.field("flavor.disk")
        context.refuse("FlavorDiskSmallerThanImage", "SPW-31", path, wanted, {"minimum": base["virtual_size"]}, message)
    return VolumePlan(
        role="disk",
        pool=context.pool["name"],
        name=context.volume_name("disk"),
        path=context.volume_path("disk"),
        capacity=wanted or base["virtual_size"],
        format="qcow2",
        backing=base["name"],
        backing_path=base["path"],
        backing_format=base["format"],
    )


def _config_drive_volume(context: Context) -> VolumePlan:
    """Always raw; the caller adds content and capacity once the drive is made (guest DSK-05)."""
    return VolumePlan(
        role="disk.config",
        pool=context.pool["name"],
        name=context.volume_name("disk.config"),
        path=context.volume_path("disk.config"),
        capacity=0,
        format="raw",
    )


def _file_disk(_context: Context, volume: VolumePlan, device: str, target_dev: str, target_bus: str) -> Disk:
    return Disk(
        device=device,
        source=DiskSource(kind="file", attribute="file", value=volume.path),
        target_dev=target_dev,
        target_bus=target_bus,
        driver_name="qemu",
        driver_type=volume.format,
        cache="none",
    )
