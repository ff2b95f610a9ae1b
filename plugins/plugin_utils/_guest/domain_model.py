# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The domain as data: everything that a template may read. No behaviour and no decisions; None means not written."""

from __future__ import annotations

from dataclasses import dataclass

from .device_model import Devices
from .metadata_model import Metadata


@dataclass(frozen=True, kw_only=True)
class Smbios:
    """The system block, in the order in which it is written (guest SMB-09)."""

    manufacturer: str
    product: str
    version: str
    serial: str | None
    uuid: str
    family: str


@dataclass(frozen=True, kw_only=True)
class Loader:
    """``path`` and what follows it come from an earlier definition; a new guest leaves the choice to libvirt."""

    secure: str | None = None
    stateless: str | None = None
    path: str | None = None
    type: str | None = None
    readonly: str | None = None


@dataclass(frozen=True, kw_only=True)
class Nvram:
    path: str
    template: str | None = None


@dataclass(frozen=True, kw_only=True)
class Os:
    type: str
    arch: str | None
    machine: str | None
    firmware: str | None = None
    secure_boot: str | None = None
    loader: Loader | None = None
    nvram: Nvram | None = None
    kernel: str | None = None
    initrd: str | None = None
    cmdline: str | None = None
    boot: tuple[str, ...] = ()
    boot_menu: bool = False
    smbios: bool = False


@dataclass(frozen=True, kw_only=True)
class HyperV:
    """``features``: libvirt's names, in its order."""

    features: tuple[str, ...]
    spinlock_retries: int
    vendor_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Features:
    """``pmu``: on, off or None. ``tb_cache`` in MiB."""

    smm: bool = False
    acpi: bool = False
    apic: bool = False
    tb_cache: int | None = None
    hyperv: HyperV | None = None
    vmcoreinfo: bool = False
    hidden: bool = False
    pmu: str | None = None
    ioapic_driver: str | None = None


@dataclass(frozen=True, kw_only=True)
class Timer:
    name: str
    tickpolicy: str | None = None
    present: str | None = None


@dataclass(frozen=True, kw_only=True)
class Clock:
    offset: str
    timers: tuple[Timer, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CpuFeature:
    name: str
    policy: str


@dataclass(frozen=True, kw_only=True)
class CpuTopology:
    sockets: int
    cores: int
    threads: int


@dataclass(frozen=True, kw_only=True)
class MaxPhysAddr:
    mode: str
    bits: int | None


@dataclass(frozen=True, kw_only=True)
class NumaCell:
    """``cpus`` as libvirt writes lists of them, ``memory`` in KiB."""

    id: int
    cpus: str
    memory: int
    mem_access: str | None = None


@dataclass(frozen=True, kw_only=True)
class Cpu:
    mode: str | None
    model: str | None
    topology: CpuTopology
    max_phys_addr: MaxPhysAddr | None = None
    features: tuple[CpuFeature, ...] = ()
    cells: tuple[NumaCell, ...] = ()


@dataclass(frozen=True, kw_only=True)
class VcpuPin:
    vcpu: int
    cpuset: str


@dataclass(frozen=True, kw_only=True)
class VcpuSched:
    vcpus: str
    scheduler: str
    priority: int


@dataclass(frozen=True, kw_only=True)
class CpuTune:
    shares: int | None = None
    quota: int | None = None
    period: int | None = None
    emulator_pin: str | None = None
    vcpu_pins: tuple[VcpuPin, ...] = ()
    vcpu_sched: VcpuSched | None = None


@dataclass(frozen=True, kw_only=True)
class MemNode:
    cell: int
    mode: str
    nodeset: str


@dataclass(frozen=True, kw_only=True)
class NumaTune:
    mode: str
    nodeset: str
    mem_nodes: tuple[MemNode, ...]


@dataclass(frozen=True, kw_only=True)
class HugePage:
    """``size`` in KiB."""

    size: int
    nodeset: int


@dataclass(frozen=True, kw_only=True)
class MemoryBacking:
    huge_pages: tuple[HugePage, ...] = ()
    no_share_pages: bool = False
    locked: bool = False
    source_type: str | None = None
    access_mode: str | None = None
    allocation_mode: str | None = None
    discard: bool = False


@dataclass(frozen=True, kw_only=True)
class MaxMemory:
    """``size`` in KiB, the devices included."""

    size: int
    slots: int


@dataclass(frozen=True, kw_only=True)
class LaunchSecurity:
    type: str
    policy: str
    author_key: str | None = None
    vcek: str | None = None
    kernel_hashes: str | None = None


@dataclass(frozen=True, kw_only=True)
class Domain:
    """``memory`` in KiB."""

    type: str
    uuid: str
    name: str
    memory: int
    vcpus: int
    os: Os
    features: Features
    clock: Clock
    devices: Devices
    metadata: Metadata
    max_memory: MaxMemory | None = None
    memory_backing: MemoryBacking | None = None
    numa_tune: NumaTune | None = None
    vcpu_cpuset: str | None = None
    smbios: Smbios | None = None
    iothreads: int = 1
    cpu_tune: CpuTune | None = None
    cpu: Cpu | None = None
    perf_events: tuple[str, ...] = ()
    launch_security: LaunchSecurity | None = None
