# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which domains of a host use a volume: read from every domain, ours or not, as defined and as it runs."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Tuple
from xml.etree import ElementTree

from .._errors import HypervisorError
from .binding import libvirt
from .domain import KILONOVA_NS
from .errors import is_error, translate_errors

# (pool, volume) or ("", path) -> attachments
Uses = Dict[Tuple[str, str], List[Dict[str, Any]]]


def list_uses(connection: Any) -> Uses:
    """Attachments: {server, domain, uuid, device (vdb), active}; one for each domain and volume."""
    with translate_errors("list the domains"):
        domains = connection.listAllDomains()
    found: Uses = {}
    for domain in domains:
        for source, attachment in _attachments(domain):
            known = found.setdefault(source, [])
            if not any(entry["uuid"] == attachment["uuid"] for entry in known):
                known.append(attachment)
    return found


def uses_of(uses: Uses, record: Dict[str, Any], *, key: str = "volume") -> List[Dict[str, Any]]:
    """The attachments of one volume, however a domain names it. ``key`` is the record's word for libvirt's volume name."""
    found = list(uses.get((record["pool"], record[key]), []))
    known = {entry["uuid"] for entry in found}
    return found + [entry for entry in uses.get(("", record["path"]), []) if entry["uuid"] not in known]


def _attachments(domain: Any) -> Iterable[Tuple[Tuple[str, str], Dict[str, Any]]]:
    try:
        with translate_errors("read the domain %s" % domain.name(), domain.name()):
            active = bool(domain.isActive())
            texts = [domain.XMLDesc(0)]
            if active and domain.isPersistent():
                texts.append(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
    except HypervisorError as exc:
        if is_error(exc, "VIR_ERR_NO_DOMAIN"):
            return []
        raise
    found = []
    for position, text in enumerate(texts):
        tree = ElementTree.fromstring(text)
        base = {"server": _server_name(tree), "domain": domain.name(), "uuid": domain.UUIDString()}
        for disk in tree.findall("devices/disk"):
            for source in _sources(disk):
                device = disk.find("target").get("dev")  # type: ignore[union-attr]
                found.append((source, dict(base, device=device, active=active and position == 0)))
    return found


def _server_name(tree: ElementTree.Element) -> Any:
    """The name of a server of ours; None for another domain."""
    ours = tree.find("metadata/{%s}server" % KILONOVA_NS)
    return None if ours is None else tree.findtext("metadata/*/{*}name") or tree.findtext("name")


def _sources(disk: ElementTree.Element) -> List[Tuple[str, str]]:
    """What the disk reads, and everything below it in its chain."""
    found = []
    for source in disk.iter("source"):
        if source.get("pool"):
            found.append((source.get("pool") or "", source.get("volume") or ""))
        path = source.get("file") or source.get("dev") or (source.get("name") if source.get("protocol") else None)
        if path:
            found.append(("", path))
    return found
