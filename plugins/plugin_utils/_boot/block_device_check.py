# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules that the merged list must keep: boot sequence, references, sizes, limits (rules BDM-70..85)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .block_device_entry import (
    DESTINATIONS,
    DEVICE_TYPES,
    SOURCES,
    Entry,
    FlavorSizes,
    flavor_sizes,
    is_ephemeral,
    is_swap,
)
from .checked import Checked, checked
from .device_name_bus import KNOWN_BUSES
from .problems import Problems
from .types import shown

Table = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Known:
    """What exists, by id or name. A table that is None is not known: nothing is looked up in it and nothing refused.

    ``image`` is the server's own. A volume or snapshot has ``size`` (GiB), a volume also ``status``, ``multiattach`` and
    ``bootable``; any entry may carry its own ``id`` and ``name``. ``volume_types`` are names, or name by id.
    """

    image: Mapping[str, Any] | None = None
    images: Table | None = None
    volumes: Table | None = None
    snapshots: Table | None = None
    volume_types: Collection[str] | Mapping[str, str] | None = None

    @property
    def image_id(self) -> str | None:
        """Of the server's own image."""
        return self.image["id"] if self.image is not None else None


def find(table: Table, reference: str) -> tuple[str, Mapping[str, Any]] | None:
    """The id and the record of what an id or a name stands for; a record without ``id`` has its key as id."""
    keys = [reference] if reference in table else []
    keys += [key for key, record in table.items() if reference in (record.get("id"), record.get("name"))]
    if not keys:
        return None
    identity = table[keys[0]].get("id")
    return (identity if isinstance(identity, str) and identity else keys[0]), table[keys[0]]


def check_block_devices(
    entries: Sequence[Entry],
    *,
    flavor: Mapping[str, Any] | None,
    known: Known,
    max_local_block_devices: int = 3,
    field: str = "block_device_mapping",
) -> Checked[list[Entry]]:
    """All rules of the merged list at once; the value has references resolved to ids and sizes filled in (rules BDM-84)."""
    problems = Problems()
    _check_boot_sequence(entries, known, problems, field)
    resolved = [_resolve(entry, known, problems) for entry in entries]
    for entry in resolved:
        check_words(entry, problems)
        _check_bus(entry, problems)
    sizes = flavor_sizes(flavor)
    _check_ephemerals(resolved, sizes, problems, field)
    _check_swap(resolved, sizes, problems)
    _check_local_count(resolved, max_local_block_devices, problems, field)
    return checked([_sized(entry, sizes) for entry in resolved], problems)


def _check_boot_sequence(entries: Sequence[Entry], known: Known, problems: Problems, field: str) -> None:
    """Rules BDM-70 and BDM-71: 0, 1, 2, ... without gap or repeat, and at least the 0; negative and null are not bootable."""
    indexes = sorted(index for entry in entries if (index := entry.device["boot_index"]) is not None and index >= 0)
    if indexes and indexes == list(range(len(indexes))):
        return
    if not indexes:
        message = f"{field} has no device to boot from: one must have boot_index 0"
        message += (
            "; the root disk of an image boot is source_type image, destination_type local, boot_index 0 and the image's uuid"
            if known.image is not None
            else ", or the server must name an image"
        )
    else:
        message = f"the boot indexes of {field} must be 0, 1, 2 and so on, they are {', '.join(map(str, indexes[:20]))}"
    problems.add("InvalidBDMBootSequence", "BDM-70", field, indexes[:20], list(range(max(1, min(len(indexes), 20)))), message)


def check_words(entry: Entry, problems: Problems) -> None:
    """Source, destination and device type are among those that Nova's objects hold (rules BDM-85)."""
    lists = (("source_type", SOURCES), ("destination_type", DESTINATIONS), ("device_type", DEVICE_TYPES))
    for key, allowed in lists:
        value = entry.device.get(key)
        if value is not None and value not in allowed:
            where = entry.path(key)
            message = f"{where} must be one of {', '.join(allowed)}"
            problems.add("InvalidBDMFormat", "BDM-85", where, shown(value), list(allowed), message)


def _check_bus(entry: Entry, problems: Problems) -> None:
    bus = entry.device["disk_bus"]
    if bus and bus not in KNOWN_BUSES:
        where = entry.path("disk_bus")
        message = f"{where} must be one of {', '.join(KNOWN_BUSES)}"
        problems.add("InvalidBDMDiskBus", "BDM-79", where, shown(bus), list(KNOWN_BUSES), message)


def _resolve(entry: Entry, known: Known, problems: Problems) -> Entry:
    """What the entry is made from, looked up: image, else volume, else snapshot (rules BDM-72..77)."""
    entry = _resolve_type(entry, known, problems)
    device = entry.device
    if device["image_id"] is not None:
        return _resolve_image(entry, device["image_id"], known, problems)
    if device["volume_id"] is not None:
        return _resolve_volume(entry, device["volume_id"], known, problems)
    if device["snapshot_id"] is not None:
        return _resolve_snapshot(entry, device["snapshot_id"], known, problems)
    if device["source_type"] == "blank" and device["destination_type"] == "volume" and not device["volume_size"]:
        _need_size(entry, "BDM-77", "an empty volume", problems)
    return entry


def _resolve_type(entry: Entry, known: Known, problems: Problems) -> Entry:
    wanted = entry.device["volume_type"]
    if not wanted or known.volume_types is None or wanted in _type_names(known.volume_types):
        return entry
    if isinstance(known.volume_types, Mapping) and wanted in known.volume_types:
        return entry.with_device(volume_type=known.volume_types[wanted])
    where = entry.path("volume_type")
    allowed = sorted(_type_names(known.volume_types))
    problems.add(
        "VolumeTypeNotFound", "BDM-72", where, shown(wanted), allowed, f"{where} names no known volume type: {shown(wanted)}"
    )
    return entry


def _type_names(types: Collection[str] | Mapping[str, str]) -> Collection[str]:
    return list(types.values()) if isinstance(types, Mapping) else types


def _resolve_image(entry: Entry, reference: str, known: Known, problems: Problems) -> Entry:
    device = entry.device
    own = {known.image["id"]: known.image} if known.image is not None else {}
    found = find({**(known.images or {}), **own}, reference)
    if found is None and known.images is not None:
        where = entry.path("image_id")
        message = f"{where} names no known image: {shown(reference)}"
        problems.add("InvalidBDMImage", "BDM-73", where, shown(reference), sorted(known.images), message)
    if device["source_type"] == "image" and device["destination_type"] == "volume" and not device["volume_size"]:
        _need_size(entry, "BDM-74", "a volume made from an image", problems)
    return entry.with_device(image_id=found[0]) if found else entry


def _need_size(entry: Entry, rule: str, what: str, problems: Problems) -> None:
    where = entry.path("volume_size")
    message = f"{where} is missing: {what} needs a size of at least 1 GiB"
    problems.add("InvalidBDM", rule, where, entry.device["volume_size"], {"type": "integer", "min": 1}, message)


def _resolve_volume(entry: Entry, reference: str, known: Known, problems: Problems) -> Entry:
    if known.volumes is None:
        return entry
    where = entry.path("volume_id")
    found = find(known.volumes, reference)
    if found is None:
        message = f"{where} names no known volume: {shown(reference)}"
        problems.add("InvalidBDMVolume", "BDM-75", where, shown(reference), sorted(known.volumes), message)
        return entry
    identity, volume = found
    status = volume.get("status", "available")
    if status != "available" and not (status == "in-use" and volume.get("multiattach")):
        message = f"{where} names volume {reference}, which is {status}, not available"
        problems.add("InvalidVolume", "BDM-75", where, status, ["available"], message)
    return entry.with_device(volume_id=identity, volume_size=_size(volume))


def _resolve_snapshot(entry: Entry, reference: str, known: Known, problems: Problems) -> Entry:
    if known.snapshots is None:
        return entry
    found = find(known.snapshots, reference)
    if found is None:
        where = entry.path("snapshot_id")
        message = f"{where} names no known snapshot: {shown(reference)}"
        problems.add("InvalidBDMSnapshot", "BDM-76", where, shown(reference), sorted(known.snapshots), message)
        return entry
    return entry.with_device(snapshot_id=found[0], volume_size=entry.device["volume_size"] or _size(found[1]))


def _size(record: Mapping[str, Any]) -> int | None:
    size = record.get("size")
    return size if isinstance(size, int) and not isinstance(size, bool) else None


def _check_ephemerals(entries: Sequence[Entry], sizes: FlavorSizes, problems: Problems, field: str) -> None:
    """An entry without a size, or with size 0, counts as the whole of the flavor's (rules BDM-80)."""
    limit = sizes["ephemeral"]
    if limit is None:
        return
    total = sum(entry.device["volume_size"] or limit for entry in entries if is_ephemeral(entry.device))
    if total > limit:
        message = f"the ephemeral disks of {field} come to {total} GiB, the flavor has {limit}"
        problems.add("InvalidBDMEphemeralSize", "BDM-80", field, total, {"max": limit}, message)


def _check_swap(entries: Sequence[Entry], sizes: FlavorSizes, problems: Problems) -> None:
    swaps = [entry for entry in entries if is_swap(entry.device)]
    for entry in swaps[1:]:
        message = f"{entry.origin} is one swap disk too many: a server has at most one"
        problems.add("InvalidBDMFormat", "BDM-81", entry.origin, len(swaps), {"max": 1}, message)
    limit = sizes["swap"]
    if not swaps or limit is None:
        return
    size = swaps[0].device["volume_size"] or 0
    if size > limit:
        where = swaps[0].path("volume_size")
        message = f"{where} asks for {size} MiB of swap, the flavor has {limit}"
        problems.add("InvalidBDMSwapSize", "BDM-82", where, size, {"max": limit}, message)


def _check_local_count(entries: Sequence[Entry], limit: int, problems: Problems, field: str) -> None:
    count = sum(entry.device["destination_type"] == "local" for entry in entries)
    if 0 <= limit < count:
        message = f"{field} comes to {count} local disks with root, ephemerals and swap, {limit} are allowed"
        problems.add("InvalidBDMLocalsLimit", "BDM-83", field, count, {"max": limit}, message)


def _sized(entry: Entry, sizes: FlavorSizes) -> Entry:
    if entry.device["volume_size"] is not None:
        return entry
    if is_swap(entry.device):
        return entry.with_device(volume_size=sizes["swap"])
    return entry.with_device(volume_size=sizes["ephemeral"]) if is_ephemeral(entry.device) else entry
