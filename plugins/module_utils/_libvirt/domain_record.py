# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state in our metadata element: building, active, deleting. Written by the host half only."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from .binding import libvirt
from .domain import KILONOVA_NS, is_active, is_persistent
from .errors import translate_errors


def set_record_state(domain: Any, state: str) -> None:
    """Rewrites the element with another state, in the definition and, when it runs, in the live domain.

    Both are written even where one says so already: a run beside us may have written the other only. libvirt hands the
    element out without its namespace and puts it back itself (virDomainSetMetadata)."""
    name = domain.name()
    with translate_errors("write the metadata of %s" % name, name):
        element = ElementTree.fromstring(domain.metadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, KILONOVA_NS, 0))
    element.set("state", state)
    flags = libvirt.VIR_DOMAIN_AFFECT_CONFIG if is_persistent(domain) else 0
    if is_active(domain):
        flags |= libvirt.VIR_DOMAIN_AFFECT_LIVE
    text = ElementTree.tostring(element, encoding="unicode")
    with translate_errors("write the metadata of %s" % name, name):
        domain.setMetadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, text, "kilonova", KILONOVA_NS, flags)
