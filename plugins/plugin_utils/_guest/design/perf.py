# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Performance events that libvirt counts for a guest (guest DOM-11)."""

from __future__ import annotations

from .context import Context

# The cache monitoring events went away with the kernel interface behind them.
_EVENTS = (
    "cpu_cycles",
    "instructions",
    "cache_references",
    "cache_misses",
    "branch_instructions",
    "branch_misses",
    "bus_cycles",
    "stalled_cycles_frontend",
    "stalled_cycles_backend",
    "ref_cpu_cycles",
    "cpu_clock",
    "task_clock",
    "page_faults",
    "context_switches",
    "cpu_migrations",
    "page_faults_min",
    "page_faults_maj",
    "alignment_faults",
    "emulation_faults",
)


def design_perf_events(context: Context) -> tuple[str, ...]:
    wanted = context.options.items("libvirt", "enabled_perf_events")
    for name in wanted:
        if name not in _EVENTS:
            reason = f"libvirt has no performance event {name!r}"
            context.no_effect.append({"field": "host_options.libvirt.enabled_perf_events", "reason": reason})
    return tuple(name for name in wanted if name in _EVENTS)
