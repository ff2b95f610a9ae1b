# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the modules call the contract: each form, the same wish in all of them, and no secret in what comes out."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kilonova.compute.plugins.module_utils import _argspec
from ansible_collections.kilonova.compute.plugins.module_utils._errors import ContractError
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.contract import read_catalogues, read_requests
from tests.unit.entry.asking import CATALOGUES, GROUP_ID, IMAGE_ID, VOLUMES, ask, refused

SCRIPT = "#!/bin/sh\n"
ENCODED = base64.b64encode(SCRIPT.encode()).decode()
SECRET = "correct horse battery"
VOLUME = next(iter(VOLUMES))
NETWORK = {"networks": {"front": CATALOGUES["networks"]["front"]}}

# Wish -> what it adds to a plain request in each form: our options, API body, nova boot, openstack server create, EC2 request.
# None where a form cannot say it.
WISHES: dict[str, tuple[Any, ...]] = {
    "nothing more": ({}, {}, [], [], {}),
    "two servers": (
        {"min_count": 2, "max_count": 2},
        {"min_count": 2},
        ["--min-count", "2"],
        ["--min", "2", "--max", "2"],
        {"MinCount": 2},
    ),
    "one or two": ({"max_count": 2}, {"max_count": 2}, ["--max-count", "2"], ["--max", "2"], {"MinCount": 1, "MaxCount": 2}),
    "a key": (
        {"key_name": "ansible_key"},
        {"key_name": "ansible_key"},
        ["--key-name", "ansible_key"],
        ["--key-name", "ansible_key"],
        {"KeyName": "ansible_key"},
    ),
    "user data": (
        {"userdata": SCRIPT},
        {"user_data": ENCODED},
        ["--user-data", "script"],
        ["--user-data", "script"],
        {"UserData": ENCODED},
    ),
    "metadata": (
        {"metadata": {"a": "1", "b": "2"}},
        {"metadata": {"a": "1", "b": "2"}},
        ["--meta", "a=1", "--meta", "b=2"],
        ["--property", "a=1", "--property", "b=2"],
        None,
    ),
    "a zone": (
        {"availability_zone": "az2"},
        {"availability_zone": "az2"},
        ["--availability-zone", "az2"],
        ["--availability-zone", "az2"],
        {"Placement": {"AvailabilityZone": "az2"}},
    ),
    "a description": (
        {"description": "a test"},
        {"description": "a test"},
        ["--description", "a test"],
        ["--description", "a test"],
        {"DisplayDescription": "a test"},
    ),
    "tags": ({"tags": ["a", "b"]}, {"tags": ["a", "b"]}, ["--tags", "a,b"], ["--tag", "a", "--tag", "b"], None),
    "no network": ({"network": "none"}, {"networks": "none"}, ["--nic", "none"], ["--no-network"], None),
    "a network": (
        {"network": "front"},
        {"networks": [{"uuid": "front"}]},
        ["--nic", "net-name=front"],
        ["--network", "front"],
        None,
    ),
    "no drive": (
        {"config_drive": False},
        {"config_drive": False},
        ["--config-drive", "false"],
        ["--no-config-drive"],
        None,
    ),
    "a password": ({"admin_pass": SECRET}, {"adminPass": SECRET}, ["--admin-pass", SECRET], ["--password", SECRET], None),
    "a host name": (
        {"hostname": "db"},
        {"hostname": "db"},
        ["--hostname", "db"],
        ["--hostname", "db"],
        None,
    ),
    "a group of servers": (
        {"scheduler_hints": {"group": GROUP_ID}},
        None,  # the hints stand beside the server
        ["--hint", f"group={GROUP_ID}"],
        ["--server-group", GROUP_ID],
        None,
    ),
    "a volume": (
        {"volumes": [VOLUME]},
        {
            "block_device_mapping_v2": [
                {"source_type": "image", "destination_type": "local", "boot_index": 0, "uuid": IMAGE_ID}
                | {"delete_on_termination": True},
                {"source_type": "volume", "destination_type": "volume", "boot_index": -1, "uuid": VOLUME},
            ]
        },
        ["--block-device", f"source=volume,id={VOLUME},dest=volume,bootindex=-1"],
        ["--block-device", f"source_type=volume,uuid={VOLUME},boot_index=-1"],
        None,
    ),
}


def forms(wish: str) -> dict[str, dict[str, Any]]:
    options, body, nova, openstack, ec2 = WISHES[wish]
    plain = ["--flavor", "small", "--image", "ubuntu"]
    asked: dict[str, dict[str, Any]] = {
        "options": {"name": "web", "flavor": "small", "image": "ubuntu", **options},
        "servers": {"servers": [{"name": "web", "flavor": "small", "image": "ubuntu", **options}]},
        "nova": {"nova_boot": ["nova", "boot", *plain, *nova, "web"]},
        "openstack": {"nova_boot": ["openstack", "server", "create", *plain, *openstack, "web"]},
    }
    if body is not None:
        server = {"name": "web", "flavorRef": "4", "imageRef": IMAGE_ID, "networks": "auto", **body}
        asked["api"] = {"api_request": {"server": server}}
    if ec2 is not None:
        request = {"ImageId": "ubuntu", "InstanceType": "small", "DisplayName": "web", **ec2}
        asked["ec2"] = {"ec2_request": request}
    return asked


@pytest.mark.parametrize("wish", WISHES)
def test_the_same_wish_gives_the_same_server_in_every_form(wish: str) -> None:
    """What only one form says of how the task runs (to wait, ...) is not part of the wish."""
    answers = {form: [one.server for one in ask(request, **NETWORK).planned] for form, request in forms(wish).items()}
    wanted = answers.pop("options")
    assert len(wanted) == (2 if "two" in wish.split() else 1)
    for form, servers in answers.items():
        assert servers == wanted, form


@pytest.mark.parametrize("wish", ["user data", "a password"])
def test_every_form_keeps_the_same_secret_beside_the_server(wish: str) -> None:
    for form, request in forms(wish).items():
        (planned,) = ask(request, **NETWORK).planned
        secret = planned.wish.admin_pass if wish == "a password" else planned.wish.user_data and planned.wish.user_data.data
        assert secret == (SECRET if wish == "a password" else SCRIPT.encode()), form
        assert SECRET not in json.dumps(planned.server)
        assert SCRIPT.strip() not in json.dumps(planned.server)


SPOILED: dict[str, dict[str, Any]] = {
    "options": {"name": " bad ", "userdata": SECRET * 5000, "admin_pass": SECRET, "personality": [{"content": SECRET}]},
    "servers": {"servers": [{"nmae": "x", "passwort": SECRET, "admin_pass": [SECRET], "userdata": {"a": SECRET}}]},
    "api": {"api_request": {"server": {"adminPass": [SECRET], "user_data": SECRET, "personality": [{"contents": [SECRET]}]}}},
    "nova": {"nova_boot": ["nova", "boot", "--admin-pas", SECRET, f"--admin-password={SECRET}", "--poll=" + SECRET]},
    "openstack": {"nova_boot": ["openstack", "server", "create", "--password", SECRET, "--os-password", SECRET]},
    "ec2": {"ec2_request": {"UserData": [SECRET], "AdminPass": SECRET, "AWSAccessKeyId": SECRET}},
}


@pytest.mark.parametrize("form", SPOILED)
def test_no_problem_shows_a_secret(form: str) -> None:
    with pytest.raises(ContractError) as caught:
        ask(SPOILED[form])
    assert caught.value.problems
    assert SECRET not in json.dumps([caught.value.problems, str(caught.value)])


def test_fields_of_a_single_request_have_no_index() -> None:
    assert refused({"name": "a", "flavor": "none", "image": "none"}) == [
        ("FlavorNotFound", "flavor"),
        ("ImageNotFound", "image"),
    ]
    many = {"servers": [{"name": "a", "flavor": "small", "image": "ubuntu"}, {"name": "b", "flavor": "small", "image": "gone"}]}
    assert refused(many, **NETWORK) == [("ImageNotFound", "servers[1].image")]


def test_problems_of_catalogues_and_requests_come_together() -> None:
    broken = {"flavors": {"tiny": {"vcpus": 0, "ram": 1, "disk": 1}}}
    found = refused({"name": "a", "flavor": "tiny", "image": "ubuntu"}, **broken)
    assert found == [("FlavorNotFound", "flavor"), ("ValidationError", "flavors.tiny.vcpus")]


def test_an_older_version_of_the_api() -> None:
    body = {"server": {"name": "a", "flavorRef": "4", "imageRef": IMAGE_ID}}
    assert refused({"api_request": body, "microversion": "2.36"}, **NETWORK) == []
    assert refused({"api_request": body}, **NETWORK) == [("ValidationError", "api_request.server.networks")]


def test_a_file_that_cannot_be_read() -> None:
    command = ["nova", "boot", "--flavor", "small", "--image", "ubuntu", "--user-data", "gone", "web"]
    assert refused({"nova_boot": command}, **NETWORK) == [("CommandError", "nova_boot[7]")]


def test_every_catalogue_is_read() -> None:
    found = read_catalogues({**CATALOGUES, "security_groups": ["web"], "volume_types": {"fast": {}}})
    assert set(found.values) == set(_argspec.CATALOGUES)
    assert all(found.values.values())


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["a", "name", IMAGE_ID]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "name", "id", "policy"]), inner, max_size=3)
    ),
    max_leaves=6,
)
_PARTS = ("networks", "keypairs", "security_groups", "server_groups", "quota", "usage", "ec2_ids")


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(_PARTS, _JSON)))
@settings(max_examples=300)
def test_catalogues_and_quotas_raise_nothing_but_problems(parts: dict[str, Any]) -> None:
    params = {**CATALOGUES, **parts, "servers": [{"name": "a", "flavor": "small", "image": "ubuntu", "security_groups": ["a"]}]}
    answers = []
    for _run in range(2):
        try:
            answers.append([one.server for one in read_requests(params).planned])
        except ContractError as error:
            answers.append(error.problems)
    assert answers[0] == answers[1]
