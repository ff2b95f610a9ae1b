# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of CPU numbers as Nova and libvirt write them (guest DOM-13, DOM-14)."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.cpu import parse_cpu_mask


def parse_cpu_list(text: str) -> frozenset[int]:
    """``1-4,^3,6`` is 1, 2, 4, 6. Raises ValueError with a sentence for anything that is not such a list."""
    return frozenset(parse_cpu_mask(text))


def format_cpu_list(cpus: Iterable[int]) -> str:
    """Sorted and with ranges collapsed: 0, 1, 2, 5 is ``0-2,5``."""
    parts: list[list[int]] = []
    for cpu in sorted(set(cpus)):
        if parts and cpu == parts[-1][-1] + 1:
            parts[-1][1:] = [cpu]
        else:
            parts.append([cpu])
    return ",".join("-".join(map(str, part)) for part in parts)
