# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images: fields, properties with their legacy names, what nothing reads, catalogues."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.image import validate_image, validate_images
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.image_table import BY_NAME, LEGACY, PROPERTIES
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import identity

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=10,
)
KEYS = [
    *BY_NAME,
    *LEGACY,
    "vmware_adaptertype",
    "hw_numa_cpus.0",
    "hw_numa_mem.0",
    "hw_numa_cpus",
    "trait:A",
    "traits_required",
]


def _properties(raw: dict[str, Any]) -> dict[str, Any]:
    answer = validate_image({"name": "i", "properties": raw})
    assert answer.problems == ()
    assert answer.value is not None
    return answer.value["properties"]


def _refusals(image: object) -> list[tuple[str, str]]:
    return [(problem.field, problem.rule) for problem in validate_image(image).problems]


def _in_vain(raw: dict[str, Any]) -> list[str]:
    return [entry["field"] for entry in validate_image({"name": "i", "properties": raw}).no_effect]


def test_defaults() -> None:
    assert validate_image({"name": "cirros"}).value == {
        "schema": 1,
        "name": "cirros",
        "id": identity("image", "cirros"),
        "src": None,
        "path": None,
        "url": None,
        "checksum": None,
        "disk_format": None,
        "container_format": None,
        "min_disk": 0,
        "min_ram": 0,
        "size": 0,
        "status": "active",
        "properties": {},
    }


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        pytest.param("min_ram", "64", 64, id="ram-text"),
        pytest.param("min_disk", 2.0, 2, id="disk-whole-fraction"),
        pytest.param("size", None, 0, id="size-null"),
        pytest.param("status", "deactivated", "deactivated", id="status-not-bootable"),
        pytest.param("disk_format", "qcow2", "qcow2", id="disk-format"),
        pytest.param("container_format", None, None, id="container-null"),
        pytest.param("url", "https://example.org/i.img", "https://example.org/i.img", id="url"),
    ],
)
def test_accepted_fields(key: str, value: object, expected: object) -> None:
    answer = validate_image({"name": "i", key: value})
    assert answer.problems == ()
    assert answer.value is not None
    assert dict(answer.value)[key] == expected


@pytest.mark.parametrize(
    ("key", "value", "rule"),
    [
        pytest.param("min_ram", None, "IMG-13", id="ram-null"),
        pytest.param("min_ram", "much", "IMG-13", id="ram-word"),
        pytest.param("min_disk", -1, "IMG-13", id="disk-negative"),
        pytest.param("min_disk", 1.5, "IMG-13", id="disk-fraction"),
        pytest.param("min_disk", True, "IMG-13", id="disk-boolean"),
        pytest.param("size", "x", "IMG-21", id="size-word"),
        pytest.param("status", "ACTIVE", "IMG-01", id="status-upper-case"),
        pytest.param("status", None, "IMG-01", id="status-null"),
        pytest.param("disk_format", "img", "IMG-21", id="disk-format-unknown"),
        pytest.param("properties", None, "PRP-02", id="properties-null"),
        pytest.param("colour", "red", "IMG", id="unknown-key"),
        pytest.param("hw_disk_bus", "virtio", "IMG", id="property-in-the-wrong-place"),
        pytest.param("schema", "/v2/schemas/image", "", id="schema-of-the-image-service"),
    ],
)
def test_refused_fields(key: str, value: object, rule: str) -> None:
    assert _refusals({"name": "i", key: value}) == [(f"image.{key}", rule)]


def test_an_image_has_one_source() -> None:
    assert _refusals({"name": "i", "src": "a", "path": "b", "url": "c"}) == [("image.path", "IMG"), ("image.url", "IMG")]


def test_fields_of_the_image_service_are_taken_and_have_no_effect() -> None:
    answer = validate_image({"name": "i", "visibility": "public", "tags": ["a"], "protected": True, "owner": None})
    assert answer.problems == ()
    assert [entry["field"] for entry in answer.no_effect] == ["image.protected", "image.tags", "image.visibility"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param({"architecture": "amd64"}, {"hw_architecture": "x86_64", "architecture": "amd64"}, id="legacy-kept-raw"),
        pytest.param({"architecture": "amd64", "hw_architecture": "i386"}, {"hw_architecture": "i686"}, id="current-wins"),
        pytest.param({"ipxe_boot": "1"}, {"hw_ipxe_boot": True}, id="legacy-boolean"),
        pytest.param({"hypervisor_type": "XAPI"}, {"img_hv_type": "xen"}, id="hypervisor-alias"),
        pytest.param({"hw_vif_model": "VirtualE1000e"}, {"hw_vif_model": "e1000e"}, id="nic-alias"),
        pytest.param({"hw_scsi_model": "ParaVirtual"}, {"hw_scsi_model": "vmpvscsi"}, id="scsi-alias"),
        pytest.param({"vm_mode": "HV"}, {"hw_vm_mode": "hvm"}, id="mode-alias"),
        pytest.param({"vmware_adaptertype": "ide"}, {"hw_disk_bus": "ide"}, id="adapter-ide"),
        pytest.param(
            {"vmware_adaptertype": "lsiLogicsas"}, {"hw_disk_bus": "scsi", "hw_scsi_model": "lsisas1068"}, id="adapter-model"
        ),
        pytest.param({"vmware_adaptertype": "ide", "hw_disk_bus": "sata"}, {"hw_disk_bus": "sata"}, id="adapter-overruled"),
        pytest.param({"hw_boot_menu": "perhaps"}, {"hw_boot_menu": False}, id="flag-lenient"),
        pytest.param({"hw_video_ram": " 16 "}, {"hw_video_ram": 16}, id="number-text"),
        pytest.param({"hw_tpm_version": 2.0}, {"hw_tpm_version": "2.0"}, id="number-that-yaml-made"),
        pytest.param({"img_hv_requested_version": ">=2.6, !=3.0"}, {"img_hv_requested_version": ">=2.6, !=3.0"}, id="version"),
        pytest.param({"bdm_v2": "yes"}, {"img_bdm_v2": True, "bdm_v2": "yes"}, id="bdm-v2-both"),
        pytest.param(
            {"mappings": '[{"virtual": "swap", "device": 1}]'},
            {"img_mappings": [{"virtual": "swap", "device": "1"}], "mappings": [{"virtual": "swap", "device": 1}]},
            id="mappings-json",
        ),
        pytest.param(
            {"hw_numa_cpus.0": "0-1,^1", "hw_numa_mem.0": "9"}, {"hw_numa_cpus": [[0]], "hw_numa_mem": [9]}, id="nodes"
        ),
        pytest.param({"trait:B": "required", "trait:A": "required"}, {"traits_required": ["B", "A"]}, id="traits"),
        pytest.param({"anything": {"x": [1]}}, {"anything": {"x": [1]}}, id="unknown-kept"),
        pytest.param({"kernel_id": "k", "os_shutdown_timeout": "9"}, {"kernel_id": "k", "os_shutdown_timeout": 9}, id="raw"),
    ],
)
def test_properties_are_typed_and_renamed(raw: dict[str, Any], expected: dict[str, Any]) -> None:
    typed = _properties(raw)
    assert {key: typed.get(key) for key in expected} == expected


@pytest.mark.parametrize(
    ("key", "value", "rule"),
    [
        ("hw_vif_model", "ne1000", "PRP-42"),
        ("hw_disk_bus", "VIRTIO", "PRP-13"),
        ("hw_pointer_model", "ps2", "PRP-32"),
        ("hw_video_ram", "lots", "PRP-41"),
        ("hw_cpu_cores", 1.5, "PRP-14"),
        ("hw_boot_menu", None, "PRP-12"),
        ("hw_machine_type", [], "PRP-25"),
        ("os_secure_boot", "yes", "PRP-66"),
        ("img_hv_requested_version", "~=2", "PRP-57"),
        ("img_block_device_mapping", "[]", "PRP-55"),
        ("mappings", "[", "PRP-55"),
        ("block_device_mapping", [{"a": ["b"]}], "PRP-55"),
        ("architecture", "bogus", "PRP-10"),
        ("vmware_adaptertype", "virtio", "PRP-07"),
        ("hw_numa_cpus.0", "x", "PRP-30"),
        ("hw_numa_mem.0", None, "PRP-30"),
        ("os_shutdown_timeout", "soon", "IP-28"),
    ],
)
def test_properties_that_do_not_fit(key: str, value: object, rule: str) -> None:
    answer = validate_image({"name": "i", "properties": {key: value}})
    assert [(problem.code, problem.rule) for problem in answer.problems] == [("InvalidRequest", rule)]
    assert key in answer.problems[0].field


def test_what_nothing_reads_is_told() -> None:
    raw = {
        "foo": 1,
        "trait:A": "preferred",
        "hw_numa_cpus.3": "0",
        "img_bittorrent": "1",
        "traits_required": ["A"],
        "hw_pmu": 1,
    }
    assert _in_vain(raw) == [
        "image.properties.foo",
        "image.properties.img_bittorrent",
        "image.properties.traits_required",
        'image.properties["hw_numa_cpus.3"]',
        'image.properties["trait:A"]',
    ]
    assert "traits_required" not in _properties(raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"hw_firmware_stateless": True}, ["image.properties.hw_firmware_stateless"]),
        ({"hw_firmware_stateless": True, "hw_firmware_type": "uefi"}, []),
        ({"img_bdm_v2": True}, ["image.properties.img_bdm_v2"]),
        ({"bdm_v2": True}, []),
        ({"bdm_v2": True, "img_bdm_v2": False}, ["image.properties.img_bdm_v2"]),
        ({"ipxe_boot": True}, ["image.properties.ipxe_boot"]),
    ],
)
def test_what_another_property_makes_useless_is_told(raw: dict[str, Any], expected: list[str]) -> None:
    assert _in_vain(raw) == expected


def test_nodes_end_at_the_first_gap_and_at_128() -> None:
    raw = {f"hw_numa_mem.{node}": 1 for node in range(130)}
    assert len(_properties(raw)["hw_numa_mem"]) == 128
    assert len(_in_vain(raw)) == 2


def test_a_catalogue_is_unique_by_name_and_id() -> None:
    answer = validate_images({"a": {"id": "1"}, "b": {"id": "1"}, "c": {"name": "d"}})
    assert [problem.field for problem in answer.problems] == ["images.b.id", "images.c.name"]
    assert list(validate_images([{"name": "a"}, {"name": "b"}]).value) == ["a", "b"]


def test_all_problems_at_once() -> None:
    image = {"min_ram": None, "status": 3, "properties": {"hw_tpm_version": "3", "hw_cpu_cores": "x"}, "x": 1}
    assert [field for field, _ in _refusals(image)] == [
        "image.min_ram",
        "image.name",
        "image.properties.hw_cpu_cores",
        "image.properties.hw_tpm_version",
        "image.status",
        "image.x",
    ]


def test_a_normalised_image_comes_back_as_it_was() -> None:
    raw = {
        "architecture": "amd64",
        "mappings": [{"virtual": "ami", "device": "sda1"}],
        "hw_numa_cpus.0": "0-1",
        "hw_numa_mem.0": 512,
        "hw_numa_mem.2": 512,
        "trait:A": "required",
        "trait:B": "no",
        "hw_vif_model": "VirtualE1000",
        "foo": None,
    }
    value = validate_image({"name": "i", "size": "7", "properties": raw}).value
    assert value is not None
    assert validate_image(json.loads(json.dumps(value))).value == value
    assert validate_images({"i": value}).value == {"i": value}
    assert _refusals({**value, "properties": {"hw_numa_cpus": "0-1"}}) == [("image.properties.hw_numa_cpus", "PRP-30")]


def test_every_property_says_where_it_ends_up_or_why_nowhere() -> None:
    assert len(BY_NAME) == len(PROPERTIES)
    assert set(LEGACY.values()) <= set(BY_NAME)
    for entry in PROPERTIES:
        assert bool(entry.effect) != bool(entry.no_effect), entry.name


@given(JSON)
@settings(max_examples=200)
def test_nothing_raises(value: object) -> None:
    assert repr(validate_image(value)) == repr(validate_image(value))
    validate_images(value)


@given(st.dictionaries(st.sampled_from(KEYS), JSON, max_size=6), st.booleans())
@settings(max_examples=200)
def test_known_properties_with_any_value_raise_nothing_and_settle_at_once(raw: dict[str, Any], normalised: bool) -> None:
    image = {"name": "i", "properties": raw, **({"schema": 1} if normalised else {})}
    answer = validate_image(image)
    if answer.value is not None:
        assert repr(validate_image(answer.value).value) == repr(answer.value)
