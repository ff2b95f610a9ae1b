# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles boot, image and delete, by the collection's playbooks, called from a directory that is not the checkout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.playbook import Outcome, Unsafe, run_playbook
from tests.integration.world import CATALOGUES, HOST_OPTIONS, READY, World

pytestmark = pytest.mark.lab

SECRET = "Xe0p9Kq7"
BRACES = "#!/bin/sh\necho 'as it is: {{ nobody }} {% here %}'\n"
SURVEY = {"boot_flavor": "tiny", "boot_image": "tiny", "boot_description": "", "boot_key_name": "", "boot_count": ""}


class Desk:
    """Where a user sits: an empty directory and the variables that every run has."""

    def __init__(self, folder: Path, world: World) -> None:
        self.folder = folder
        self.world = world
        self.variables = {
            "kilonova_uri": world.uri,
            "kilonova_flavors": CATALOGUES["flavors"],
            "kilonova_images": {"tiny": {"src": str(world.image), "disk_format": "qcow2"}},
            "kilonova_host_options": HOST_OPTIONS,
        }

    def run(self, name: str, *options: str, **variables: Any) -> Outcome:
        return run_playbook(self.folder, name, self.variables | variables, *options)


@pytest.fixture
def desk(world: World, tmp_path: Path) -> Desk:
    return Desk(tmp_path, world)


def test_a_survey_boots_a_server_that_is_listed_and_deleted(desk: Desk) -> None:
    survey = SURVEY | {
        "boot_name": "asked",
        "boot_network": "default",
        "boot_metadata": "colour=blue,size=9",
        "boot_tags": "one, two",
        "boot_user_data": Unsafe(BRACES),
        "boot_wait_for": "console",
        "boot_console_pattern": READY,
        "boot_timeout": "600",
    }
    first = desk.run("boot", **survey)
    assert first.code == 0, first.output
    (server,) = first.of("Boot the servers of this host")["localhost"]["servers"]
    (address,) = [entry["addr"] for entry in server["addresses"]["default"]]
    assert (server["status"], server["tags"], server["description"]) == ("ACTIVE", ["one", "two"], None)
    assert first.told[0].startswith(f"asked: ACTIVE (running) on {desk.world.host.name} at {address}, changed (")
    guest = desk.world.guest(server)
    assert guest.meta_data()["meta"] == {"colour": "blue", "size": "9"}
    assert guest.file("openstack/latest/user_data")["text"] == BRACES
    assert b"as it is: {{ nobody }} {% here %}" in desk.world.console(server)
    assert guest.one("lease")["ip"] == address

    second = desk.run("boot", **survey)
    assert (second.code, second.changed) == (0, 0), second.output
    assert second.told == [f"asked: ACTIVE (running) on {desk.world.host.name} at {address}, unchanged"]

    title, row = desk.run("list").told
    assert title.split() == ["NAME", "STATUS", "POWER", "ADDRESSES", "FLAVOR", "IMAGE", "HOST"]
    assert row.split() == ["asked", "ACTIVE", "running", address, "tiny", "tiny", desk.world.host.name]

    assert desk.run("delete", delete_name="asked").changed == 1
    again = desk.run("delete", delete_name="asked")
    assert (again.code, again.changed) == (0, 0), again.output
    assert len(desk.run("list").told) == 1


def test_requests_and_a_survey_are_built_together_after_check_mode_has_said_so(desk: Desk) -> None:
    asked = SURVEY | {
        "kilonova_servers": [{"name": "first", "flavor": "tiny", "image": "tiny"}],
        "boot_name": "more",
        "boot_count": "2",
    }
    before = desk.world.holdings()
    predicted = desk.run("boot", "--check", **asked)
    assert predicted.code == 0, predicted.output
    assert desk.world.holdings() == before
    booted = desk.run("boot", **asked)
    assert [line.split(":")[0] for line in booted.told] == ["first", "more-1", "more-2"]
    assert [line.split(" on ")[0] for line in predicted.told] == [line.split(" on ")[0] for line in booted.told]
    assert predicted.changed == booted.changed == 1
    assert desk.run("boot", **asked).changed == 0
    larger = asked | {"kilonova_flavors": {"tiny": CATALOGUES["flavors"]["tiny"] | {"ram": 192}}}
    redefined = desk.run("boot", **larger, boot_redefine="yes", boot_restart="no")
    assert redefined.changed == 1, redefined.output
    servers = redefined.of("Boot the servers of this host")["localhost"]["servers"]
    assert [(server["status"], server["pending"]) for server in servers] == [("ACTIVE", True)] * 3
    assert desk.run("delete", delete_names=["first", "more-1"], delete_name="more-2").changed == 1


def test_no_secret_is_shown_however_much_is_told(desk: Desk) -> None:
    secret = {"user_data": f"#!/bin/sh\necho {SECRET}\n", "admin_pass": SECRET}
    survey = SURVEY | {"boot_name": "b", "boot_user_data": f"#!/bin/sh\n: {SECRET}\n", "boot_admin_pass": SECRET}
    asked = survey | {"kilonova_servers": [{"name": "a", "flavor": "tiny", "image": "tiny"} | secret]}
    booted = desk.run("boot", "-vvvv", "--diff", **asked)
    assert booted.code == 0, booted.output
    assert SECRET not in booted.output
    assert SECRET not in json.dumps(booted.records)
    refused = desk.run("boot", "-vvvv", **asked | {"boot_flavor": "none"})
    assert refused.code != 0
    assert SECRET not in refused.output
    assert desk.run("delete", delete_names="a,b").changed == 1


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"boot_flavour": "tiny"}, "boot_flavour is not known; did you mean boot_flavor?"),
        ({"boot_netwrok": "", "boot_nmae": "x"}, "boot_netwrok is not known; did you mean boot_network? boot_nmae is"),
        ({"boot_flavor": "huge"}, "servers[0].flavor: there is no flavor huge [FlavorNotFound]"),
        ({"boot_image": "gone"}, "servers[0].image: there is no image gone [ImageNotFound]"),
        ({"kilonova_images": {"tiny": {"src": "gone.qcow2"}}}, "the file gone.qcow2 of the image tiny does not exist"),
        ({"boot_api_request": {"server": {}}}, "one form at a time: boot_api_request and kilonova_servers or boot_* are given"),
        ({"boot_count": 2, "boot_max_count": 3}, "boot_count says both boot_min_count and boot_max_count"),
        ({"boot_name": "", "boot_flavor": "", "boot_image": ""}, "nothing to boot: give boot_name"),
        ({"boot_host": "elsewhere"}, "no host elsewhere in this play (there: localhost)"),
        ({"boot_state": "resting"}, "value of boot_state must be one of: , present, running, stopped, paused, got: resting"),
    ],
)
def test_a_wrong_request_is_refused_in_one_sentence(desk: Desk, variables: dict[str, Any], message: str) -> None:
    refused = desk.run("boot", **SURVEY | {"boot_name": "wrong"} | variables)
    assert message in refused.message
    assert refused.changed == 0


@pytest.mark.parametrize(
    ("form", "request_of", "shown"),
    [
        (
            "boot_api_request",
            {"server": {"name": "form", "flavorRef": "tiny", "imageRef": "tiny", "networks": "auto"}},
            "server",
        ),
        ("boot_nova_command", "nova boot --flavor tiny --image tiny form", "flavor:ram"),
        ("boot_ec2_request", {"ImageId": "tiny", "InstanceType": "tiny", "display_name": "form"}, "instancesSet"),
    ],
)
def test_each_form_of_a_request_boots_and_is_answered_in_kind(desk: Desk, form: str, request_of: Any, shown: str) -> None:
    asked = {form: request_of, "boot_state": "paused", "kilonova_networks": {"default": {}}}
    booted = desk.run("boot", **asked)
    assert booted.code == 0, booted.output
    answer = booted.of("Boot the servers of this host")["localhost"]
    assert [(server["name"], server["status"]) for server in answer["servers"]] == [("form", "PAUSED")]
    assert shown in answer["reply"]
    assert desk.run("boot", **asked).changed == 0
    assert desk.run("delete", delete_name="form").changed == 1


@pytest.mark.parametrize("form", [{"server": {}}, {"server": {"flavorRef": 1}, "more": 1}])
def test_a_wrong_form_is_refused_before_the_host_is_touched(desk: Desk, form: dict[str, Any]) -> None:
    refused = desk.run("boot", boot_api_request=form)
    assert "api_request.server.name is required" in refused.message
    assert refused.changed == 0


def test_deleting_nothing_is_refused(desk: Desk) -> None:
    assert "nothing to delete" in desk.run("delete", delete_name="", delete_names="").message


def test_of_several_hosts_the_request_names_one(desk: Desk) -> None:
    """Two names of one test host, in the group that the playbooks take by default; check mode shows who would do it."""
    inventory = desk.folder / "hosts"
    inventory.write_text("[hypervisors]\nleft ansible_connection=local\nright ansible_connection=local\n")
    options = ("-i", str(inventory), "--check")
    survey = SURVEY | {"boot_name": "somewhere"}
    undecided = desk.run("boot", *options, **survey)
    assert "choosing a host is not built yet, and the play has several (left, right)" in undecided.message
    task = "Boot the servers of this host"
    by_survey = desk.run("boot", *options, **survey | {"boot_host": "right"})
    assert list(by_survey.of(task)) == ["right"]
    requests = [{"name": name, "flavor": "tiny", "image": "tiny", "host": name} for name in ("left", "right")]
    each = desk.run("boot", *options, kilonova_servers=requests)
    assert {host: [server["name"] for server in answer["servers"]] for host, answer in each.of(task).items()} == {
        "left": ["left"],
        "right": ["right"],
    }
    only = desk.run("boot", *options, **survey | {"kilonova_hosts": "left"})
    assert list(only.of(task)) == ["left"]
