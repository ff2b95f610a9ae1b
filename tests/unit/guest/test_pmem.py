# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Persistent memory: what the host option may say, and which of it a server gets."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.designer import Design
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.host_options import check_host_options
from tests.unit.guest.values import design, flavor, holder, hypervisor, server

GIVEN = "128G:/dev/dax0.0=126G|/dev/dax0.1=126GiB/1G,small:/srv/small.img=512M"
GIB = 1 << 20


def ask(labels: str, *, given: Any = GIVEN, domains: Any = ()) -> Design:
    wanted = server(flavor=flavor(extra_specs={"hw:pmem": labels}))
    return design(wanted, host=hypervisor(domains=list(domains)), host_options={"libvirt": {"pmem_namespaces": given}})


def got(found: Design) -> list[tuple[str, int, int]]:
    assert found.problems == ()
    return [(device.path, device.size, device.align_size) for device in found.domain.devices.nvdimms]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("128G:ns0|ns1", "cannot look up the name of a namespace"),
        ("/dev/dax0.0=1G", "label"),
        ("a-b:/dev/dax0.0=1G", "label"),
        ("a:/dev/dax0.0", "names no device with its size"),
        ("a:/dev/dax0.0=1", "several times its alignment"),
        ("a:/dev/dax0.0=3M/2M", "several times its alignment"),
        ("a:/dev/dax0.0=2M", "several times its alignment"),
        ("a:/dev/dax0.0=1G/0M", "several times its alignment"),
        ("a:/dev/dax\x01=1G", "characters"),
        ("a:/dev/dax0.0=1G|/dev/dax0.0=1G", "twice"),
        (["a:/dev/dax0.0=1G", "b:/dev/dax0.0=1G"], "twice"),
    ],
)
def test_options_are_refused_by_name(given: Any, says: str) -> None:
    [problem] = check_host_options({"libvirt": {"pmem_namespaces": given}}).problems
    assert problem.field.startswith("host_options.libvirt.pmem_namespaces")
    assert says in problem.message or says == "characters"


def test_each_label_is_a_device_of_its_own() -> None:
    found = ask("128G,small,128G")
    assert got(found) == [
        ("/dev/dax0.0", 126 * GIB, 2048),
        ("/srv/small.img", GIB // 2, 2048),
        ("/dev/dax0.1", 126 * GIB, GIB),
    ]
    assert found.domain.max_memory is not None
    assert (found.domain.max_memory.slots, found.domain.max_memory.size) == (3, 2 * GIB + 252 * GIB + GIB // 2)


def test_labels_are_resource_classes() -> None:
    assert got(ask("SMALL")) == [("/srv/small.img", GIB // 2, 2048)]


def test_what_another_domain_has_is_not_given_again() -> None:
    domains = [holder("db", "/dev/dax0.0")]
    assert [path for path, _size, _align in got(ask("128G", domains=domains))] == ["/dev/dax0.1"]
    [problem] = ask("128G,128G", domains=domains).problems
    assert (problem.code, problem.field) == ("ComputeResourcesUnavailable", 'flavor.extra_specs["hw:pmem"]')
    assert "/dev/dax0.0 (of db), /dev/dax0.1 (chosen before)" in problem.message


def test_a_label_that_the_host_does_not_have() -> None:
    [problem] = ask("large").problems
    assert (problem.code, problem.allowed) == ("PMEMNamespaceConfigInvalid", ["128G", "SMALL"])
