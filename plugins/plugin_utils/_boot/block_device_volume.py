# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in for the image of a server that boots from a volume (rules IMG-16..19)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from .block_device_check import Known, find
from .block_device_entry import Entry
from .checked import Checked, checked
from .problems import Problems, item_path, join_path
from .types import integer_text, shown

_GIB = 1024**3
# The image service's own attributes, which the volume service keeps among the properties.
_ATTRIBUTES = (
    "image_id",
    "image_name",
    "size",
    "checksum",
    "container_format",
    "disk_format",
    "min_ram",
    "min_disk",
)


class BootMetadata(TypedDict):
    """``size`` in bytes of the volume, ``min_ram`` MiB, ``min_disk`` GiB; ``status`` is always active."""

    size: int
    min_ram: int
    min_disk: int
    status: str
    properties: dict[str, Any]


def boot_volume_metadata(volume: Mapping[str, Any], *, field: str = "volume") -> Checked[BootMetadata]:
    """The image facts that a boot volume carries in ``volume_image_metadata``; it must be bootable (missing counts as yes)."""
    problems = Problems()
    if not volume.get("bootable", True):
        message = f"{field} is not bootable"
        problems.add("InvalidBDMVolumeNotBootable", "IMG-17", field, shown(volume.get("bootable")), [True], message)
    kept = volume.get("volume_image_metadata")
    properties = dict(kept) if isinstance(kept, Mapping) else {}
    where = join_path(field, "volume_image_metadata")
    limits = {key: _number(properties.get(key), problems, item_path(where, key)) for key in ("min_ram", "min_disk")}
    size = volume.get("size")
    value = BootMetadata(
        size=size * _GIB if isinstance(size, int) else 0,
        min_ram=limits["min_ram"],
        min_disk=limits["min_disk"],
        status="active",
        properties={key: entry for key, entry in properties.items() if key not in _ATTRIBUTES},
    )
    return checked(value, problems)


def _number(value: object, problems: Problems, where: str) -> int:
    if not value:
        return 0
    number = integer_text(value)
    if number is None:
        message = f"{where} must be a whole number"
        problems.add("InvalidBDMVolume", "IMG-18", where, shown(value), {"type": "integer"}, message)
    return number or 0


def boot_source_metadata(entries: Sequence[Entry], known: Known) -> Checked[Mapping[str, Any] | None]:
    """The image facts of a server without image: of the entry with boot index 0, the image it is made from, else its volume,
    else the volume behind its snapshot (rules IMG-16, IMG-18). None where the tables do not tell."""
    problems = Problems()
    entry = next((entry for entry in entries if entry.device["boot_index"] == 0), None)
    if entry is None:
        return checked(None, problems)
    image_id = entry.device["image_id"]
    if image_id is not None:
        found = find(known.images, image_id) if known.images is not None else None
        return checked(found[1] if found else None, problems)
    volume_id, key = entry.device["volume_id"], "volume_id"
    if entry.device["snapshot_id"] is not None and known.snapshots is not None:
        snapshot = find(known.snapshots, entry.device["snapshot_id"])
        behind = snapshot[1].get("volume_id") if snapshot else None
        volume_id, key = (behind, "snapshot_id") if isinstance(behind, str) else (volume_id, key)
    volume = find(known.volumes, volume_id) if volume_id is not None and known.volumes is not None else None
    if volume is None:
        return checked(None, problems)
    metadata = boot_volume_metadata(volume[1], field=entry.path(key))
    problems.extend(metadata.problems)
    return checked(metadata.value, problems)
