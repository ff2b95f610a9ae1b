# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which bus a disk sits on and which letters its name begins with, for a libvirt guest (rules DEV-22..27)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .problems import Problems
from .types import shown

# Nova's list; xen and uml are named only to be told from unknown types.
SUPPORTED_BUSES: dict[str, tuple[str, ...]] = {
    "qemu": ("virtio", "scsi", "ide", "usb", "fdc", "sata"),
    "kvm": ("virtio", "scsi", "ide", "usb", "fdc", "sata"),
    "lxc": ("lxc",),
    "parallels": ("ide", "scsi"),
    "xen": ("xen", "ide"),
    "uml": ("uml",),
}
# What the request check knows; the virt type may still refuse (rules BDM-79).
KNOWN_BUSES = ("fdc", "ide", "sata", "scsi", "usb", "virtio", "xen", "lxc", "uml")
DEVICE_TYPES = ("disk", "cdrom", "floppy", "lun")

_PREFIXES = {"ide": "hd", "virtio": "vd", "scsi": "sd", "usb": "sd", "sata": "sd", "fdc": "fd", "lxc": None}
_BUS_OF_PREFIX = {"hd": "ide", "sd": "scsi", "vd": "virtio", "fd": "fdc"}
_SCSI_CDROM_ARCHITECTURES = ("ppc", "ppc64", "ppcle", "ppc64le", "s390", "s390x", "aarch64")
_IDE_LIMIT = 4


@dataclass(frozen=True)
class Machine:
    """What bus choice depends on. The image's ``hw_architecture`` and ``hw_machine_type`` win over ``arch`` and
    ``machine_type``, the host's defaults. ``os_disk_bus`` is what the operating-system database says for ``os_distro``."""

    virt_type: str
    image_properties: Mapping[str, Any] = field(default_factory=dict)
    arch: str | None = None
    machine_type: str | None = None
    os_disk_bus: str | None = None
    disk_prefix: str | None = None
    max_disk_devices: int = -1

    @property
    def guest_arch(self) -> str | None:
        return _text(self.image_properties.get("hw_architecture")) or self.arch

    @property
    def guest_machine_type(self) -> str | None:
        return _text(self.image_properties.get("hw_machine_type")) or self.machine_type

    @property
    def cdrom_bus_is_known(self) -> bool:
        """False while the cdrom bus hangs on a machine type or architecture that only the host will decide."""
        if self.virt_type not in ("kvm", "qemu") or self.image_properties.get("hw_cdrom_bus"):
            return True
        return bool(self.guest_machine_type) or self.guest_arch in _SCSI_CDROM_ARCHITECTURES

    def supports(self, bus: object) -> bool:
        return bus in SUPPORTED_BUSES.get(self.virt_type, ())

    def default_bus(self, device_type: str, problems: Problems) -> str | None:
        """The bus of a device that names none (rules DEV-22..25); None where this virt type has no bus for it."""
        wanted = self.image_properties.get(f"hw_{device_type}_bus")
        if wanted is None and device_type == "disk":
            wanted = self.os_disk_bus
        if wanted is None:
            return self._hypervisor_bus(device_type)
        if not self.supports(wanted):
            self._refuse(wanted, device_type, problems)
            return self._hypervisor_bus(device_type)
        return str(wanted)

    def _hypervisor_bus(self, device_type: str) -> str | None:
        if self.virt_type in ("kvm", "qemu"):
            return self._cdrom_bus() if device_type == "cdrom" else {"disk": "virtio", "floppy": "fdc"}.get(device_type)
        if self.virt_type == "lxc":
            return "lxc"
        return {"cdrom": "ide", "disk": "scsi"}.get(device_type) if self.virt_type == "parallels" else None

    def _cdrom_bus(self) -> str:
        if self.guest_arch in _SCSI_CDROM_ARCHITECTURES:
            return "scsi"
        return "sata" if "q35" in (self.guest_machine_type or "") else "ide"

    def _refuse(self, bus: object, device_type: str, problems: Problems) -> None:
        allowed = list(SUPPORTED_BUSES.get(self.virt_type, ()))
        problems.add(
            "UnsupportedHardware",
            "DEV-25",
            f"image.properties.hw_{device_type}_bus",
            shown(bus),
            allowed,
            f"a {self.virt_type} guest has no bus {shown(bus)}, only {', '.join(allowed)}",
        )

    def prefix(self, bus: str | None) -> str | None:
        """What names on this bus begin with; None where they have none (rules DEV-27)."""
        return self.disk_prefix or _PREFIXES.get(bus or "")

    def limit(self, bus: str | None) -> int | None:
        """How many devices the bus takes, None for any number (rules DEV-28)."""
        if bus == "ide":
            return _IDE_LIMIT
        return self.max_disk_devices if self.max_disk_devices >= 0 else None


def bus_of_name(name: str) -> str | None:
    """The bus that a bare name points to (rules DEV-25), None for an unknown prefix."""
    return _BUS_OF_PREFIX.get(name[:2])


def known_virt_type(virt_type: str, problems: Problems) -> bool:
    """Whether disks can be laid out for it; adds the problem if not. xen and uml are gone from Nova (rules DEV-26)."""
    usable = [name for name in SUPPORTED_BUSES if name not in ("xen", "uml")]
    if virt_type in usable:
        return True
    problems.add(
        "UnsupportedVirtType",
        "DEV-26",
        "virt_type",
        shown(virt_type),
        usable,
        f"virt_type must be one of {', '.join(usable)}",
    )
    return False


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
