# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host half of `server`: carries out a finished build plan, server by server and side by side.

Nothing is decided here that a user could ask for. The plan: {servers: [entry], requests: [{index, min_count, existing}],
concurrency}. An entry, made by the action plugin: {action: create | power | redefine | delete, name, uuid, domain, request,
wanted, ...}.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, List, Optional

from .._errors import HypervisorError
from .._progress import Steps
from . import logs
from .base_check import BaseCheck
from .build import Build, OnStep
from .denial import explain
from .domain import find_domain, is_active
from .ended import has_ended, is_named, list_records, remove_volumes
from .errors import translate_errors, unless_gone
from .mdev import start_mdevs
from .power import ConsoleWait, change_power
from .removal import ended_removal_list, find_ours, removal_list, remove_ended, remove_server
from .server_redefinition import redefine_server
from .servers import describe, parse_domain, read_record, states_of
from .wait import LifecycleEvents, lifecycle_events

Result = Dict[str, Any]


def _nothing(_server: str, _step: str) -> None:
    """What happens between two steps unless somebody looks on."""


def spawn(connection: Any, plan: Dict[str, Any], *, on_step: OnStep = _nothing) -> List[Result]:
    """One result for each entry, in the plan's order. A server's failure is in its own result and stops no other."""
    entries = plan["servers"]
    _hand_out_fills(plan)
    with lifecycle_events(connection) as events:
        task = _Task(connection, events, on_step)
        with ThreadPoolExecutor(max_workers=max(1, plan["concurrency"])) as workers:
            results = list(workers.map(task.carry_out, entries))
        for request in plan.get("requests", []):
            task.keep_promise(request, entries, results)
    return results


def _hand_out_fills(plan: Dict[str, Any]) -> None:
    """Equal disks of a plan share what they are filled with; a volume names it."""
    for entry in plan["servers"]:
        for volume in entry.get("volumes", []):
            if isinstance(volume.get("fill"), str):
                volume["fill"] = plan["fills"][volume["fill"]]


class _Task:
    def __init__(self, connection: Any, events: LifecycleEvents, on_step: OnStep) -> None:
        self._connection = connection
        self._events = events
        self._on_step = on_step
        with translate_errors("read the host's name"):
            self._host = connection.getHostname()
        self._records = list_records(connection)
        self._bases = BaseCheck(connection)

    def carry_out(self, entry: Dict[str, Any]) -> Result:
        work = {"create": self._create, "power": self._power, "redefine": self._redefine, "delete": self._delete}
        result = work[entry["action"]](entry)
        self._on_step(entry["name"], Steps.DONE)
        return result

    def _create(self, entry: Dict[str, Any]) -> Result:
        build = Build(self._connection, entry, self._events, self._on_step, self._records)
        try:
            self._bases.check(entry["name"], entry["volumes"], copies=True)
            build.run()
            return self._finished(entry, build.domain, build.phases, changed=True)
        except HypervisorError as exc:
            exc.domain = exc.domain or entry["domain"]
            explain(self._connection, exc)
            if build.claimed:
                exc.logs.update(logs.collect(self._connection, entry["domain"], entry.get("console")))
                if build.is_taken_over():
                    exc.message += "; another run builds this server now, so nothing was removed"
                else:
                    self._undo(entry, exc)
            return self._failed(entry, exc, build.phases)

    def _undo(self, entry: Dict[str, Any], exc: HypervisorError) -> None:
        """Removes what this run made. Where that fails too, the record stays, and the error says so."""
        try:
            domain = find_domain(self._connection, entry["uuid"])
            if domain is not None:
                remove_server(self._connection, domain, everything=True)
            else:  # ended with its power, or somebody took the definition away
                remove_volumes(self._connection, entry["uuid"], [v for v in entry["volumes"] if not v.get("existing")])
        except HypervisorError as second:
            exc.message += "; and what was made could not be removed: %s. Delete the server to try again." % second.message

    def _power(self, entry: Dict[str, Any]) -> Result:
        """An existing server whose power is to change. One that fails to start stays as it was."""
        begun = time.monotonic()
        try:
            domain = find_ours(self._connection, entry["uuid"])
            if domain is None:
                raise HypervisorError("the server %s is gone" % entry["name"], action="find the server", domain=entry["domain"])
            if entry["wanted"] != "stopped" and not is_active(domain):
                tree = parse_domain(domain)
                record = read_record(tree)
                start_mdevs(self._connection, tree)
                self._bases.check(entry["name"], record.volumes if record else [])
            changed = change_power(
                domain,
                self._events,
                wanted=entry["wanted"],
                timeout_s=entry["timeout"],
                wait=entry["wait"],
                console=ConsoleWait(self._connection, entry),
            )
            phases = {entry["wanted"]: int((time.monotonic() - begun) * 1000)}
            return self._finished(entry, domain, phases, changed=changed)
        except HypervisorError as exc:
            explain(self._connection, exc)
            exc.logs.update(logs.collect(self._connection, entry["domain"], entry.get("console")))
            return self._failed(entry, exc, {})

    def _redefine(self, entry: Dict[str, Any]) -> Result:
        """An existing server that is defined anew. Where its power fails it has the new definition, and says why."""
        begun = time.monotonic()
        try:
            redefined = redefine_server(self._connection, entry, self._events, self._bases)
            phases = {} if entry.get("check") else {"redefine": int((time.monotonic() - begun) * 1000)}
            found = self._finished(entry, redefined.domain, phases, changed=redefined.changed)
            found.update(states_of("active", redefined.power), changes=redefined.changes, pending=redefined.pending)
            return found
        except HypervisorError as exc:
            exc.logs.update(logs.collect(self._connection, entry["domain"], entry.get("console")))
            return self._failed(entry, exc, {})

    def _delete(self, entry: Dict[str, Any]) -> Result:
        result: Result = {
            "name": entry["name"],
            "id": None,
            "domain": None,
            "host": self._host,
            "changed": False,
            "removed": {},
        }
        try:
            domain = find_ours(self._connection, entry["name"])
            removed = None if domain is None else unless_gone(removal_list, domain)
            if domain is not None and removed is not None:
                result.update(id=domain.UUIDString(), domain=domain.name(), changed=True, removed=removed)
                if entry.get("check") or unless_gone(remove_server, self._connection, domain):
                    return result
            # What of it ended with its power, before or meanwhile.
            for record in self._records:
                if is_named(record, entry["name"]) and has_ended(self._connection, record):
                    result.update(id=record["uuid"], domain=record["domain"], changed=True, removed=ended_removal_list(record))
                    if not entry.get("check"):
                        remove_ended(self._connection, record)
            return result
        except HypervisorError as exc:
            result.update(changed=False, status="ERROR", error=exc.to_result()["error"], message=exc.message)
            return result

    def _finished(self, entry: Dict[str, Any], domain: Any, phases: Dict[str, int], *, changed: bool) -> Result:
        described = describe(domain, self._host)
        if described is None:
            raise HypervisorError("the server %s is gone" % entry["name"], action="read the server", domain=entry["domain"])
        described.update(changed=changed, phases=phases)
        return described

    def _failed(self, entry: Dict[str, Any], exc: HypervisorError, phases: Dict[str, int]) -> Result:
        error: Optional[Dict[str, Any]] = exc.to_result()["error"]
        return {
            "name": entry["name"],
            "id": entry["uuid"],
            "domain": entry["domain"],
            "host": self._host,
            "status": "ERROR",
            "vm_state": "error",
            "power_state": "pending",
            "addresses": {},
            "changed": False,
            "phases": phases,
            "error": error,
            "message": exc.message,
        }

    def keep_promise(self, request: Dict[str, Any], entries: List[Dict[str, Any]], results: List[Result]) -> None:
        """A request that got fewer than its min_count gets none: what this run made for it goes again."""
        mine = [
            (entry, result)
            for entry, result in zip(entries, results)
            if entry["action"] == "create" and entry["request"] == request["index"]
        ]
        made = [(entry, result) for entry, result in mine if not result.get("error")]
        got = request["existing"] + len(made)
        if got >= request["min_count"] or len(made) == len(mine):
            return
        sentence = "removed again: its request got %d of at least %d servers" % (got, request["min_count"])
        for entry, result in made:
            exc = HypervisorError("the server %s was %s" % (entry["name"], sentence), action="build the request")
            self._undo(entry, exc)
            result.update(self._failed(entry, exc, result["phases"]))
