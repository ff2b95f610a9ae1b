# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of server: checks, plans, and hands one finished build plan to the host."""

from __future__ import annotations

import base64
import json
import os
import re
import uuid
import zlib
from datetime import UTC, datetime
from typing import Any

from ansible_collections.kilonova.compute.plugins.module_utils._argspec import Spec, request_spec, server_spec
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import NoEffect, Problems
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server import Planned as Request
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.action import KilonovaAction
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.contract import read_requests, refuse
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.host_options import check_host_options
from ansible_collections.kilonova.compute.plugins.plugin_utils._plan import results
from ansible_collections.kilonova.compute.plugins.plugin_utils._plan.absent import absent_names
from ansible_collections.kilonova.compute.plugins.plugin_utils._plan.entry import (
    Place,
    build_entry,
    design,
    find_pool,
    power_entry,
)
from ansible_collections.kilonova.compute.plugins.plugin_utils._plan.planning import (
    Intent,
    Minting,
    Planned,
    extra_servers,
    match,
    requests_of,
)


class ActionModule(KilonovaAction):
    """See the documentation of the module."""

    _requires_connection = True

    def spec(self) -> Spec:
        return server_spec()

    def work(self, params: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        if params["state"] == "absent":
            return self._absent(params, task_vars)
        single = params["servers"] is None
        wishes = [_flat_request(params)] if single else params["servers"]
        intent = _intent(params)
        requests = read_requests(wishes, params, single=single)
        hypervisor = (
            params["hypervisor"] or self.run_on_host("hypervisor_info", {"uri": params["uri"]}, task_vars)["hypervisor"]
        )
        minting = Minting(lambda: str(uuid.uuid4()), datetime.now(UTC), os.urandom)
        planned = self._plan(requests.planned, hypervisor, intent, minting, params, requests.no_effect, single=single)
        found = self._carry_out(planned, intent, hypervisor, params, task_vars, requests.no_effect)
        extra = extra_servers([item.server for item in planned], hypervisor)
        return found | {"extra": extra, "no_effect": requests.no_effect, "virt_type": hypervisor["virt_type"]}

    def _plan(
        self,
        requests: list[Request],
        hypervisor: Any,
        intent: Intent,
        minting: Minting,
        params: dict[str, Any],
        no_effect: list[NoEffect],
        *,
        single: bool,
    ) -> list[Planned]:
        """Everything is decided, designed and rendered before the host is touched; every problem comes out at once."""
        problems = Problems()
        options = check_host_options(params["host_options"])
        problems.extend(options.problems)
        no_effect.extend(options.no_effect)
        planned = match([request.server for request in requests], hypervisor, intent, minting, problems)
        pool = find_pool(hypervisor, params["pool"], problems)
        refuse(problems, single=single)
        place = Place(hypervisor, options.value, pool)
        for item, request in zip(planned, requests, strict=True):
            if item.action == "create":
                path = f"servers[{item.server['request']['index']}]"
                designed = design(item, place, minting, "" if single else path, problems, no_effect)
                if not problems:
                    item.entry = build_entry(item, request.wish, designed, intent, minting)
            elif item.action == "power":
                item.entry = power_entry(item, intent)
        refuse(problems, single=single)
        return planned

    def _carry_out(
        self,
        planned: list[Planned],
        intent: Intent,
        hypervisor: Any,
        params: dict[str, Any],
        task_vars: dict[str, Any],
        no_effect: list[NoEffect],
    ) -> dict[str, Any]:
        active = [item for item in planned if item.entry]
        answers: dict[int, dict[str, Any]] = {}
        if active and not self.check_mode:
            plan = {
                "servers": [item.entry for item in active],
                "requests": requests_of(planned),
                "concurrency": params["concurrency"],
            }
            answer = self._spawn(plan, params["uri"], task_vars)
            answers = {id(item): found for item, found in zip(active, answer, strict=True)}
        servers = []
        for item in planned:
            if id(item) in answers:
                servers.append(results.merged(item, answers[id(item)], no_effect))
            elif item.entry:
                servers.append(results.predicted(item, hypervisor["hostname"], intent))
            else:
                servers.append(results.unchanged(item))
        found = {"changed": any(s["changed"] for s in servers), "servers": servers} | results.verdict(planned, servers)
        if self.diff_mode:
            found["diff"] = [results.diff_of(i, s) for i, s in zip(planned, servers, strict=True) if s["changed"]]
        return found

    def _spawn(self, plan: dict[str, Any], uri: str, task_vars: dict[str, Any]) -> list[dict[str, Any]]:
        packed = base64.b64encode(zlib.compress(json.dumps(plan, separators=(",", ":")).encode(), 1)).decode("ascii")
        answer = self.run_on_host("spawn", {"uri": uri, "plan": packed}, task_vars)
        servers: list[dict[str, Any]] = answer["servers"]
        return servers

    def _absent(self, params: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        names = absent_names(params, list(request_spec()))
        entries = [{"action": "delete", "name": name} for name in names]
        answer = self._spawn({"servers": entries, "concurrency": params["concurrency"]}, params["uri"], task_vars)
        failed = [server for server in answer if server.get("error")]
        found: dict[str, Any] = {"changed": any(server["changed"] for server in answer), "servers": answer}
        if failed:
            found.update(failed=True, msg="\n".join(f"{server['name']}: {server['message']}" for server in failed))
        if self.diff_mode:
            found["diff"] = [
                {"before_header": server["name"], "after_header": server["name"], "before": server["removed"], "after": {}}
                for server in answer
                if server["changed"]
            ]
        return found


def _flat_request(params: dict[str, Any]) -> dict[str, Any]:
    return {name: params[name] for name in request_spec() if params.get(name) is not None}


def _intent(params: dict[str, Any]) -> Intent:
    pattern = params["console_pattern"] if params["wait_for"] == "console" else None
    problems = Problems()
    try:
        re.compile(pattern or "")
    except re.error as exc:
        message = f"console_pattern is no regular expression: {exc}"
        problems.add("ValidationError", "SPW-07", "console_pattern", pattern, "a regular expression", message)
    if params["concurrency"] < 1:
        message = "concurrency must be at least 1"
        problems.add("ValidationError", "FAI-16", "concurrency", params["concurrency"], {"min": 1}, message)
    if params["timeout"] < 1:
        problems.add("ValidationError", "SPW-07", "timeout", params["timeout"], {"min": 1}, "timeout must be at least 1 second")
    refuse(problems)
    return Intent(params["state"], params["persistent"], params["wait"], params["timeout"], pattern)
