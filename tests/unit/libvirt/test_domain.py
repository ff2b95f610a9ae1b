# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Domains, their records and what libvirt's errors become."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import libvirt
import pytest

from ansible_collections.kilonova.compute.plugins.module_utils._errors import HypervisorError
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt import domain as domains
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.connection import open_connection
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.domain_record import set_record_state
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.errors import is_error, symbol, translate_errors
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.hypervisor import hypervisor_facts
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.removal import find_ours, removal_list
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.servers import (
    list_servers,
    parse_domain,
    read_record,
    states_of,
)

VOLUMES = [
    {"role": "disk", "pool": "p", "name": "d", "delete_on_termination": False},
    {"role": "disk.config", "pool": "p", "name": "c", "delete_on_termination": False},
    {"role": "disk.eph0", "pool": "q", "name": "e", "delete_on_termination": True},
]


def test_an_error_tells_number_name_and_what_was_being_done(connection: Any) -> None:
    with pytest.raises(HypervisorError) as caught, translate_errors("find it", "nobody"):
        connection.lookupByName("nobody")
    error = caught.value.to_result()["error"]
    assert error["libvirt"] == {"number": 42, "symbol": "VIR_ERR_NO_DOMAIN"}
    assert error["action"] == "find it"
    assert error["domain"] == "nobody"
    assert error["message"].startswith("could not find it: Domain not found")
    assert is_error(caught.value, "VIR_ERR_NO_NETWORK", "VIR_ERR_NO_DOMAIN")


def test_levels_are_not_taken_for_codes() -> None:
    assert symbol(libvirt.VIR_ERR_INTERNAL_ERROR) == "VIR_ERR_INTERNAL_ERROR"
    assert symbol(libvirt.VIR_ERR_NO_MEMORY) == "VIR_ERR_NO_MEMORY"
    assert symbol(99999) is None
    assert symbol(None) is None


def test_a_connection_that_cannot_be_opened_is_named() -> None:
    with pytest.raises(HypervisorError, match="could not connect to nonsense:///"), open_connection("nonsense:///"):
        pass


def test_without_the_binding_one_sentence_says_how_to_get_it() -> None:
    script = (
        "import sys; sys.modules['libvirt'] = None\n"
        "from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.connection import open_connection\n"
        "try:\n    open_connection('test:///default').__enter__()\n"
        "except Exception as exc:\n    print(type(exc).__name__, exc)\n"
    )
    told = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    assert told.startswith("HypervisorError libvirt's Python binding is missing for ")
    assert "pip install libvirt-python" in told


def test_libvirts_states_are_novas() -> None:
    named = {
        libvirt.VIR_DOMAIN_NOSTATE: "pending",
        libvirt.VIR_DOMAIN_RUNNING: "running",
        libvirt.VIR_DOMAIN_BLOCKED: "running",
        libvirt.VIR_DOMAIN_PAUSED: "paused",
        libvirt.VIR_DOMAIN_SHUTDOWN: "shutdown",
        libvirt.VIR_DOMAIN_SHUTOFF: "shutdown",
        libvirt.VIR_DOMAIN_CRASHED: "crashed",
        libvirt.VIR_DOMAIN_PMSUSPENDED: "suspended",
        99: "pending",
    }
    assert {number: domains.power_state_name(number) for number in named} == named


def test_a_domain_from_definition_to_the_end(connection: Any) -> None:
    made = domains.define(
        connection, "<domain type='test'><name>a</name><memory>1</memory><os><type>hvm</type></os></domain>", "a"
    )
    assert domains.power_state(made) == "shutdown"
    domains.start(made, paused=False)
    domains.start(made)  # somebody was quicker: it is on
    assert domains.is_active(made)
    domains.destroy(made)
    domains.destroy(made)
    assert not domains.is_active(made)
    domains.undefine(made)
    assert domains.find_domain(connection, "a") is None
    assert not domains.is_active(made)


def test_a_transient_domain_is_gone_with_its_power(connection: Any) -> None:
    xml = "<domain type='test'><name>a</name><memory>1</memory><os><type>hvm</type></os></domain>"
    made = connection.createXML(xml, 0)
    assert not domains.is_persistent(made)
    domains.destroy(made)
    domains.destroy(made)
    assert domains.find_domain(connection, "a") is None


def test_a_domain_is_found_by_name_and_by_uuid(connection: Any) -> None:
    known = connection.lookupByName("test")
    found: list[Any] = [domains.find_domain(connection, key) for key in ("test", known.UUIDString())]
    assert [domain.UUIDString() for domain in found] == [known.UUIDString()] * 2
    assert domains.find_domain(connection, "00000000-0000-4000-8000-000000000000") is None
    assert domains.find_domain(connection, "no uuid at all") is None


def test_a_server_is_found_by_name_domain_and_uuid(connection: Any, defined: Callable[..., Any]) -> None:
    made = defined("web-1a2b3c4d", name="web <1>")
    found: list[Any] = [find_ours(connection, key) for key in ("web <1>", "web-1a2b3c4d", made.UUIDString())]
    assert [domain.UUIDString() for domain in found] == [made.UUIDString()] * 3
    assert find_ours(connection, "nobody") is None


def test_what_is_not_ours_is_left_alone(connection: Any) -> None:
    with pytest.raises(HypervisorError, match="the domain test on this host was not made by"):
        find_ours(connection, "test")


def test_a_name_of_two_servers_needs_a_uuid(connection: Any, defined: Callable[..., Any]) -> None:
    made = [defined("one", name="twin"), defined("two", name="twin")]
    with pytest.raises(HypervisorError, match="2 servers on this host are named twin") as caught:
        find_ours(connection, "twin")
    assert all(domain.UUIDString() in caught.value.message for domain in made)


def test_only_what_we_made_and_what_may_go_goes(defined: Callable[..., Any]) -> None:
    assert removal_list(defined("web", volumes=VOLUMES)) == {"domain": "web", "volumes": ["p/c", "q/e"], "kept": ["p/d"]}


def test_the_state_is_written_into_definition_and_live_domain(connection: Any, defined: Callable[..., Any]) -> None:
    made = defined("web", state="building", name='<web> & "co"')
    made.create()
    set_record_state(made, "active")
    for flags in (libvirt.VIR_DOMAIN_XML_INACTIVE, 0):
        assert 'state="active"' in made.XMLDesc(flags).replace("'", '"')
    record = read_record(parse_domain(made))
    assert record is not None
    assert record.state == "active"
    assert record.request["name"] == '<web> & "co"'
    made.destroy()
    set_record_state(made, "deleting")
    record = read_record(parse_domain(made))
    assert record is not None
    assert record.state == "deleting"
    (server,) = list_servers(connection)
    assert server["status"] == "SHUTOFF"


def test_a_record_that_somebody_spoiled_is_empty_and_not_fatal(connection: Any) -> None:
    xml = "<domain type='test'><name>a</name><memory>1</memory><os><type>hvm</type></os><metadata>{}</metadata></domain>"
    spoiled = "<k:server xmlns:k='urn:kilonova:compute:1'><k:request>{</k:request><k:volumes>{}</k:volumes></k:server>"
    record = read_record(parse_domain(connection.defineXML(xml.replace("{}", spoiled, 1))))
    assert record is not None
    assert (record.state, record.request, record.volumes) == ("building", {}, [])


@pytest.mark.parametrize(
    ("state", "power", "status", "vm_state"),
    [
        ("active", "running", "ACTIVE", "active"),
        ("active", "paused", "PAUSED", "paused"),
        ("active", "suspended", "SUSPENDED", "suspended"),
        ("active", "shutdown", "SHUTOFF", "stopped"),
        ("active", "crashed", "ERROR", "error"),
        ("building", "running", "BUILD", "building"),
    ],
)
def test_status_is_novas(state: str, power: str, status: str, vm_state: str) -> None:
    assert states_of(state, power) == {"power_state": power, "vm_state": vm_state, "status": status}


def test_facts_of_a_host(connection: Any, defined: Callable[..., Any]) -> None:
    defined("web", flavor={"name": "tiny"}, metadata={"a": "b"})
    facts = hypervisor_facts(connection)
    assert facts["driver"] == "TEST"
    assert facts["virt_type"]["name"] == "test"
    assert [pool["name"] for pool in facts["pools"]] == ["default-pool"]
    assert [(network["name"], network["active"]) for network in facts["networks"]] == [("default", True)]
    assert [(domain["name"], domain["active"]) for domain in facts["domains"]] == [("test", True), ("web", False)]
    assert facts["usage"]["servers"] == 2
    (server,) = facts["servers"]
    assert (server["name"], server["flavor"], server["metadata"], server["status"]) == ("web", "tiny", {"a": "b"}, "SHUTOFF")
    assert server["request"]["name"] == "web"
    assert server["persistent"] is True
