# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work of the module `domain`: any domain, from its XML."""

from __future__ import annotations

import time
from typing import Any, Dict, List, Optional
from xml.etree import ElementTree

from .._errors import HypervisorError
from .binding import libvirt
from .domain import define, destroy, find_domain, is_active, is_persistent, power_state, start_transient, undefine
from .errors import translate_errors
from .power import change_power
from .servers import states_of
from .wait import LifecycleEvents
from .xml_compare import says


class DomainTask:
    """One domain of the task. In check mode nothing is called that changes anything."""

    def __init__(self, connection: Any, events: LifecycleEvents, params: Dict[str, Any], *, check_mode: bool) -> None:
        self._connection = connection
        self._events = events
        self._params = params
        self._check_mode = check_mode

    def ensure(self, xml: str) -> Dict[str, Any]:
        """Defines it where it does not say so yet, and brings it to the state asked for."""
        wanted = _parse(xml)
        name = wanted.findtext("name") or ""
        begun = time.monotonic()
        found = find_domain(self._connection, name)
        before = None if found is None else self._definition(found)
        changed = before is None or not says(before, wanted)
        if changed and not self._check_mode:
            found = self._make(xml, name, found)
            changed = before is None or ElementTree.tostring(before) != ElementTree.tostring(self._definition(found))
        powered = self._power(found, changed=changed)
        return self._result(name, found, changed=changed or powered, begun=begun)

    def remove(self, name: str) -> Dict[str, Any]:
        """Takes the power away and undefines it. Its disks stay: this module did not make them."""
        begun = time.monotonic()
        found = find_domain(self._connection, name)
        if found is None:
            return {"name": name, "uuid": None, "power_state": None, "changed": False, "phases": {}}
        result = self._result(name, found, changed=True, begun=begun)
        if not self._check_mode:
            persistent = is_persistent(found)
            destroy(found)
            if persistent:
                undefine(found)
            result["power_state"] = None
        return result

    def _definition(self, domain: Any) -> ElementTree.Element:
        with translate_errors("read the XML of %s" % domain.name(), domain.name()):
            return ElementTree.fromstring(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))

    def _paused(self) -> bool:
        return self._params["state"] == "paused" or "paused" in self._params["start_flags"]

    def _make(self, xml: str, name: str, found: Optional[Any]) -> Any:
        if self._params["persistent"]:
            return define(self._connection, xml, name)
        if found is not None and is_active(found):
            raise HypervisorError(
                "the domain %s runs and is not persistent: its XML cannot be changed" % name,
                action="change the domain %s" % name,
                domain=name,
            )
        return start_transient(self._connection, xml, name, paused=self._paused())

    def _power(self, found: Optional[Any], *, changed: bool) -> bool:
        """Whether the power changed, or would."""
        wanted = self._params["state"]
        if wanted == "present" or (found is None and not self._check_mode):
            return False
        if wanted == "running" and self._paused():
            wanted = "paused"
        now = "shutdown" if found is None else power_state(found)
        if now == {"stopped": "shutdown"}.get(wanted, wanted):
            return False
        if self._check_mode:
            return True
        return change_power(
            found, self._events, wanted=wanted, timeout_s=self._params["wait_timeout"], wait=self._params["wait"]
        )

    def _result(self, name: str, found: Optional[Any], *, changed: bool, begun: float) -> Dict[str, Any]:
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


def _parse(xml: str) -> ElementTree.Element:
    """The XML of a request is only read here; libvirt parses it again, with its schema."""
    if "<!DOCTYPE" in xml or "<!ENTITY" in xml:
        raise HypervisorError("domain XML with a document type is refused", action="read the domain XML")
    try:
        root = ElementTree.fromstring(xml)
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
