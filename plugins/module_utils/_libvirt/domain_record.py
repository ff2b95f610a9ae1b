# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What changes in our metadata element: the state (building, active, deleting), the run that builds it, and the volumes.

Written by the host only."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, List
from xml.etree import ElementTree

from .._domain_xml.text import domain_text, parse_domain_text
from .binding import libvirt
from .domain import KILONOVA_NS, affect
from .errors import translate_errors


def with_run(xml: str, run: str) -> str:
    """The definition with the run that makes it in its record: so define is the claim of a building server too."""
    domain = parse_domain_text(xml)
    record = domain.find("metadata/{%s}server" % KILONOVA_NS)
    if record is not None:
        record.set("run", run)
    return domain_text(domain)


def set_record_run(domain: Any, run: str) -> None:
    _rewrite(domain, lambda element: element.set("run", run))


def record_run(domain: Any) -> str:
    """The run that defined it last; empty where none said so."""
    return _read(domain).get("run") or ""


def set_record_state(domain: Any, state: str) -> None:
    _rewrite(domain, lambda element: element.set("state", state))


def change_record_volumes(domain: Any, change: Callable[[List[Dict[str, Any]]], List[Dict[str, Any]]]) -> None:
    """``change`` gets the volumes as they are noted at this moment: another run may have added one since ours last looked."""

    def rewrite(element: ElementTree.Element) -> None:
        found = next((child for child in element if child.tag.rpartition("}")[2] == "volumes"), None)
        if found is None:
            found = ElementTree.SubElement(element, "volumes")
        found.text = json.dumps(change(json.loads(found.text or "[]")), sort_keys=True, separators=(",", ":"))

    _rewrite(domain, rewrite)


def _rewrite(domain: Any, change: Callable[[ElementTree.Element], None]) -> None:
    """Changes the element in the definition and, when it runs, in the live domain.

    Both are written even where one says so already: a run beside us may have written the other only. libvirt hands the
    element out without its namespace and puts it back itself (virDomainSetMetadata)."""
    affect(domain, lambda flags: _write(domain, change, flags))


def _write(domain: Any, change: Callable[[ElementTree.Element], None], flags: int) -> None:
    name = domain.name()
    element = _read(domain)
    change(element)
    text = ElementTree.tostring(element, encoding="unicode")
    with translate_errors("write the metadata of %s" % name, name):
        domain.setMetadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, text, "kilonova", KILONOVA_NS, flags)


def _read(domain: Any) -> ElementTree.Element:
    with translate_errors("read the metadata of %s" % domain.name(), domain.name()):
        return ElementTree.fromstring(domain.metadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, KILONOVA_NS, 0))
