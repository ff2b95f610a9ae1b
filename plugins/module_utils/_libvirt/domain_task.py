# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work of the module `domain`: any domain, from its XML."""

from __future__ import annotations

import time
from typing import Any, Dict, List, Optional
from xml.etree import ElementTree

from .._domain_xml.changes import Change
from .._domain_xml.text import parse_domain_text
from .._errors import HypervisorError
from .domain import destroy, find_domain, is_active, is_persistent, power_state, start_transient, undefine
from .errors import unless_gone
from .power import change_power
from .redefinition import Redefinition
from .servers import states_of
from .wait import LifecycleEvents

Result = Dict[str, Any]


class DomainTask:
    """One domain of the task. In check mode nothing is called that changes anything."""

    def __init__(self, connection: Any, events: LifecycleEvents, params: Dict[str, Any], *, check_mode: bool) -> None:
        self._connection = connection
        self._events = events
        self._params = params
        self._check_mode = check_mode

    def ensure(self, xml: str) -> Result:
        """Defines it where it does not say so yet, and brings it to the state asked for."""
        wanted = _parse(xml)
        name = wanted.findtext("name") or ""
        begun = time.monotonic()
        found = find_domain(self._connection, name)
        made = found is None
        redefinition = Redefinition(self._connection, name, wanted, xml, found)
        changes = redefinition.predicted()
        if not self._params["persistent"]:
            found = self._run(xml, name, found, changes)
        else:
            changes = redefinition.with_persistence()
            if not self._check_mode:
                found, changes = redefinition.carry_out()
        runs = found is not None and not made and is_active(found) and self._power_wanted() != "shutdown"
        pending = runs and any(change["field"] != "persistent" for change in changes)
        power = None if made else power_state(found)
        powered = self._power(found)
        result = self._result(name, found, changed=made or bool(changes) or powered, begun=begun)
        result.update(changes=changes, pending=pending, diff=_diff(changes))
        if powered or made:
            result["diff"]["before"]["power_state"] = power
            result["diff"]["after"]["power_state"] = self._power_wanted() or result["power_state"] or "shutdown"
        return result

    def remove(self, name: str) -> Result:
        """Takes the power away and undefines it. Its disks stay: this module did not make them."""
        begun = time.monotonic()
        found = find_domain(self._connection, name)
        result = None if found is None else unless_gone(lambda: self._result(name, found, changed=True, begun=begun))
        if result is None:
            return {"name": name, "uuid": None, "power_state": None, "changed": False, "phases": {}, "diff": {}}
        result["diff"] = {"before": {"power_state": result["power_state"]}, "after": {}}
        if not self._check_mode:
            persistent = unless_gone(is_persistent, found)
            destroy(found)
            if persistent:
                unless_gone(undefine, found)
            result["power_state"] = None
        return result

    def _paused(self) -> bool:
        return self._params["state"] == "paused" or "paused" in self._params["start_flags"]

    def _run(self, xml: str, name: str, found: Optional[Any], changes: List[Change]) -> Any:
        """A domain without a definition is what it was started as."""
        if found is not None and changes and is_active(found):
            raise HypervisorError(
                "the domain %s runs and is not to be persistent: its XML cannot be changed" % name,
                action="change the domain %s" % name,
                domain=name,
            )
        if self._check_mode or (found is not None and not changes):
            return found
        return start_transient(self._connection, xml, name, paused=self._paused())

    def _power_wanted(self) -> Optional[str]:
        wanted = self._params["state"]
        if wanted == "present":
            return None
        return {"stopped": "shutdown"}.get(wanted, "paused" if self._paused() else wanted)

    def _power(self, found: Optional[Any]) -> bool:
        """Whether the power changed, or would."""
        wanted = self._power_wanted()
        if wanted is None or (found is None and not self._check_mode):
            return False
        now = "shutdown" if found is None else power_state(found)
        if now == wanted:
            return False
        if self._check_mode:
            return True
        state = "stopped" if wanted == "shutdown" else wanted
        return change_power(
            found, self._events, wanted=state, timeout_s=self._params["wait_timeout"], wait=self._params["wait"]
        )

    def _result(self, name: str, found: Optional[Any], *, changed: bool, begun: float) -> Result:
        power = None if found is None else power_state(found)
        result: Dict[str, Any] = {
            "name": name,
            "uuid": None if found is None else found.UUIDString(),
            "persistent": None if found is None else is_persistent(found),
            "changed": changed,
            "phases": {"total": int((time.monotonic() - begun) * 1000)},
            "power_state": power,
        }
        if power is not None:
            result.update(states_of("active", power))
        return result


def _diff(changes: List[Change]) -> Dict[str, Result]:
    return {side: {change["field"]: change[side] for change in changes} for side in ("before", "after")}


def _parse(xml: str) -> ElementTree.Element:
    """The XML of a request is only read here; libvirt parses it again, with its schema."""
    if "<!DOCTYPE" in xml or "<!ENTITY" in xml:
        raise HypervisorError("domain XML with a document type is refused", action="read the domain XML")
    try:
        root = parse_domain_text(xml)
    except ElementTree.ParseError as exc:
        raise HypervisorError("the domain XML cannot be read: %s" % exc, action="read the domain XML") from exc
    if root.tag != "domain" or not root.findtext("name"):
        raise HypervisorError("the domain XML has no <domain> with a <name>", action="read the domain XML")
    return root


def domain_xmls(params: Dict[str, Any]) -> List[str]:
    """The XML of each domain, from ``xml`` or from ``domains`` (what the module domain_xml returned)."""
    found = [params["xml"]] if params["xml"] else []
    for index, entry in enumerate(params["domains"] or []):
        if not isinstance(entry.get("xml"), str):
            raise HypervisorError("domains[%d] has no xml" % index, action="read the domains")
        found.append(entry["xml"])
    return found
