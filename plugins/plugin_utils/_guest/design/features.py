# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Features, clock and timers of a guest (guest section 6)."""

from __future__ import annotations

from ..domain_model import Clock, Features, Timer
from .context import Context


def design_features(context: Context) -> Features:
    return Features(
        acpi=True,
        apic=not context.options.flag("workarounds", "libvirt_disable_apic"),
        tb_cache=_tb_cache(context),
        vmcoreinfo=context.arch in ("i686", "x86_64", "aarch64"),
    )


def _tb_cache(context: Context) -> int | None:
    """Guest FEAT-03: emulation only."""
    size = context.options.number_or_none("libvirt", "tb_cache_size")
    return size if size and context.virt_type == "qemu" else None


def design_clock(context: Context) -> Clock:
    return Clock(offset="utc", timers=_timers(context))


def _timers(context: Context) -> tuple[Timer, ...]:
    """Guest CLK-02 to CLK-05: only KVM needs telling how to make up for lost ticks."""
    if context.virt_type != "kvm":
        return ()
    timers = [Timer(name="pit", tickpolicy="delay"), Timer(name="rtc", tickpolicy="catchup")]
    if context.is_x86:
        timers.append(Timer(name="hpet", present="no"))
    return tuple(timers)
