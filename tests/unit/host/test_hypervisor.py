# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of a host, read from libvirt's own test driver."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from xml.etree import ElementTree

from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.connection import open_connection
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.hypervisor import cpu_features, hypervisor_facts
from tests.unit.guest.values import design, flavor, server

URI = "test:///default"
FOREIGN = """
<domain type='test'>
  <name>foreign</name><memory unit='MiB'>512</memory><vcpu>2</vcpu>
  <os><type arch='i686'>hvm</type></os>
  <cputune><vcpupin vcpu='0' cpuset='9'/><vcpupin vcpu='1' cpuset='10'/><emulatorpin cpuset='11'/></cputune>
  <numatune><memory mode='strict' nodeset='1'/></numatune>
  <devices><serial type='tcp'><source mode='bind' host='127.0.0.1' service='10000'/></serial></devices>
</domain>
"""


@contextmanager
def defined(connection: Any, xml: str) -> Iterator[None]:
    domain = connection.defineXML(xml)
    try:
        yield
    finally:
        domain.undefine()


def test_every_definition_counts() -> None:
    with open_connection(URI) as connection:
        before = hypervisor_facts(connection)
        with defined(connection, FOREIGN):
            facts = hypervisor_facts(connection)
    assert [(cell["pinned_cpus"], cell["memory_used"]) for cell in before["numa_cells"]] == [([], 0), ([], 0)]
    assert [(cell["pinned_cpus"], cell["memory_used"]) for cell in facts["numa_cells"]] == [([], 0), ([9, 10, 11], 512)]
    assert (before["ports_in_use"], facts["ports_in_use"]) == ([], [10000])
    assert {domain["name"]: ("claims" in domain, domain["active"]) for domain in facts["domains"]} == {
        "foreign": (True, False),
        "test": (False, True),
    }
    assert facts["usage"]["vcpus"] == before["usage"]["vcpus"] + 2


def test_the_designer_takes_what_is_left() -> None:
    with open_connection(URI) as connection, defined(connection, FOREIGN):
        facts = hypervisor_facts(connection)
    facts |= {"guests": [], "virt_type": {"name": "qemu", "reason": "for the test"}}
    pinned = server(flavor=flavor(vcpus=2, ram=512, extra_specs={"hw:cpu_policy": "dedicated"}))
    options = {"compute": {"cpu_dedicated_set": "8-13"}}
    found = design(pinned, host=facts, host_options=options)
    assert found.problems == ()
    assert found.dedicated_cpus == (8, 12)
    more = server(flavor=flavor(vcpus=4, ram=512, extra_specs={"hw:cpu_policy": "dedicated"}))
    [problem] = design(more, host=facts, host_options=options).problems
    assert problem.allowed[1]["free_dedicated_cpus"] == 3


def test_a_feature_that_the_host_lacks_of_its_model_is_none() -> None:
    """As libvirt 11 expands the CPU of a virtual machine; KVM was chosen there, and its guests aborted."""
    expanded = """
    <cpu mode='custom' match='exact'>
      <model fallback='allow'>EPYC</model>
      <feature policy='require' name='sse2'/>
      <feature policy='disable' name='svm'/>
    </cpu>"""
    assert cpu_features(ElementTree.fromstring(expanded)) == ["sse2"]
