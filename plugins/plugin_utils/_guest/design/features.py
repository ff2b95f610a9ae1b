# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Features, clock and timers of a guest (guest section 6)."""

from __future__ import annotations

from ..domain_model import Clock, Features, HyperV, Timer
from .context import Context

_WITH_VMCOREINFO = ("i686", "x86_64", "aarch64")
# What Windows is told instead of KVM's name, where that is hidden (guest FEAT-08).
_VENDOR_ID = "1234567890ab"
_SPINLOCK_RETRIES = 8191


def design_features(context: Context, *, smm: bool, iommu: bool) -> Features:
    """``smm`` is carried over from an earlier definition (guest FW-11); an IOMMU needs QEMU's own IOAPIC (guest FEAT-09)."""
    combination = context.combination
    return Features(
        smm=smm,
        acpi=True,
        apic=not context.options.flag("workarounds", "libvirt_disable_apic"),
        tb_cache=_tb_cache(context),
        hyperv=_hyperv(context),
        vmcoreinfo=context.arch in _WITH_VMCOREINFO and combination.mem_encryption is None,
        hidden=combination.hide_hypervisor_id,
        pmu=None if combination.pmu is None else ("on" if combination.pmu else "off"),
        ioapic_driver="qemu" if iommu else None,
    )


def _is_windows(context: Context) -> bool:
    return context.text_property("os_type") == "windows"


def _tb_cache(context: Context) -> int | None:
    """Guest FEAT-03: emulation only."""
    size = context.options.number_or_none("libvirt", "tb_cache_size")
    return size if size and context.virt_type == "qemu" else None


def _hyperv(context: Context) -> HyperV | None:
    """Guest FEAT-07, FEAT-08."""
    if not _is_windows(context):
        return None
    vendor_id = _VENDOR_ID if context.combination.hide_hypervisor_id else None
    return HyperV(spinlock_retries=_SPINLOCK_RETRIES, vendor_id=vendor_id)


def design_clock(context: Context) -> Clock:
    """Guest CLK-01."""
    return Clock(offset="localtime" if _is_windows(context) else "utc", timers=_timers(context))


def _timers(context: Context) -> tuple[Timer, ...]:
    """Guest CLK-02 to CLK-05: only KVM needs telling how to make up for lost ticks."""
    if context.virt_type != "kvm":
        return ()
    timers = [Timer(name="pit", tickpolicy="delay"), Timer(name="rtc", tickpolicy="catchup")]
    if context.is_x86:
        timers.append(Timer(name="hpet", present="yes" if context.flag_property("hw_time_hpet") else "no"))
    if _is_windows(context):
        timers.append(Timer(name="hypervclock", present="yes"))
    return tuple(timers)
