# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tagged devices: each gets an address that the guest can find it by, and an entry for the drive (guest CFG-06, rules MDJ-09).

Nova reads the addresses from the running guest. Here the drive is finished before anything is defined, so they are given.
Where Nova has no word for a bus (SATA, s390x's channels) the entry says ``none`` as Nova's does, and the tag and what else is
known of the device stand in it all the same; of a USB device Nova says the bus and no address.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.device_name import letters_index, strip_dev
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.disk_mapping import DiskMapping

from ..device_model import Controller, Devices, Disk, DriveAddress, Interface, PciAddress
from .context import Context

# libvirt fills the bus from below, so the upper half is free for whoever asks by name.
_FIRST_SLOT, _LAST_SLOT = 0x10, 0x1F
_MOST_PORTS = 16
_EXPRESS_ARCHES = ("aarch64", "riscv64")
# Units of a SCSI bus, of which the controller itself has one.
_WIDE_SCSI, _SCSI_CONTROLLER = 15, 7
_NOWHERE = {"bus": "none", "address": "none"}


@dataclass(frozen=True)
class TaggedDevices:
    """``entries``: the drive's list ``devices``, as every version of the format since 2016-06-30 has it."""

    devices: Devices
    entries: tuple[dict[str, Any], ...] = ()


class _Addresses:
    """Hands out PCI addresses. On PCI Express each device gets a port of its own, so that it can be unplugged."""

    def __init__(self, context: Context) -> None:
        self._express = context.is_q35 or (context.arch in _EXPRESS_ARCHES and "virt" in (context.machine or ""))
        self._classic = context.arch.startswith("ppc64") or (context.is_x86 and not self._express)
        self.ports: list[Controller] = []
        self._slot = _FIRST_SLOT

    @property
    def has_bus(self) -> bool:
        return self._express or self._classic

    def take(self) -> PciAddress | None:
        """None where the machine has no PCI bus, or has no place left."""
        if self._express and len(self.ports) < _MOST_PORTS:
            index = len(self.ports) + 1
            self.ports.append(Controller(type="pci", index=index, model="pcie-root-port"))
            return PciAddress(domain="0000", bus=f"{index:02x}", slot="00", function="0")
        if self._classic and self._slot <= _LAST_SLOT:
            self._slot += 1
            return PciAddress(domain="0000", bus="00", slot=f"{self._slot - 1:02x}", function="0")
        return None


def tag_devices(context: Context, devices: Devices, mapping: DiskMapping) -> TaggedDevices:
    """The devices with the addresses of those that have a tag."""
    addresses = _Addresses(context)
    entries: list[dict[str, Any]] = []
    interfaces = list(devices.interfaces)
    for index, tag in _interface_tags(context):
        nic = interfaces[index] if index < len(interfaces) else None
        address = addresses.take() if isinstance(nic, Interface) else None
        if not isinstance(nic, Interface) or (address is None and addresses.has_bus):
            _refuse(context, f"networks[{index}].tag", tag, "this kind of network interface")
            continue
        interfaces[index] = replace(nic, address=address)
        entries.append({"type": "nic", **_place(address), "mac": nic.mac, "tags": [tag]})
    disks = list(devices.disks)
    for index, device in enumerate(mapping["block_devices"]):
        if device["tag"] is not None:
            field = f"block_device_mapping[{index}].tag"
            entries += _tag_disk(context, disks, strip_dev(device["device_name"]), device["tag"], addresses, field)
    changed = replace(
        devices,
        interfaces=tuple(interfaces),
        disks=tuple(disks),
        pcie_controllers=(*devices.pcie_controllers, *addresses.ports),
    )
    return TaggedDevices(changed if entries else devices, tuple(entries))


def _interface_tags(context: Context) -> Iterator[tuple[int, str]]:
    for index, nic in enumerate(context.server["networks"]):
        if nic["tag"] is not None:
            yield index, nic["tag"]


def _tag_disk(
    context: Context, disks: list[Disk], name: str | None, tag: str, addresses: _Addresses, field: str
) -> list[dict[str, Any]]:
    """Changes the disk of that name in place; its entry, or nothing after a problem."""
    position = next((index for index, disk in enumerate(disks) if disk.target_dev == name), None)
    if position is None:
        _refuse(context, field, tag, "a disk that has no place")
        return []
    disk = disks[position]
    if disk.target_bus == "virtio":
        address = addresses.take()
        if address is None and addresses.has_bus:
            _refuse(context, field, tag, "a disk on a full PCI bus")
            return []
        disk = replace(disk, pci_address=address)
        where = _place(address)
    else:
        disk = replace(disk, address=disk.address or _drive_address(disk))
        where = _drive_place(disk)
    disks[position] = disk
    entry: dict[str, Any] = {"type": "disk", **where}
    if disk.serial is not None:
        entry["serial"] = disk.serial
    path = next((value for key, value in disk.source.attributes if key in ("file", "dev")), None)
    if path is not None:
        entry["path"] = path
    return [{**entry, "tags": [tag]}]


def _place(address: PciAddress | None) -> dict[str, str]:
    return _NOWHERE if address is None else {"bus": "pci", "address": _shown(address)}


def _drive_address(disk: Disk) -> DriveAddress | None:
    """Where libvirt puts a disk of that name (virDomainDiskDefAssignAddress), said beforehand; None on other buses."""
    index = letters_index(disk.target_dev[2:])
    if disk.target_bus == "ide":
        return DriveAddress(controller=index // 4, bus=index // 2 % 2, unit=index % 2)
    if disk.target_bus == "scsi":
        unit = index % _WIDE_SCSI
        return DriveAddress(controller=index // _WIDE_SCSI, unit=unit + (unit >= _SCSI_CONTROLLER))
    return None


def _drive_place(disk: Disk) -> dict[str, str]:
    address = disk.address
    if address is not None:
        return {"bus": disk.target_bus, "address": f"{address.controller}:{address.bus or 0}:0:{address.unit}"}
    return _NOWHERE | ({"bus": "usb"} if disk.target_bus == "usb" else {})


def _shown(address: PciAddress) -> str:
    return f"{address.domain}:{address.bus}:{address.slot}.{address.function}"


def _refuse(context: Context, path: str, tag: str, what: str) -> None:
    message = f"{context.field(path)}: a tag needs an address that is known beforehand, which {what} does not have"
    context.refuse("NotBuilt", "MDJ-09", context.field(path), tag, None, message)
