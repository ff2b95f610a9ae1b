# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Features, clock and timers of a guest (guest section 6)."""

from __future__ import annotations

from ..domain_model import Clock, Features, HyperV, Timer
from .context import Context
from .memory import encryption_model

_WITH_VMCOREINFO = ("i686", "x86_64", "aarch64")
# What Windows is told instead of KVM's name, where that is hidden (guest FEAT-08).
_VENDOR_ID = "1234567890ab"
_SPINLOCK_RETRIES = 8191
_HYPERV = (
    "relaxed",
    "vapic",
    "spinlocks",
    "vendor_id",
    "vpindex",
    "runtime",
    "synic",
    "reset",
    "frequencies",
    "tlbflush",
    "ipi",
)


def design_features(context: Context, *, smm: bool, iommu: bool) -> Features:
    """``smm`` is carried over from an earlier definition (guest FW-11); an IOMMU needs QEMU's own IOAPIC (guest FEAT-09), which
    only x86 has."""
    combination = context.combination
    return Features(
        smm=smm,
        acpi=True,
        apic=not context.options.flag("workarounds", "libvirt_disable_apic"),
        tb_cache=_tb_cache(context),
        hyperv=_hyperv(context),
        vmcoreinfo=context.arch in _WITH_VMCOREINFO and encryption_model(context) is None,
        hidden=combination.hide_hypervisor_id,
        pmu=None if combination.pmu is None else ("on" if combination.pmu else "off"),
        ioapic_driver="qemu" if iommu and (context.is_x86 or not context.definable) else None,
    )


def _is_windows(context: Context) -> bool:
    return context.text_property("os_type") == "windows"


def _tb_cache(context: Context) -> int | None:
    """Guest FEAT-03: emulation only."""
    size = context.options.number_or_none("libvirt", "tb_cache_size")
    return size if size and context.virt_type == "qemu" else None


def _hyperv(context: Context) -> HyperV | None:
    """Guest FEAT-07, FEAT-08. What the host says it cannot give is left out and reported: libvirt would define a guest with it,
    and QEMU refuse to start it (emulation gives two of them)."""
    if not _is_windows(context):
        return None
    hidden = context.combination.hide_hypervisor_id
    wanted = [name for name in _HYPERV if name != "vendor_id" or hidden]
    offered = context.hypervisor["domain_capabilities"].get("hyperv")
    given = tuple(name for name in wanted if offered is None or name in offered)
    if len(given) < len(wanted):
        lacking = ", ".join(name for name in wanted if name not in given)
        reason = f"a {context.domain_type} guest on this host has no Hyper-V {lacking}"
        context.no_effect.append({"field": context.property_field("os_type"), "reason": reason})
    vendor_id = _VENDOR_ID if "vendor_id" in given else None
    return HyperV(features=given, spinlock_retries=_SPINLOCK_RETRIES, vendor_id=vendor_id) if given else None


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
