# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module domain over libvirt's test driver: any domain, from its XML."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.module_utils._errors import HypervisorError
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.domain_task import DomainTask
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.wait import lifecycle_events

XML = """<domain type='test'><name>one</name><memory unit='MiB'>64</memory><os><type>hvm</type></os>
<devices><interface type='network'><source network='default'/></interface>
<graphics type='vnc' passwd='hush'/></devices></domain>"""
LARGER = XML.replace(">64<", ">128<")

Task = Callable[..., DomainTask]


@pytest.fixture
def task(connection: Any) -> Iterator[Task]:
    with lifecycle_events(connection) as events:

        def make(*, check: bool = False, **params: Any) -> DomainTask:
            given = {"state": "present", "persistent": True, "start_flags": [], "wait": True, "wait_timeout": 10} | params
            return DomainTask(connection, events, given, check_mode=check)

        yield make


def test_a_domain_is_defined_once(task: Task, connection: Any) -> None:
    predicted = task(check=True).ensure(XML)
    assert predicted["changed"]
    assert "one" not in [domain.name() for domain in connection.listAllDomains()]
    made = task().ensure(XML)
    assert (made["changed"], made["changes"], made["pending"]) == (True, [], False)
    assert made["diff"] == {"before": {"power_state": None}, "after": {"power_state": "shutdown"}}
    again = task().ensure(XML)
    assert not again["changed"]
    assert again["uuid"] == made["uuid"]


def test_a_redefined_domain_keeps_what_it_is_and_tells_what_changes(task: Task, connection: Any) -> None:
    made = task().ensure(XML)
    domain = connection.lookupByName("one")
    mac = domain.XMLDesc(0).partition("mac address='")[2][:17]
    predicted = task(check=True).ensure(LARGER)
    assert task().ensure(XML)["changed"] is False  # a prediction changes nothing
    changed = task().ensure(LARGER)
    assert predicted["changes"] == changed["changes"]
    expected = [{"field": name, "before": "65536", "after": "131072"} for name in ("memory", "currentMemory")]
    assert changed["changes"] == expected
    assert changed["diff"]["after"] == {"memory": "131072", "currentMemory": "131072"}
    assert changed["uuid"] == made["uuid"]
    assert mac in domain.XMLDesc(0)
    assert "hush" in domain.XMLDesc(1)
    assert not task().ensure(LARGER)["changed"]


def test_no_secret_is_told(task: Task) -> None:
    task().ensure(XML)
    changed = task().ensure(XML.replace("hush", "other"))
    assert [change["field"] for change in changed["changes"]] == ["devices.graphics[vnc].passwd"]
    assert "other" not in str(changed)
    assert "hush" not in str(changed)


def test_a_running_domain_changes_at_its_next_start(task: Task, connection: Any) -> None:
    task(state="running").ensure(XML)
    predicted = task(check=True).ensure(LARGER)
    changed = task().ensure(LARGER)
    assert predicted["pending"]
    assert changed["pending"]
    assert connection.lookupByName("one").info()[1] == 65536
    stopped = task(state="stopped").ensure(LARGER)
    assert (stopped["changed"], stopped["pending"], stopped["changes"]) == (True, False, [])
    task(state="running").ensure(LARGER)
    assert connection.lookupByName("one").info()[1] == 131072


def test_a_uuid_is_not_changed_and_not_taken(task: Task) -> None:
    made = task().ensure(XML)
    stranger = "6695eb01-f6a4-8304-79aa-97f2502e193f"
    for check in (True, False):
        with pytest.raises(HypervisorError, match="keeps its uuid"):
            task(check=check).ensure(XML.replace("<memory", f"<uuid>{stranger}</uuid><memory"))
        with pytest.raises(HypervisorError, match="would not rename it"):
            task(check=check).ensure(XML.replace("<name>one", f"<uuid>{made['uuid']}</uuid><name>two"))
    assert not task().ensure(XML)["changed"]


def test_a_domain_without_a_definition_gets_one(task: Task, connection: Any) -> None:
    task(persistent=False).ensure(XML)
    assert not connection.lookupByName("one").isPersistent()
    assert not task(persistent=False).ensure(XML)["changed"]
    for check in (True, False):
        with pytest.raises(HypervisorError, match="cannot be changed"):
            task(persistent=False, check=check).ensure(LARGER)
    kept = task().ensure(XML)
    assert kept["changes"] == [{"field": "persistent", "before": False, "after": True}]
    assert connection.lookupByName("one").isPersistent()
    assert not task().ensure(XML)["changed"]


def test_a_document_type_is_refused(task: Task) -> None:
    with pytest.raises(HypervisorError, match="document type"):
        task().ensure('<!DOCTYPE domain [<!ENTITY a "b">]>' + XML)
    with pytest.raises(HypervisorError, match="no <domain>"):
        task().ensure("<domain/>")
    with pytest.raises(HypervisorError, match="cannot be read"):
        task().ensure("<domain>")
