# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flavors: fields at their limits, all problems at once, catalogues."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.flavor import validate_flavor, validate_flavors
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import identity

SMALL = {"name": "m1.small", "vcpus": 1, "ram": 512, "disk": 1}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=10,
)
LARGEST = 2147483647


def _rules(flavor: object, **options: Any) -> list[str]:
    return [problem.rule for problem in validate_flavor(flavor, **options).problems]


def test_defaults() -> None:
    answer = validate_flavor(SMALL)
    assert answer.problems == ()
    assert answer.no_effect == ()
    assert answer.value == {
        "schema": 1,
        "name": "m1.small",
        "id": identity("flavor", "m1.small"),
        "vcpus": 1,
        "ram": 512,
        "disk": 1,
        "ephemeral": 0,
        "swap": 0,
        "rxtx_factor": 1.0,
        "extra_specs": {},
        "is_public": True,
        "disabled": False,
        "description": None,
    }


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        pytest.param("name", "n" * 255, "n" * 255, id="name-longest"),
        pytest.param("id", 7, "7", id="id-number"),
        pytest.param("id", 1.5, "1.5", id="id-fraction"),
        pytest.param("id", 0, identity("flavor", SMALL["name"]), id="id-zero"),
        pytest.param("id", "A b.c_d-9", "A b.c_d-9", id="id-text"),
        pytest.param("ram", str(LARGEST), LARGEST, id="ram-largest-as-text"),
        pytest.param("vcpus", LARGEST, LARGEST, id="vcpus-largest"),
        pytest.param("disk", 0, 0, id="disk-zero"),
        pytest.param("ephemeral", "5", 5, id="ephemeral-text"),
        pytest.param("swap", LARGEST, LARGEST, id="swap-largest"),
        pytest.param("rxtx_factor", "2.50", 2.5, id="rxtx-text"),
        pytest.param("rxtx_factor", 3.40282e38, 3.40282e38, id="rxtx-largest"),
        pytest.param("is_public", "off", False, id="public-word"),
        pytest.param("disabled", True, True, id="disabled"),
        pytest.param("description", "d" * 65535, "d" * 65535, id="description-longest"),
        pytest.param("extra_specs", {"hw:cpu_sockets": 2}, {"hw:cpu_sockets": "2"}, id="extra-spec-number"),
    ],
)
def test_accepted(key: str, value: object, expected: object) -> None:
    answer = validate_flavor({**SMALL, key: value})
    assert answer.problems == ()
    assert answer.value is not None
    assert dict(answer.value)[key] == expected


@pytest.mark.parametrize(
    ("key", "value", "rule"),
    [
        pytest.param("name", " ", "FLV-01", id="name-blank"),
        pytest.param("name", None, "FLV-01", id="name-null"),
        pytest.param("id", " padded", "FLV-02", id="id-leading-space"),
        pytest.param("id", "", "FLV-02", id="id-empty"),
        pytest.param("id", "i" * 256, "FLV-02", id="id-too-long"),
        pytest.param("id", 1e30, "FLV-02", id="id-plus-sign"),
        pytest.param("id", 10**400, "FLV-02", id="id-endless"),
        pytest.param("id", True, "FLV-02", id="id-boolean"),
        pytest.param("ram", 0, "FLV-03", id="ram-zero"),
        pytest.param("ram", LARGEST + 1, "FLV-03", id="ram-too-large"),
        pytest.param("ram", 1.0, "FLV-03", id="ram-fraction"),
        pytest.param("ram", None, "FLV-03", id="ram-null"),
        pytest.param("vcpus", True, "FLV-04", id="vcpus-boolean"),
        pytest.param("disk", -1, "FLV-05", id="disk-negative"),
        pytest.param("ephemeral", "", "FLV-06", id="ephemeral-empty"),
        pytest.param("swap", None, "FLV-07", id="swap-null"),
        pytest.param("rxtx_factor", "0", "FLV-08", id="rxtx-zero-text"),
        pytest.param("rxtx_factor", "1.", "FLV-08", id="rxtx-open-fraction"),
        pytest.param("rxtx_factor", float("nan"), "FLV-08", id="rxtx-nan"),
        pytest.param("rxtx_factor", 10**400, "FLV-08", id="rxtx-endless"),
        pytest.param("is_public", "t", "FLV-09", id="public-letter"),
        pytest.param("is_public", 1, "FLV-09", id="public-number"),
        pytest.param("description", "a\x00b", "FLV-10", id="description-control"),
        pytest.param("description", "d" * 65536, "FLV-10", id="description-too-long"),
        pytest.param("colour", "red", "FLV-11", id="unknown-key"),
        pytest.param("extra_specs", None, "FLV-20", id="extra-specs-null"),
        pytest.param("schema", 2, "", id="schema-of-the-future"),
    ],
)
def test_refused(key: str, value: object, rule: str) -> None:
    answer = validate_flavor({**SMALL, key: value})
    assert answer.value is None
    assert [problem.rule for problem in answer.problems] == [rule]
    assert answer.problems[0].field == f"flavor.{key}"


@pytest.mark.parametrize("key", ["vcpus", "ram", "disk", "name"])
def test_required(key: str) -> None:
    flavor = {name: value for name, value in SMALL.items() if name != key}
    assert [problem.message for problem in validate_flavor(flavor).problems] == [f"flavor.{key} is required"]


def test_prefixed_keys_mean_the_plain_ones() -> None:
    prefixed = {"OS-FLV-EXT-DATA:ephemeral": 3, "os-flavor-access:is_public": False, "OS-FLV-DISABLED:disabled": True}
    plain = {"ephemeral": 3, "is_public": False, "disabled": True}
    assert validate_flavor({**SMALL, **prefixed}) == validate_flavor({**SMALL, **plain})


def test_both_spellings_are_one_too_many() -> None:
    answer = validate_flavor({**SMALL, "ephemeral": 1, "OS-FLV-EXT-DATA:ephemeral": 1})
    assert [problem.field for problem in answer.problems] == ['flavor["OS-FLV-EXT-DATA:ephemeral"]']


def test_all_problems_at_once_in_the_order_of_fields() -> None:
    wrong = {"name": "", "vcpus": 0, "ram": "x", "disk": -1, "is_public": 3, "colour": 1, "extra_specs": {"hw:x": 1, "a/b": []}}
    answer = validate_flavor(wrong, field="flavors.wrong")
    assert [problem.field.removeprefix("flavors.wrong.") for problem in answer.problems] == [
        "colour",
        "disk",
        'extra_specs["a/b"]',
        'extra_specs["a/b"]',
        'extra_specs["hw:x"]',
        "is_public",
        "name",
        "ram",
        "vcpus",
    ]
    assert answer == validate_flavor(wrong, field="flavors.wrong")


@pytest.mark.parametrize(
    ("microversion", "extra", "rules"),
    [
        ("2.101", {"rxtx_factor": 2}, []),
        ("2.102", {"rxtx_factor": 2}, ["FLV-11"]),
        ("2.54", {"description": "x"}, ["FLV-11"]),
        ("2.55", {"description": "x"}, []),
        ("2.101", {"disabled": False}, ["FLV-11"]),
        ("2.101", {"extra_specs": {}}, ["FLV-11"]),
    ],
)
def test_what_an_api_version_knows(microversion: str, extra: dict[str, Any], rules: list[str]) -> None:
    assert _rules({**SMALL, **extra}, microversion=microversion) == rules


def test_a_factor_for_xen_has_no_effect() -> None:
    answer = validate_flavor({**SMALL, "rxtx_factor": 2})
    assert [entry["field"] for entry in answer.no_effect] == ["flavor.rxtx_factor"]


def test_a_catalogue_by_name() -> None:
    answer = validate_flavors(
        {"m1.small": {"vcpus": 1, "ram": 1, "disk": 0}, 7: {"name": "7", "vcpus": 1, "ram": 1, "disk": 0}}
    )
    assert answer.problems == ()
    assert list(answer.value) == ["m1.small", "7"]


def test_a_catalogue_entry_under_another_name_is_refused() -> None:
    answer = validate_flavors({"a": {**SMALL}})
    assert [problem.field for problem in answer.problems] == ["flavors.a.name"]


def test_names_and_ids_are_unique() -> None:
    answer = validate_flavors([{**SMALL, "id": "1"}, {**SMALL, "id": "2"}, {**SMALL, "name": "other", "id": 1}])
    assert [(problem.code, problem.field) for problem in answer.problems] == [
        ("FlavorExists", "flavors[1].name"),
        ("FlavorIdExists", "flavors[2].id"),
    ]


def test_a_path_quotes_names_with_dots() -> None:
    answer = validate_flavors({"m1.small": {"vcpus": 0, "ram": 1, "disk": 0, "extra_specs": {"hw:boot_menu": "maybe"}}})
    assert [problem.field for problem in answer.problems] == [
        'flavors["m1.small"].extra_specs["hw:boot_menu"]',
        'flavors["m1.small"].vcpus',
    ]


def test_no_catalogue_is_an_empty_one() -> None:
    assert validate_flavors(None).value == {}
    assert len(validate_flavors("m1.small").problems) == 1


@pytest.mark.parametrize("flavor", [None, "m1.small", [], 3])
def test_a_flavor_is_an_object(flavor: object) -> None:
    assert _rules(flavor) == ["FLV-11"]


def test_a_normalised_flavor_comes_back_as_it_was() -> None:
    given_flavor = {**SMALL, "id": 9, "rxtx_factor": "2", "is_public": "no", "extra_specs": {"hw:pmu": True, "k": 2}}
    value = validate_flavor(given_flavor).value
    assert value is not None
    again = json.loads(json.dumps(value))
    assert validate_flavor(again).value == value
    assert validate_flavor(again, microversion="2.102").value == value
    assert validate_flavors({"m1.small": again}).value == {"m1.small": value}


def test_a_normalised_flavor_is_not_trusted() -> None:
    value = validate_flavor(SMALL).value
    assert value is not None
    assert _rules({**value, "ram": -1}) == ["FLV-03"]


@given(JSON)
@settings(max_examples=200)
def test_nothing_raises(value: object) -> None:
    assert repr(validate_flavor(value)) == repr(validate_flavor(value))
    validate_flavors(value)


@given(st.dictionaries(st.sampled_from([*SMALL, "id", "swap", "extra_specs", "rxtx_factor", "is_public", "schema"]), JSON))
@settings(max_examples=200)
def test_known_keys_with_any_value_raise_nothing_and_settle_at_once(fields: dict[str, Any]) -> None:
    answer = validate_flavor({**SMALL, **fields})
    if answer.value is not None:
        assert validate_flavor(answer.value).value == answer.value
