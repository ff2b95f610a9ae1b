# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volume types: what they may say, and what they come to beside the options of a volume."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.block_device import validate_block_device_mapping
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import Problems
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import identity
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.volume_type import (
    find_volume_type,
    settings_of,
    type_names,
    validate_volume_types,
)

LUKS = {"provider": "luks", "cipher": "aes-xts-plain64", "key_size": 256}


def test_a_catalogue_comes_back_unchanged() -> None:
    answer = validate_volume_types(
        {"fast": {"pool": "ssd"}, "safe": {"encryption": {"control_location": "front-end"}}, "plain": None}
    )
    assert answer.problems == ()
    assert answer.value["safe"]["encryption"] == LUKS
    assert answer.value["fast"] == {
        "schema": 1, "name": "fast", "id": identity("volume_type", "fast"), "description": None, "pool": "ssd", "format": None,
        "preallocate": None, "encryption": None,
    }  # fmt: skip
    assert validate_volume_types(answer.value).value == answer.value
    assert validate_volume_types(list(answer.value.values())).value == answer.value


@pytest.mark.parametrize(
    ("entry", "fields"),
    [
        ({"format": "vmdk"}, ["format"]),
        ({"pol": "ssd"}, ["pol"]),
        ({"encryption": "luks"}, ["encryption"]),
        ({"encryption": {"provider": "plain"}}, ["encryption.provider"]),
        ({"encryption": {"provider": "luks", "cipher": "aes", "key_size": 512}}, ["encryption.cipher", "encryption.key_size"]),
        ({"encryption": {"control_location": "back-end"}}, ["encryption.control_location"]),
        ({"encryption": {}, "preallocate": True}, [""]),
        ({"encryption": {}, "preallocate": True, "format": "qcow2"}, []),
    ],
)
def test_what_a_type_may_not_say(entry: dict[str, Any], fields: list[str]) -> None:
    found = validate_volume_types({"t": entry}).problems
    assert [problem.field for problem in found] == [f"volume_types.t.{field}".rstrip(".") for field in fields]


def test_two_types_of_one_name() -> None:
    found = validate_volume_types([{"name": "t"}, {"name": "t"}]).problems
    assert [problem.field for problem in found] == ["volume_types[1].name"]


def test_a_type_beside_options() -> None:
    """What both say must agree, and a problem has both."""
    [kind] = validate_volume_types({"t": {"pool": "ssd", "format": "qcow2"}}).value.values()
    problems = Problems()
    found = settings_of(kind, {"pool": "ssd", "preallocate": True}, problems, "volume_type")
    assert (list(problems), found) == ([], {"pool": "ssd", "format": "qcow2", "preallocate": True, "encryption": None})
    settings_of(kind, {"pool": "slow", "format": "raw"}, problems, "volume_type")
    assert [(one.field, one.given, one.allowed) for one in problems] == [("format", "raw", "qcow2"), ("pool", "slow", "ssd")]


def test_a_device_names_its_type_by_name_or_id() -> None:
    types = validate_volume_types({"fast": {"id": "7"}}).value
    entry = {"source_type": "blank", "destination_type": "volume", "boot_index": 0, "volume_size": 1}
    for wanted, name in (("fast", "fast"), ("7", "fast")):
        answer = validate_block_device_mapping([entry | {"volume_type": wanted}], volume_types=type_names(types))
        assert answer.problems == ()
        assert answer.value["block_device_mapping"][0]["volume_type"] == name
        assert find_volume_type(types, wanted, Problems(), "x") is types["fast"]
    answer = validate_block_device_mapping([entry | {"volume_type": "slow"}], volume_types=type_names(types))
    assert [(one.code, one.rule, one.allowed) for one in answer.problems] == [("VolumeTypeNotFound", "BDM-72", ["fast"])]
    problems = Problems()
    assert find_volume_type(types, "slow", problems, "volume_type") is None
    assert [one.code for one in problems] == ["VolumeTypeNotFound"]
