# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fitting the memory cells of a guest onto those of a host (guest section 4.5)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.combination_memory import ANY, LARGE, SMALL
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.numa import NumaCell

from .host_cells import HostCell


def _anywhere(_cells: Collection[int]) -> bool:
    """What a guest without PCI devices says of the host's cells."""
    return True


@dataclass(frozen=True)
class Limits:
    """How far shared guests may over-commit, and how pinned ones take threads (None is prefer).

    ``accepts`` is asked about the ids of the host's cells once they fit: whether the guest's PCI devices are near enough.
    ``devices``: free PCI devices by cell, ``wants_devices`` whether the guest asks for some."""

    cpu_ratio: float
    ram_ratio: float
    thread_policy: str | None
    isolate_emulator: bool
    pack: bool
    accepts: Callable[[Collection[int]], bool] = _anywhere
    devices: Mapping[int | None, int] = field(default_factory=dict)
    wants_devices: bool = False


@dataclass(frozen=True)
class FittedCell:
    """``pins``: vCPU -> host CPU of the dedicated ones; ``page_size`` in KiB; ``emulator``: the CPU kept for QEMU's threads."""

    guest: NumaCell
    host: HostCell
    pins: dict[int, int]
    page_size: int | None
    emulator: int | None


def fit_cells(guest: Sequence[NumaCell], host: Sequence[HostCell], limits: Limits) -> list[FittedCell] | None:
    """The first way, in the order of the host's cells, in which every guest cell has a host cell of its own; None if none."""
    if len(guest) > len(host):
        return None
    ordered = _ordered(guest, host, limits) if len(host) > len(guest) else list(host)
    return _fit(guest, ordered, limits, [])


def _fit(
    guest: Sequence[NumaCell], host: Sequence[HostCell], limits: Limits, found: list[FittedCell]
) -> list[FittedCell] | None:
    if len(found) == len(guest):
        return found if limits.accepts([fitted.host.id for fitted in found]) else None
    taken = {fitted.host.id for fitted in found}
    reserve = limits.isolate_emulator and not found
    for cell in host:
        if cell.id in taken:
            continue
        fitted = fit_cell(guest[len(found)], cell, limits, reserve=reserve)
        whole = _fit(guest, host, limits, [*found, fitted]) if fitted is not None else None
        if whole is not None:
            return whole
    return None


def _ordered(guest: Sequence[NumaCell], host: Sequence[HostCell], limits: Limits) -> list[HostCell]:
    """Guest FIT-02: the emptiest cells first, or the fullest ones where the host option says pack. Cells with PCI devices come
    before all others for who asks for some, and after them for who does not."""
    cells = sorted(host, key=lambda cell: cell.memory_free, reverse=not limits.pack)
    if any(cell.dedicated_cpus for cell in guest):
        cells = sorted(cells, key=lambda cell: len(cell.free_dedicated), reverse=not limits.pack)
    else:
        cells = sorted(cells, key=lambda cell: cell.cpu_used, reverse=limits.pack)
    return sorted(cells, key=lambda cell: limits.devices.get(cell.id, 0), reverse=limits.wants_devices)


def fit_cell(guest: NumaCell, host: HostCell, limits: Limits, *, reserve: bool) -> FittedCell | None:
    """Guest FIT-03: a guest never over-commits against itself, and pinned ones against nobody."""
    if guest.memory > host.memory or len(guest.shared_cpus) > len(host.shared):
        return None
    if host.cpu_used + len(guest.shared_cpus) > len(host.shared) * limits.cpu_ratio:
        return None
    memory = host.memory if guest.dedicated_cpus else host.memory * limits.ram_ratio
    page_size = None
    if guest.page_size is not None:
        page_size = choose_page_size(guest, host)
        if page_size is None:
            return None
    elif host.memory_used + guest.memory > memory or not _has_ordinary(guest, host):
        return None
    pinning = pin(guest, host, limits, reserve=reserve)
    if pinning is None:
        return None
    pins, emulator = pinning
    return FittedCell(guest, host, pins, page_size, emulator)


def _has_ordinary(guest: NumaCell, host: HostCell) -> bool:
    """What huge pages hold is not there for guests that ask for none (guest FIT-03)."""
    return host.ordinary is None or guest.memory * 1024 <= host.ordinary


def choose_page_size(guest: NumaCell, host: HostCell) -> int | None:
    """Guest FIT-04, in KiB: the largest page of which whole ones make up the memory and enough are free."""
    sizes = sorted(host.pages, reverse=True)
    wanted = {SMALL: sizes[-1:], LARGE: sizes[:-1], ANY: sizes}.get(guest.page_size or 0, [guest.page_size or 0])
    memory = guest.memory * 1024
    return next((size for size in wanted if size in host.pages and memory <= host.pages[size] and memory % size == 0), None)


def pin(guest: NumaCell, host: HostCell, limits: Limits, *, reserve: bool) -> tuple[dict[int, int], int | None] | None:
    """A host CPU for each dedicated vCPU and, if ``reserve``, one more; None where they do not fit (guest FIT-05 to FIT-08)."""
    count = len(guest.dedicated_cpus)
    if count == 0 and not reserve:
        return {}, None
    chosen = _choose_threads(host, count, limits.thread_policy)
    if chosen is None:
        return None
    pins = dict(zip(sorted(guest.dedicated_cpus), chosen, strict=True))
    if not reserve:
        return pins, None
    used = set(chosen)
    if limits.thread_policy == "isolate":  # the emulator must not sit beside a vCPU either
        used = {cpu for core in host.siblings if used & set(core) for cpu in core}
    left = [cpu for core in host.siblings for cpu in core if cpu not in used]
    return (pins, left[0]) if left else None


def _choose_threads(host: HostCell, count: int, policy: str | None) -> list[int] | None:
    """``count`` free CPUs by thread policy: core by core from the widest groups, one per core, or simply in order."""
    if policy == "isolate":
        if host.threads_per_core > 1 and host.dedicated != host.shared:
            return None  # dedicated sets of hosts with SMT cannot promise it (guest FIT-07)
        whole = [core for core in host.siblings if len(core) == host.threads_per_core]
        return _from_cores([core[:1] for core in whole], count)
    widest = max((len(core) for core in host.siblings), default=0)
    for threads in range(widest, 1, -1):
        cores = [core[:threads] for core in host.siblings if len(core) >= threads]
        chosen = _from_cores(cores, count)
        if chosen is not None:
            return chosen
    return None if policy == "require" else _from_cores(list(host.siblings), count)


def _from_cores(cores: Sequence[tuple[int, ...]], count: int) -> list[int] | None:
    threads = [cpu for core in cores for cpu in core]
    return threads[:count] if len(threads) >= count else None
