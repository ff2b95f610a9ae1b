# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command lines and EC2 requests: the clients' own checks, the same wish in four forms, and the answers."""

from __future__ import annotations

import base64
import copy
import json
import shlex
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.reply import (
    Built,
    api_reply,
    client_reply,
    ec2_id,
    ec2_reply,
    is_reservation_id,
)
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server import validate_servers
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server_api import validate_api_request
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server_argv import files_of, validate_nova_boot
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server_ec2 import validate_ec2_request
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import Server
from tests.unit.boot.server_catalogues import IMAGE_ID, KERNEL_ID, NETWORK_ID, VOLUME_ID, catalogues, request

FILES = {"script": b"#!/bin/sh\n", "motd": b"hello\n"}
SCRIPT = "#!/bin/sh\n"
UUID = "0a1b2c3d-0000-4000-8000-000000000001"
RESERVATION = "r-abc123de"


def boot(command: str) -> list[Server]:
    answer = validate_nova_boot(command, files=FILES, **catalogues())
    assert answer.problems == ()
    return answer.value


def refusals(command: str) -> list[str]:
    return [problem.rule for problem in validate_nova_boot(command, files=FILES, **catalogues()).problems]


def test_the_same_wish_in_every_form() -> None:
    encoded = base64.b64encode(SCRIPT.encode()).decode()
    options = request(key_name="me", user_data=SCRIPT, min_count=2, max_count=2, availability_zone="z", security_groups=["web"])
    api = {
        "name": "web",
        "flavorRef": "1",
        "imageRef": IMAGE_ID,
        "networks": "auto",
        "key_name": "me",
        "user_data": encoded,
        "min_count": 2,
        "availability_zone": "z",
        "security_groups": [{"name": "web"}],
    }
    common = "--flavor small --image cirros --key-name me --user-data script --availability-zone z"
    ec2 = {
        "ImageId": "cirros",
        "InstanceType": "small",
        "KeyName": "me",
        "UserData": encoded,
        "MinCount": 2,
        "Placement": {"AvailabilityZone": "z"},
        "SecurityGroup": ["web"],
        "DisplayName": "web",
    }
    wanted = validate_servers([options], **catalogues())
    assert wanted.problems == ()
    assert validate_api_request({"server": api}, **catalogues()).value == wanted.value
    assert boot(f"nova boot {common} --min-count 2 --security-groups web web") == wanted.value
    assert boot(f"openstack server create {common} --min 2 --max 2 --security-group web web") == wanted.value
    assert validate_ec2_request(ec2, **catalogues()).value == wanted.value


NOVA = "nova boot --flavor small --image cirros"
NO_IMAGE = "nova boot --flavor small"
OPENSTACK = "openstack server create --flavor small --image cirros"


@pytest.mark.parametrize(
    ("command", "rules"),
    [
        pytest.param(f"{NOVA} --num-instances 1 a", ["CLI-02"], id="nova: one instance"),
        pytest.param(f"{NOVA} --num-instances 2 --min-count 2 a", ["CLI-20"], id="nova: both kinds of counts"),
        pytest.param(f"{NOVA} --min-count 3 --max-count 2 a", ["REQ-42"], id="nova: minimum above maximum"),
        pytest.param("nova boot --image cirros a", ["CLI-05"], id="nova: no flavor"),
        pytest.param(f"{NO_IMAGE} a", ["REQ-47"], id="nova: nothing to boot from"),
        pytest.param(f"{NO_IMAGE} --image-with os_distro=x a", ["CLI-33", "REQ-47"], id="nova: no image has it"),
        pytest.param(f"{NOVA} --boot-volume {VOLUME_ID} a", ["CLI-21", "BDM-70"], id="nova: two roots"),
        pytest.param(f"{NOVA} --block-device-mapping vdb={VOLUME_ID} --swap 1 a", ["CLI-22"], id="nova: old and new devices"),
        pytest.param(f"{NOVA} --block-device-mapping {VOLUME_ID} a", ["CLI-11"], id="nova: device without a name"),
        pytest.param(f"{NOVA} --block-device sorce=blank a", ["CLI-23"], id="nova: unknown device key"),
        pytest.param(f"{NOVA} --meta a a", ["CLI-07"], id="nova: metadata without ="),
        pytest.param(f"{NOVA} --user-data gone a", ["CLI-09"], id="nova: unreadable user data"),
        pytest.param(f"{NOVA} --file motd a", ["CLI-08"], id="nova: file without ="),
        pytest.param(
            "nova --os-compute-api-version 2.57 boot --flavor 1 --image cirros --file /a=motd a",
            ["CLI-30"],
            id="nova: file at 2.57",
        ),
        pytest.param(f"{NOVA} --nic net-name=a,port-id=b a", ["CLI-29"], id="nova: network and port"),
        pytest.param(f"{NOVA} --nic auto --nic net-name=a a", ["CLI-29"], id="nova: auto among others"),
        pytest.param(f"{NOVA} --nic net-name=a,v4-fixed-ip=fd00::1 a", ["CLI-29"], id="nova: wrong family"),
        pytest.param(f"{NOVA} --config-drive maybe a", ["CLI-30"], id="nova: config drive in doubt"),
        pytest.param(f"{NOVA} --flavour 1 a", ["CLI", "CLI"], id="nova: unknown option leaves its value over"),
        pytest.param("nova --os-cloud x boot --flavor 1 --image cirros a", ["CLI"], id="nova: cloud"),
        pytest.param(f"{NOVA}", ["REQ-01"], id="nova: no name"),
        pytest.param(f"{OPENSTACK} --min 2 a", ["REQ-42"], id="openstack: minimum alone"),
        pytest.param("openstack server create --flavor 1 a", ["CLI-40"], id="openstack: nothing to boot from"),
        pytest.param(f"{OPENSTACK} --volume {VOLUME_ID} a", ["BDM-70", "CLI-40"], id="openstack: two roots"),
        pytest.param(f"{OPENSTACK} --delete-on-termination a", ["CLI-42"], id="openstack: delete without volume"),
        pytest.param(
            "openstack server create --flavor 1 --boot-from-volume 1 a", ["CLI-41"], id="openstack: volume of nothing"
        ),
        pytest.param(f"{OPENSTACK} --block-device boot_index=x a", ["CLI-43"], id="openstack: boot index of text"),
        pytest.param(f"{OPENSTACK} --block-device-mapping vdb=x:disk a", ["CLI-44"], id="openstack: unknown type"),
        pytest.param(f"{OPENSTACK} --nic none --network a a", ["CLI-46"], id="openstack: none among others"),
        pytest.param(f"{OPENSTACK} --nic net-id=a,port-id=b a", ["CLI-46"], id="openstack: network and port"),
        pytest.param(f"{OPENSTACK} --use-config-drive --no-config-drive a", ["CLI-30"], id="openstack: config drive both ways"),
        pytest.param("glance image-create", ["CLI"], id="another client"),
        pytest.param("nova list", ["CLI", "CLI-05", "REQ-01", "REQ-47"], id="another command"),
        pytest.param("nova boot 'a", ["CLI", "CLI"], id="no words"),
    ],
)
def test_client_checks(command: str, rules: list[str]) -> None:
    assert sorted(refusals(command)) == sorted(rules)


def devices_of(command: str) -> list[tuple[Any, ...]]:
    keys = ("source_type", "destination_type", "boot_index", "volume_size", "delete_on_termination")
    return [tuple(device[key] for key in keys) for device in boot(command)[0]["block_device_mapping"]]


IMAGE_ROOT = ("image", "local", 0, None, True)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param(f"{NOVA} a", [IMAGE_ROOT], id="nova: image"),
        pytest.param(
            f"{NOVA} --block-device source=volume,id={VOLUME_ID},bootindex=1,shutdown=remove a",
            [IMAGE_ROOT, ("volume", "volume", 1, None, True)],
            id="nova: image and volume",
        ),
        pytest.param(f"{NO_IMAGE} --snapshot {VOLUME_ID} a", [("snapshot", "volume", 0, None, False)], id="nova: snapshot"),
        pytest.param(
            f"{NO_IMAGE} --block-device-mapping vda={VOLUME_ID}:::1 a",
            [("volume", "volume", 0, None, True)],
            id="nova: old form",
        ),
        pytest.param(
            "nova boot --flavor large --image cirros --swap 64 --ephemeral size=2,format=ext4 a",
            [IMAGE_ROOT, ("blank", "local", -1, 2, True), ("blank", "local", -1, 64, True)],
            id="nova: blank disks",
        ),
        pytest.param(
            f"{OPENSTACK} --boot-from-volume 7 --delete-on-termination a",
            [("image", "volume", 0, 7, True)],
            id="openstack: new volume",
        ),
        pytest.param(
            f"{OPENSTACK} --block-device uuid={IMAGE_ID},source_type=image,volume_size=1 a",
            [IMAGE_ROOT, ("image", "volume", None, 1, False)],
            id="openstack: image goes to a volume",
        ),
        pytest.param(
            f"openstack server create --flavor small --volume {VOLUME_ID} a",
            [("volume", "volume", 0, None, False)],
            id="openstack: volume",
        ),
    ],
)
def test_devices_of_the_clients(command: str, expected: list[tuple[Any, ...]]) -> None:
    assert devices_of(command) == expected


def test_clients_count_differently() -> None:
    counts = {
        command: next((one["request"]["min_count"], one["request"]["max_count"]) for one in boot(f"{command} a"))
        for command in (f"{NOVA} --num-instances 3", f"{NOVA} --min-count 2", f"{NOVA} --max-count 2", f"{OPENSTACK} --max 3")
    }
    assert list(counts.values()) == [(1, 3), (2, 2), (1, 2), (1, 3)]


def test_parts_of_a_command_line() -> None:
    (server,) = boot(
        f"{NOVA} --meta a=b=c --hint one=1 --hint one=2 --file /etc/motd=motd --nic net-name=x --nic net-id={NETWORK_ID} "
        "--config_drive=false --admin-pass p --access-ip-v4 192.0.2.1 --poll -- -a"
    )
    assert server["name"] == "-a"
    assert server["metadata"] == {"a": "b=c"}
    assert server["scheduler_hints"] == {"one": ["1", "2"]}
    assert [(file["path"], file["size"]) for file in server["personality"]] == [("/etc/motd", 6)]
    assert [nic["network"]["name"] for nic in server["networks"] if nic["network"]] == ["x", "internal"]
    assert server["config_drive"] is False
    assert server["extra"] == {"access_ip_v4": "192.0.2.1", "wait": True}


def test_needed_files() -> None:
    assert files_of(f"{NOVA} --user-data script --file /a=motd --file=/b=motd a") == ["script", "motd"]
    assert files_of(["glance"]) == []


def test_image_by_properties_takes_the_first_and_says_so() -> None:
    answer = validate_nova_boot(f"{NO_IMAGE} --image-with status=active a", **catalogues())
    assert answer.value[0]["image"] is not None
    assert [entry["field"] for entry in answer.no_effect] == ["nova_boot[5]"]


def ec2(**parts: Any) -> dict[str, Any]:
    return {"ImageId": "ami-00000001", "InstanceType": "small", "DisplayName": "e", **parts}


EC2_IDS = {"ami-00000001": IMAGE_ID, "aki-00000001": KERNEL_ID, "snap-0000000a": VOLUME_ID}


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        pytest.param({}, [], id="plain"),
        pytest.param({"KernelId": "aki-00000001"}, [], id="kernel"),
        pytest.param({"KernelId": "aki-00000002"}, [("ImageNotFound", "KernelId")], id="unknown kernel"),
        pytest.param(
            {"ImageId": "inactive"}, [("EC2APIError", "ImageId"), ("ImageNotActive", "ImageId.status")], id="not available"
        ),
        pytest.param({"DisplayName": None}, [("InvalidInput", "display_name")], id="no name"),
        pytest.param({"DisplayName": None, "ClientToken": "t"}, [], id="named by its token"),
        pytest.param({"MinCount": "2", "MaxCount": "1"}, [("InvalidInput", "MinCount")], id="counts"),
        pytest.param({"InstanceType": None}, [("FlavorNotFound", "instance_type")], id="default type"),
        pytest.param({"UserData": "abc"}, [("ValidationError", "UserData")], id="user data"),
        pytest.param({"SubnetId": "s"}, [("ValidationError", "SubnetId")], id="unknown key"),
        pytest.param(
            {"BlockDeviceMapping.1.Ebs.SnapshotId": "snap-0000000a", "BlockDeviceMapping.1.DeviceName": "vdb"},
            [],
            id="query form",
        ),
    ],
)
def test_ec2(parts: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    answer = validate_ec2_request(ec2(**parts), **catalogues(ec2_ids=EC2_IDS))
    assert [(problem.code, problem.field.removeprefix("ec2_request.")) for problem in answer.problems] == expected


def test_ec2_leaves_objects_that_dotted_keys_complete_as_they_were() -> None:
    nested = {"1": {"DeviceName": "vdb", "Ebs": {"SnapshotId": "snap-0000000a"}}}
    wanted = ec2(**{"block_device_mapping": nested, "BlockDeviceMapping.1.Ebs.VolumeSize": 3})
    kept = copy.deepcopy(wanted)
    answer = validate_ec2_request(wanted, **catalogues(ec2_ids=EC2_IDS))
    assert answer.problems == ()
    assert answer.value[0]["block_device_mapping"][-1]["volume_size"] == 3
    assert wanted == kept


def built(**options: Any) -> list[Built]:
    answer = validate_servers([request(**options)], **catalogues())
    return [Built(server, UUID, "ACTIVE", admin_pass="p") for server in answer.value]


def test_api_reply() -> None:
    body = api_reply(built(security_groups=["web"]), reservation_id=RESERVATION, base_url="http://a")["server"]
    assert (body["id"], body["adminPass"], body["OS-DCF:diskConfig"]) == (UUID, "p", "MANUAL")
    assert body["security_groups"] == [{"name": "web"}]
    assert body["links"][0]["href"] == f"http://a/v2.1/servers/{UUID}"


def test_reservation_reply() -> None:
    answer = validate_nova_boot(f"{NOVA} --return-reservation-id a", **catalogues())
    made = [Built(server, UUID) for server in answer.value]
    assert api_reply(made, reservation_id=RESERVATION) == {"reservation_id": RESERVATION}
    assert client_reply("nova", made, reservation_id=RESERVATION) == {"reservation_id": RESERVATION}
    assert [is_reservation_id(text) for text in (RESERVATION, "r-ABC123DE", "r-abc", None)] == [True, False, False, False]


@pytest.mark.parametrize(
    ("client", "options", "image"),
    [
        pytest.param("nova", {}, f"cirros ({IMAGE_ID})", id="nova"),
        pytest.param(
            "nova", {"boot_volume": VOLUME_ID, "image": None}, "Attempt to boot from volume - no image supplied", id="volume"
        ),
        pytest.param("openstack", {}, f"cirros ({IMAGE_ID})", id="openstack"),
    ],
)
def test_client_reply(client: str, options: dict[str, Any], image: str) -> None:
    fields = client_reply(client, built(**options), reservation_id=RESERVATION)
    assert list(fields) == sorted(fields)
    assert (fields["image"], fields["status"], fields["adminPass"], fields["id"]) == (image, "ACTIVE", "p", UUID)


def test_ec2_reply() -> None:
    reply = ec2_reply(built(max_count=2, key_name="me"), reservation_id=RESERVATION, owner_id="o")
    assert (reply["reservationId"], len(reply["instancesSet"])) == (RESERVATION, 2)
    first = reply["instancesSet"][0]
    assert (first["instanceId"], first["instanceState"], first["keyName"]) == (
        "i-0a1b2c3d",
        {"code": 16, "name": "running"},
        "me",
    )
    assert [one["amiLaunchIndex"] for one in reply["instancesSet"]] == [0, 1]
    assert ec2_id("aki", "7") == "aki-00000007"


_WORDS = shlex.split(
    "nova openstack boot server create --flavor --image --nic --block-device --ephemeral --swap --hint --meta --file a= = , "
    "net-id=a auto none 1 -1 -- --min --max --min-count --block-device-mapping vda=x:y:z:1:2 --os-compute-api-version 2.1"
)
WORDS = st.sampled_from(_WORDS)


@settings(max_examples=200)
@given(st.sampled_from(["nova", "openstack"]), st.lists(WORDS | st.text(max_size=8) | st.integers() | st.none(), max_size=12))
def test_arbitrary_command_lines_never_raise(client: str, words: list[Any]) -> None:
    argv = [client, *(("boot",) if client == "nova" else ("server", "create")), *words]
    answer = validate_nova_boot(argv, **catalogues())
    assert answer == validate_nova_boot(argv, **catalogues())
    json.dumps([problem.to_dict() for problem in answer.problems])


JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
EC2_KEYS = shlex.split(
    "Action ImageId InstanceType MinCount MaxCount KernelId RamdiskId KeyName UserData SecurityGroup Placement DisplayName "
    "BlockDeviceMapping BlockDeviceMapping.1.DeviceName BlockDeviceMapping.1.Ebs.SnapshotId SecurityGroup.1 ClientToken"
)


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(EC2_KEYS) | st.text(max_size=9), JSON_LIKE, max_size=6) | JSON_LIKE)
def test_arbitrary_ec2_requests_never_raise(given_request: Any) -> None:
    answer = validate_ec2_request(given_request, **catalogues())
    json.dumps([problem.to_dict() for problem in answer.problems])
