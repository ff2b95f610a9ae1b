# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Extra specs: the container's rules and the registry."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot import extra_spec
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.extra_specs.resource_classes import RESOURCE_CLASSES
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.extra_specs.traits import TRAITS
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import NoEffect, Problems


def _rules(key: str, text: str) -> list[str]:
    problems = Problems()
    extra_spec.check_registered(key, text, problems, "spec")
    return [problem.rule for problem in problems]


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("hw:cpu_policy", "mixed"),
        ("hw:mem_page_size", "1GiB"),
        ("hw:mem_page_size", "2048kbit"),
        ("hw:cpu_dedicated_mask", "^0,2-3"),
        ("hw:numa_cpus.127", "0"),
        ("hw:numa_nodes", " +2 "),
        ("hw:redirected_usb_ports", "15"),
        ("hw:pmem", "A,B_1"),
        ("hide_hypervisor_id", "N"),
        ("quota:cpu_quota", "-1"),
        ("quota:vif_reservation", "-5"),
        ("resources:VCPU", "-1"),
        ("resources_NET-1:CUSTOM_GOLD_2", "3"),
        ("resources" + "g" * 64 + ":VGPU", "1"),
        ("trait7:HW_CPU_X86_AVX2", "forbidden"),
        ("trait:COMPUTE_EPHEMERAL_ENCRYPTION", "required"),
        ("capabilities:cpu_info:features:aes", "anything"),
        ("aggregate_instance_extra_specs:rack:row", "<in> 7"),
        ("pci_passthrough:alias", "a:1 , b:2"),
        ("vmware:storage_policy", ""),
        ("unscoped", "x"),
        ("foreign:key", "x"),
        ("resources" + "g" * 65 + ":NONSENSE", "x"),
        ("trait!:NONSENSE", "x"),
    ],
)
def test_keys_and_values_that_pass(key: str, text: str) -> None:
    assert _rules(key, text) == []


@pytest.mark.parametrize(
    ("key", "text", "rule"),
    [
        ("hw:cpu_policy", "Mixed", "ESP-28"),
        ("hw:cpu_realtime", "", "ESP-24"),
        ("hw:mem_page_size", "2 MB", "ESP-32"),
        ("hw:cpu_realtime_mask", "0,,1", "ESP-25"),
        ("hw:numa_nodes", "0", "ESP-34"),
        ("hw:numa_mem.0", "1.5", "ESP-36"),
        ("hw:numa_mem.x", "1", "ESP-05"),
        ("hw:redirected_usb_ports", "16", "ESP-55"),
        ("hw:maxphysaddr_mode", "passthrough", "ESP-05"),
        ("hw:", "x", "ESP-05"),
        ("os:secure_boot", "optional", "ESP-62"),
        ("quota:disk_read_iops_sec", "-1", "ESP-70"),
        ("quota:cpu_sharez", "1", "ESP-05"),
        ("resources:VCPU", "one", "ESP-72"),
        ("resources:CUSTOM_gold", "1", "ESP-05"),
        ("trait:HW_CPU_X86_AVX2", "preferred", "ESP-74"),
        ("trait:NOT_A_TRAIT", "required", "ESP-05"),
        ("traits:NOT_A_TRAIT", "required", "ESP-05"),
        ("capabilities:cpu_info:", "x", "ESP-05"),
        ("capabilities:vcpus:x", "x", "ESP-05"),
        ("pci_passthrough:alias", "gpu", "ESP-63"),
        ("accel:other", "x", "ESP-05"),
    ],
)
def test_keys_and_values_that_the_registry_refuses(key: str, text: str, rule: str) -> None:
    assert _rules(key, text) == [rule]


def test_a_misspelt_key_is_told_its_neighbours() -> None:
    problems = Problems()
    extra_spec.check_registered("hw:cpu_polic", "shared", problems, "spec")
    (problem,) = problems
    assert problem.allowed[0] == "hw:cpu_policy"


@pytest.mark.parametrize(
    ("value", "text"), [("x", "x"), (5, "5"), (1.5, "1.5"), (True, "True"), (False, "False"), ("v" * 255, "v" * 255)]
)
def test_values_are_stored_as_text(value: object, text: str) -> None:
    problems = Problems()
    assert extra_spec.extra_spec_text("key", value, problems, "spec") == text
    assert not problems


@pytest.mark.parametrize(
    ("key", "value", "rules"),
    [
        ("k", None, ["FLV-21"]),
        ("k", ["a"], ["FLV-21"]),
        ("k", float("inf"), ["FLV-21"]),
        ("k", float("nan"), ["FLV-21"]),
        ("k", "v" * 256, ["FLV-21"]),
        ("k", 10**300, ["FLV-21"]),
        ("k/1", "v", ["FLV-20"]),
        ("", "v", ["FLV-20"]),
        ("k" * 256, "v", ["FLV-20"]),
        (7, {}, ["FLV-20", "FLV-21"]),
    ],
)
def test_what_the_container_refuses(key: object, value: object, rules: list[str]) -> None:
    problems = Problems()
    assert extra_spec.extra_spec_text(key, value, problems, "spec") is None
    assert [problem.rule for problem in problems] == rules


def test_booleans_are_refused_where_the_api_speaks() -> None:
    problems = Problems()
    assert extra_spec.extra_spec_text("k", True, problems, "spec", booleans=False) is None
    assert len(problems) == 1


def test_all_problems_of_a_container_at_once_and_what_has_no_effect() -> None:
    problems, no_effect = Problems(), list[NoEffect]()
    given_specs = {"hw:cpu_policy": "pinned", "hw:nope": 1, "a/b": "x", "vmware:hw_version": "9", "foreign:key": 1, "ssd": True}
    stored = extra_spec.check_extra_specs(given_specs, problems, no_effect, "extra_specs")
    assert [problem.field for problem in problems] == [
        'extra_specs["a/b"]',
        'extra_specs["hw:cpu_policy"]',
        'extra_specs["hw:nope"]',
    ]
    assert [entry["field"] for entry in no_effect] == [
        'extra_specs["vmware:hw_version"]',
        'extra_specs["foreign:key"]',
        "extra_specs.ssd",
    ]
    assert stored["ssd"] == "True"


def test_the_lists_are_complete_and_free_of_repeats() -> None:
    assert len(set(TRAITS)) == len(TRAITS) == 377
    assert len(set(RESOURCE_CLASSES)) == 21
    keys = [spec.key for spec in extra_spec.REGISTRY]
    assert len(set(keys)) == len(keys)


def test_every_entry_says_where_it_ends_up_or_why_nowhere() -> None:
    for spec in extra_spec.REGISTRY:
        assert bool(spec.effect) != bool(spec.no_effect), spec.key


@given(st.text(max_size=40), st.text(max_size=40))
@settings(max_examples=200)
def test_no_key_and_no_value_raises(key: str, value: str) -> None:
    for prefix in ("", "hw:", "quota:", "trait", "resources:", "capabilities:"):
        assert _rules(prefix + key, value) == _rules(prefix + key, value)
