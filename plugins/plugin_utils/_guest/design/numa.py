# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NUMA cells, pinning and CPU tuning of a guest (guest sections 4.4 and 4.6), and the PCI devices that are near enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.numa import NumaCell as GuestCell

from ..cpu_list import format_cpu_list
from ..domain_model import CpuTune, MemNode, NumaCell, NumaTune, VcpuPin, VcpuSched
from ..host_devices.pci import HostPci
from .context import Context
from .fitting import FittedCell, Limits, fit_cells
from .host_cells import HostCpus, host_cells, host_cpus, ratio, smallest_page
from .pci_fitting import PciOffer, pci_offer, refuse_pci

_WITH_NUMA = ("i686", "x86_64", "aarch64", "ppc64", "ppc64le")


@dataclass(frozen=True)
class NumaDesign:
    """``cells`` go into the CPU; ``page_sizes`` (KiB) by guest cell, None where the cell asks for none; ``pci_devices`` are the
    host's that the guest gets."""

    cells: tuple[NumaCell, ...] = ()
    page_sizes: tuple[int | None, ...] = ()
    numa_tune: NumaTune | None = None
    cpu_tune: CpuTune | None = None
    vcpu_cpuset: str | None = None
    dedicated_host_cpus: tuple[int, ...] = ()
    pci_devices: tuple[HostPci, ...] = ()


def design_numa(context: Context) -> NumaDesign:
    if not context.combination_fits:  # its problems are told; cells that make no sense need no host
        return NumaDesign()
    cpus = host_cpus(context)
    quotas = _cpu_quotas(context)
    guest_cells = context.combination.numa_cells
    offer = PciOffer((), (), {}) if context.resources.pci_devices else pci_offer(context)
    if guest_cells is None:
        # Guest DOM-06: only where an option names the shared set, and only without cells.
        cpuset = format_cpu_list(cpus.shared) if cpus.shared_given else None
        return NumaDesign(cpu_tune=quotas, vcpu_cpuset=cpuset, pci_devices=_devices(context, offer, None))
    if context.arch not in _WITH_NUMA:
        message = f"{context.arch} guests have no NUMA cells"
        field = context.spec_field("hw:numa_nodes")
        context.refuse("NUMATopologyUnsupported", "NUMA-20", field, len(guest_cells), list(_WITH_NUMA), message)
    if not context.hypervisor["numa_cells"]:
        found = _without_host_cells(guest_cells, quotas)  # guest NUMA-19
        return replace(found, pci_devices=_devices(context, offer, None))
    fitted = _fit(context, cpus, guest_cells, offer)
    return NumaDesign() if fitted is None else _design_fitted(context, cpus, fitted, quotas, offer)


def _devices(context: Context, offer: PciOffer, cells: Sequence[int] | None) -> tuple[HostPci, ...]:
    """For a guest on these cells of the host, None for one that is bound to none."""
    chosen = offer.choose(cells)
    if chosen is None:
        refuse_pci(context, offer, cells)
    return tuple(chosen or ())


def _without_host_cells(guest_cells: Sequence[GuestCell], quotas: CpuTune | None) -> NumaDesign:
    cells = tuple(_guest_cell(cell, mem_access=None) for cell in guest_cells)
    return NumaDesign(cells=cells, page_sizes=(None,) * len(cells), cpu_tune=quotas)


def _fit(context: Context, cpus: HostCpus, guest_cells: Sequence[GuestCell], offer: PciOffer) -> list[FittedCell] | None:
    limits = Limits(
        cpu_ratio=ratio(context, "cpu_allocation_ratio"),
        ram_ratio=ratio(context, "ram_allocation_ratio"),
        thread_policy=context.combination.cpu.thread_policy,
        isolate_emulator=context.combination.cpu.emulator_policy == "isolate",
        pack=context.options.flag("compute", "packing_host_numa_cells_allocation_strategy"),
        accepts=lambda cells: offer.choose(cells) is not None,
        devices=offer.free_by_cell(),
        wants_devices=bool(offer.requests),
    )
    host = host_cells(context, cpus)
    # Cells that fit without the devices are told beside them: their refusal says which are where.
    fitted = fit_cells(guest_cells, host, limits) or fit_cells(guest_cells, host, replace(limits, accepts=lambda _cells: True))
    if fitted is None:
        asked = [
            {
                "vcpus": len(cell.shared_cpus),
                "dedicated": len(cell.dedicated_cpus),
                "memory": cell.memory,
                "page": cell.page_size,
            }
            for cell in guest_cells
        ]
        has = [
            {
                "cell": cell.id,
                "shared_cpus": len(cell.shared),
                "free_dedicated_cpus": len(cell.free_dedicated),
                "memory": cell.memory_free,
                "pages": dict(cell.pages),
            }
            for cell in host
        ]
        message = f"the guest's {len(asked)} memory cells do not fit onto the host's {len(has)}"
        if any(cell["dedicated"] for cell in asked) and not cpus.dedicated:
            message += "; it has no dedicated CPUs, as the host option compute.cpu_dedicated_set names none"
        context.refuse("ComputeResourcesUnavailable", "FIT-01", context.field("flavor.extra_specs"), asked, has, message)
    return fitted


def _design_fitted(
    context: Context, cpus: HostCpus, fitted: list[FittedCell], quotas: CpuTune | None, offer: PciOffer
) -> NumaDesign:
    smallest = smallest_page(context)
    huge = any(cell.page_size is not None and cell.page_size > smallest for cell in fitted)
    pins = _vcpu_pins(fitted)
    return NumaDesign(
        cells=tuple(_guest_cell(cell.guest, mem_access="shared" if huge else None) for cell in fitted),
        page_sizes=tuple(cell.page_size for cell in fitted),
        numa_tune=_numa_tune(fitted),
        cpu_tune=replace(
            quotas or CpuTune(),
            emulator_pin=_emulator_pin(context, cpus, fitted, pins),
            vcpu_pins=tuple(VcpuPin(vcpu=vcpu, cpuset=format_cpu_list(pins[vcpu])) for vcpu in sorted(pins)),
            vcpu_sched=_vcpu_sched(context),
        ),
        dedicated_host_cpus=tuple(sorted({cpu for cell in fitted for cpu in cell.pins.values()})),
        pci_devices=_devices(context, offer, [cell.host.id for cell in fitted]),
    )


def _guest_cell(cell: GuestCell, *, mem_access: str | None) -> NumaCell:
    """Guest NUMA-09, NUMA-10."""
    cpus = format_cpu_list((*cell.shared_cpus, *cell.dedicated_cpus))
    return NumaCell(id=cell.id, cpus=cpus, memory=cell.memory * 1024, mem_access=mem_access)


def _numa_tune(fitted: list[FittedCell]) -> NumaTune:
    """Guest NUMA-11."""
    return NumaTune(
        mode="strict",
        nodeset=format_cpu_list(cell.host.id for cell in fitted),
        mem_nodes=tuple(MemNode(cell=cell.guest.id, mode="strict", nodeset=str(cell.host.id)) for cell in fitted),
    )


def _vcpu_pins(fitted: list[FittedCell]) -> dict[int, frozenset[int]]:
    """Guest NUMA-12: pinned vCPUs get one host CPU, the others those that are shared on their host cell."""
    pins: dict[int, frozenset[int]] = {}
    for cell in fitted:
        pins.update(dict.fromkeys(cell.guest.shared_cpus, cell.host.shared))
        pins.update({vcpu: frozenset((cpu,)) for vcpu, cpu in cell.pins.items()})
    return pins


def _emulator_pin(context: Context, cpus: HostCpus, fitted: list[FittedCell], pins: dict[int, frozenset[int]]) -> str | None:
    """Guest NUMA-13 to NUMA-16."""
    policy = context.combination.cpu.emulator_policy
    if policy == "isolate":
        return format_cpu_list(cell.emulator for cell in fitted if cell.emulator is not None) or None
    if policy == "share" and cpus.shared_given:
        return format_cpu_list(cpus.shared) or None
    realtime = set() if policy == "share" else set(context.combination.cpu.realtime_cpus or ())
    return format_cpu_list(cpu for vcpu, cpuset in pins.items() if vcpu not in realtime for cpu in cpuset) or None


def _vcpu_sched(context: Context) -> VcpuSched | None:
    """Guest NUMA-17."""
    realtime = context.combination.cpu.realtime_cpus
    if not realtime:
        return None
    priority = context.options.number("libvirt", "realtime_scheduler_priority")
    return VcpuSched(vcpus=format_cpu_list(realtime), scheduler="fifo", priority=priority)


def _cpu_quotas(context: Context) -> CpuTune | None:
    """Guest QCPU-01 to QCPU-03."""
    shares, quota, period = (context.number_spec(f"quota:cpu_{name}", "QCPU-02") for name in ("shares", "quota", "period"))
    if shares is None and quota is None and period is None:
        return None
    if context.hypervisor.get("cgroup_cpu") is False:
        given = [name for name in context.specs if name.startswith("quota:cpu_")]
        message = "the host has no cpu controller, which CPU quotas need"
        context.refuse("UnsupportedHostCPUControlPolicy", "QCPU-03", context.spec_field(given[0]), given, None, message)
    return CpuTune(shares=shares, quota=quota, period=period)
