# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU lists and the choice of a guest's sockets, cores and threads (rules CMB-31..38, CMB-79)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from .types import integer_text

# More than any hypervisor has; keeps a hostile list from filling the memory.
MAX_CPUS = 65536


class CpuListError(ValueError):
    """The text is not a CPU list."""


def parse_cpu_mask(text: str) -> list[int]:
    """The sorted CPUs of a list such as ``0-3,^2``: empty items are skipped, exclusions apply last (rules CMB-79).

    Raises CpuListError, whose text names the bad item.
    """
    included = excluded = 0
    for item in text.split(","):
        item = item.strip()
        if item.startswith("^"):
            excluded |= _bits(item[1:], item)
        elif item:
            included |= _bits(item, item)
    return list(_ones(included & ~excluded))


def _bits(item: str, shown: str) -> int:
    """A CPU or a range of them as the ones of a number, so that long ranges stay cheap."""
    first, dash, last = item.partition("-")
    start = _index(first, shown)
    stop = _index(last, shown) if dash else start
    if start > stop:
        raise CpuListError(f"{shown[:40]!r} runs backwards")
    return ((1 << (stop - start + 1)) - 1) << start


def _index(text: str, shown: str) -> int:
    """What Python's integer parser takes, as in Nova: a sign, underscores between digits and other scripts' digits pass."""
    index = integer_text(text)
    if index is None or index < 0:
        raise CpuListError(f"{shown[:40]!r} is neither a CPU nor a range of CPUs")
    if index >= MAX_CPUS:
        raise CpuListError(f"{shown[:40]!r} is beyond CPU {MAX_CPUS - 1}")
    return index


def _ones(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


class CpuAxes(NamedTuple):
    """A number per axis; 0 means unset in a preference."""

    sockets: int
    cores: int
    threads: int


@lru_cache(maxsize=1024)
def choose_topology(vcpus: int, preferred: CpuAxes, maximum: CpuAxes) -> CpuAxes | None:
    """The topology that a guest gets (rules CMB-37, CMB-38); None where no product within the maximums gives the vcpus.

    Larger sockets times cores first, then larger sockets, then larger threads; of these the one that meets the preference on
    the most axes.
    """
    best: tuple[int, int, int, int] | None = None
    choice = None
    for axes in _products(vcpus, maximum):
        met = sum(axis == wish for axis, wish in zip(axes, preferred, strict=True) if wish > 0)
        rank = (met, axes.sockets * axes.cores, axes.sockets, axes.threads)
        if best is None or rank > best:
            best, choice = rank, axes
    return choice


def _products(vcpus: int, maximum: CpuAxes) -> Iterator[CpuAxes]:
    divisors = _divisors(vcpus)
    for threads in divisors:
        if threads > maximum.threads:
            continue
        rest = vcpus // threads
        for cores in divisors:
            if cores <= maximum.cores and rest % cores == 0 and rest // cores <= maximum.sockets:
                yield CpuAxes(rest // cores, cores, threads)


def _divisors(number: int) -> list[int]:
    small = [candidate for candidate in range(1, math.isqrt(number) + 1) if number % candidate == 0]
    return sorted({*small, *(number // divisor for divisor in small)})
