# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server is given beside its request: volumes, ports, devices of the host. All of it is optional input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

from .base_image import BaseImage
from .hypervisor_facts import StoragePool
from .volume_plan import VolumePlan


class VolumeConnection(TypedDict, total=False):
    """How the host reaches a volume. ``driver``: ``pool`` (with ``pool``, its facts, ``name`` and ``path``), ``local``,
    ``iscsi``, ``fibre_channel``, ``nvme`` (with ``device_path``), ``nfs`` (``device_path``, ``format``), ``rbd`` (``name``,
    ``hosts``, ``ports``, ``auth_*``, ``secret_*``). ``qos_specs``: element of iotune -> limit."""

    id: str
    driver: str
    pool: StoragePool
    name: str
    path: str
    device_path: str
    format: str
    hosts: list[str]
    ports: list[str]
    auth_enabled: bool
    auth_username: str
    secret_type: str
    secret_uuid: str
    access_mode: str
    discard: bool
    multiattach: bool
    logical_block_size: str
    physical_block_size: str
    qos_specs: dict[str, Any]
    encryption_secret: str


class Address(TypedDict, total=False):
    address: str
    cidr: str


class Vif(TypedDict, total=False):
    """A port as Neutron describes it. ``details`` and ``profile`` carry the keys of Neutron's binding."""

    type: str
    port_id: str
    mac: str
    bridge: str
    target_dev: str
    mtu: int
    ips: list[Address]
    vnic_type: str
    details: dict[str, Any]
    profile: dict[str, Any]
    delegate_create: bool


class Share(TypedDict):
    """A folder of the host that the guest mounts by its tag."""

    path: str
    tag: str


class PciDevice(TypedDict, total=False):
    """``address`` is ``domain:bus:slot.function`` in hexadecimal digits; ``managed`` is on unless said otherwise."""

    address: str
    managed: bool


class PersistentMemory(TypedDict):
    """A namespace of the host, in KiB."""

    path: str
    size: int
    align: int


@dataclass(frozen=True, kw_only=True)
class Rescue:
    """Boot a rescue disk. All disks stay where its image names a rescue device or bus, else only the root does."""

    image_properties: Mapping[str, Any] = field(default_factory=dict)

    @property
    def keeps_devices(self) -> bool:
        return "hw_rescue_device" in self.image_properties or "hw_rescue_bus" in self.image_properties


@dataclass(frozen=True, kw_only=True)
class EarlierFirmware:
    """What an earlier definition of the same domain says about its firmware (guest FW-13)."""

    loader_path: str
    loader_type: str | None = None
    loader_readonly: str | None = None
    secure: bool = False
    nvram_path: str | None = None
    nvram_template: str | None = None
    smm: bool = False


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """What must stay when an existing domain is defined anew: MACs by NIC, machine type, ports of serial consoles, firmware."""

    macs: tuple[str, ...] = ()
    machine: str | None = None
    serial_ports: tuple[int, ...] = ()
    firmware: EarlierFirmware | None = None


# What of storage the caller can really make. The designer refuses by name whatever else a server needs.
CLONES = "raw root disks"
PREALLOCATION = "preallocated disks"
LOCAL_DISKS = "ephemeral and swap disks"
KERNELS = "kernel and ramdisk images"
VFAT_DRIVES = "vfat config drives"
LVM = "disks in volume groups"
RBD = "disks in Ceph pools"
EVERYTHING = frozenset((CLONES, PREALLOCATION, LOCAL_DISKS, KERNELS, VFAT_DRIVES, LVM, RBD))
BUILT: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Resources:
    """``volumes`` by volume id; ``made_volumes`` by index of the block device, for those that are made for the server;
    ``volume_plans`` is what stands behind both, for the record; ``vifs`` in NIC order, None where libvirt's own networks serve;
    ``name`` and ``volume_prefix`` replace what is derived from the server; ``ports_in_use`` are TCP ports of the host that
    serial consoles must avoid; ``os_models`` is what an operating-system database says of the image's distribution:
    ``disk_bus``, ``vif_model``; ``kernel`` and ``ramdisk`` are the base images that the image names for a direct kernel boot;
    ``abilities`` is what the caller can make of storage."""

    name: str | None = None
    volume_prefix: str | None = None
    volumes: Mapping[str, VolumeConnection] = field(default_factory=dict)
    made_volumes: Mapping[int, VolumeConnection] = field(default_factory=dict)
    volume_plans: tuple[VolumePlan, ...] = ()
    vifs: tuple[Vif, ...] | None = None
    tpm_secret: str | None = None
    mdevs: tuple[str, ...] = ()
    pci_devices: tuple[PciDevice, ...] = ()
    persistent_memory: Mapping[str, PersistentMemory] = field(default_factory=dict)
    shares: tuple[Share, ...] = ()
    ports_in_use: frozenset[int] = frozenset()
    os_models: Mapping[str, str] = field(default_factory=dict)
    kernel: BaseImage | None = None
    ramdisk: BaseImage | None = None
    abilities: frozenset[str] = BUILT
    rescue: Rescue | None = None
    earlier: Earlier | None = None
