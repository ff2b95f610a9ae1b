# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The devices of a domain as data, one class per device; None means not written. Sizes as libvirt's XML wants them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class IoTune:
    """(element, value) pairs in the order in which they are written, such as ``("total_iops_sec", 150)``."""

    limits: tuple[tuple[str, int], ...]


@dataclass(frozen=True, kw_only=True)
class DriveAddress:
    """``bus`` is written where it matters, on IDE."""

    controller: int
    unit: int
    bus: int | None = None


@dataclass(frozen=True, kw_only=True)
class DiskAuth:
    username: str
    secret_type: str
    secret_uuid: str | None
    secret_usage: str | None = None


@dataclass(frozen=True, kw_only=True)
class DiskHost:
    name: str
    port: str | None


@dataclass(frozen=True, kw_only=True)
class DiskSource:
    """``kind`` is file, block, network or volume; ``attributes`` are those of the source element, as (name, value) pairs;
    ``initiator`` is the name that an iSCSI target knows us by; ``encryption_secret`` is the id of the secret that opens it."""

    kind: str
    attributes: tuple[tuple[str, str], ...]
    hosts: tuple[DiskHost, ...] = ()
    initiator: str | None = None
    encryption_secret: str | None = None


@dataclass(frozen=True, kw_only=True)
class BlockIo:
    logical_block_size: str | None
    physical_block_size: str | None


@dataclass(frozen=True, kw_only=True)
class PciAddress:
    """Hexadecimal digits without ``0x``."""

    domain: str
    bus: str
    slot: str
    function: str


@dataclass(frozen=True, kw_only=True)
class Disk:
    device: str
    source: DiskSource
    target_dev: str
    target_bus: str
    driver_name: str | None
    driver_type: str | None
    cache: str | None = None
    discard: str | None = None
    io: str | None = None
    alias: str | None = None
    auth: DiskAuth | None = None
    serial: str | None = None
    iotune: IoTune | None = None
    blockio: BlockIo | None = None
    readonly: bool = False
    shareable: bool = False
    boot_order: int | None = None
    address: DriveAddress | None = None
    pci_address: PciAddress | None = None
    encryption_secret: str | None = None


@dataclass(frozen=True, kw_only=True)
class Controller:
    type: str
    index: int | None = None
    model: str | None = None


@dataclass(frozen=True, kw_only=True)
class InterfaceDriver:
    name: str | None = None
    queues: int | None = None
    rx_queue_size: int | None = None
    tx_queue_size: int | None = None
    packed: str | None = None


@dataclass(frozen=True, kw_only=True)
class Bandwidth:
    """Attributes of one direction, as (name, value) pairs."""

    direction: str
    limits: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class VirtualPort:
    """``parameters``: the attributes of each parameters element (guest VT-12 writes one element per value)."""

    type: str
    parameters: tuple[tuple[tuple[str, str], ...], ...]


@dataclass(frozen=True, kw_only=True)
class Interface:
    """``source``: the attributes of the source element; a PCI source stands for hostdev interfaces."""

    type: str
    mac: str | None
    model: str | None = None
    managed: str | None = None
    driver: InterfaceDriver | None = None
    source: tuple[tuple[str, str], ...] = ()
    pci_source: PciAddress | None = None
    mtu: int | None = None
    vlan: int | None = None
    target_dev: str | None = None
    target_managed: str | None = None
    virtual_port: VirtualPort | None = None
    bandwidth: tuple[Bandwidth, ...] = ()
    address: PciAddress | None = None


@dataclass(frozen=True, kw_only=True)
class PciHostdev:
    source: PciAddress
    managed: str = "yes"


@dataclass(frozen=True, kw_only=True)
class MdevHostdev:
    uuid: str


@dataclass(frozen=True, kw_only=True)
class CharLog:
    file: str
    append: str


@dataclass(frozen=True, kw_only=True)
class TcpSource:
    host: str
    service: str


@dataclass(frozen=True, kw_only=True)
class Serial:
    """``element`` is serial, or console where the architecture has no serial port (guest CON-07)."""

    type: str
    log: CharLog | None = None
    source: TcpSource | None = None
    element: str = "serial"
    target_type: str | None = None


@dataclass(frozen=True, kw_only=True)
class Channel:
    """``path`` of a unix channel; None leaves it to libvirt."""

    type: str
    target_name: str
    path: str | None = None


@dataclass(frozen=True, kw_only=True)
class SpiceOptions:
    image: str | None = None
    jpeg: str | None = None
    zlib: str | None = None
    playback: str | None = None
    streaming: str | None = None
    secure_channels: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Graphics:
    type: str
    listen: str
    spice: SpiceOptions = field(default_factory=SpiceOptions)


@dataclass(frozen=True, kw_only=True)
class Video:
    """``vram`` in KiB."""

    model: str
    vram: int | None = None


@dataclass(frozen=True, kw_only=True)
class Input:
    type: str
    bus: str


@dataclass(frozen=True, kw_only=True)
class Rng:
    source: str
    rate_bytes: int | None = None
    rate_period: int | None = None


@dataclass(frozen=True, kw_only=True)
class Tpm:
    model: str
    version: str
    secret: str


@dataclass(frozen=True, kw_only=True)
class Sound:
    model: str


@dataclass(frozen=True, kw_only=True)
class Redirdev:
    bus: str = "usb"
    type: str = "spicevmc"


@dataclass(frozen=True, kw_only=True)
class Filesystem:
    source: str
    tag: str


@dataclass(frozen=True, kw_only=True)
class Watchdog:
    model: str
    action: str


@dataclass(frozen=True, kw_only=True)
class MemBalloon:
    """``period`` in seconds."""

    model: str
    period: int | None


@dataclass(frozen=True, kw_only=True)
class Nvdimm:
    """``size``, ``align_size`` and ``label_size`` in KiB."""

    path: str
    size: int
    align_size: int
    label_size: int
    node: int


@dataclass(frozen=True, kw_only=True)
class Iommu:
    """``aw_bits`` and ``eim`` stand for the whole driver element, which only some models have."""

    model: str
    aw_bits: int | None
    eim: str | None


@dataclass(frozen=True, kw_only=True)
class Devices:
    """In Nova's order (guest section 1.2)."""

    disks: tuple[Disk, ...] = ()
    scsi_controller: Controller | None = None
    rescue_disk: Disk | None = None
    interfaces: tuple[Interface | PciHostdev, ...] = ()
    serials: tuple[Serial, ...] = ()
    spice_channel: Channel | None = None
    sound: Sound | None = None
    graphics: tuple[Graphics, ...] = ()
    video: Video | None = None
    inputs: tuple[Input, ...] = ()
    agent_channel: Channel | None = None
    rng: Rng | None = None
    tpm: Tpm | None = None
    pcie_controllers: tuple[Controller, ...] = ()
    usb_controller: Controller | None = None
    redirdevs: tuple[Redirdev, ...] = ()
    hostdevs: tuple[PciHostdev, ...] = ()
    filesystems: tuple[Filesystem, ...] = ()
    watchdog: Watchdog | None = None
    memballoon: MemBalloon | None = None
    mdevs: tuple[MdevHostdev, ...] = ()
    nvdimms: tuple[Nvdimm, ...] = ()
    iommu: Iommu | None = None
