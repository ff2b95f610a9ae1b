# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's CPUs, memory and pages as fitting sees them: what is there, what may be used, what others have taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..cpu_list import parse_cpu_list
from .context import Context

_CPU_RATIO = 4.0
_RAM_RATIO = 1.0


@dataclass(frozen=True)
class HostCell:
    """One NUMA node. ``siblings``: for each core the free dedicated threads, in order; memory in MiB; ``pages``: size in KiB
    -> free memory in KiB; ``ordinary``: KiB in pages of the smallest size, None where facts do not tell. ``shared`` and
    ``dedicated`` are the CPUs that host options leave for either use."""

    id: int
    shared: frozenset[int]
    dedicated: frozenset[int]
    free_dedicated: frozenset[int]
    siblings: tuple[tuple[int, ...], ...]
    threads_per_core: int
    memory: int
    memory_used: int
    cpu_used: int
    pages: Mapping[int, int]
    ordinary: int | None

    @property
    def memory_free(self) -> int:
        return self.memory - self.memory_used


@dataclass(frozen=True)
class HostCpus:
    """``online``: every CPU of the host; ``shared_given``: whether a host option names the shared ones."""

    online: frozenset[int]
    shared: frozenset[int]
    dedicated: frozenset[int]
    shared_given: bool


def host_cpus(context: Context) -> HostCpus:
    """Guest HST-01: a dedicated set alone leaves none to share, a shared one alone none to dedicate. Without options every CPU
    is for both uses, which is how Nova takes pinned guests on hosts that were never told (``_get_host_numa_topology``)."""
    online = frozenset(_online(context))
    shared = _cpu_set(context, "cpu_shared_set", online)
    dedicated = _cpu_set(context, "cpu_dedicated_set", online)
    if shared is None and dedicated is None:
        return HostCpus(online, online, online, False)
    if shared is None:
        return HostCpus(online, frozenset(), dedicated or frozenset(), False)
    return HostCpus(online, shared, dedicated or frozenset(), True)


def _online(context: Context) -> list[int]:
    listed = [int(cpu["id"]) for cell in context.hypervisor["numa_cells"] for cpu in cell["cpus"]]
    return listed or list(range(context.hypervisor["vcpus"]))


def _cpu_set(context: Context, name: str, online: frozenset[int]) -> frozenset[int] | None:
    """Guest DOM-08: a set must not name CPUs that are not there."""
    text = context.options.text("compute", name)
    if text is None:
        return None
    cpus = parse_cpu_list(text)
    if cpus - online:
        message = f"the host has no CPU {sorted(cpus - online)}"
        context.refuse("Invalid", "DOM-08", f"host_options.compute.{name}", text, sorted(online), message)
    return cpus & online


def host_cells(context: Context, cpus: HostCpus) -> list[HostCell]:
    return [_cell(cell, cpus) for cell in context.hypervisor["numa_cells"]]


def _cell(cell: Mapping[str, Any], cpus: HostCpus) -> HostCell:
    ids = frozenset(int(cpu["id"]) for cpu in cell["cpus"])
    dedicated = ids & cpus.dedicated
    free = dedicated - frozenset(cell.get("pinned_cpus", ()))
    cores = sorted({tuple(sorted(_siblings(cpu))) for cpu in cell["cpus"]})
    siblings = tuple(tuple(cpu for cpu in core if cpu in free) for core in cores)
    return HostCell(
        id=int(cell["id"]),
        shared=ids & cpus.shared,
        dedicated=dedicated,
        free_dedicated=free,
        siblings=tuple(core for core in siblings if core),
        threads_per_core=max((len(core) for core in cores), default=1),
        memory=int(cell["memory"]),
        memory_used=int(cell.get("memory_used", 0)),
        cpu_used=int(cell.get("cpu_used", 0)),
        pages={int(page["size"]): _free_kib(page) for page in cell["pages"]},
        ordinary=_total_kib(min(cell["pages"], key=lambda page: int(page["size"]))) if cell["pages"] else None,
    )


def _siblings(cpu: Mapping[str, Any]) -> frozenset[int]:
    text = cpu.get("siblings")
    return parse_cpu_list(text) if text else frozenset((int(cpu["id"]),))


def _total_kib(page: Mapping[str, Any]) -> int:
    return int(page["total"]) * int(page["size"])


def _free_kib(page: Mapping[str, Any]) -> int:
    """Facts may know how many pages are free; otherwise all are taken to be."""
    free = page.get("free")
    return _total_kib(page) if free is None else int(free) * int(page["size"])


def smallest_page(context: Context) -> int:
    """KiB; 4 where the host's facts do not tell."""
    sizes = [int(page["size"]) for cell in context.hypervisor["numa_cells"] for page in cell["pages"]]
    return min(sizes, default=4)


def ratio(context: Context, name: str) -> float:
    """Guest HST-03: ``cpu_allocation_ratio`` or ``ram_allocation_ratio``."""
    default = _CPU_RATIO if name == "cpu_allocation_ratio" else _RAM_RATIO
    text = context.options.text("DEFAULT", name)
    try:
        return default if text is None else float(text) or default
    except ValueError:
        context.refuse("Invalid", "HST-03", f"host_options.DEFAULT.{name}", text, "a number", f"{name} must be a number")
        return default
