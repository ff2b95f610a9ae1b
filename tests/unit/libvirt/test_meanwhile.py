# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Domains end, start and vanish, pools and networks go, between two calls of ours: what was to be done is done all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.module_utils._errors import HypervisorError
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt import folder, storage
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.domain_record import (
    change_record_volumes,
    set_record_state,
)
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.domain_task import DomainTask
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.folder import folder_pool
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.hypervisor import hypervisor_facts
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.image_removal import read_images
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.power import change_power
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.removal import find_ours, remove_server
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.servers import parse_domain, read_record
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.spawn import spawn
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.volume_task import read_volumes
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.wait import LifecycleEvents, lifecycle_events

from .gap import Gap

DISK = {"role": "disk", "pool": "default-pool", "name": "d", "delete_on_termination": True}


@pytest.fixture
def events(connection: Any) -> Iterator[LifecycleEvents]:
    with lifecycle_events(connection) as registered:
        yield registered


@pytest.fixture
def disk(connection: Any) -> Any:
    """The pool that has the disk of a server."""
    pool = storage.open_pool(connection, "default-pool")
    storage.create_volume(pool, {"name": "d", "capacity": 1, "format": "raw"})
    return pool


def running(defined: Callable[..., Any], **options: Any) -> Any:
    made = defined("web", **options)
    made.create()
    return made


def state_of(domain: Any, flags: int = 0) -> str:
    return str(domain.XMLDesc(flags).replace("'", '"').partition('state="')[2].partition('"')[0])


def test_the_state_is_written_though_the_domain_ends(defined: Callable[..., Any]) -> None:
    made = running(defined, state="building")
    ending = Gap(made, before={"setMetadata": made.destroy})
    set_record_state(ending, "deleting")
    assert ending.happened
    assert state_of(made) == "deleting"


def test_the_state_is_written_though_the_domain_is_started(defined: Callable[..., Any]) -> None:
    """In its definition alone it would not be seen before the next start."""
    made = defined("web", state="building")
    starting = Gap(made, before={"setMetadata": made.create})
    set_record_state(starting, "active")
    assert starting.happened
    assert state_of(made) == "active"


def test_the_state_is_written_though_the_definition_goes(defined: Callable[..., Any]) -> None:
    made = running(defined, state="building")
    losing = Gap(made, before={"setMetadata": made.undefine})
    set_record_state(losing, "active")
    assert (losing.happened, made.isPersistent(), state_of(made)) == (True, 0, "active")


def test_a_volume_is_added_to_those_that_another_run_has_noted(defined: Callable[..., Any]) -> None:
    made = running(defined, volumes=[DISK])
    change_record_volumes(made, lambda noted: [*noted, {"name": "theirs"}])
    change_record_volumes(made, lambda noted: [*noted, {"name": "ours"}])
    record = read_record(parse_domain(made))
    assert record is not None
    assert [volume["name"] for volume in record.volumes] == ["d", "theirs", "ours"]


def goes(domain: Any) -> Callable[[], None]:
    """Somebody else takes it away."""

    def go() -> None:
        if domain.isActive():
            domain.destroy()
        if domain.isPersistent():
            domain.undefine()

    return go


@pytest.mark.parametrize("call", ["isPersistent", "setMetadata", "destroy", "undefineFlags"])
def test_a_server_loses_its_disk_whoever_takes_the_domain_away(
    connection: Any, defined: Callable[..., Any], disk: Any, call: str
) -> None:
    made = running(defined, volumes=[DISK])
    vanishing = Gap(made, before={call: goes(made)})
    assert remove_server(connection, vanishing)
    assert vanishing.happened
    assert storage.volume_names(disk) == []


def test_a_server_that_is_started_while_it_is_deleted_is_gone_all_the_same(
    connection: Any, defined: Callable[..., Any]
) -> None:
    made = running(defined)
    started = Gap(made, before={"undefineFlags": made.create})
    remove_server(connection, started)
    assert started.happened
    assert connection.numOfDomains() == 1  # the driver's own


def test_deleting_a_server_that_goes_meanwhile_is_no_error(connection: Any, defined: Callable[..., Any]) -> None:
    made = running(defined)
    look = Gap(connection, after={"lookupByName": goes(made)})
    entry = {"action": "delete", "name": "web"}
    [result] = spawn(look, {"servers": [entry], "concurrency": 1})
    assert look.happened
    assert ("error" in result, result["changed"]) == (False, False)
    made = running(defined)
    assert find_ours(Gap(connection, after={"lookupByName": goes(made)}), "web") is None


@pytest.mark.parametrize(
    ("now", "wanted", "call", "other"),
    [
        ("paused", "running", "resume", "destroy"),
        ("running", "paused", "suspend", "destroy"),
        ("stopped", "running", "createWithFlags", "create"),
        ("running", "stopped", "shutdown", "destroy"),
    ],
)
def test_power_is_brought_about_whatever_happens_meanwhile(
    defined: Callable[..., Any], events: LifecycleEvents, now: str, wanted: str, call: str, other: str
) -> None:
    made = defined("web")
    if now != "stopped":
        made.create()
    if now == "paused":
        made.suspend()
    meanwhile = Gap(made, before={call: getattr(made, other)})
    try:
        change_power(meanwhile, events, wanted=wanted, timeout_s=60, wait=False)
    except HypervisorError as exc:
        # The test driver cannot start a domain paused: that this was tried is what counts.
        assert (wanted, exc.action) == ("paused", "start the domain web")  # noqa: PT017
        return
    assert meanwhile.happened
    assert made.state()[0] == {"running": 1, "stopped": 5}[wanted]


def test_a_domain_that_goes_while_it_is_removed_is_no_error(connection: Any, defined: Callable[..., Any]) -> None:
    made = running(defined)
    params = {"state": "absent", "persistent": True, "start_flags": [], "wait": True, "wait_timeout": 10}
    for call in ("isPersistent", "state"):
        look = Gap(connection)
        vanishing = Gap(made, before={call: goes(made)})
        look.lookupByName = lambda _name, found=vanishing: found
        removed = DomainTask(look, LifecycleEvents(), params, check_mode=False).remove("web")
        assert vanishing.happened
        assert removed["power_state"] is None
        made = running(defined)


def test_facts_are_told_though_things_go_while_they_are_listed(connection: Any, defined: Callable[..., Any]) -> None:
    def stop() -> None:
        connection.storagePoolLookupByName("default-pool").destroy()

    def lose_pool() -> None:
        pool = connection.storagePoolLookupByName("default-pool")
        pool.undefine()

    def lose_network() -> None:
        network = connection.networkLookupByName("default")
        network.destroy()
        network.undefine()

    made = running(defined)
    stopping = Gap(connection, after={"listAllNetworks": lose_network, "listAllDomains": goes(made)})
    facts = hypervisor_facts(stopping)
    assert stopping.happened
    assert (facts["networks"], facts["servers"]) == ([], [])
    pool = Gap(connection, after={"listAllStoragePools": stop})
    assert read_images(pool, {}) == []
    assert pool.happened
    pool = Gap(connection, after={"listAllStoragePools": lose_pool})
    assert hypervisor_facts(pool)["pools"] == []
    assert read_volumes(connection, {}) == []


def test_facts_are_told_though_a_pool_stops_after_it_was_listed(connection: Any) -> None:
    """Its images and volumes are read later."""
    stop = connection.storagePoolLookupByName("default-pool").destroy
    pool = Gap(connection, before={"storagePoolLookupByName": stop})
    facts = hypervisor_facts(pool)
    assert pool.happened
    assert (facts["images"], facts["volumes"]) == ([], [])


def test_a_folder_is_looked_at_though_another_run_closes_it(connection: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "_one_at_a_time", nullcontext())  # which holds for one process only
    with folder_pool(connection, "/srv/x") as theirs:
        look = Gap(connection, before={"storagePoolLookupByName": theirs.destroy})
        with folder_pool(look, "/srv/x") as ours:
            assert ours.isActive()
    assert look.happened
