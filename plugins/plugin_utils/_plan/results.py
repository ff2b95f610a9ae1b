# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module server answers: each server's own result, and whether the task as a whole failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import NoEffect

from .planning import Planned

_INTERNAL = ("request", "state", "persistent", "definition")
_RECORDED = ("metadata.kilonova:server.kilonova:request.", "metadata.nova:instance.")
_EMPTY: dict[str, Any] = {"drift": [], "changes": [], "pending": False, "phases": {}, "no_effect": [], "error": {}}


def unchanged(item: Planned) -> dict[str, Any]:
    """The result of a server that is there and needs nothing."""
    existing = {key: value for key, value in (item.existing or {}).items() if key not in _INTERNAL}
    return _EMPTY | existing | {"changed": False, "drift": item.drift}


def predicted(item: Planned, host: str) -> dict[str, Any]:
    """What check mode says of a server that would be built or powered."""
    power = {"stopped": "shutdown"}.get(item.intent.power or "", item.intent.power or "running")
    base = unchanged(item) if item.action == "power" else _EMPTY | _planned(item, host)
    status = {"running": "ACTIVE", "paused": "PAUSED", "shutdown": "SHUTOFF"}[power]
    vm_state = {"running": "active", "paused": "paused", "shutdown": "stopped"}[power]
    return base | {"changed": True, "power_state": power, "status": status, "vm_state": vm_state}


def _planned(item: Planned, host: str) -> dict[str, Any]:
    server = item.server
    # A uuid that is minted anew in the real run would be a promise that is not kept, and so a domain name made of it.
    is_known = bool(item.existing) and not item.replaces
    domain = item.entry["domain"] if item.entry else None
    return {
        "name": server["name"],
        "id": item.uuid if is_known else None,
        "domain": domain if is_known or domain == server["name"] else None,
        "host": host,
        "flavor": server["flavor"]["name"],
        "image": server["image"] and server["image"]["name"],
        "addresses": {},
        "volumes": [],
        "metadata": server["metadata"],
        "tags": server["tags"],
        "description": server["description"],
        "key_name": server["key_pair"] and server["key_pair"]["name"],
    }


def merged(item: Planned, answer: Mapping[str, Any], no_effect: Sequence[NoEffect]) -> dict[str, Any]:
    """The host half's answer for a server, completed to the shape of the design."""
    server = item.server
    if item.action == "redefine" and not answer.get("error"):
        return _EMPTY | _redefined(item, answer) | {"no_effect": list(no_effect)}
    base = _EMPTY | {"flavor": server["flavor"]["name"], "image": server["image"] and server["image"]["name"], "volumes": []}
    return base | dict(answer) | {"drift": item.drift, "no_effect": list(no_effect)}


def _redefined(item: Planned, answer: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the request that differed are no drift any more; the rest is what became of the definition."""
    asked = [{"field": one["field"], "before": one["current"], "after": one["wanted"]} for one in item.drift]
    # The metadata holds the request, twice: that is said already.
    own = [change for change in answer["changes"] if not change["field"].startswith(_RECORDED)]
    if not asked and not own:
        own = answer["changes"]
    changes = asked + [dict(change, field=f"domain.{change['field']}") for change in own]
    return dict(answer) | {"drift": [], "changes": changes if answer["changes"] else []}


def diff_of(item: Planned, result: Mapping[str, Any]) -> dict[str, Any]:
    """Before and after, as text would be for a file: what a person wants to see of a server."""
    shown = ("name", "status", "power_state", "flavor", "image")
    before = {key: (item.existing or {}).get(key) for key in shown} if item.existing else {}
    after = {key: result.get(key) for key in shown}
    for change in result.get("changes", ()):
        before[change["field"]], after[change["field"]] = change["before"], change["after"]
    return {"before_header": item.server["name"], "after_header": item.server["name"], "before": before, "after": after}


def removal_diff(server: Mapping[str, Any]) -> dict[str, Any]:
    return {"before_header": server["name"], "after_header": server["name"], "before": server["removed"], "after": {}}


def verdict(planned: Sequence[Planned], results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """failed and msg: the task fails when a request got fewer than its min_count; other failures are warnings."""
    counts: dict[int, list[int]] = {}
    for item, result in zip(planned, results, strict=True):
        reference = item.server["request"]
        tally = counts.setdefault(reference["index"], [0, reference["min_count"]])
        tally[0] += not result.get("error")
    errors = [_sentence(result) for result in results if result.get("error")]
    warnings = [_drift_sentence(result) for result in results if result.get("drift")]
    if any(got < least for got, least in counts.values()):
        head = errors[0] if len(results) == 1 else f"{len(errors)} of {len(results)} servers failed:\n- " + "\n- ".join(errors)
        return {"failed": True, "msg": head, "warnings": warnings}
    return {"warnings": errors + warnings} if errors or warnings else {}


def _drift_sentence(result: Mapping[str, Any]) -> str:
    fields = ", ".join(f"{d['field']} is {d['current']!r}, not {d['wanted']!r}" for d in result["drift"])
    return f"the server {result['name']} differs from its request and is left as it is: {fields}"


def _sentence(result: Mapping[str, Any]) -> str:
    text = f"{result['name']}: {result.get('message') or result['error'].get('message')}"
    logs = result["error"].get("logs") or {}
    for name in sorted(logs):
        tail = "\n".join(logs[name].strip().splitlines()[-12:])
        text += f"\n--- the end of its {name} log ---\n{tail}"
    return text
