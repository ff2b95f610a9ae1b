# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From wishes and facts to a build plan: what the host half has to do, and what is there already.

Pure: uuids, clock and randomness come in through ``Minting``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import Problems
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import Server
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.hypervisor_facts import Hypervisor

from .drift import drift
from .redefinable import check_redefinable

# What each state wants of a server's power; None leaves it alone. A new server is always started, but for `stopped`.
_POWER = {"present": None, "running": "running", "paused": "paused", "stopped": "stopped"}


@dataclass(frozen=True)
class Minting:
    """The only sources of what is new each time."""

    uuid: Callable[[], str]
    clock: datetime
    random: Callable[[int], bytes]


@dataclass(frozen=True)
class Intent:
    """What the task wants of its servers, beside the servers themselves."""

    state: str
    persistent: bool
    wait: bool
    timeout: int
    console_pattern: str | None
    redefine: bool = False
    restart: bool = False

    @property
    def power(self) -> str | None:
        return _POWER[self.state]


@dataclass
class Planned:
    """One server: what the host half is to do with it (None: nothing), and what the host says of it now."""

    server: Server
    intent: Intent
    action: str | None
    uuid: str
    existing: Mapping[str, Any] | None = None
    replaces: str | None = None
    drift: list[dict[str, Any]] = field(default_factory=list)
    entry: dict[str, Any] | None = None


def match(wanted: Sequence[tuple[Server, Intent]], facts: Hypervisor, minting: Minting, problems: Problems) -> list[Planned]:
    """Decides for each server whether it is to be built, finished, powered or left alone."""
    by_name: dict[str, list[Mapping[str, Any]]] = {}
    for existing in facts["servers"]:
        by_name.setdefault(existing["name"], []).append(existing)
    foreign = {domain["name"] for domain in facts["domains"]} - {known["domain"] for known in facts["servers"]}
    planned = []
    for server, intent in wanted:
        found = by_name.get(server["name"], [])
        if len(found) > 1:
            _ambiguous(server, found, problems)
        if server["name"] in foreign and not found:
            _occupied(server, facts, problems)
        _check_stopped(server, found[0] if found else None, intent, problems)
        item = _decide(server, found[0] if found else None, intent, minting)
        if item.action == "redefine":
            check_redefinable(item.server, item.existing or {}, item.drift, problems)
        planned.append(item)
    return planned


def _ambiguous(server: Server, found: Sequence[Mapping[str, Any]], problems: Problems) -> None:
    ids = sorted(existing["id"] for existing in found)
    problems.add(
        "InstanceExists", "REQ-82", "name", server["name"], "a name that one server carries",
        f"{len(found)} servers of this host are named {server['name']} ({', '.join(ids)})",
    )  # fmt: skip


def _occupied(server: Server, facts: Hypervisor, problems: Problems) -> None:
    problems.add(
        "InstanceExists", "NAM-14", "name", server["name"], "a name that no other domain of the host carries",
        f"the host {facts['hostname']} has a domain {server['name']} that was not made by kilonova.compute",
    )  # fmt: skip


def _check_stopped(server: Server, existing: Mapping[str, Any] | None, intent: Intent, problems: Problems) -> None:
    """A server that is not persistent is gone with its power: there is nothing that could stay stopped."""
    ends = existing is not None and existing["state"] == "active" and not existing["persistent"]
    if intent.power == "stopped" and (ends or not intent.persistent):
        message = f"{server['name']} is not persistent and ends with its power: use state absent"
        problems.add("Invalid", "SPW-08", "state", "stopped", ["present", "running", "paused", "absent"], message)


def _decide(server: Server, existing: Mapping[str, Any] | None, intent: Intent, minting: Minting) -> Planned:
    if existing is None:
        return Planned(server, intent, "create", minting.uuid())
    if existing["state"] == "building":
        # A killed run's: the same uuid again, so that its names, volumes and addresses stay what they were meant to be.
        return Planned(server, intent, "create", existing["id"], existing)
    if existing["state"] == "deleting":
        return Planned(server, intent, "create", minting.uuid(), existing, replaces=existing["id"])
    differences = drift(existing["request"], server)
    if existing["persistent"] != intent.persistent:
        differences.append({"field": "persistent", "current": existing["persistent"], "wanted": intent.persistent})
    if intent.redefine:
        return Planned(server, intent, "redefine", existing["id"], existing, drift=differences)
    wanted = intent.power
    now = {"shutdown": "stopped"}.get(existing["power_state"], existing["power_state"])
    return Planned(server, intent, "power" if wanted and wanted != now else None, existing["id"], existing, drift=differences)


def extra_servers(servers: Sequence[Server], facts: Hypervisor) -> list[str]:
    """Servers of the same requests beyond the counts that are asked for now: they are reported and stay."""
    wanted = {server["name"] for server in servers}
    stems = {_stem(server["name"], server["request"]["count"]) for server in servers}
    found = []
    for existing in facts["servers"]:
        count = ((existing.get("request") or {}).get("request") or {}).get("count", 1)
        if count > 1 and existing["name"] not in wanted and _stem(existing["name"], count) in stems:
            found.append(existing["name"])
    return sorted(found)


def _stem(name: str, count: int) -> str:
    """web of web-3 where several were built (rules NAM-07)."""
    return re.sub(r"-\d+$", "", name) if count > 1 else name


def requests_of(planned: Sequence[Planned]) -> list[dict[str, Any]]:
    """For each request: how many servers it needs at least, and how many are there already."""
    found: dict[int, dict[str, Any]] = {}
    for item in planned:
        reference = item.server["request"]
        request = found.setdefault(
            reference["index"], {"index": reference["index"], "min_count": reference["min_count"], "existing": 0}
        )
        if item.action != "create":
            request["existing"] += 1
    return [found[index] for index in sorted(found)]
