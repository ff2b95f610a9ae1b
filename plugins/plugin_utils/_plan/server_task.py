# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work of the module `server` on the controller: checks, plans, and hands one finished build plan to the host."""

from __future__ import annotations

import base64
import json
import os
import re
import uuid
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from ansible_collections.kilonova.compute.plugins.module_utils._argspec import REQUEST_FORMS, SERVER_STATES
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import NoEffect, Problems
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server import Planned as Request
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.contract import (
    ReadFile,
    Requests,
    read_requests,
    refuse,
)
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.host_options import HostOptions, check_host_options
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.hypervisor_facts import Hypervisor

from . import results
from .absent import absent_names
from .access import check_access
from .entry import Place, build_entry, design, power_entry
from .fill import Fills
from .planning import Intent, Minting, Planned, extra_servers, match, requests_of
from .pools import find_pools
from .redefining import redefine_entry, redesign
from .reply import reply_to
from .shaping import read_shape, render_shaped
from .volumes import check_taken_once, names_volumes, volume_tables

RunOnHost = Callable[[str, dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class ServerTask:
    """One task. ``run_on_host(module, arguments)`` is one trip; ``request_options`` are the names of a request's options."""

    params: Mapping[str, Any]
    request_options: tuple[str, ...]
    run_on_host: RunOnHost
    read_file: ReadFile
    check_mode: bool
    diff_mode: bool

    def run(self) -> dict[str, Any]:
        return self._absent() if self.params["state"] == "absent" else self._present()

    @property
    def _single(self) -> bool:
        """Whether the request stands in the task's own options."""
        return all(self.params[form] is None for form in REQUEST_FORMS)

    @property
    def _options(self) -> HostOptions:
        """What is wrong with them is told with everything else."""
        return check_host_options(self.params["host_options"]).value

    def _requests(self, tables: Mapping[str, Any] | None = None) -> Requests:
        """Secrets are in the wishes only: a normalised server, which has but their hashes, cannot be built from.

        ``tables`` are the host's volumes and snapshots, once they are known."""
        params = dict(self.params)
        if self._single:
            params["servers"] = [{name: params[name] for name in self.request_options if params.get(name) is not None}]
        world = self._options.of_requests() | dict(tables or {})
        found = read_requests(params, single=self._single, read_file=self.read_file, world=world)
        problems = Problems()
        for request in found.planned:
            refuse_hashes(request, problems)
        refuse(problems, single=self._single)
        return found

    def _present(self) -> dict[str, Any]:
        intent = read_intent(self.params)
        requests = self._requests()
        hypervisor = self.params["hypervisor"]
        if hypervisor is None:
            asked = {"uri": self.params["uri"], "node_devices": self._options.names_node_devices}
            hypervisor = self.run_on_host("hypervisor_info", asked)["hypervisor"]
        servers = [request.server for request in requests.planned]
        if names_volumes(servers):
            requests = self._requests(volume_tables(hypervisor, self.params["pool"], servers))
        minting = Minting(lambda: str(uuid.uuid4()), datetime.now(UTC), os.urandom)
        planned = self._plan(requests, hypervisor, intent, minting)
        found = self._carry_out(planned, hypervisor, requests.no_effect)
        extra = extra_servers([item.server for item in planned], hypervisor)
        reply = reply_to(self.params, planned, found["servers"])
        more = {"extra": extra, "no_effect": requests.no_effect, "virt_type": hypervisor["virt_type"]}
        return found | more | ({} if reply is None else {"reply": reply})

    def _plan(self, requests: Requests, hypervisor: Hypervisor, intent: Intent, minting: Minting) -> list[Planned]:
        """Everything is decided, designed and rendered before the host is touched; every problem comes out at once."""
        problems = Problems()
        options = check_host_options(self.params["host_options"])
        problems.extend(options.problems)
        no_effect = requests.no_effect
        no_effect.extend(options.no_effect)
        wanted = [(request.server, intent_of(request, intent, problems)) for request in requests.planned]
        planned = match(wanted, hypervisor, minting, problems)
        pools = find_pools(hypervisor, self.params, options.value, problems)
        shape = read_shape(self.params, problems)
        refuse(problems, single=self._single)
        place = Place(hypervisor, options.value, pools, requests.images, shape, requests.volume_types)
        fills = Fills()
        taken = []
        for item, request in zip(planned, requests.planned, strict=True):
            path = "" if self._single else f"servers[{item.server['request']['index']}]"
            if item.action == "create":
                designed = design(item, place, minting, path, problems, no_effect)
                taken.append((path, designed.volumes))
                check_access(designed.volumes, hypervisor, problems)
                xml = render_shaped(designed.domain, place.shape, problems) if not problems else ""
                if xml:
                    item.entry = build_entry(item, request.wish, designed, xml, minting, fills)
                    place.claim(item, designed.domain.name, xml)
            elif item.action == "redefine":
                designed = redesign(item, place, minting, path, problems, no_effect)
                xml = render_shaped(designed.domain, place.shape, problems) if not problems else ""
                if xml:
                    item.entry = redefine_entry(item, designed, xml)
                    place.claim(item, designed.domain.name, xml)
            elif item.action == "power":
                item.entry = power_entry(item)
        check_taken_once(taken, problems)
        refuse(problems, single=self._single)
        return planned

    def _carry_out(self, planned: list[Planned], hypervisor: Hypervisor, no_effect: list[NoEffect]) -> dict[str, Any]:
        active = [item for item in planned if item.entry]
        answers: dict[int, dict[str, Any]] = {}
        # What a new definition changes only the host can say, which has the present one.
        sent = [item for item in active if not self.check_mode or item.action == "redefine"]
        if sent:
            answer = self._spawn([item.entry or {} for item in sent], requests_of(planned))
            answers = {id(item): found for item, found in zip(sent, answer, strict=True)}
        servers = []
        for item in planned:
            if id(item) in answers:
                servers.append(results.merged(item, answers[id(item)], no_effect))
            elif item.entry:
                servers.append(results.predicted(item, hypervisor["hostname"]))
            else:
                servers.append(results.unchanged(item))
        found = {"changed": any(s["changed"] for s in servers), "servers": servers} | results.verdict(planned, servers)
        if self.diff_mode:
            found["diff"] = [results.diff_of(i, s) for i, s in zip(planned, servers, strict=True) if s["changed"]]
        return found

    def _spawn(self, entries: list[dict[str, Any]], requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The plan travels as one packed text: as a secret of many parts it would blot out half of every result."""
        fills: dict[str, Any] = {}
        for entry in entries:
            fills |= entry.pop("fills", {})
        plan = {"servers": entries, "requests": requests, "fills": fills, "concurrency": self.params["concurrency"]}
        packed = base64.b64encode(zlib.compress(json.dumps(plan, separators=(",", ":")).encode(), 1)).decode("ascii")
        servers: list[dict[str, Any]] = self.run_on_host("spawn", {"uri": self.params["uri"], "plan": packed})["servers"]
        return servers

    def _absent(self) -> dict[str, Any]:
        names = absent_names(self.params, self.request_options)
        servers = self._spawn([{"action": "delete", "name": name} for name in names], [])
        failed = [server for server in servers if server.get("error")]
        found: dict[str, Any] = {"changed": any(server["changed"] for server in servers), "servers": servers}
        if failed:
            found.update(failed=True, msg="\n".join(f"{server['name']}: {server['message']}" for server in failed))
        if self.diff_mode:
            found["diff"] = [results.removal_diff(server) for server in servers if server["changed"]]
        return found


def refuse_hashes(request: Request, problems: Problems) -> None:
    """A normalised server that had user data, files or a password has lost them, and would boot without."""
    server, wish = request.server, request.wish
    lost = {"user_data": wish.user_data is None, "personality": not wish.files, "admin_pass": wish.admin_pass is None}
    for name, missing in lost.items():
        if server[name] and missing:  # type: ignore[literal-required]
            where = f"{wish.path}.{name}"
            message = f"{where} is only a hash here: give the request itself, not the normalised server"
            problems.add("ValidationError", "REQ-12", where, None, "the content", message)


def intent_of(request: Request, intent: Intent, problems: Problems) -> Intent:
    """A request of the bulk form may say state, wait and wait_timeout for itself."""
    own = request.wish.extra
    state = own.get("state", intent.state)
    if state not in SERVER_STATES or state == "absent":
        where = f"{request.wish.path}.state"
        allowed = [name for name in SERVER_STATES if name != "absent"]
        problems.add("NotBuilt", "STA-01", where, state, allowed, f"{where} must be one of {', '.join(allowed)} in this form")
        state = intent.state
    return replace(intent, state=state, wait=own.get("wait", intent.wait), timeout=own.get("wait_timeout", intent.timeout))


def read_intent(params: Mapping[str, Any]) -> Intent:
    """Raises ContractError for what is wrong with the task's own options."""
    pattern = params["console_pattern"] if params["wait_for"] == "console" else None
    problems = Problems()
    try:
        re.compile(pattern or "")
    except re.error as exc:
        message = f"console_pattern is no regular expression: {exc}"
        problems.add("ValidationError", "SPW-07", "console_pattern", pattern, "a regular expression", message)
    if params["restart"] and not params["redefine"]:
        message = "restart is for servers that redefine changed: it means nothing without it"
        problems.add("ValidationError", "RBT-03", "restart", True, [False], message)
    for name in ("concurrency", "timeout"):
        if params[name] < 1:
            problems.add("ValidationError", "SPW-07", name, params[name], {"min": 1}, f"{name} must be at least 1")
    refuse(problems)
    return Intent(
        params["state"],
        params["persistent"],
        params["wait"],
        params["timeout"],
        pattern,
        redefine=params["redefine"],
        restart=params["restart"],
    )
