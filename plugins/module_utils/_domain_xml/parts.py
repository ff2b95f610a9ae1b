# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which parts of two definitions of one domain correspond, and what a part is called. Plain XML; libvirt is not asked."""

from __future__ import annotations

import copy
from typing import Any, Dict, List, Optional, Tuple
from xml.etree import ElementTree

Element = ElementTree.Element
Pair = Tuple[Optional[Element], Optional[Element]]

_PREFIXES = {"{http://openstack.org/xmlns/libvirt/nova/1.1}": "nova:", "{urn:kilonova:compute:1}": "kilonova:"}

# What tells an element from its brothers of the same tag: the first of these attributes that it has.
_NAMING = ("name", "id", "vcpu", "vcpus", "iothread", "cellid", "index", "event", "uuid")

# Devices: where their name stands. Those that are not here are told by their order among their kind.
_DEVICE_NAMES: Dict[str, Tuple[Tuple[str, str], ...]] = {
    "disk": (("target", "dev"),),
    "interface": (("mac", "address"),),
    "controller": ((".", "type"), (".", "index")),
    "channel": (("target", "name"),),
    "input": ((".", "type"), (".", "bus")),
    "graphics": ((".", "type"),),
    "filesystem": (("target", "dir"),),
    "audio": ((".", "id"),),
    "shmem": ((".", "name"),),
}


def without_blanks(element: Element) -> Element:
    """A copy whose texts are stripped, so that the layout of XML never counts."""
    found = copy.deepcopy(element)
    for part in found.iter():
        part.text = (part.text or "").strip() or None
        part.tail = None
    return found


def tag_name(element: Element) -> str:
    """The tag, with the usual prefix of its namespace."""
    namespace, brace, local = element.tag.rpartition("}")
    return _PREFIXES.get(namespace + brace, "") + local


def natural_name(element: Element, path: str) -> str:
    """vda of a disk, 52:54:... of an interface, usb:0 of a controller; empty where it has none. ``path`` is its parent's."""
    if path == "devices":
        values = []
        for where, attribute in _DEVICE_NAMES.get(element.tag, ()):
            part = element.find(where)
            values.append((part.get(attribute) if part is not None else None) or "")
        return ":".join(values).lower() if all(values) else ""
    if path.startswith("device"):
        return ""
    if path.startswith("metadata"):
        return element.get("name") or element.get("uuid") or ""
    return next((element.get(name, "") for name in _NAMING if element.get(name) is not None), "")


def paired(before: List[Element], after: List[Element], path: str) -> List[Pair]:
    """Every child of one or of both: those of both by name, then what has no name by order. ``after`` decides the order."""
    left = list(before)
    partners: Dict[int, Element] = {}
    for stage in _stages(path):
        for child in after:
            if id(child) not in partners:
                match = next((other for other in left if other.tag == child.tag and stage(other, child)), None)
                if match is not None:
                    left.remove(match)
                    partners[id(child)] = match
    pairs: List[Pair] = [(partners.get(id(child)), child) for child in after]
    return pairs + [(other, None) for other in left]


def _stages(path: str) -> Tuple[Any, ...]:
    """From sure to likely. An interface without an address, and a controller without a number, is the next of its kind."""

    def same_name(one: Element, other: Element) -> bool:
        return natural_name(one, path) == natural_name(other, path)

    def nameless(one: Element, other: Element) -> bool:
        return path == "devices" and not natural_name(other, path) and one.tag in _DEVICE_NAMES

    def same_source(one: Element, other: Element) -> bool:
        return nameless(one, other) and one.get("type") == other.get("type") and _source(one) == _source(other)

    def same_type(one: Element, other: Element) -> bool:
        return nameless(one, other) and one.get("type") == other.get("type")

    def any_interface(one: Element, other: Element) -> bool:
        return nameless(one, other) and one.tag == "interface"

    return (same_name, same_source, same_type, any_interface)


def _source(device: Element) -> Dict[str, str]:
    source = device.find("source")
    return {} if source is None else dict(source.attrib)
