# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests in our own option form: what they become, what is refused, and that nothing is trusted or lost."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot import request_options, request_unsupported
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server import plan_servers, validate_servers
from tests.unit.boot.server_catalogues import (
    GROUP_ID,
    IMAGE_ID,
    KERNEL_ID,
    NETWORK_ID,
    VOLUME_ID,
    catalogues,
    found_in,
    request,
)

JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
OPTION_NAMES = sorted({*request_options.TABLE.keys(), *request_unsupported.UNSUPPORTED, "schema"})


def one(**options: Any) -> dict[str, Any]:
    answer = validate_servers([request(**options)], **catalogues())
    assert answer.problems == ()
    (server,) = answer.value
    return dict(server)


def problems_of(*requests: Any, **more: Any) -> list[tuple[str, str]]:
    return found_in(validate_servers(list(requests), **{**catalogues(), **more}).problems)


def test_plain_request_becomes_a_complete_server() -> None:
    server = one(description="first")
    assert server["hostname"] == "web"
    assert server["flavor"]["name"] == "small"
    assert server["image"]["id"] == IMAGE_ID
    assert [nic["network"]["id"] for nic in server["networks"]] == [NETWORK_ID]
    assert server["security_groups"] == ["default"]
    assert server["config_drive"] is True
    assert server["request"] == {"index": 0, "launch_index": 0, "count": 1, "min_count": 1, "max_count": 1}
    assert [device["source_type"] for device in server["block_device_mapping"]] == ["image"]
    assert "extra" not in server


@pytest.mark.parametrize(
    ("options", "path", "expected"),
    [
        pytest.param({"flavor": 1}, ("flavor", "name"), "small", id="flavor id as a number"),
        pytest.param({"image": IMAGE_ID.upper()}, ("image", "name"), "cirros", id="image id in capitals"),
        pytest.param({"flavor": None, "flavor_ram": 600}, ("flavor", "name"), "large", id="smallest flavor with that memory"),
        pytest.param({"meta": "a=1,b=x=y"}, ("metadata",), {"a": "1", "b": "x=y"}, id="metadata as text"),
        pytest.param({"tags": ["b", "a", "b"]}, ("tags",), ["b", "a"], id="tags without repeats"),
        pytest.param({"config_drive": "no"}, ("config_drive",), False, id="config drive refused in words"),
        pytest.param({"security_groups": "web,default"}, ("security_groups",), ["web", "default"], id="groups as text"),
        pytest.param({"availability_zone": "z:h:n"}, ("availability_zone",), "z", id="zone alone"),
        pytest.param({"availability_zone": "z::n"}, ("extra",), {"forced_node": "n"}, id="forced node"),
        pytest.param({"scheduler_hints": {"group": "pair"}}, ("scheduler_hints", "group"), GROUP_ID, id="group by name"),
        pytest.param({"key_name": "me"}, ("key_pair", "type"), "ssh", id="key pair"),
        pytest.param({"network": "none"}, ("networks",), [], id="no network"),
        pytest.param({"timeout": 200, "wait": True}, ("extra",), {"wait": True, "wait_timeout": 200}, id="waiting"),
        pytest.param({"hostname": "Web.Example"}, ("hostname",), "Web.Example", id="host name unchanged"),
        pytest.param({"name": "名"}, ("hostname",), None, id="host name that needs the uuid"),
    ],
)
def test_options(options: dict[str, Any], path: tuple[str, ...], expected: Any) -> None:
    value: Any = one(**options)
    for key in path:
        value = value[key]
    assert value == expected


@pytest.mark.parametrize(
    ("nics", "names"),
    [
        pytest.param("net-name=internal", ["internal"], id="one text"),
        pytest.param(f"net-id={NETWORK_ID},net-name=other", ["internal", "other"], id="two in one text"),
        pytest.param([{"net-name": "b"}, {"net-id": NETWORK_ID}, "c"], ["b", "internal", "c"], id="objects and a bare name"),
        pytest.param(["net-name=a", "net-name=a"], ["a", "a"], id="the same network twice"),
        pytest.param("auto", ["internal"], id="auto"),
        pytest.param([], ["internal"], id="empty list"),
    ],
)
def test_nics_in_every_spelling(nics: Any, names: list[str]) -> None:
    assert [nic["network"]["name"] for nic in one(nics=nics)["networks"]] == names


def test_network_comes_before_nics() -> None:
    server = one(network="first", nics=[{"net-name": "second", "v4-fixed-ip": "192.0.2.7", "tag": "data"}])
    assert [nic["network"]["libvirt_network"] for nic in server["networks"]] == ["first", "second"]
    assert (server["networks"][1]["fixed_ip"], server["networks"][1]["tag"]) == ("192.0.2.7", "data")


def test_auto_without_any_network_is_libvirts_default() -> None:
    answer = validate_servers([request()], **catalogues(networks={}))
    assert [nic["network"]["libvirt_network"] for nic in answer.value[0]["networks"] if nic["network"]] == ["default"]


def test_counts_make_numbered_servers() -> None:
    answer = validate_servers([request(max_count=3)], **catalogues())
    assert [(server["name"], server["hostname"]) for server in answer.value] == [(f"web-{n}", f"web-{n}") for n in (1, 2, 3)]
    assert [server["request"]["launch_index"] for server in answer.value] == [0, 1, 2]


def test_quota_lowers_the_count_and_says_so() -> None:
    answer = validate_servers([request(max_count=5)], quota={"instances": 4}, usage={"instances": 1}, **catalogues())
    assert answer.problems == ()
    assert [server["name"] for server in answer.value] == ["web-1", "web-2", "web-3"]
    assert [entry["field"] for entry in answer.no_effect] == ["servers[0].max_count"]


def test_quota_is_shared_by_the_requests_of_a_call() -> None:
    requests = [request(name="a"), request(name="b", min_count=2)]
    answer = validate_servers(requests, quota={"cores": 2}, **catalogues())
    assert found_in(answer.problems) == [("TooManyInstances", "servers[1].min_count")]


def test_a_group_takes_so_many_members() -> None:
    hints = {"scheduler_hints": {"group": "pair"}}
    requests = [request(max_count=2, **hints), request(name="b", **hints)]
    assert problems_of(*requests, quota={"server_group_members": 3}) == []
    found = problems_of(*requests, quota={"server_group_members": 2})
    assert found == [("GroupMemberLimitExceeded", "servers[1].scheduler_hints")]


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(
            {
                "image": IMAGE_ID,
                "key_name": "me",
                "timeout": 200,
                "flavor": 2,
                "nics": [{"net-id": NETWORK_ID}, {"net-name": "another_network"}],
                "meta": {"hostname": "test1", "group": "uge_master"},
            },
            id="by ids, with metadata",
        ),
        pytest.param(
            {"nics": f"net-id={NETWORK_ID},net-name=second", "meta": "hostname=test1,group=uge_master"}, id="all in texts"
        ),
        pytest.param(
            {"flavor": None, "flavor_ram": 4096, "flavor_include": "lar", "image_exclude": "deprecated"}, id="by memory"
        ),
        pytest.param({"network": "internal", "boot_from_volume": True, "volume_size": 50}, id="new boot volume"),
        pytest.param({"network": "internal", "volumes": ["preallocated"]}, id="attached volume"),
        pytest.param({"nics": ["net-name=a"], "userdata": "#cloud-config\nchpasswd: {expire: false}\n"}, id="user data"),
        pytest.param(
            {"availability_zone": "az2", "auto_ip": False, "state": "present", "wait": True}, id="without floating IP"
        ),
        pytest.param({"security_groups": ["default"], "tags": ["a", "b"], "description": "d"}, id="groups and tags"),
    ],
)
def test_playbooks_of_openstack_cloud_server(options: dict[str, Any]) -> None:
    assert problems_of(request(**options)) == []


def test_secrets_are_digests_only() -> None:
    secrets = {
        "user_data": "#!/bin/sh s3cret",
        "admin_pass": "s3cret-pass",
        "personality": [{"path": "/x", "content": "s3cret"}],
    }
    server = one(**secrets)
    assert "s3cret" not in json.dumps(server)
    assert server["admin_pass"] == {"size": 11, "sha256": hashlib.sha256(b"s3cret-pass").hexdigest()}
    assert server["personality"][0]["size"] == 6


def test_the_plan_keeps_the_secrets() -> None:
    (planned,) = plan_servers([request(user_data="text", admin_pass="pass")], **catalogues()).value
    assert planned.wish.user_data is not None
    assert (planned.wish.user_data.data, planned.wish.admin_pass) == (b"text", "pass")


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"user_data": ["s3cret"]}, id="user data of a wrong type"),
        pytest.param({"user_data": "s3cret" * 9000}, id="user data too long"),
        pytest.param({"admin_pass": {"s3cret": 1}}, id="password of a wrong type"),
        pytest.param({"personality": [{"path": "/x", "contents": "s3cret!"}]}, id="file with wrong padding"),
        pytest.param({"userdta": "s3cret"}, id="misspelt option"),
        pytest.param({"auth": {"password": "s3cret"}}, id="cloud credentials"),
    ],
)
def test_problems_never_repeat_a_secret(options: dict[str, Any]) -> None:
    answer = validate_servers([request(**options)], **catalogues())
    assert answer.problems
    assert "s3cret" not in json.dumps([problem.to_dict() for problem in answer.problems])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({"name": " web"}, [("ValidationError", "name")], id="space before the name"),
        pytest.param({"name": "x" * 256}, [("ValidationError", "name")], id="name of 256"),
        pytest.param({"flavor": "huge"}, [("FlavorNotFound", "flavor")], id="unknown flavor"),
        pytest.param({"flavor": None}, [("ValidationError", "flavor")], id="no flavor"),
        pytest.param({"image": "none"}, [("ImageNotFound", "image")], id="unknown image"),
        pytest.param({"image": "inactive"}, [("ImageNotActive", "image.status")], id="image not active"),
        pytest.param(
            {"image": "big"},
            [("FlavorDiskSmallerThanMinDisk", "flavor.disk"), ("FlavorMemoryTooSmall", "flavor.ram")],
            id="image needs more than the flavor has",
        ),
        pytest.param({"image": None}, [("HTTPBadRequest", "")], id="nothing to boot from"),
        pytest.param({"key_name": "you"}, [("KeypairNotFound", "key_name")], id="unknown key pair"),
        pytest.param({"security_groups": ["db"]}, [("SecurityGroupNotFound", "security_groups")], id="unknown group"),
        pytest.param({"nics": [{"port-id": "p"}]}, [("PortNotFound", "nics[0].port-id")], id="unknown port"),
        pytest.param({"nics": [{"net-id": VOLUME_ID}]}, [("NetworkNotFound", "nics[0].net-id")], id="unknown network id"),
        pytest.param({"network": "\x1b"}, [("ValidationError", "network")], id="network name that is none"),
        pytest.param({"nics": [{}]}, [("HTTPBadRequest", "nics[0]")], id="NIC of nothing"),
        pytest.param({"min_count": 3, "max_count": 2}, [("HTTPBadRequest", "min_count")], id="minimum above maximum"),
        pytest.param({"max_count": 0}, [("ValidationError", "max_count")], id="count of zero"),
        pytest.param(
            {"max_count": 2, "hostname": "h", "nics": [{"net-name": "a", "fixed_ip": "192.0.2.1"}]},
            [
                ("AmbiguousHostnameForMultipleInstances", "hostname"),
                ("InvalidFixedIpAndMaxCountRequest", "nics[0].fixed_ip"),
            ],
            id="what several servers cannot share",
        ),
        pytest.param({"availability_zone": "a:b:c:d"}, [("InvalidInput", "availability_zone")], id="zone of four parts"),
        pytest.param({"availability_zone": "a:b", "host": "c"}, [("HTTPBadRequest", "host")], id="host twice"),
        pytest.param({"tags": ["a,b", "x" * 61]}, [("ValidationError", "tags[0]"), ("ValidationError", "tags[1]")], id="tags"),
        pytest.param({"metadata": {"a": 1}}, [("ValidationError", "metadata.a")], id="metadata of a number"),
        pytest.param({"floating_ips": ["192.0.2.9"]}, [("Unsupported", "floating_ips")], id="floating IPs"),
        pytest.param({"imge": "x"}, [("ValidationError", "imge")], id="misspelt option"),
        pytest.param(
            {"trusted_image_certificates": ["c"]},
            [("CertificateValidationFailed", "trusted_image_certificates[0]")],
            id="certificate that nobody has",
        ),
        pytest.param({"scheduler_hints": {"group": "g"}}, [("InstanceGroupNotFound", "scheduler_hints.group")], id="group"),
    ],
)
def test_refused(options: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    wanted = [(code, f"servers[0].{field}" if field else "servers[0]") for code, field in expected]
    found = problems_of(request(**options))
    assert sorted(found) == sorted(wanted)


def test_all_problems_of_all_requests_at_once_in_their_order() -> None:
    answer = problems_of(request(name="", flavor="x", speed=1), request(name="b", image="y", tags="z"))
    assert answer == [
        ("FlavorNotFound", "servers[0].flavor"),
        ("ValidationError", "servers[0].name"),
        ("ValidationError", "servers[0].speed"),
        ("ImageNotFound", "servers[1].image"),
        ("ValidationError", "servers[1].tags"),
    ]


def test_names_are_unique_in_a_call() -> None:
    assert problems_of(request(max_count=2), request(name="web-2")) == [("InstanceExists", "servers[1].name")]


def test_an_address_is_asked_for_once() -> None:
    nic = {"net-name": "internal", "fixed_ip": "192.0.2.5"}
    found = problems_of(request(nics=[nic]), request(name="b", nics=[nic]))
    assert found == [("FixedIpAlreadyInUse", "servers[1].nics[0].fixed_ip")]


def test_without_effect_is_listed() -> None:
    answer = validate_servers([request(auto_ip=False, reuse_ips=True, volume_size=3)], **catalogues())
    assert answer.problems == ()
    fields = [entry["field"] for entry in answer.no_effect]
    assert fields == ["servers[0].auto_ip", "servers[0].reuse_ips", "servers[0].volume_size"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param(
            {"boot_from_volume": True, "terminate_volume": True},
            [("image", "volume", 0, 50, True)],
            id="new volume of the default size",
        ),
        pytest.param({"boot_volume": VOLUME_ID, "image": None}, [("volume", "volume", 0, None, False)], id="existing volume"),
        pytest.param(
            {"volumes": [VOLUME_ID]},
            [("image", "local", 0, None, True), ("volume", "volume", -1, None, False)],
            id="attached volume after the image",
        ),
        pytest.param(
            {"block_device_mapping": [{"source_type": "blank", "destination_type": "volume", "volume_size": 1}]},
            [("image", "local", 0, None, True), ("blank", "volume", None, 1, False)],
            id="data disk after the image",
        ),
    ],
)
def test_volumes(options: dict[str, Any], expected: list[tuple[Any, ...]]) -> None:
    keys = ("source_type", "destination_type", "boot_index", "volume_size", "delete_on_termination")
    devices = one(**options)["block_device_mapping"]
    assert [tuple(device[key] for key in keys) for device in devices] == expected


def test_a_problem_of_a_volume_names_the_option_that_it_stands_in() -> None:
    answer = validate_servers([request(volumes=["v1", "v2"])], volumes={"v1": {"size": 1}}, **catalogues())
    assert found_in(answer.problems) == [("InvalidBDMVolume", "servers[0].volumes[1]")]


def test_boot_volume_brings_its_image_facts() -> None:
    volumes = {VOLUME_ID: {"size": 4, "volume_image_metadata": {"min_ram": "600", "hw_disk_bus": "scsi"}}}
    small = validate_servers([request(image=None, boot_volume=VOLUME_ID)], volumes=volumes, **catalogues())
    assert [problem.code for problem in small.problems] == ["FlavorMemoryTooSmall"]
    large = validate_servers([request(image=None, boot_volume=VOLUME_ID, flavor="large")], volumes=volumes, **catalogues())
    assert large.problems == ()
    assert large.value[0]["extra"]["boot_image"]["properties"] == {"hw_disk_bus": "scsi"}


def test_kernel_of_the_image_is_found() -> None:
    assert one(image="direct")["extra"]["kernel"]["id"] == KERNEL_ID


def everything() -> dict[str, Any]:
    return request(
        flavor="large",
        description="d",
        key_name="me",
        nics=[{"net-name": "internal", "fixed_ip": "192.0.2.8", "tag": "n"}, "other"],
        metadata={"a": "b"},
        tags=["x"],
        security_groups=["web"],
        user_data="u",
        admin_pass="p",
        personality=[{"path": "/p", "content": "c"}],
        availability_zone="z:h",
        scheduler_hints={"group": "pair", "own": [1]},
        volumes=[VOLUME_ID],
        access_ip_v4="192.0.2.1",
        state="stopped",
        disk_config="MANUAL",
    )


@pytest.mark.parametrize(
    "options", [request(), everything(), request(image="direct", max_count=3)], ids=["plain", "all", "many"]
)
def test_a_normalised_server_comes_back_unchanged(options: dict[str, Any]) -> None:
    first = validate_servers([options], **catalogues())
    assert first.problems == ()
    again = validate_servers(json.loads(json.dumps(first.value)), **catalogues())
    assert again.problems == ()
    assert again.value == first.value


@pytest.mark.parametrize(
    ("key", "value", "field"),
    [
        pytest.param("schema", 2, "schema", id="another schema"),
        pytest.param("name", "", "name", id="no name"),
        pytest.param("flavor", {"schema": 1, "name": "x"}, "flavor.ram", id="half a flavor"),
        pytest.param("user_data", {"size": 1, "sha256": "zz"}, "user_data.sha256", id="wrong digest"),
        pytest.param("user_data", "plain", "user_data", id="plain text in the place of a digest"),
        pytest.param("networks", [{"network": None}], "networks[0].fixed_ip", id="half a NIC"),
        pytest.param("block_device_mapping", [], "block_device_mapping", id="no devices"),
        pytest.param("request", {"index": 0}, "request.count", id="half a reference"),
        pytest.param("surprise", 1, "surprise", id="unknown key"),
    ],
)
def test_a_normalised_server_is_not_trusted(key: str, value: Any, field: str) -> None:
    server = copy.deepcopy(dict(validate_servers([request()], **catalogues()).value[0]))
    server[key] = value
    fields = [problem.field for problem in validate_servers([server], **catalogues()).problems]
    assert f"servers[0].{field}" in fields


def test_the_same_answer_twice() -> None:
    requests = [request(name="", tags=[1, 2]), everything(), {"x": 1}]
    assert validate_servers(requests, **catalogues()) == validate_servers(copy.deepcopy(requests), **catalogues())


@settings(max_examples=200)
@given(st.lists(JSON_LIKE | st.dictionaries(st.sampled_from(OPTION_NAMES), JSON_LIKE, max_size=6), max_size=3) | JSON_LIKE)
def test_arbitrary_input_never_raises(requests: Any) -> None:
    answer = validate_servers(requests, **catalogues())
    json.dumps([problem.to_dict() for problem in answer.problems])
    assert answer == validate_servers(requests, **catalogues())


@settings(max_examples=200)
@given(st.sampled_from(OPTION_NAMES), JSON_LIKE)
def test_arbitrary_option_never_raises(option: str, value: Any) -> None:
    answer = validate_servers([request(**{option: value})], **catalogues())
    if not answer.problems:
        assert validate_servers(answer.value, **catalogues()).value == answer.value


@settings(max_examples=200)
@given(st.sampled_from(sorted(everything())), JSON_LIKE)
def test_arbitrary_normalised_part_never_raises(key: str, value: Any) -> None:
    server = {**validate_servers([request()], **catalogues()).value[0], key: value}
    validate_servers([server], **catalogues())
