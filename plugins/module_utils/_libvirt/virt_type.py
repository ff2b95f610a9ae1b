# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which virt type `auto` takes on a host, and why."""

from __future__ import annotations

from typing import Any, Dict

# What the CPU itself must show. libvirt may offer KVM because /dev/kvm is there, on a machine whose CPU has no
# virtualization: a guest then hangs or aborts. Other architectures have no such flag; there the offer stands.
_FLAGS = {"x86_64": ("vmx", "svm"), "i686": ("vmx", "svm")}


def choose_virt_type(facts: Dict[str, Any], *, kvm_offered: bool) -> Dict[str, str]:
    """{name, reason}. ``facts``: arch, driver, cpu_flags (as libvirt expands the host CPU) and guests."""
    if facts["driver"] != "QEMU":
        name = facts["driver"].lower()
        return {"name": name, "reason": "the connection is to libvirt's %s driver" % name}
    if not kvm_offered:
        return {"name": "qemu", "reason": "libvirt offers no KVM on this host (no usable /dev/kvm)"}
    wanted = _FLAGS.get(facts["arch"])
    if wanted is None:
        return {"name": "kvm", "reason": "libvirt offers KVM on this host"}
    shown = [flag for flag in wanted if flag in facts["cpu_flags"]]
    if shown:
        return {"name": "kvm", "reason": "libvirt offers KVM and the CPU shows %s" % shown[0]}
    return {
        "name": "qemu",
        "reason": "libvirt offers KVM, but the CPU shows neither %s: KVM guests would hang or abort" % " nor ".join(wanted),
    }
