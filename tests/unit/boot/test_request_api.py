# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies of ``POST /servers``: microversions, limits, and the rules behind the schema."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.checked import Checked
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server_api import validate_api_request
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import Server
from tests.unit.boot.server_catalogues import GROUP_ID, IMAGE_ID, NETWORK_ID, VOLUME_ID, catalogues, found_in

JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
KEYS = (
    "name flavorRef imageRef networks metadata tags personality user_data key_name config_drive availability_zone host "
    "hypervisor_hostname hostname min_count max_count return_reservation_id security_groups OS-DCF:diskConfig accessIPv4 "
    "accessIPv6 description adminPass trusted_image_certificates block_device_mapping block_device_mapping_v2"
)


def ask(microversion: str | None = None, hints: Any = None, **server: Any) -> Checked[list[Server]]:
    body: dict[str, Any] = {"server": {"name": "a", "flavorRef": "1", "imageRef": IMAGE_ID, "networks": "auto", **server}}
    if hints is not None:
        body["os:scheduler_hints"] = hints
    return validate_api_request(body, microversion=microversion, **catalogues())


def fields(answer: Checked[list[Server]]) -> list[str]:
    return [problem.field.removeprefix("api_request.") for problem in answer.problems]


@pytest.mark.parametrize(
    ("key", "value", "first", "last"),
    [
        pytest.param("description", "d", 19, None, id="description"),
        pytest.param("tags", ["t"], 52, None, id="tags"),
        pytest.param("personality", [], None, 56, id="personality"),
        pytest.param("trusted_image_certificates", None, 63, None, id="certificates"),
        pytest.param("host", "h", 74, None, id="host"),
        pytest.param("hypervisor_hostname", "h", 74, None, id="node"),
        pytest.param("hostname", "web", 90, None, id="hostname"),
        pytest.param("hostname", "web.example", 94, None, id="qualified hostname"),
        pytest.param("networks", "none", 37, None, id="networks in a word"),
        pytest.param("networks", [{"uuid": NETWORK_ID, "tag": "t"}], 42, None, id="NIC tag"),
    ],
)
def test_gates(key: str, value: Any, first: int | None, last: int | None) -> None:
    base: dict[str, Any] = {} if key == "networks" else {"networks": [{"uuid": NETWORK_ID}]}
    if first is not None:
        assert ask(f"2.{first}", **base, **{key: value}).problems == ()
        assert fields(ask(f"2.{first - 1}", **base, **{key: value}))
    if last is not None:
        assert ask(f"2.{last}", **base, **{key: value}).problems == ()
        assert fields(ask(f"2.{last + 1}", **base, **{key: value})) == [f"server.{key}"]


def test_nic_tags_have_a_gap() -> None:
    nics = [{"uuid": NETWORK_ID, "tag": "t"}]
    accepted = [minor for minor in range(30, 45) if not ask(f"2.{minor}", networks=nics).problems]
    assert accepted == [32, 33, 34, 35, 36, 42, 43, 44]


def test_device_tags_came_and_went() -> None:
    devices = [{"source_type": "image", "destination_type": "local", "uuid": IMAGE_ID, "boot_index": 0, "tag": "t"}]
    nics = [{"uuid": NETWORK_ID}]
    found = [minor for minor in range(31, 44) if not ask(f"2.{minor}", networks=nics, block_device_mapping_v2=devices).problems]
    assert found == [32, 42, 43]


def test_networks_are_optional_until_2_36() -> None:
    body = {"server": {"name": "a", "flavorRef": "1", "imageRef": IMAGE_ID}}
    assert validate_api_request(body, microversion="2.36", **catalogues()).problems == ()
    answer = validate_api_request(body, microversion="2.37", **catalogues())
    assert found_in(answer.problems) == [("ValidationError", "api_request.server.networks")]


@pytest.mark.parametrize("microversion", ["2.105", "3.1", "2", "", "2.x", 2.1, None, "latest"])
def test_microversions(microversion: Any) -> None:
    refused = fields(ask(microversion))
    assert refused == ([] if microversion in (None, "latest") else ["microversion"])


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        pytest.param({"name": "x" * 255}, [], id="name of 255"),
        pytest.param({"name": "\U0001f600"}, ["server.name"], id="name beyond the basic plane"),
        pytest.param({"flavorRef": "http://host/v2.1/flavors/1?x=/y"}, [], id="flavor by URL"),
        pytest.param({"flavorRef": True}, ["server.flavorRef"], id="flavor of a boolean"),
        pytest.param({"imageRef": "cirros"}, [], id="image by the catalogue's name"),
        pytest.param({"imageRef": "other"}, ["server.imageRef"], id="image by another name"),
        pytest.param({"networks": [{"uuid": "internal"}]}, [], id="network by the catalogue's name"),
        pytest.param({"networks": [{"uuid": VOLUME_ID}]}, ["server.networks[0].uuid"], id="unknown network"),
        pytest.param({"key_name": None}, ["server.key_name"], id="key of null"),
        pytest.param({"key_name": "me"}, [], id="key"),
        pytest.param({"user_data": None}, ["server.user_data"], id="user data of null"),
        pytest.param({"user_data": "QQ==" * 16383}, [], id="user data of 65532"),
        pytest.param({"user_data": "QQ==" * 16384}, ["server.user_data"], id="user data of 65536"),
        pytest.param({"user_data": "é"}, ["server.user_data"], id="user data beyond ASCII"),
        pytest.param({"min_count": "", "max_count": "0"}, ["server.max_count", "server.min_count"], id="counts"),
        pytest.param({"max_count": 10001}, ["server.max_count"], id="too many for one answer"),
        pytest.param({"tags": [f"t{n}" for n in range(50)]}, [], id="50 tags"),
        pytest.param({"tags": [f"t{n}" for n in range(51)]}, ["server.tags"], id="51 tags"),
        pytest.param({"description": "x" * 256}, ["server.description"], id="description of 256"),
        pytest.param({"metadata": {"k" * 255: "v" * 255}}, [], id="metadata at its limits"),
        pytest.param({"metadata": {"k": "v" * 256}}, ["server.metadata.k"], id="metadata value of 256"),
        pytest.param({"security_groups": [{"name": "sg-1"}, {"name": "web"}]}, [], id="groups by id and name"),
        pytest.param({"trusted_image_certificates": []}, ["server.trusted_image_certificates"], id="no certificate"),
        pytest.param(
            {"availability_zone": "z:h", "host": "h", "hypervisor_hostname": "n"},
            ["server.host", "server.hypervisor_hostname"],
            id="destination twice",
        ),
        pytest.param(
            {"block_device_mapping": [{"volume_id": VOLUME_ID, "device_name": "vdb"}], "max_count": 2},
            ["server.block_device_mapping[0].volume_id"],
            id="volume of several servers",
        ),
    ],
)
def test_limits(server: dict[str, Any], expected: list[str]) -> None:
    assert fields(ask(**server)) == expected


@pytest.mark.parametrize(
    ("hints", "expected"),
    [
        pytest.param({"group": GROUP_ID}, [], id="group"),
        pytest.param({"group": "pair"}, ["group"], id="group by name"),
        pytest.param({"group": VOLUME_ID}, ["group"], id="unknown group"),
        pytest.param({"same_host": "any", "query": {}, "cidr": "/24", "own": {"x": 1}}, [], id="loose ones"),
        pytest.param(
            {"same_host": ["any"], "build_near_host_ip": "x", "cidr": "24"},
            ["build_near_host_ip", "cidr", "same_host[0]"],
            id="wrong ones",
        ),
    ],
)
def test_hints(hints: dict[str, Any], expected: list[str]) -> None:
    assert fields(ask(hints=hints)) == [f"os:scheduler_hints.{field}" for field in expected]


def test_the_newer_hint_key_hides_the_older() -> None:
    server = {"name": "a", "flavorRef": "1", "imageRef": IMAGE_ID, "networks": "auto"}
    body = {"server": server, "os:scheduler_hints": {"a": "1", "_nova_x": 1}, "OS-SCH-HNT:scheduler_hints": {"b": "2"}}
    answer = validate_api_request(body, **catalogues())
    assert answer.value[0]["scheduler_hints"] == {"a": "1"}
    assert [entry["field"] for entry in answer.no_effect] == [
        "api_request.OS-SCH-HNT:scheduler_hints",
        "api_request.os:scheduler_hints._nova_x",
        "api_request.os:scheduler_hints.a",
    ]


def test_values() -> None:
    answer = ask(description=None, config_drive="off", return_reservation_id=True, **{"OS-DCF:diskConfig": "AUTO"})
    server = answer.value[0]
    assert (server["description"], server["config_drive"]) == (None, False)
    assert server["extra"] == {"auto_disk_config": True, "return_reservation_id": True}
    assert ask("2.18", networks=[]).value[0]["description"] == "a"


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(KEYS.split()), JSON_LIKE, max_size=6) | JSON_LIKE, JSON_LIKE)
def test_arbitrary_bodies_never_raise(server: Any, hints: Any) -> None:
    answer = validate_api_request({"server": server, "os:scheduler_hints": hints}, **catalogues())
    json.dumps([problem.to_dict() for problem in answer.problems])
    validate_api_request(server, **catalogues())
