# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Defining a domain over the one that is there: it keeps what must stay, and every field that changes is told."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Optional, Tuple
from xml.etree import ElementTree

from .._domain_xml.changes import Change, changes_between
from .._domain_xml.keeping import keep
from .._domain_xml.kept import stamp
from .._domain_xml.parts import Element
from .._domain_xml.settled import settle
from .._domain_xml.text import domain_text, parse_domain_text
from .._errors import HypervisorError
from .binding import libvirt
from .domain import define, find_domain, is_persistent
from .errors import translate_errors


class Redefinition:
    """One definition on its way. ``xml`` is what ``wanted`` was read from; ``found`` is the domain of its name, if any."""

    def __init__(self, connection: Any, name: str, wanted: Element, xml: str, found: Optional[Any]) -> None:
        self._connection = connection
        self._name = name
        self._xml = xml
        self._wanted = wanted
        self._found = found
        self._check_identity(wanted)
        self._earlier: Optional[Element] = None
        self._before: Optional[Element] = None
        self._meant: Element = wanted
        self._changes: List[Change] = []
        if found is not None:
            self._earlier = definition_of(found)
            self._before = settle(self._earlier)
            self._meant = keep(wanted, self._before, self._canonical_machines)
            self._changes = changes_between(self._before, self._meant)

    def predicted(self) -> List[Change]:
        """What would change; nothing where there is no domain yet."""
        return self._changes

    def with_persistence(self) -> List[Change]:
        """The same where a domain that runs without a definition is to be given one."""
        if self._found is not None and not is_persistent(self._found):
            self._changes = [{"field": "persistent", "before": False, "after": True}, *self._changes]
        return self._changes

    def carry_out(self) -> Tuple[Any, List[Change]]:
        """The domain, and what has changed of what was predicted: libvirt may say the same thing in other words."""
        if self._found is None:
            return define(self._connection, self._xml, self._name), []
        if not self._changes:
            return self._found, []
        stamp(self._meant, self._wanted)
        domain = define(self._connection, domain_text(self._meant), self._name)
        earlier = self._meant if self._before is None else self._before
        actual = changes_between(earlier, settle(definition_of(domain)))
        places = [_place(change) for change in actual]
        return domain, [change for change in self._changes if _is_among(change, places)]

    def take_back(self) -> None:
        """The definition that was there before, as libvirt had it."""
        if self._earlier is not None:
            define(self._connection, domain_text(self._earlier), self._name)

    def _check_identity(self, wanted: Element) -> None:
        """libvirt refuses both; here it is known before anything is done, in check mode too."""
        uuid = (wanted.findtext("uuid") or "").strip().lower()
        if not uuid:
            return
        if self._found is not None and self._found.UUIDString() != uuid:
            message = "the domain %s has the uuid %s, and its XML says %s: a domain keeps its uuid"
            raise self._refusal(message % (self._name, self._found.UUIDString(), uuid))
        other = find_domain(self._connection, uuid) if self._found is None else None
        if other is not None:
            message = "the uuid %s is that of the domain %s: defining it as %s would not rename it"
            raise self._refusal(message % (uuid, other.name(), self._name))

    def _refusal(self, message: str) -> HypervisorError:
        return HypervisorError(message, action="define the domain %s" % self._name, domain=self._name)

    def _canonical_machines(self) -> Dict[str, str]:
        """Alias of a machine type -> what it stands for on this host today."""
        with translate_errors("read the capabilities of the host"):
            capabilities = ElementTree.fromstring(self._connection.getCapabilities())
        aliases = [machine for machine in capabilities.iter("machine") if machine.get("canonical")]
        return {alias.text or "": alias.get("canonical") or "" for alias in aliases}


def definition_of(domain: Any) -> Element:
    """What the domain will be at its next start. With its secrets, which else would be lost by defining it again."""
    flags = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE
    with translate_errors("read the XML of %s" % domain.name(), domain.name()):
        return parse_domain_text(domain.XMLDesc(flags))


def _place(change: Change) -> str:
    """The field without what tells a device from its brothers: a new one is named by libvirt only."""
    return re.sub(r"\[[^\]]*\]", "", change["field"])


def _is_among(change: Change, places: List[str]) -> bool:
    place = _place(change)
    if change["field"] == "persistent":
        return True
    return any(other == place or other.startswith(place + ".") or place.startswith(other + ".") for other in places)
