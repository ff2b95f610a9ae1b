# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The domains of a host for its facts: two calls for each, its state and its XML, which everything else is read from."""

from __future__ import annotations

from typing import Any, Dict, List
from xml.etree import ElementTree

from .._claims import claims_of, listening_ports
from .domain import is_persistent, power_state_name
from .errors import translate_errors, unless_gone
from .servers import read_record, result_of


class KnownDomain:
    """One domain as it was at one moment. ``vcpus`` and ``memory`` (MiB) are the most that it may have."""

    def __init__(self, domain: Any) -> None:
        state, max_kib, _kib, vcpus, _time = domain.info()
        self.domain = domain
        self.name: str = domain.name()
        self.uuid: str = domain.UUIDString()
        self.active = domain.ID() != -1
        self.power = power_state_name(state)
        self.vcpus: int = vcpus
        self.memory: int = max_kib // 1024
        self.tree = ElementTree.fromstring(domain.XMLDesc(0))


def read_domains(connection: Any) -> List[KnownDomain]:
    """Every domain, ours or not, by name. One that ends meanwhile is left out."""
    with translate_errors("list the domains"):
        domains = connection.listAllDomains()
    found = [unless_gone(_known, domain) for domain in domains]
    return sorted((known for known in found if known), key=lambda known: known.name)


def _known(domain: Any) -> KnownDomain:
    with translate_errors("read %s" % domain.name(), domain.name()):
        return KnownDomain(domain)


def domain_facts(known: KnownDomain, cells: List[Dict[str, Any]]) -> Dict[str, Any]:
    """Every domain counts by what is defined, whether it runs or not. ``claims`` only where it claims something."""
    found = {
        "name": known.name,
        "uuid": known.uuid,
        "active": known.active,
        "vcpus": known.vcpus,
        "memory": known.memory,
    }
    claims = claims_of(known.tree, cells)
    return dict(found, claims=claims) if claims else found


def _definition(tree: ElementTree.Element) -> Dict[str, Any]:
    """What of its definition a design of the same server starts from."""
    kind = tree.find("os/type")
    macs = [mac.get("address") or "" for mac in tree.findall("devices/interface/mac")]
    return {"machine": None if kind is None else kind.get("machine"), "macs": macs, "ports": listening_ports(tree)}


def server_facts(domains: List[KnownDomain], host: str) -> List[Dict[str, Any]]:
    """Our servers as server_info returns them, with the normalised request, the record's state, whether libvirt keeps it, and
    what of its ``definition`` stays when it is defined anew."""
    found = []
    for known in domains:
        record = read_record(known.tree)
        if record is None:
            continue
        persistent = unless_gone(is_persistent, known.domain)
        if persistent is None:
            continue
        entry = result_of(known.domain, known.tree, record, known.power, host, with_addresses=True)
        entry.update(request=record.request, state=record.state, persistent=persistent, definition=_definition(known.tree))
        found.append(entry)
    return sorted(found, key=lambda entry: (entry["name"] or "", entry["id"]))
