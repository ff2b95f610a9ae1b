# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which virt type `auto` takes, on hosts that offer KVM and on hosts that do not."""

from __future__ import annotations

import pytest

from tests.integration.play import play
from tests.lab import HostOptions, Lab

pytestmark = pytest.mark.lab


def cpu_has_virtualization() -> bool:
    with open("/proc/cpuinfo", encoding="ascii") as cpuinfo:
        words = cpuinfo.read().split()
    return "vmx" in words or "svm" in words


def facts_of(lab: Lab) -> dict[str, object]:
    variables = {"ansible_connection": "local"}
    played = play([{"kilonova.compute.hypervisor_info": {"uri": lab.hosts[0].uri_unix}}], variables)
    found: dict[str, object] = played.only["hypervisor"]
    return found


def test_without_a_kvm_node_auto_takes_qemu_and_says_why(lab: Lab) -> None:
    assert facts_of(lab)["virt_type"] == {
        "name": "qemu",
        "reason": "libvirt offers no KVM on this host (no usable /dev/kvm)",
    }


def test_a_kvm_node_counts_only_where_the_cpu_has_virtualization() -> None:
    """libvirt offers KVM for the node alone; guests of a CPU without vmx and svm would hang or abort."""
    with Lab(hosts=[HostOptions(kvm_node=0o666)]) as lab:
        chosen = facts_of(lab)["virt_type"]
    if cpu_has_virtualization():
        assert chosen["name"] == "kvm"  # type: ignore[index]
    else:
        assert chosen["name"] == "qemu"  # type: ignore[index]
        assert "neither vmx nor svm" in chosen["reason"]  # type: ignore[index]
