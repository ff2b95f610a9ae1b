# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our servers as a host holds them: everything is read back from the domains' own metadata."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional
from xml.etree import ElementTree

from .._errors import HypervisorError
from .domain import KILONOVA_NS, addresses, power_state
from .errors import is_error, translate_errors

_Q = "{%s}" % KILONOVA_NS

# power state -> Nova's vm_state and API status for a server that is built (rules STA-01, STA-04)
_STATES = {
    "running": ("active", "ACTIVE"),
    "paused": ("paused", "PAUSED"),
    "suspended": ("suspended", "SUSPENDED"),
    "shutdown": ("stopped", "SHUTOFF"),
    "crashed": ("error", "ERROR"),
    "pending": ("building", "BUILD"),
}


def _json(text: Optional[str], empty: Any) -> Any:
    """What the record says; empty where somebody edited it into something else."""
    try:
        value = json.loads(text or "")
    except ValueError:
        return empty
    return value if isinstance(value, type(empty)) else empty


class ServerRecord:
    """What our metadata element of a domain says. ``request`` is the normalised server, ``volumes`` what we made for it."""

    def __init__(self, element: ElementTree.Element) -> None:
        self.state = element.get("state") or "building"
        self.version = element.get("version") or ""
        self.request: Dict[str, Any] = _json(element.findtext(_Q + "request"), {})
        self.volumes: List[Dict[str, Any]] = _json(element.findtext(_Q + "volumes"), [])


def read_record(domain_xml: ElementTree.Element) -> Optional[ServerRecord]:
    """The record in a parsed domain XML; None for a domain that is not ours."""
    element = domain_xml.find("metadata/%sserver" % _Q)
    return None if element is None else ServerRecord(element)


def parse_domain(domain: Any) -> ElementTree.Element:
    """The domain's XML as libvirt has it now (without secrets)."""
    with translate_errors("read the XML of %s" % domain.name(), domain.name()):
        return ElementTree.fromstring(domain.XMLDesc(0))


def states_of(record_state: str, power: str) -> Dict[str, str]:
    """vm_state and status of a server; one that is not finished is BUILD whatever its domain does."""
    vm_state, status = ("building", "BUILD") if record_state == "building" else _STATES[power]
    return {"power_state": power, "vm_state": vm_state, "status": status}


def networks_by_mac(domain_xml: ElementTree.Element, record: ServerRecord) -> Dict[str, Any]:
    """MAC -> (the user's name of the network, libvirt's)."""
    named = [(entry.get("network") or {}).get("name") for entry in record.request.get("networks", [])]
    found = {}
    for index, interface in enumerate(domain_xml.findall("devices/interface")):
        mac = interface.find("mac")
        source = interface.find("source")
        libvirt_name = "" if source is None else source.get("network") or source.get("bridge") or ""
        name = (named[index] if index < len(named) else None) or libvirt_name
        if mac is not None:
            found[(mac.get("address") or "").lower()] = (name, libvirt_name)
    return found


def describe(domain: Any, host: str, *, with_addresses: bool = True) -> Optional[Dict[str, Any]]:
    """The server result of a domain (design: shapes); None when the domain is not ours or is gone."""
    try:
        tree = parse_domain(domain)
        power = power_state(domain)
    except HypervisorError as exc:
        if is_error(exc, "VIR_ERR_NO_DOMAIN"):
            return None
        raise
    record = read_record(tree)
    return None if record is None else result_of(domain, tree, record, power, host, with_addresses=with_addresses)


def result_of(
    domain: Any, tree: ElementTree.Element, record: ServerRecord, power: str, host: str, *, with_addresses: bool
) -> Dict[str, Any]:
    request = record.request
    image = request.get("image") or None
    running = with_addresses and power == "running"
    result: Dict[str, Any] = {
        "name": request.get("name") or domain.name(),
        "id": domain.UUIDString(),
        "domain": domain.name(),
        "host": host,
        "flavor": (request.get("flavor") or {}).get("name"),
        "image": image and image.get("name"),
        "addresses": addresses(domain, networks_by_mac(tree, record)) if running else {},
        "volumes": record.volumes,
        "metadata": request.get("metadata") or {},
        "tags": request.get("tags") or [],
        "description": request.get("description"),
        "key_name": (request.get("key_pair") or {}).get("name"),
    }
    result.update(states_of(record.state, power))
    return result


def list_servers(connection: Any, *, with_addresses: bool = True) -> List[Dict[str, Any]]:
    """Every server of this host, by name."""
    with translate_errors("list the domains"):
        domains = connection.listAllDomains()
        host = connection.getHostname()
    found = [describe(domain, host, with_addresses=with_addresses) for domain in domains]
    return sorted((entry for entry in found if entry is not None), key=lambda entry: (entry["name"] or "", entry["id"]))
