# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Host options: defaults, types, and what is refused by name."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.host_options import check_host_options
from tests.unit.guest.values import design, flavor, hypervisor, pci, server


def test_defaults_are_those_of_nova_except_virt_type() -> None:
    options = check_host_options(None).value
    assert options.text("libvirt", "virt_type") == "auto"
    assert options.text("libvirt", "sysinfo_serial") == "unique"
    assert options.number("libvirt", "mem_stats_period_seconds") == 10
    assert options.flag("vnc", "enabled")
    assert options.number_or_none("libvirt", "tb_cache_size") is None
    assert options.given == frozenset()


def test_values_are_converted() -> None:
    given = {"libvirt": {"cpu_models": "Penryn, EPYC", "num_pcie_ports": "8"}, "spice": {"enabled": "yes"}}
    found = check_host_options(given)
    assert not found.problems
    assert found.value.items("libvirt", "cpu_models") == ("Penryn", "EPYC")
    assert found.value.number("libvirt", "num_pcie_ports") == 8
    assert found.value.flag("spice", "enabled")


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"libwirt": {}}, "host_options.libwirt", "Invalid"),
        ({"libvirt": {"cpu_mood": "x"}}, "host_options.libvirt.cpu_mood", "Invalid"),
        ({"libvirt": {"virt_type": "xen"}}, "host_options.libvirt.virt_type", "Invalid"),
        ({"libvirt": {"num_pcie_ports": 29}}, "host_options.libvirt.num_pcie_ports", "Invalid"),
        ({"libvirt": {"rx_queue_size": 300}}, "host_options.libvirt.rx_queue_size", "Invalid"),
        ({"libvirt": {"snapshot_compression": True}}, "host_options.libvirt.snapshot_compression", "NotBuilt"),
        ({"vnc": {"enabled": "perhaps"}}, "host_options.vnc.enabled", "Invalid"),
        ({"vnc": []}, "host_options.vnc", "Invalid"),
        ({"compute": {"cpu_shared_set": "4-1"}}, "host_options.compute.cpu_shared_set", "Invalid"),
        (
            {"compute": {"cpu_shared_set": "0-3", "cpu_dedicated_set": "3-5"}},
            "host_options.compute.cpu_dedicated_set",
            "Invalid",
        ),
        ("libvirt", "host_options", "Invalid"),
    ],
)
def test_refused_by_name(given: Any, field: str, code: str) -> None:
    assert [(problem.field, problem.code) for problem in check_host_options(given).problems] == [(field, code)]


def test_all_problems_at_once() -> None:
    assert len(check_host_options({"a": {}, "b": {}, "libvirt": {"c": 1}}).problems) == 3


def test_options_without_use_here_are_listed() -> None:
    found = check_host_options({"DEFAULT": {"mkisofs_cmd": "xorriso"}})
    assert not found.problems
    assert found.no_effect == (
        {"field": "host_options.DEFAULT.mkisofs_cmd", "reason": "config drives are written without a program"},
    )


WORDS = st.one_of(
    st.sampled_from(
        ["10de", "0000:0a:00.0", "*:0a:*.*", "yes", "type-PF", "small:/dev/dax0.0=1G", "a:b|c", "[", '{"name": "x"}']
    ),
    st.text(max_size=8),
)
KEYS = st.sampled_from(["name", "vendor_id", "product_id", "address", "device_type", "numa_policy", "managed", "domain", "bus"])
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.one_of(KEYS, WORDS), inner, max_size=4)),
    max_leaves=8,
)
OF_DEVICES = [
    *(("pci", name) for name in ("alias", "device_spec")),
    ("devices", "enabled_mdev_types"),
    *(("mdev_small", name) for name in ("device_addresses", "mdev_class", "max_instances")),
    ("libvirt", "pmem_namespaces"),
]


@given_any(st.dictionaries(st.sampled_from(OF_DEVICES), ANYTHING))
def test_whatever_stands_in_options_of_devices_is_taken_or_refused(values: Any) -> None:
    options: dict[str, Any] = {}
    for (group, name), value in values.items():
        options.setdefault(group, {})[name] = value
    found = check_host_options(options)
    if not found.problems:
        node_devices = {"pci": [pci("0000:0a:00.0")], "mdev_parents": [], "mdevs": []}
        specs = {"pci_passthrough:alias": "x:1", "resources:VGPU": "1", "hw:pmem": "small"}
        design(server(flavor=flavor(extra_specs=specs)), host=hypervisor(node_devices=node_devices), host_options=options)
