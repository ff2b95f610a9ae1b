# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Domain XML as text and as a tree. Prefixes of namespaces stay what they were: people and tools search for them."""

from __future__ import annotations

import io
import re
from typing import Optional
from xml.etree import ElementTree

from .parts import Element

# libvirt's own order (virDomainDefFormatInternal): its schema is read by a library that does not accept every other one.
_ORDER = (
    "name", "uuid", "genid", "hwuuid", "title", "description", "metadata", "maxMemory", "memory", "currentMemory", "blkiotune",
    "memtune", "memoryBacking", "vcpu", "vcpus", "iothreads", "iothreadids", "defaultiothread", "cputune", "numatune",
    "resource", "sysinfo", "bootloader", "bootloader_args", "os", "idmap", "throttlegroups", "features", "cpu", "clock",
    "on_poweroff", "on_reboot", "on_crash", "on_lockfailure", "pm", "perf", "keywrap", "devices", "seclabel", "launchSecurity",
)  # fmt: skip
_MARK = "KILONOVA-METADATA-HERE"


def parse_domain_text(text: str) -> Element:
    """Raises ElementTree.ParseError. A document type is not read: the caller refuses it."""
    root: Optional[Element] = None
    for event, value in ElementTree.iterparse(io.BytesIO(text.encode("utf-8")), events=("start-ns", "start")):
        if event == "start-ns":
            _remember(*value)
        elif root is None:
            root = value
    if root is None:
        raise ElementTree.ParseError("there is no element")
    return root


def _remember(prefix: str, uri: str) -> None:
    """The library writes ns0 for what it was not told; names of that form and the empty one are its own."""
    if prefix and not re.match(r"ns\d+$", prefix):
        ElementTree.register_namespace(prefix, uri)


def domain_text(domain: Element) -> str:
    """As text. Each part of the metadata declares its own namespace, as libvirt has it, and not the domain for all of them."""
    ordered = sorted(domain, key=lambda part: _ORDER.index(part.tag) if part.tag in _ORDER else len(_ORDER))
    domain[:] = ordered
    metadata = domain.find("metadata")
    if metadata is None:
        return ElementTree.tostring(domain, encoding="unicode")
    index = list(domain).index(metadata)
    mark = ElementTree.Element("metadata")
    mark.text = _MARK
    domain[index] = mark
    try:
        text = ElementTree.tostring(domain, encoding="unicode")
    finally:
        domain[index] = metadata
    return text.replace(_MARK, "".join(ElementTree.tostring(part, encoding="unicode") for part in metadata), 1)
