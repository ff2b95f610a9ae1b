# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One server from its request to the facts that its guest says, and through its whole life, by ansible-playbook."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest

from .world import CATALOGUES, GIB, READY, World, server_task

pytestmark = pytest.mark.lab

# What XML, shells, JSON and terminals could trip over. Braces in pairs are Ansible's, and would be its to render.
HOSTILE = "]]></kilonova:server> <!-- & \"double\" 'single' \\ $(reboot) `halt` %s {x} \u00e9\u6f22"
NAME = f"web {HOSTILE}"
ROCKET = "\U0001f680"  # names may hold the basic plane only
USER_DATA = f"""#!/bin/sh
# {HOSTILE} {ROCKET}
echo BEGIN-META
cat /mnt/drive/openstack/latest/meta_data.json
echo; echo END-META
sha256sum /root/hostile 2>/dev/null
echo "user data ran on $(hostname)"
exit 7
"""
FILE = b"a file of the request\x00\xff\n"
WISH: dict[str, Any] = {
    "name": NAME,
    "key_name": "admin",
    "metadata": {"role": "front", "odd: key-1": HOSTILE + ROCKET},
    "tags": ["<tag> & 'quotes' \u00e9", "plain"],
    "description": HOSTILE,
    "userdata": USER_DATA,
    "personality": [{"path": "/etc/motd", "contents": base64.b64encode(FILE).decode()}],
    "admin_pass": "S3cret <&> \"'",
}
WAITING = {"wait_for": "console", "console_pattern": READY}


def meta_data(console: bytes) -> dict[str, Any]:
    """The document as the guest's user data read it; the text of the user data itself was on the console before."""
    text = console.decode().rpartition("END-META")[0].rpartition("BEGIN-META")[2]
    document: dict[str, Any] = json.loads(text.strip())
    return document


def test_a_server_from_request_to_guest_and_back(world: World) -> None:
    before = world.holdings()
    boot = server_task(**WISH, **WAITING)
    predicted, booted, again, changed_request = world.play(
        boot | {"check_mode": True, "diff": True},
        boot | {"diff": True},
        boot,
        server_task(**WISH | {"flavor": "small", "metadata": {"role": "back"}, "tags": ["plain"]}, state="running"),
    ).results
    assert_predicted(predicted, booted)
    (server,) = booted["servers"]
    assert_answer(world, server)
    assert_guest(world, server)
    assert not again["changed"]
    assert again["servers"][0]["id"] == server["id"]
    assert again["servers"][0]["drift"] == []
    assert_drift(changed_request)
    assert_life(world, server)
    assert world.holdings() == before


def assert_predicted(predicted: dict[str, Any], booted: dict[str, Any]) -> None:
    """Check mode says what the real run did, but for what only the real run can know."""
    assert predicted["changed"]
    assert booted["changed"]
    known = (
        "name",
        "status",
        "power_state",
        "vm_state",
        "flavor",
        "image",
        "metadata",
        "tags",
        "description",
        "key_name",
        "host",
    )
    for key in known:
        assert predicted["servers"][0][key] == booted["servers"][0][key], key
    assert predicted["servers"][0]["id"] is None
    assert predicted["servers"][0]["domain"] is None  # its name cannot be the domain's, which ends with digits of the uuid
    assert [entry["after"] for entry in predicted["diff"]] == [entry["after"] for entry in booted["diff"]]
    assert booted["diff"][0]["before"] == {}
    assert booted["diff"][0]["after"]["status"] == "ACTIVE"


def assert_answer(world: World, server: dict[str, Any]) -> None:
    assert server["name"] == NAME
    assert server["metadata"] == WISH["metadata"]
    assert server["tags"] == sorted(WISH["tags"]) or server["tags"] == WISH["tags"]
    assert server["description"] == HOSTILE
    assert (server["status"], server["vm_state"], server["power_state"]) == ("ACTIVE", "active", "running")
    assert server["host"] == world.host.name
    assert (server["flavor"], server["image"], server["key_name"]) == ("tiny", "tiny", "admin")
    assert server["drift"] == []
    assert server["error"] == {}
    assert set(server["phases"]) == {"define", "volumes", "drive", "start", "mark", "wait"}
    assert [volume["role"] for volume in server["volumes"]] == ["disk", "disk.config", "console.log"]


def assert_guest(world: World, server: dict[str, Any]) -> None:
    guest = world.guest(server)
    console = world.console(server)
    document = meta_data(console)
    assert guest.boots == 1
    assert document["uuid"] == server["id"]
    assert document["name"] == NAME
    assert document["meta"] == WISH["metadata"]
    assert document["admin_pass"] == WISH["admin_pass"]
    assert document["public_keys"] == {"admin": CATALOGUES["keypairs"]["admin"]}
    key = CATALOGUES["keypairs"]["admin"] + "\n"
    assert guest.one("key") == {"authorized_keys_sha256": hashlib.sha256(key.encode()).hexdigest(), "keys": 1}
    assert guest.one("user_data")["exit_code"] == 7
    assert f"user data ran on {guest.one('hostname')['hostname']}".encode() in console
    assert guest.one("hostname") == {"hostname": document["hostname"].split(".")[0], "source": "config_drive"} or (
        guest.one("hostname")["hostname"] == document["hostname"]
    )
    assert guest.file("openstack/latest/user_data")["sha256"] == hashlib.sha256(USER_DATA.encode()).hexdigest()
    assert guest.file("openstack/content/0000")["sha256"] == hashlib.sha256(FILE).hexdigest()
    assert guest.disk("vda")["bytes"] == GIB
    assert guest.one("config_drive")["label"] == "config-2"
    assert guest.one("cpu")["count"] == 1
    assert guest.one("dmi")["uuid"] == server["id"]
    (address,) = server["addresses"]["default"]
    assert guest.one("nic")["mac"] == address["mac"]
    assert guest.one("lease")["ip"] == address["addr"]
    assert address["addr"].startswith(world.host.guest_net + ".")


def assert_drift(changed_request: dict[str, Any]) -> None:
    """Every field that differs is named; nothing is rebuilt."""
    assert not changed_request["changed"]
    drift = {entry["field"]: (entry["current"], entry["wanted"]) for entry in changed_request["servers"][0]["drift"]}
    assert drift["flavor.ram"] == (128, 160)
    assert drift["flavor.vcpus"] == (1, 2)
    assert drift["flavor.disk"] == (1, 2)
    assert drift["metadata.role"] == ("front", "back")
    assert drift["metadata.odd: key-1"] == (HOSTILE + ROCKET, None)
    assert "tags" in drift
    assert not {field for field in drift if field.startswith(("image", "networks", "key_pair", "user_data"))}


def assert_life(world: World, server: dict[str, Any]) -> None:
    """Power by state, read back from libvirt; then away with it, by check mode first."""
    same = WISH | {"wait": True}
    check = {"check_mode": True}
    tasks = [
        server_task(**same, state="paused"),
        server_task(**same, state="paused"),
        server_task(**same, state="running") | check,
        server_task(**same, state="running"),
        server_task(**same, state="stopped"),
        server_task(**same, state="stopped"),
        server_task(**same, state="present"),
        server_task(**same, state="running"),
        {"kilonova.compute.server_info": {"name": NAME}},
        {"kilonova.compute.server": {"name": server["id"], "state": "absent"}} | check,
        {"kilonova.compute.server": {"name": NAME, "state": "absent"}},
        {"kilonova.compute.server": {"name": NAME, "state": "absent"}},
        {"kilonova.compute.server_info": {"name": NAME}},
    ]
    played = world.play(*tasks)
    assert played.code == 0, played.output
    results = played.results
    assert [bool(r["changed"]) for r in results] == [
        True, False, True, True, True, False, False, True, False, True, True, False, False,
    ]  # fmt: skip
    assert [r["servers"][0]["power_state"] for r in results[:9]] == [
        "paused", "paused", "running", "running", "shutdown", "shutdown", "shutdown", "running", "running",
    ]  # fmt: skip
    assert {r["servers"][0]["id"] for r in results[:9]} == {server["id"]}
    assert results[9]["servers"][0]["removed"] == results[10]["servers"][0]["removed"]
    assert len(results[9]["servers"][0]["removed"]["volumes"]) == 3
    assert results[12]["servers"] == []
