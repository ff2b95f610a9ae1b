# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is decided for each server before a host is touched."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import Problems
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import Server
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.contract import read_requests
from ansible_collections.kilonova.compute.plugins.plugin_utils._plan import results
from ansible_collections.kilonova.compute.plugins.plugin_utils._plan.base_image import find_base
from ansible_collections.kilonova.compute.plugins.plugin_utils._plan.drift import drift
from ansible_collections.kilonova.compute.plugins.plugin_utils._plan.planning import (
    Intent,
    Minting,
    Planned,
    extra_servers,
    match,
    requests_of,
)

FORMS = ("api_request", "nova_boot", "ec2_request")
WORLD: dict[str, Any] = {"flavors": {"tiny": {"vcpus": 1, "ram": 128, "disk": 1}}, "images": {"tiny": {"src": "tiny.qcow2"}}}


def servers(*wishes: Mapping[str, Any]) -> list[Server]:
    full = [{"flavor": "tiny", "image": "tiny"} | dict(wish) for wish in wishes]
    found = read_requests(WORLD | {"servers": full} | dict.fromkeys(FORMS))
    return [request.server for request in found.planned]


def existing(server: Server, **changes: Any) -> dict[str, Any]:
    """What the host says of a server that was built from that request."""
    return {
        "name": server["name"],
        "id": f"uuid-of-{server['name']}",
        "domain": server["name"],
        "state": "active",
        "power_state": "running",
        "status": "ACTIVE",
        "persistent": True,
        "request": server,
        "volumes": [],
    } | changes


def facts(*found: dict[str, Any], foreign: tuple[str, ...] = ()) -> Any:
    domains = [{"name": name} for name in [*(entry["domain"] for entry in found), *foreign]]
    return {"hostname": "one", "servers": list(found), "domains": domains}


def intent(state: str = "present", *, persistent: bool = True, redefine: bool = False) -> Intent:
    return Intent(state, persistent, True, 60, None, redefine=redefine)


def minting() -> Minting:
    numbers = itertools.count(1)
    return Minting(lambda: f"new-{next(numbers)}", datetime(2026, 1, 2, tzinfo=UTC), lambda size: bytes(size))


def decide(wanted: list[Server], host: Any, meant: Intent) -> tuple[list[Planned], list[dict[str, Any]]]:
    problems = Problems()
    planned = match([(server, meant) for server in wanted], host, minting(), problems)
    return planned, [dict(problem.to_dict()) for problem in problems]


def test_what_is_not_there_is_created() -> None:
    planned, problems = decide(servers({"name": "a"}, {"name": "b"}), facts(), intent())
    assert [(item.action, item.uuid) for item in planned] == [("create", "new-1"), ("create", "new-2")]
    assert problems == []


def test_a_killed_run_is_finished_under_its_own_uuid() -> None:
    (server,) = servers({"name": "a"})
    (item,), _problems = decide([server], facts(existing(server, state="building")), intent("running"))
    assert (item.action, item.uuid, item.replaces) == ("create", "uuid-of-a", None)


def test_only_on_request_is_a_server_defined_anew() -> None:
    (server,) = servers({"name": "a"})
    (other,) = servers({"name": "a", "tags": ["x"]})
    (item,), _problems = decide([other], facts(existing(server)), intent("running"))
    assert item.action is None
    (item,), problems = decide([other], facts(existing(server)), intent("running", redefine=True))
    assert (item.action, item.uuid, problems) == ("redefine", "uuid-of-a", [])
    (item,), _problems = decide([other], facts(existing(server, state="building")), intent(redefine=True))
    assert item.action == "create"
    (item,), problems = decide([other], facts(existing(server, persistent=False)), intent(redefine=True))
    assert [problem["field"] for problem in problems] == ["persistent"]
    (item,), problems = decide([other], facts(existing(server, persistent=False)), intent(redefine=True, persistent=False))
    assert [problem["field"] for problem in problems] == ["redefine"]


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"metadata": {"a": "b"}, "description": "it", "tags": ["x"]}, []),
        ({"network": []}, ["networks"]),
        ({"user_data": "#!/bin/sh", "hostname": "b"}, ["hostname", "user_data"]),
        ({"availability_zone": "other"}, ["availability_zone"]),
    ],
)
def test_what_is_more_than_a_definition_is_refused_by_name(change: dict[str, Any], refused: list[str]) -> None:
    (server,) = servers({"name": "a"})
    (other,) = servers({"name": "a"} | change)
    _planned, problems = decide([other], facts(existing(server)), intent(redefine=True))
    assert [problem["field"] for problem in problems] == refused
    assert {problem["code"] for problem in problems} <= {"NotBuilt"}


def test_a_half_deleted_server_is_replaced() -> None:
    (server,) = servers({"name": "a"})
    (item,), _problems = decide([server], facts(existing(server, state="deleting")), intent("running"))
    assert (item.action, item.uuid, item.replaces) == ("create", "new-1", "uuid-of-a")


@pytest.mark.parametrize(
    ("state", "power", "action"),
    [
        ("present", "shutdown", None),
        ("running", "running", None),
        ("running", "shutdown", "power"),
        ("running", "paused", "power"),
        ("running", "crashed", "power"),
        ("paused", "paused", None),
        ("paused", "running", "power"),
        ("stopped", "shutdown", None),
        ("stopped", "running", "power"),
    ],
)
def test_power_is_changed_only_where_it_differs(state: str, power: str, action: str | None) -> None:
    (server,) = servers({"name": "a"})
    (item,), problems = decide([server], facts(existing(server, power_state=power)), intent(state))
    assert item.action == action
    assert problems == []


def test_a_foreign_domain_of_the_name_is_refused() -> None:
    _planned, problems = decide(servers({"name": "a"}), facts(foreign=("a",)), intent())
    assert [(p["code"], p["field"], p["given"]) for p in problems] == [("InstanceExists", "name", "a")]


def test_two_servers_of_one_name_are_refused() -> None:
    (server,) = servers({"name": "a"})
    host = facts(existing(server, id="1", domain="x"), existing(server, id="2", domain="y"))
    _planned, problems = decide([server], host, intent())
    assert "(1, 2)" in problems[0]["message"]


@pytest.mark.parametrize(
    ("persistent", "found"),
    [(False, None), (False, {"persistent": True}), (True, {"persistent": False})],
    ids=["new", "wanted", "existing"],
)
def test_a_transient_server_cannot_be_stopped(persistent: bool, found: dict[str, Any] | None) -> None:
    (server,) = servers({"name": "a"})
    host = facts() if found is None else facts(existing(server, **found))
    _planned, problems = decide([server], host, intent("stopped", persistent=persistent))
    assert [(p["field"], p["given"]) for p in problems] == [("state", "stopped")]


def test_persistence_is_drift_too() -> None:
    (server,) = servers({"name": "a"})
    (item,), _problems = decide([server], facts(existing(server, persistent=False)), intent("running"))
    assert item.drift == [{"field": "persistent", "current": False, "wanted": True}]
    assert item.action is None


def test_drift_names_each_field_once() -> None:
    (now,) = servers({"name": "a", "metadata": {"x": "1", "y": "1"}})
    (wanted,) = servers({"name": "a", "metadata": {"x": "2"}, "tags": ["t"]})
    assert drift(now, wanted) == [
        {"field": "metadata.x", "current": "1", "wanted": "2"},
        {"field": "metadata.y", "current": "1", "wanted": None},
        {"field": "tags", "current": [], "wanted": ["t"]},
    ]
    assert drift(now, now) == []


def test_what_an_older_record_does_not_know_is_no_drift() -> None:
    (server,) = servers({"name": "a"})
    older = {key: value for key, value in server.items() if key != "tags"}
    assert drift(older, server) == []


def test_a_smaller_count_reports_the_rest() -> None:
    many = servers({"name": "a", "min_count": 3, "max_count": 3})
    fewer = servers({"name": "a", "min_count": 2, "max_count": 2})
    host = facts(*(existing(server) for server in many), existing(servers({"name": "a-9"})[0]))
    assert extra_servers(fewer, host) == ["a-3"]
    assert extra_servers(many, host) == []


def test_what_is_there_counts_for_the_minimum() -> None:
    wanted = servers({"name": "a", "min_count": 2, "max_count": 3})
    planned, _problems = decide(wanted, facts(existing(wanted[0])), intent())
    assert requests_of(planned) == [{"index": 0, "min_count": 2, "existing": 1}]


@pytest.mark.parametrize(("failures", "failed"), [(0, False), (1, False), (2, True)])
def test_the_task_fails_below_the_minimum(failures: int, failed: bool) -> None:
    wanted = servers({"name": "a", "min_count": 2, "max_count": 3})
    planned, _problems = decide(wanted, facts(), intent())
    answers = [
        {"name": item.server["name"], "message": "no", "error": {"message": "no"} if number < failures else {}}
        for number, item in enumerate(planned)
    ]
    verdict = results.verdict(planned, answers)
    assert verdict.get("failed", False) == failed
    told = verdict.get("msg", "") if failed else " ".join(verdict.get("warnings", []))
    assert all(f"a-{number + 1}: no" in told for number in range(failures))


def test_check_mode_promises_nothing_that_is_minted() -> None:
    planned, _problems = decide(servers({"name": "a"}, {"name": "b ö"}), facts(), intent("paused"))
    for item, domain in zip(planned, ("a", "b-new1"), strict=True):
        item.entry = {"domain": domain}
    told = [results.predicted(item, "one") for item in planned]
    assert [(entry["id"], entry["domain"], entry["status"]) for entry in told] == [
        (None, "a", "PAUSED"),
        (None, None, "PAUSED"),
    ]


def test_a_base_image_is_found_by_content_or_else_by_name() -> None:
    bases = [
        {"pool": "p", "name": "tiny", "sha256": "2" * 64},
        {"pool": "p", "name": "tiny", "sha256": "1" * 64},
        {"pool": "q", "name": "tiny", "sha256": "3" * 64},
    ]

    def found(checksum: str | None, pool: str = "p") -> Any:
        image: Any = {"name": "tiny", "id": "x", "checksum": checksum}
        return (find_base(image, bases, pool) or {}).get("sha256", "")[:1]

    assert [found(None), found("sha256:" + "1" * 64), found("sha256:" + "9" * 64), found(None, "r")] == ["2", "1", "", ""]
