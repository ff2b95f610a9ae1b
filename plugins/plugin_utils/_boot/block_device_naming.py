# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Final names of a merged list, and what of it a libvirt host can really build (rules BDM-21, BDM-86, DEV-20, DEV-21)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .block_device_check import Known, find
from .block_device_entry import SOURCES, WRITTEN_WHOLE, Entry, is_ephemeral, root_device
from .checked import Checked, checked
from .device_name import prepend_dev
from .device_name_bus import Machine
from .disk_mapping import device_kind, libvirt_disk_mapping
from .problems import NoEffect, Problems
from .shapes import BlockDevice
from .types import shown

EPHEMERAL_FORMATS = ("ext2", "ext3", "ext4", "xfs")


@dataclass(frozen=True)
class Guest:
    """What names and buses depend on besides the list."""

    image_properties: Mapping[str, Any]
    disk_format: str | None
    virt_type: str
    arch: str | None = None
    machine_type: str | None = None
    disk_prefix: str | None = None
    max_disk_devices: int = -1
    flavor: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Named:
    entries: list[Entry]
    root_device_name: str | None


def name_devices(entries: Sequence[Entry], root_device_name: str | None, guest: Guest, *, field: str) -> Checked[Named]:
    """Names, buses and types as Nova stores them at the first boot: the root keeps a given name, all others are counted
    through. A cdrom whose bus hangs on a machine type that only the host decides stays unnamed, and so does it as root."""
    problems = Problems()
    root = root_device([entry.device for entry in entries])
    root_name = prepend_dev((root["device_name"] if root else None) or root_device_name)
    answer = libvirt_disk_mapping(
        [entry.with_device(device_name=None).device for entry in entries],
        flavor=guest.flavor,
        image_properties=guest.image_properties,
        disk_format=guest.disk_format,
        root_device_name=root_name,
        virt_type=guest.virt_type,
        arch=guest.arch,
        machine_type=guest.machine_type,
        disk_prefix=guest.disk_prefix,
        max_disk_devices=guest.max_disk_devices,
        field=field,
    )
    problems.extend(answer.problems)
    named: list[Entry] = []
    no_effect: list[NoEffect] = []
    for entry, device in zip(entries, answer.value["block_devices"], strict=True):
        if device_kind(entry.device) is None:
            named.append(entry)
            continue
        if _is_undecided(entry, device, guest):
            changes = {"device_name": root_name if entry.device is root else None, "disk_bus": None}
            named.append(entry.with_device(**{**device, **changes}))
            continue
        named.append(entry.with_device(**device))
        no_effect += _replaced(entry, device)
    info = answer.value["mapping"].get("root")
    decided = prepend_dev(info["dev"]) if info else None
    if root is not None and device_kind(root) is not None:
        decided = next(entry.device["device_name"] for entry in named if entry.device["boot_index"] == 0)
    return checked(Named(named, decided), problems, no_effect)


def _replaced(entry: Entry, device: BlockDevice) -> list[NoEffect]:
    """Wishes that Nova's libvirt driver overrides without a word (rules DEV-21, DEV-25, DEV-30)."""
    found = []
    given = entry.device
    if given["device_name"] not in (None, device["device_name"]):
        reason = f"a libvirt guest names its disks in order; this one becomes {device['device_name']}"
        found.append(NoEffect(field=entry.path("device_name"), reason=reason))
    if entry.written_as is WRITTEN_WHOLE:
        return found
    if given["disk_bus"] not in (None, "", device["disk_bus"]):
        reason = f"the guest cannot have this disk on {shown(given['disk_bus'])}; it becomes {device['disk_bus']}"
        found.append(NoEffect(field=entry.path("disk_bus"), reason=reason))
    if given["device_type"] not in (None, "", device["device_type"]):
        reason = f"the guest cannot have this disk as {shown(given['device_type'])}; it becomes {device['device_type']}"
        found.append(NoEffect(field=entry.path("device_type"), reason=reason))
    return found


def _is_undecided(entry: Entry, device: BlockDevice, guest: Guest) -> bool:
    virt_type = "kvm" if guest.virt_type == "auto" else guest.virt_type
    machine = Machine(virt_type, guest.image_properties, guest.arch, guest.machine_type)
    return device["device_type"] == "cdrom" and not entry.device["disk_bus"] and not machine.cdrom_bus_is_known


def check_buildable(entries: Sequence[Entry], known: Known) -> Checked[None]:
    """What Nova's API lets pass and its compute host, its volume service or libvirt then refuses or leaves out."""
    problems = Problems()
    no_effect: list[NoEffect] = []
    image_given = known.image is not None
    for entry in entries:
        _check_guest_format(entry, problems)
        _check_snapshot_size(entry, known, problems)
        if device_kind(entry.device) is None and entry.device["source_type"] in SOURCES and not entry.device["no_device"]:
            _check_undriven(entry, image_given, problems, no_effect)
        if image_given and entry.device["source_type"] == "image" and entry.device["destination_type"] == "local":
            _check_root_image(entry, known, no_effect)
    _check_shared_volumes(entries, known, problems)
    return checked(None, problems, no_effect)


def _check_guest_format(entry: Entry, problems: Problems) -> None:
    guest_format = entry.device["guest_format"]
    if is_ephemeral(entry.device) and guest_format and guest_format not in EPHEMERAL_FORMATS:
        where = entry.path("guest_format")
        allowed = [*EPHEMERAL_FORMATS, "swap"]
        message = f"{where} must be one of {', '.join(allowed)} on a local disk"
        problems.add("InvalidBDMFormat", "BDM-86", where, guest_format, allowed, message)


def _check_snapshot_size(entry: Entry, known: Known, problems: Problems) -> None:
    device = entry.device
    if device["source_type"] != "snapshot" or not device["snapshot_id"] or known.snapshots is None:
        return
    found = find(known.snapshots, device["snapshot_id"])
    size = found[1].get("size") if found else None
    if isinstance(size, int) and (device["volume_size"] or size) < size:
        where = entry.path("volume_size")
        message = f"{where} is {device['volume_size']} GiB, the snapshot needs {size}"
        problems.add("InvalidBDM", "BDM-22", where, device["volume_size"], {"min": size}, message)


def _check_undriven(entry: Entry, image_given: bool, problems: Problems, no_effect: list[NoEffect]) -> None:
    where = entry.path("destination_type")
    destination = entry.device["destination_type"]
    pair = f"{entry.device['source_type']} to {shown(destination)}" if destination else "a device without destination"
    if entry.device["boot_index"] == 0 and not image_given:
        message = f"{where} must be volume for the device to boot from: nothing builds {pair}"
        problems.add("InvalidBDM", "BDM-21", where, shown(destination), ["volume"], message)
    else:
        no_effect.append(NoEffect(field=where, reason=f"Nova has no driver for {pair}: the guest gets no such device"))


def _check_root_image(entry: Entry, known: Known, no_effect: list[NoEffect]) -> None:
    if known.image_id is not None and entry.device["image_id"] not in (None, known.image_id):
        reason = f"the root disk is made from the server's image {known.image_id}"
        no_effect.append(NoEffect(field=entry.path("image_id"), reason=reason))


def _check_shared_volumes(entries: Sequence[Entry], known: Known, problems: Problems) -> None:
    """The same volume cannot be attached twice, unless it may be attached many times (rules BDM-75)."""
    seen: set[str] = set()
    for entry in entries:
        volume_id = entry.device["volume_id"]
        if volume_id is None or entry.device["source_type"] != "volume":
            continue
        found = find(known.volumes, volume_id) if known.volumes is not None else None
        if volume_id in seen and not (found and found[1].get("multiattach")):
            where = entry.path("volume_id")
            problems.add("InvalidVolume", "BDM-75", where, volume_id, None, f"{where} names volume {volume_id} a second time")
        seen.add(volume_id)
