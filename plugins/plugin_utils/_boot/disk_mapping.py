# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a libvirt guest sees its disks: bus, name, type and boot order of every disk, as Nova assigns them (rules DEV-20..38)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as data_field
from typing import Any, NotRequired, TypedDict

from .checked import Checked, checked
from .device_name import generate_name, prepend_dev, strip_dev
from .device_name_bus import DEVICE_TYPES, Machine, bus_of_name, known_virt_type
from .problems import Problems, join_path
from .shapes import BlockDevice
from .types import shown

_VOLUME_SOURCES = ("volume", "snapshot", "image", "blank")


class DiskInfo(TypedDict):
    """``dev`` without ``/dev/`` (None on lxc), ``boot_index`` as text and counted from 1, ``format`` a file system or none."""

    bus: str | None
    dev: str | None
    type: str
    boot_index: NotRequired[str]
    format: NotRequired[str]


class DiskMapping(TypedDict):
    """``mapping`` by disk: ``root``, ``disk``, ``disk.local``, ``disk.ephN``, ``disk.swap``, ``/dev/<name>`` for volumes,
    ``disk.config``, ``disk.rescue``. ``block_devices`` is the given list with names, buses and types written back."""

    disk_bus: str | None
    cdrom_bus: str | None
    mapping: dict[str, DiskInfo]
    block_devices: list[BlockDevice]


@dataclass
class _Layout:
    """The mapping as it grows, and where its problems go."""

    machine: Machine
    problems: Problems
    field: str
    disk_bus: str | None = None
    cdrom_bus: str | None = None
    mapping: dict[str, DiskInfo] = data_field(default_factory=dict)

    def free_name(self, bus: str | None, where: str, avoid: Sequence[str] = ()) -> str | None:
        """The first name of the bus that is neither mapped nor to be avoided (rules DEV-28, DEV-29)."""
        prefix = self.machine.prefix(bus)
        if prefix is None:
            return None
        limit = self.machine.limit(bus)
        taken = {info["dev"] for info in self.mapping.values()}.union(avoid)
        for index in range(len(taken) + 1 if limit is None else limit):
            name = generate_name(prefix, index)
            if name not in taken:
                return name
        self.problems.add(
            "TooManyDiskDevices", "DEV-28", where, None, {"max": limit}, f"at most {limit} disks fit on the {bus} bus"
        )
        return None

    def next_info(self, bus: str | None, where: str, device_type: str = "disk", avoid: Sequence[str] = ()) -> DiskInfo:
        return DiskInfo(bus=bus, dev=self.free_name(bus, where, avoid), type=device_type)

    def device_info(
        self, device: Mapping[str, Any], where: str, *, bus: str | None = None, avoid: Sequence[str] = ()
    ) -> DiskInfo:
        """Bus, name and type of one entry (rules DEV-25, DEV-30, DEV-32, DEV-35)."""
        name = strip_dev(device.get("device_name"))
        given_type = device.get("device_type")
        device_type = given_type if given_type in DEVICE_TYPES else "disk"
        chosen = device.get("disk_bus") or bus
        if not self.machine.supports(chosen):
            chosen = self._replaced_bus(name, device_type, where)
        if not name:
            name = self.free_name(chosen, where, avoid)
        info = DiskInfo(bus=chosen, dev=name, type=device_type)
        boot_index = device.get("boot_index")
        if isinstance(boot_index, int) and boot_index >= 0:
            info["boot_index"] = str(boot_index + 1)
        if device.get("guest_format"):
            info["format"] = device["guest_format"]
        return info

    def _replaced_bus(self, name: str | None, device_type: str, where: str) -> str | None:
        bus = bus_of_name(name) if name else self.machine.default_bus(device_type, self.problems)
        if bus is not None:
            return bus
        because = f"the device name {name} points to none" if name else f"a {device_type} has none by default"
        message = f"{where} needs a disk_bus that a {self.machine.virt_type} guest has: {because}"
        self.problems.add("InternalError", "DEV-25", join_path(where, "disk_bus"), None, None, message)
        return None


def libvirt_disk_mapping(
    block_devices: Sequence[BlockDevice],
    *,
    flavor: Mapping[str, Any] | None = None,
    image_properties: Mapping[str, Any] | None = None,
    disk_format: str | None = None,
    root_device_name: str | None = None,
    virt_type: str = "kvm",
    config_drive: bool = False,
    config_drive_format: str = "iso9660",
    arch: str | None = None,
    machine_type: str | None = None,
    os_disk_bus: str | None = None,
    disk_prefix: str | None = None,
    max_disk_devices: int = -1,
    rescue: bool = False,
    rescue_image_properties: Mapping[str, Any] | None = None,
    field: str = "block_device_mapping",
) -> Checked[DiskMapping]:
    """The disks of one guest (rules DEV-20..37).

    ``block_devices`` in final order; markers (``no_device``) and entries that Nova has no driver for get no disk. Names that
    stand in them are kept. ``flavor`` tells ephemeral (GiB) and swap (MiB) where no entry does. ``disk_format`` is the
    image's (``iso`` makes the root a cdrom). ``virt_type`` ``auto`` counts as kvm. ``rescue`` without
    ``rescue_image_properties`` is the form that boots the rescue disk first and leaves the volumes out; with them it is the
    form that keeps every disk and appends the rescue disk.
    """
    machine = Machine(
        virt_type="kvm" if virt_type == "auto" else virt_type,
        image_properties=image_properties or {},
        arch=arch,
        machine_type=machine_type,
        os_disk_bus=os_disk_bus,
        disk_prefix=disk_prefix,
        max_disk_devices=max_disk_devices,
    )
    layout = _Layout(machine, Problems(), field)
    devices = [BlockDevice(**device) for device in block_devices]
    if known_virt_type(machine.virt_type, layout.problems):
        layout.disk_bus = machine.default_bus("disk", layout.problems)
        layout.cdrom_bus = machine.default_bus("cdrom", layout.problems)
        if rescue and rescue_image_properties is None:
            _rescue_first(layout)
        else:
            _all_disks(layout, devices, flavor or {}, disk_format == "iso", strip_dev(root_device_name))
        if config_drive:
            name = "disk.config.rescue" if rescue and rescue_image_properties is None else "disk.config"
            _add_config_drive(layout, name, config_drive_format)
        if rescue and rescue_image_properties is not None:
            _rescue_last(layout, rescue_image_properties)
    value = DiskMapping(disk_bus=layout.disk_bus, cdrom_bus=layout.cdrom_bus, mapping=layout.mapping, block_devices=devices)
    return checked(value, layout.problems)


def one_more_disk(machine: Machine, taken: Sequence[str], *, field: str) -> Checked[DiskInfo]:
    """Bus and name of a disk that a guest gets beside those it has (rules DEV-22, DEV-27 to DEV-29). ``taken`` are names
    without ``/dev/``; a name that a request gives is not asked for here, for libvirt's driver chooses its own (DEV-21)."""
    layout = _Layout(machine, Problems(), field)
    value = DiskInfo(bus=None, dev=None, type="disk")
    if known_virt_type(machine.virt_type, layout.problems):
        bus = machine.default_bus("disk", layout.problems)
        value = DiskInfo(bus=bus, dev=layout.free_name(bus, field, taken), type="disk")
    return checked(value, layout.problems)


def device_kind(device: Mapping[str, Any]) -> str | None:
    """What Nova makes of an entry: ``image``, ``ephemeral``, ``swap``, ``volume``; None for what gets no disk (BDM-20..23)."""
    source, destination = device.get("source_type"), device.get("destination_type")
    if device.get("no_device"):
        return None
    if destination == "volume":
        return "volume" if source in _VOLUME_SOURCES else None
    if destination != "local" or source not in ("image", "blank"):
        return None
    if source == "image":
        return "image"
    return "swap" if device.get("guest_format") == "swap" else "ephemeral"


def _all_disks(
    layout: _Layout, devices: Sequence[BlockDevice], flavor: Mapping[str, Any], is_iso: bool, root_name: str | None
) -> None:
    kinds: dict[str, list[tuple[str, BlockDevice]]] = {"image": [], "ephemeral": [], "swap": [], "volume": []}
    for index, device in enumerate(devices):
        kind = device_kind(device)
        if kind is not None:
            kinds[kind].append((join_path(layout.field, index), device))
    # Nova hands volumes to the driver grouped by where they come from, and names them in that order.
    kinds["volume"].sort(key=lambda entry: _VOLUME_SOURCES.index(entry[1]["source_type"] or ""))
    # Of several swap entries the last one counts, as in Nova; a request with two never comes so far (rules BDM-81).
    swap = kinds["swap"][-1:]
    reserved = [
        strip_dev(device["device_name"]) or ""
        for _name, device in (*kinds["image"], *kinds["ephemeral"], *swap, *kinds["volume"])
        if device["device_name"]
    ]
    root = _root_entry(kinds)
    info = _root_info(layout, root, is_iso, root_name)
    layout.mapping["root"] = info
    if root is not None:
        _write_back(root[1], info)
    if kinds["image"] or root is None:
        layout.mapping["disk"] = info
    others = [device for _name, device in kinds["volume"]] + [d for _name, d in swap if d["volume_size"] and d["device_name"]]
    _add_ephemerals(layout, kinds["ephemeral"], flavor, others, reserved)
    _add_swap(layout, swap, flavor, others + [device for _name, device in kinds["ephemeral"]], reserved)
    for where, device in kinds["volume"]:
        found = layout.device_info(device, where, avoid=reserved)
        layout.mapping[prepend_dev(found["dev"]) or where] = found
        _write_back(device, found)


def _root_entry(kinds: Mapping[str, list[tuple[str, BlockDevice]]]) -> tuple[str, BlockDevice] | None:
    if kinds["image"]:
        return kinds["image"][0]
    return next((entry for entry in kinds["volume"] if entry[1]["boot_index"] == 0), None)


def _root_info(layout: _Layout, root: tuple[str, BlockDevice] | None, is_iso: bool, root_name: str | None) -> DiskInfo:
    """Bus, name and type of the root disk (rules DEV-20, DEV-33, DEV-35)."""
    bus = layout.cdrom_bus if is_iso else layout.disk_bus
    if root is None:
        name = root_name or layout.free_name(bus, layout.field)
        return DiskInfo(bus=bus, dev=name, type="cdrom" if is_iso else "disk", boot_index="1")
    where, device = root
    changes: dict[str, Any] = {"device_name": device["device_name"] or root_name}
    if is_iso:
        changes |= {"disk_bus": bus, "device_type": "cdrom"}
    if device_kind(device) == "image":
        changes["boot_index"] = 0
    return layout.device_info({**device, **changes}, where, bus=layout.disk_bus)


def _add_ephemerals(
    layout: _Layout,
    entries: Sequence[tuple[str, BlockDevice]],
    flavor: Mapping[str, Any],
    others: Sequence[BlockDevice],
    reserved: Sequence[str],
) -> None:
    if not entries and (flavor.get("ephemeral") or 0) > 0:
        info = layout.next_info(layout.disk_bus, layout.field)
        if not _names(others, info["dev"]):
            layout.mapping["disk.local"] = info
    for index, (where, device) in enumerate(entries):
        found = layout.device_info({**device, "boot_index": None}, where, bus=layout.disk_bus, avoid=reserved)
        layout.mapping[f"disk.eph{index}"] = found
        _write_back(device, found)


def _add_swap(
    layout: _Layout,
    swap: Sequence[tuple[str, BlockDevice]],
    flavor: Mapping[str, Any],
    others: Sequence[BlockDevice],
    reserved: Sequence[str],
) -> None:
    for where, device in swap:
        if (device["volume_size"] or 0) > 0:
            plain = {"device_name": device["device_name"], "disk_bus": device["disk_bus"]}
            # Nova looks at the disks so far only, not at the names that later volumes ask for.
            found = layout.device_info(plain, where, bus=layout.disk_bus)
            layout.mapping["disk.swap"] = found
            device["device_name"] = device["device_name"] or prepend_dev(found["dev"])
            device["disk_bus"] = found["bus"]
            return
    if (flavor.get("swap") or 0) > 0:
        info = layout.next_info(layout.disk_bus, layout.field, avoid=reserved)
        if not _names(others, info["dev"]):
            layout.mapping["disk.swap"] = info


def _names(devices: Sequence[BlockDevice], name: str | None) -> bool:
    return any(strip_dev(device["device_name"]) == name for device in devices)


def _write_back(device: BlockDevice, info: DiskInfo) -> None:
    """A name that stands there is never changed (rules DEV-37)."""
    device["device_name"] = device["device_name"] or prepend_dev(info["dev"])
    device["disk_bus"] = info["bus"]
    device["device_type"] = info["type"]


def _rescue_first(layout: _Layout) -> None:
    rescue = layout.next_info(layout.disk_bus, layout.field)
    rescue["boot_index"] = "1"
    layout.mapping["disk.rescue"] = layout.mapping["root"] = rescue
    layout.mapping["disk"] = layout.next_info(layout.disk_bus, layout.field)


def _rescue_last(layout: _Layout, properties: Mapping[str, Any]) -> None:
    """``hw_rescue_device`` and ``hw_rescue_bus`` are the rescue image's, and so is every other property that decides."""
    device_type = properties.get("hw_rescue_device", "disk")
    if device_type not in DEVICE_TYPES:
        _refuse_rescue(layout, "UnsupportedRescueDevice", "hw_rescue_device", device_type, list(DEVICE_TYPES))
        return
    machine = Machine(
        virt_type=layout.machine.virt_type,
        image_properties=properties,
        arch=layout.machine.arch,
        machine_type=layout.machine.machine_type,
        os_disk_bus=layout.machine.os_disk_bus,
    )
    bus = properties.get("hw_rescue_bus")
    if bus is None:
        bus = machine.default_bus(device_type, layout.problems)
    if not machine.supports(bus):
        _refuse_rescue(layout, "UnsupportedRescueBus", "hw_rescue_bus", bus, None)
        return
    layout.mapping["disk.rescue"] = layout.next_info(bus, layout.field, device_type)


def _refuse_rescue(layout: _Layout, code: str, name: str, given: object, allowed: list[str] | None) -> None:
    message = f"{name} of the rescue image does not suit a {layout.machine.virt_type} guest: {shown(given)}"
    layout.problems.add(code, "DEV-25", f"rescue_image.properties.{name}", shown(given), allowed, message)


def _add_config_drive(layout: _Layout, name: str, drive_format: str) -> None:
    """iso9660 is a cdrom on the cdrom bus, vfat a disk on the disk bus (rules DEV-34)."""
    device_type = {"iso9660": "cdrom", "vfat": "disk"}.get(drive_format)
    if device_type is None:
        allowed = ["iso9660", "vfat"]
        message = f"config_drive_format must be one of {', '.join(allowed)}"
        layout.problems.add("ConfigDriveUnknownFormat", "DEV-34", "config_drive_format", shown(drive_format), allowed, message)
        return
    bus = layout.cdrom_bus if device_type == "cdrom" else layout.disk_bus
    layout.mapping[name] = layout.next_info(bus, layout.field, device_type)
