# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of CPU numbers as Nova and libvirt write them (guest DOM-13, DOM-14)."""

from __future__ import annotations

from collections.abc import Iterable


def parse_cpu_list(text: str) -> frozenset[int]:
    """``1-4,^3,6`` is 1, 2, 4, 6: exclusions, also of ranges, apply after all inclusions, and empty parts are ignored.

    Raises ValueError with a sentence for anything that is not such a list.
    """
    wanted: set[int] = set()
    excluded: set[int] = set()
    for part in text.split(","):
        part = part.strip()
        if part:
            target = excluded if part.startswith("^") else wanted
            target.update(_range(part.removeprefix("^"), text))
    return frozenset(wanted - excluded)


def _range(part: str, text: str) -> range:
    first, dash, last = part.partition("-")
    try:
        low = int(first)
        high = int(last) if dash else low
    except ValueError:
        raise ValueError(f"{part!r} in {text!r} is not a CPU number or a range of them") from None
    if low < 0 or high < low:
        raise ValueError(f"the range {part!r} in {text!r} runs backwards")
    return range(low, high + 1)


def format_cpu_list(cpus: Iterable[int]) -> str:
    """Sorted and with ranges collapsed: 0, 1, 2, 5 is ``0-2,5``."""
    parts: list[list[int]] = []
    for cpu in sorted(set(cpus)):
        if parts and cpu == parts[-1][-1] + 1:
            parts[-1][1:] = [cpu]
        else:
            parts.append([cpu])
    return ",".join("-".join(map(str, part)) for part in parts)
