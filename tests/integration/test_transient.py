# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that are not persistent end with their power, and nothing of them stays behind."""

from __future__ import annotations

import json

import libvirt
import pytest

from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.domain import undefine
from tests.unit.libvirt.gap import Gap

from .world import World, server_task

pytestmark = pytest.mark.lab


def end(world: World, name: str) -> None:
    """The guest's power goes, as when it powers itself off: libvirt forgets the domain."""
    with world.connected() as connection:
        connection.lookupByName(name).destroy()
        assert name not in [domain.name() for domain in connection.listAllDomains()]


def test_it_runs_is_transient_and_goes(world: World) -> None:
    before = world.holdings()
    boot = server_task(name="brief", state="paused", persistent=False)
    first, second = world.play(boot, boot).results
    assert first["changed"]
    assert not second["changed"]
    assert second["servers"][0]["drift"] == []
    with world.connected() as connection:
        domain = connection.lookupByName("brief")
        assert domain.UUIDString() == first["servers"][0]["id"]
        assert domain.isActive()
        assert not domain.isPersistent()
    assert world.booted(name="brief", state="running", persistent=False)["power_state"] == "running"
    refused = world.server(name="brief", state="stopped", persistent=False)
    assert [problem["field"] for problem in refused["problems"]] == ["state"]
    assert world.server(state="absent", name="brief")["changed"]
    assert not world.server(state="absent", name="brief")["changed"]
    assert world.holdings() == before


def test_a_definition_that_another_run_has_taken_away_is_gone(world: World) -> None:
    world.booted(name="brief", state="paused")
    with world.connected() as connection:
        domain = connection.lookupByName("brief")
        meanwhile = Gap(domain, before={"undefineFlags": domain.undefine})
        undefine(meanwhile)
        assert (meanwhile.happened, domain.isPersistent()) == (True, 0)
    world.booted(name="brief", state="absent")


def test_what_an_ended_server_left_is_removed_by_name_and_by_uuid(world: World) -> None:
    before = world.holdings()
    for key in ("name", "id"):
        server = world.booted(name="brief", state="paused", persistent=False)
        end(world, "brief")
        predicted = world.server(check=True, state="absent", name=server[key])
        gone = world.server(state="absent", name=server[key])
        assert predicted["changed"]
        assert gone["changed"]
        assert predicted["servers"][0]["removed"] == gone["servers"][0]["removed"]
        assert len(gone["servers"][0]["removed"]["volumes"]) == 3
        assert world.holdings() == before
        assert not world.server(state="absent", name=server[key])["changed"]


def test_booting_again_replaces_an_ended_server(world: World) -> None:
    before = world.holdings()
    old = world.booted(name="brief", state="paused", persistent=False)
    held = world.holdings()
    end(world, "brief")
    new = world.booted(name="brief", state="paused", persistent=False)
    assert new["changed"]
    assert new["id"] != old["id"]
    after = world.holdings()
    assert len(after["volumes"]) == len(held["volumes"])
    assert not [name for name in after["volumes"] if old["id"] in name]
    world.server(state="absent", name="brief")
    assert world.holdings() == before


def test_another_hosts_servers_in_a_shared_pool_are_left_alone(world: World) -> None:
    """The record says whose it is. A pool on shared storage shows all hosts all records."""
    server = world.booted(name="brief", state="paused", persistent=False)
    end(world, "brief")
    record = world.volume_file(server, "disk").with_name(f"{server['id']}_server.json")
    told = json.loads(record.read_text())
    assert told["host"] == world.host.uuid
    record.write_text(json.dumps(told | {"host": "00000000-0000-4000-8000-00000000beef"}))
    held = world.holdings()["volumes"]
    assert not world.server(state="absent", name="brief")["changed"]
    assert world.booted(name="brief", state="paused")["id"] != server["id"]
    world.server(state="absent", name="brief")
    assert world.holdings()["volumes"] == held
    record.write_text(json.dumps(told))
    assert world.server(state="absent", name="brief")["changed"]


def test_a_foreign_file_that_looks_like_a_record_is_left_alone(world: World) -> None:
    before = world.holdings()
    record = {"schema": 1, "host": world.host.uuid, "uuid": "another", "name": "brief", "domain": "brief", "volumes": []}
    for name, text in (("no-json_server.json", "{"), ("x_server.json", json.dumps(record)), ("y_server.json", "[]")):
        pool_file(world, name, text)
    held = world.holdings()["volumes"]
    assert not world.server(state="absent", name="brief")["changed"]
    assert world.holdings()["volumes"] == held
    for name in ("no-json_server.json", "x_server.json", "y_server.json"):
        world.host.path("/var/lib/libvirt/images", name).unlink()
    assert world.holdings() == before


def pool_file(world: World, name: str, text: str) -> None:
    world.host.path("/var/lib/libvirt/images", name).write_text(text)


def test_a_killed_hosts_servers_are_found_again(world: World) -> None:
    """A host that loses power keeps the files and forgets the domain."""
    before = world.holdings()
    world.booted(name="brief", state="paused", persistent=False)
    world.host.crash()
    world.host.start()
    with world.connected() as connection, pytest.raises(libvirt.libvirtError, match="Domain not found"):
        connection.lookupByName("brief")
    gone = world.server(state="absent", name="brief")
    assert gone["changed"]
    assert world.holdings() == before
