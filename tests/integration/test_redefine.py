# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Existing servers whose requests changed: what stays, what the guest then sees, and what a definition cannot change."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .world import CATALOGUES, READY, World, server_task

pytestmark = pytest.mark.lab

WAITING = {"wait_for": "console", "console_pattern": READY}
# A guest that does not listen yet is given this long.
AT_ONCE = {"redefine": True, "restart": True, "timeout": 8}
WISH: dict[str, Any] = {"name": "re", "metadata": {"role": "front"}}


def with_flavor(**flavor: Any) -> dict[str, Any]:
    """The catalogues once the flavor `tiny` says something else."""
    return WISH | {"flavors": CATALOGUES["flavors"] | {"tiny": CATALOGUES["flavors"]["tiny"] | flavor}}


def definition(world: World, name: str) -> str:
    return world.host.virsh("dumpxml", "--inactive", name)


def what_stays(xml: str) -> dict[str, Any]:
    return {
        "uuid": re.findall("<uuid>.*</uuid>", xml),
        "macs": re.findall("<mac .*/>", xml),
        "machine": re.findall("machine='(.*?)'", xml),
        "places": re.findall("<address type='(?:pci|drive)'.*/>", xml),
        "disks": re.findall("<source file=.*/>", xml),
        "state": re.findall('kilonova:server .*state="(.*?)"', xml),
        "volumes": re.findall("<kilonova:volumes>.*", xml),
    }


def fields(server: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {change["field"]: (change["before"], change["after"]) for change in server["changes"]}


def test_a_running_server_gets_what_its_flavor_says_now(world: World) -> None:
    """By ansible-playbook: predicted, defined, pending, restarted, seen by the guest; and never twice."""
    larger = with_flavor(vcpus=2, ram=192, extra_specs={"hw:cpu_sockets": "1", "hw:boot_menu": "true"})
    asked = larger | {"redefine": True}
    played = world.play(
        server_task(**WISH, **WAITING),
        server_task(**WISH, redefine=True),
        server_task(**larger),
        server_task(**asked) | {"check_mode": True, "diff": True},
        server_task(**asked) | {"diff": True},
        server_task(**asked),
    ).results
    booted, same, unasked, predicted, redefined, again = [one["servers"][0] for one in played]
    assert same["changed"] is False
    assert (same["changes"], same["pending"]) == ([], False)
    assert unasked["changed"] is False
    assert {one["field"] for one in unasked["drift"]} >= {"flavor.ram", "flavor.vcpus"}
    found = fields(redefined)
    assert found["flavor.ram"] == (128, 192)
    assert found["domain.memory"] == ("131072", "196608")
    assert found["domain.vcpu"] == ("1", "2")
    assert found["domain.os.bootmenu"] == (None, {"enable": "yes"})
    assert not [name for name in found if "metadata" in name]
    assert (predicted["changes"], predicted["pending"]) == (redefined["changes"], redefined["pending"])
    assert (redefined["changed"], redefined["pending"], redefined["drift"]) == (True, True, [])
    assert played[4]["diff"][0]["after"]["domain.vcpu"] == "2"
    assert (again["changed"], again["pending"], again["changes"]) == (False, True, [])
    assert again["id"] == booted["id"]
    assert world.guest(booted).one("cpu")["count"] == 1
    after_restart(world, booted, asked)


def after_restart(world: World, booted: dict[str, Any], asked: dict[str, Any]) -> None:
    starts = world.starts("re")
    predicted = world.server(check=True, **asked | {"restart": True})["servers"][0]
    assert (predicted["changed"], predicted["pending"], predicted["status"]) == (True, False, "ACTIVE")
    assert world.starts("re") == starts
    restarted = world.booted(**asked | {"restart": True}, **WAITING)
    assert (restarted["changed"], restarted["pending"], restarted["status"]) == (True, False, "ACTIVE")
    assert world.starts("re") == starts + 1
    again = world.booted(**asked | {"restart": True})
    assert (again["changed"], world.starts("re")) == (False, starts + 1)
    guest = world.guest(booted)
    assert guest.all("ready")
    assert guest.one("cpu")["count"] == 2
    assert guest.one("cpu")["sockets"] == 1
    assert guest.one("nic")["mac"] == booted["addresses"]["default"][0]["mac"]
    assert guest.one("dmi")["uuid"] == booted["id"]
    world.booted(name="re", state="absent")


def test_everything_stays_but_what_was_asked_for(world: World) -> None:
    """A stopped server with an attached volume, defined anew from other host options and templates; and a killed run."""
    made = world.booted(**WISH, state="stopped")
    world.play({"kilonova.compute.volume": {"name": "data", "size": 1}})
    world.play({"kilonova.compute.server_action": {"name": "re", "action": "attach_volume", "volume": "data"}})
    before = what_stays(definition(world, "re"))
    assert len(before["disks"]) + 1 == definition(world, "re").count("<disk ")
    for options in (
        {"host_options": {"libvirt": {"tb_cache_size": 64, "disk_cachemodes": ["file=writeback"]}}},
        {"xml_overlay": "<domain><devices><panic model='isa'/></devices></domain>"},
        {"tags": ["new"], "metadata": {"role": "back"}},
        {"host_options": {"serial_console": {"enabled": "true"}}},
        {},
    ):
        answer = world.booted(**WISH | options, redefine=True)
        assert answer["changed"], options
        assert not answer["pending"]
        assert world.booted(**WISH | options, redefine=True)["changed"] is False, options
        now = what_stays(definition(world, "re"))
        assert {key: value for key, value in now.items() if key != "places"} == {
            key: value for key, value in before.items() if key != "places"
        }, options
        assert set(before["places"]) <= set(now["places"])
    assert answer["metadata"] == WISH["metadata"]
    assert definition(world, "re").count("<disk ") == len(before["disks"]) + 1
    larger = with_flavor(ram=160)
    for point, xml_is_new in (("redefinition.define#1", False), ("server_redefinition._see_to_power#1", True)):
        world.kill(point, **larger, redefine=True)
        assert ("163840" in definition(world, "re")) is xml_is_new, point
    assert world.booted(**larger, redefine=True)["changed"] is False
    assert made["id"] in definition(world, "re")
    world.booted(name="re", state="absent")
    world.play({"kilonova.compute.volume": {"name": "data", "state": "absent"}})


def test_a_server_that_cannot_run_as_it_is_meant_to_runs_as_before(world: World) -> None:
    """QEMU finds no memory of that size on any host."""
    made = world.booted(**WISH)
    held = definition(world, "re")
    answer = world.server(**with_flavor(ram=1 << 30), **AT_ONCE)
    assert answer["failed"]
    assert "runs again with the definition that it had before" in answer["msg"]
    assert definition(world, "re").split() == held.split()
    again = world.booted(**WISH, redefine=True)
    assert (again["changed"], again["pending"], again["status"], again["id"]) == (False, False, "ACTIVE", made["id"])
    world.booted(name="re", state="absent")


def test_what_a_definition_cannot_change_is_refused_by_name(world: World) -> None:
    world.booted(**WISH, state="stopped")
    held = definition(world, "re")
    wish = with_flavor(disk=3, ram=160) | {"user_data": "#!/bin/sh\n", "network": [], "tags": ["x"]}
    answer = world.server(**wish, redefine=True)
    assert {problem["code"] for problem in answer["problems"]} == {"NotBuilt"}
    refused = {problem["field"] for problem in answer["problems"]}
    assert {"flavor.disk", "networks"} <= refused
    assert any(field.startswith("user_data") for field in refused)
    assert not refused & {"flavor.ram", "tags"}
    other = world.server(**WISH, redefine=True, host_options={"libvirt": {"images_type": "raw"}})
    assert {problem["field"] for problem in other["problems"]} == {"volumes"}, other["msg"]
    assert "restart" in world.server(**WISH, restart=True)["msg"]
    assert definition(world, "re") == held
    world.booted(name="re", state="absent")


def test_a_uefi_server_keeps_firmware_and_variables(world: World) -> None:
    """The guest's own variables are in a file that libvirt made when it was first started."""
    properties = {"hw_firmware_type": "uefi", "hw_machine_type": "q35"}
    uefi = {"images": {"tiny": CATALOGUES["images"]["tiny"] | {"properties": properties}}}
    world.booted(**WISH | uefi)
    live = world.host.virsh("dumpxml", "re")
    (nvram,) = world.host.path("/var/lib/libvirt/qemu/nvram").glob("re_*")
    born = (nvram.stat().st_ino, what_stays(definition(world, "re")))
    assert world.booted(**WISH | uefi, **AT_ONCE)["changed"] is False
    changed = world.booted(**with_flavor(extra_specs={"hw:boot_menu": "true"}) | uefi, **AT_ONCE)
    assert (changed["changed"], changed["pending"], changed["status"]) == (True, False, "ACTIVE")
    assert (nvram.stat().st_ino, what_stays(definition(world, "re"))) == born
    again = world.host.virsh("dumpxml", "re")
    for files in ("<loader.*</loader>", "<nvram.*</nvram>", "machine='(.*?)'"):
        assert re.findall(files, again) == re.findall(files, live) != []
    assert "<bootmenu enable='yes'/>" in again
    world.booted(name="re", state="absent")


def test_a_pinned_server_stays_on_its_cpu(world: World) -> None:
    """Though one that a new server would rather take is free."""
    pinned = with_flavor(extra_specs={"hw:cpu_policy": "dedicated"}) | {
        "host_options": {"compute": {"cpu_dedicated_set": "0-1"}}
    }
    more = pinned | with_flavor(extra_specs={"hw:cpu_policy": "dedicated", "hw:boot_menu": "true"})
    world.booted(**pinned | {"name": "first"}, state="stopped")
    world.booted(**pinned, state="stopped")
    had = re.findall("<vcpupin .*>", definition(world, "re"))
    world.booted(name="first", state="absent")
    assert not world.booted(**pinned, redefine=True)["changed"]
    assert set(fields(world.booted(**more, redefine=True))) == {"flavor.extra_specs.hw:boot_menu", "domain.os.bootmenu"}
    assert re.findall("<vcpupin .*>", definition(world, "re")) == had != []
    world.booted(name="re", state="absent")
