# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes that come and go while a server is there."""

from __future__ import annotations

import time
from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.module_utils._errors import KilonovaError
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.attachment import Attachments
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.host_options import check_host_options
from ansible_collections.kilonova.compute.plugins.plugin_utils._plan.attach import attach_target

from .test_volumes import known, remove, volume
from .world import GIB, PATIENCE_S, READY, World

pytestmark = pytest.mark.lab

WATCH = """#!/bin/sh
(while ! [ -e /dev/vdb ]; do sleep 0.1; done; echo "PLUGGED $(cat /sys/block/vdb/size)" > /dev/console
while [ -e /dev/vdb ]; do sleep 0.1; done; echo "UNPLUGGED" > /dev/console) &
"""


def act(world: World, action: str, name: str, server: str = "web", **options: Any) -> bool:
    given = {key: options.pop(key) for key in ("check_mode", "attempts", "timeout_s") if key in options}
    with world.connected() as connection:
        attachments = Attachments(connection, server, **given)
        if action == "detach":
            return attachments.detach(name)
        host_options = check_host_options(options.pop("host_options", None)).value
        return attachments.attach(name, attach_target(attachments.facts(), host_options), **options)


def wait_for_console(world: World, server: dict[str, Any], text: bytes) -> None:
    end = time.monotonic() + PATIENCE_S
    while text not in world.console(server):
        assert time.monotonic() < end, world.console(server)[-500:]
        time.sleep(0.1)


def test_a_running_guest_gets_a_volume_and_gives_it_up(world: World) -> None:
    before = world.holdings()
    volume(world, "data", size=1)
    server = world.booted(name="web", user_data=WATCH, wait_for="console", console_pattern=READY)
    act_on = {"name": "web", "volume": "data"}
    tasks = [{"kilonova.compute.server_action": act_on | {"action": action}} for action in ("attach_volume", "attach_volume")]
    played = world.play(*tasks)
    assert played.code == 0, played.output
    assert [result["changed"] for result in played.results] == [True, False]
    wait_for_console(world, server, b"PLUGGED %d" % (GIB // 512))
    assert [(use["server"], use["device"], use["active"]) for use in known(world)[0]["attachments"]] == [("web", "vdb", True)]
    played = world.play(*({"kilonova.compute.server_action": act_on | {"action": "detach_volume"}} for _ in range(2)))
    assert played.code == 0, played.output
    assert [result["changed"] for result in played.results] == [True, False]
    wait_for_console(world, server, b"UNPLUGGED")
    assert known(world)[0]["status"] == "available"
    world.server(name="web", state="absent")
    remove(world, "data")
    assert world.holdings() == before


def test_a_stopped_server_keeps_what_it_is_given(world: World) -> None:
    before = world.holdings()
    volume(world, "data", size=2)
    volume(world, "spare", size=1)
    world.booted(name="web", state="stopped")
    assert act(world, "attach", "data", check_mode=True)
    assert known(world)[0]["status"] == "available"
    assert act(world, "attach", "data", delete_on_termination=True)
    assert act(world, "attach", "spare")
    world.booted(name="second", state="stopped")
    with pytest.raises(KilonovaError, match=r"the volume data is in use by web \(vdb\)"):
        act(world, "attach", "data", server="second")
    server = world.booted(name="web", state="running")
    wait_for_console(world, server, READY.encode())
    guest = world.guest(server)
    assert (guest.disk("vdb")["bytes"], guest.disk("vdc")["bytes"]) == (2 * GIB, GIB)
    gone = world.server(name="web", state="absent")["servers"][0]["removed"]
    assert "default/volume.data.raw" in gone["volumes"]
    assert gone["kept"] == ["default/volume.spare.raw"]
    world.server(name="second", state="absent")
    remove(world, "spare")
    assert world.holdings() == before


def test_a_guest_that_does_not_let_go_keeps_its_disk(world: World) -> None:
    """A paused guest answers nothing: the error says so, and the disk stays in both definitions."""
    volume(world, "data", size=1)
    world.booted(name="web", state="paused")
    assert act(world, "attach", "data")
    with pytest.raises(KilonovaError, match=r"the disk vdb of web is busy, its guest did not give it up in 2 times 0\.2 s"):
        act(world, "detach", "data", attempts=2, timeout_s=0.2)
    with world.connected() as connection:
        domain = connection.lookupByName("web")
        assert all("volume.data.raw" in domain.XMLDesc(flags) for flags in (0, 2))
    world.server(name="web", state="absent")
    remove(world, "data")


def test_the_root_volume_is_not_detached(world: World) -> None:
    volume(world, "root", source_image="tiny")
    root = {"source_type": "volume", "destination_type": "volume", "boot_index": 0, "uuid": "root"}
    world.booted(name="web", image=None, block_device_mapping=[root], state="stopped")
    with pytest.raises(KilonovaError, match="is the root disk of web: it is not detached"):
        act(world, "detach", "root")
    world.server(name="web", state="absent")
    remove(world, "root")


def test_bus_name_and_limit_are_novas(world: World) -> None:
    """The image's bus decides, four disks fit on IDE, and ``max_disk_devices_to_attach`` holds; a name is Nova's to choose."""
    before = world.holdings()
    images = {"tiny": {"src": "tiny.qcow2", "properties": {"hw_disk_bus": "scsi"}}}
    world.booted(name="web", images=images, state="stopped")
    volume(world, "data", size=1)
    volume(world, "more", size=1)
    action: dict[str, Any] = {"name": "web", "action": "attach_volume", "volume": "data"}
    limit = {"host_options": {"compute": {"max_disk_devices_to_attach": 2}}}
    played = world.play(
        {"kilonova.compute.server_action": action | {"device": "vdz"}},
        {"kilonova.compute.server_action": action | {"device": "/dev/vdz"}, "check_mode": True},
        {"kilonova.compute.server_action": action | {"device": "/dev/vdz"} | limit},
        {"kilonova.compute.server_action": action | {"volume": "more"} | limit},
    )
    assert played.statuses == ["failed", "ok", "ok", "failed"]
    assert [problem["field"] for problem in played.results[0]["problems"]] == ["device"]
    assert [entry["field"] for entry in played.results[2]["no_effect"]] == ["device"]
    assert [result["changed"] for result in played.results] == [False, True, True, False]
    assert [problem["code"] for problem in played.results[3]["problems"]] == ["TooManyDiskDevices"]
    assert [use["device"] for use in volume(world, "data")["volume"]["attachments"]] == ["sdb"]
    world.server(name="web", state="absent")
    remove(world, "data", "more")
    assert world.holdings() == before
