# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Value types: what fits, at the edges, and what a problem shows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot import types
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import Problems, item_path, join_path

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        pytest.param(types.BOOLEAN, "On", True, id="boolean-word"),
        pytest.param(types.BOOLEAN, False, False, id="boolean"),
        pytest.param(types.BOOLEAN, "t", None, id="boolean-letter"),
        pytest.param(types.BOOLEAN, 1, None, id="boolean-number"),
        pytest.param(types.STRICT_BOOLEAN, " Y ", True, id="strict-trimmed"),
        pytest.param(types.STRICT_BOOLEAN, "00", None, id="strict-two-zeros"),
        pytest.param(types.STRICT_BOOLEAN, 0, False, id="strict-number"),
        pytest.param(types.POSITIVE_INTEGER, "007", 7, id="integer-digits"),
        pytest.param(types.POSITIVE_INTEGER, 0, None, id="integer-zero"),
        pytest.param(types.POSITIVE_INTEGER, True, None, id="integer-boolean"),
        pytest.param(types.POSITIVE_INTEGER, 1.0, None, id="integer-fraction"),
        pytest.param(types.POSITIVE_INTEGER, "+1", None, id="integer-sign"),
        pytest.param(types.POSITIVE_INTEGER, "1\n", 1, id="integer-final-newline"),
        pytest.param(types.POSITIVE_INTEGER, "1\n\n", None, id="integer-two-newlines"),
        pytest.param(types.POSITIVE_INTEGER, "١", None, id="integer-foreign-digit"),
        pytest.param(types.VOLUME_SIZE, types.MAX_INT, types.MAX_INT, id="size-largest"),
        pytest.param(types.VOLUME_SIZE, types.MAX_INT + 1, None, id="size-too-large"),
        pytest.param(types.NAME, "n" * 255, "n" * 255, id="name-longest"),
        pytest.param(types.NAME, "n" * 256, None, id="name-too-long"),
        pytest.param(types.NAME, "", None, id="name-empty"),
        pytest.param(types.NAME, "a b", "a b", id="name-inner-space"),
        pytest.param(types.NAME, "a\u00a0b", "a\u00a0b", id="name-inner-no-break-space"),
        pytest.param(types.NAME, " a", None, id="name-leading-space"),
        pytest.param(types.NAME, "a\u00a0", None, id="name-trailing-no-break-space"),
        pytest.param(types.NAME, "a\n", "a", id="name-final-newline"),
        pytest.param(types.NAME, "a\tb", None, id="name-control"),
        pytest.param(types.NAME, "a\u2028b", None, id="name-line-separator"),
        pytest.param(types.NAME, "\ud800", None, id="name-surrogate"),
        pytest.param(types.NAME, "\U0001f600", None, id="name-beyond-basic-plane"),
        pytest.param(types.NAME_TRIMMED, "  a ", "a", id="name-trimmed"),
        pytest.param(types.NAME_TRIMMED, "   ", None, id="name-only-spaces"),
        pytest.param(types.AZ_NAME, "a:b", None, id="zone-colon"),
        pytest.param(types.DESCRIPTION, "", "", id="description-empty"),
        pytest.param(types.DESCRIPTION, "a\nb", None, id="description-two-lines"),
        pytest.param(types.DESCRIPTION, "one line\n", "one line\n", id="description-block-scalar"),
        pytest.param(
            types.UUID, "{9F5A2B1C-0D3E-4F60-8A7B-1C2D3E4F5061}", "9f5a2b1c-0d3e-4f60-8a7b-1c2d3e4f5061", id="uuid-braces"
        ),
        pytest.param(types.UUID, "9f5a2b1c0d3e4f608a7b1c2d3e4f506", None, id="uuid-short"),
        pytest.param(types.UUID, "9f5a2b1c-0d3e-4f60-8a7b-1c2d3e4f506_", None, id="uuid-underscore"),
        pytest.param(types.HOSTNAME, "a-1", "a-1", id="hostname"),
        pytest.param(types.HOSTNAME, "a", None, id="hostname-one-letter"),
        pytest.param(types.HOSTNAME, "a-", None, id="hostname-dash-at-end"),
        pytest.param(types.HOSTNAME, "a" * 63, "a" * 63, id="hostname-longest"),
        pytest.param(types.FQDN, "a_b.c-", "a_b.c-", id="fqdn"),
        pytest.param(types.TAG, "t" * 60, "t" * 60, id="tag-longest"),
        pytest.param(types.TAG, "a,b", None, id="tag-comma"),
        pytest.param(types.METADATA_KEY, "a:b c.d-e_f", "a:b c.d-e_f", id="metadata-key"),
        pytest.param(types.METADATA_KEY, "a/b", None, id="metadata-key-slash"),
        pytest.param(types.BASE64, "YQ==", b"a", id="base64"),
        pytest.param(types.BASE64, "Y!Q =\n=", b"a", id="base64-stray-characters"),
        pytest.param(types.BASE64, "YQ=", None, id="base64-padding"),
        pytest.param(types.IPV4, "10.0.0.1", "10.0.0.1", id="ipv4"),
        pytest.param(types.IPV4, "::1", None, id="ipv4-given-ipv6"),
        pytest.param(types.IPV6, "::1", "::1", id="ipv6"),
        pytest.param(types.IP_ADDRESS, "10.0.0.256", None, id="ip-out-of-range"),
    ],
)
def test_a_value_fits_or_not(kind: types.ValueType[Any], value: object, expected: object) -> None:
    assert kind.read(value) == expected
    assert type(kind.read(value)) is type(expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("yes", True), (" T ", True), ("perhaps", False), ("", False), (2, False), (1, True), (None, False), ([], False)],
)
def test_the_lenient_boolean_takes_everything_else_as_false(value: object, expected: bool) -> None:
    assert types.lenient_bool(value) is expected


@pytest.mark.parametrize(("value", "expected"), [(" -3 ", -3), ("1_0", 10), ("1.0", None), ("", None), ("9" * 400, None)])
def test_stored_integers_pass_the_ordinary_parser(value: str, expected: int | None) -> None:
    assert types.integer_text(value) == expected


def test_a_problem_names_the_field_and_shows_the_value() -> None:
    problems = Problems()
    assert types.VOLUME_SIZE.check("x" * 500, problems, "disk.size", "BDM-01") is None
    (problem,) = problems
    assert problem.field == "disk.size"
    assert problem.allowed == {"type": "integer", "min": 1, "max": types.MAX_INT}
    assert problem.given.startswith("xxx")
    assert problem.given.endswith("(500 characters)")
    assert problem.message == "disk.size must be a whole number from 1 to 2147483647"


def test_a_secret_is_never_shown() -> None:
    problems = Problems()
    types.text(0, 3).check("s3cret", problems, "admin_pass", "REQ-26", secret=True)
    assert "s3cret" not in json.dumps([problem.to_dict() for problem in problems])


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("cpus", "specs.cpus"),
        (3, "specs[3]"),
        ("hw:cpu_policy", 'specs["hw:cpu_policy"]'),
        ("m1.small", 'specs["m1.small"]'),
        ('a"b', 'specs["a\\"b"]'),
        (None, 'specs["None"]'),
    ],
)
def test_a_key_that_a_dotted_path_cannot_hold_is_quoted(key: object, expected: str) -> None:
    assert item_path("specs", key) == expected


def test_problems_come_in_the_order_of_numbers() -> None:
    problems = Problems()
    for index in (10, 9, 1):
        problems.add("ValidationError", "R", join_path("servers", index), None, None, "wrong")
    problems.add("ValidationError", "R", "servers²", None, None, "wrong")
    assert [problem.field for problem in problems] == ["servers[1]", "servers[9]", "servers[10]", "servers²"]


@given(JSON)
@settings(max_examples=200)
def test_no_type_raises_and_what_is_shown_is_small(value: object) -> None:
    kinds = [kind for kind in vars(types).values() if isinstance(kind, types.ValueType)]
    assert len(kinds) > 15
    for kind in kinds:
        problems = Problems()
        kind.check(value, problems, "field", "R")
        assert all(len(json.dumps(problem.to_dict())) < 6000 for problem in problems)
