# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A user's fragment of domain XML, merged into ours: the last mile for what nothing else offers.

An element of the fragment meets the one of ours that has the same tag and the same identity (a disk its target, a controller
its type and index); without an identity it meets the only one of its tag. What it meets gets its attributes, its text and, one
by one, its children; what meets nothing is added behind the others. The attribute ``overlay`` of our namespace says otherwise:
``add`` never meets, ``replace`` puts the element in the other's place, ``remove`` takes the other away.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

from .libraries import etree
from .metadata_model import KILONOVA_NAMESPACE, NOVA_NAMESPACE

_ACTION = f"{{{KILONOVA_NAMESPACE}}}overlay"
_ACTIONS = ("add", "replace", "remove")
_QEMU = "{http://libvirt.org/schemas/domain/qemu/1.0}"

# Where the identity of an element stands, best first; all parts of one must be there and be the same.
_IDENTITY: dict[str, tuple[tuple[str, ...], ...]] = {
    "disk": (("target/@dev",),),
    "interface": (("mac/@address",), ("target/@dev",)),
    "controller": (("@type", "@index"), ("@type",)),
    "serial": (("target/@port",),),
    "console": (("target/@port",),),
    "channel": (("target/@name",), ("@name",)),
    "graphics": (("@type",),),
    "input": (("@type", "@bus"), ("@type",)),
    "sound": (("@model",),),
    "hostdev": (
        ("source/address/@uuid",),
        ("source/address/@domain", "source/address/@bus", "source/address/@slot", "source/address/@function"),
    ),
    "filesystem": (("target/@dir",),),
    "redirdev": (("source/@service",),),
    "vcpupin": (("@vcpu",),),
    "iothreadpin": (("@iothread",),),
    "memnode": (("@cellid",),),
    "page": (("@nodeset",), ("@size",)),
    "cell": (("@id",),),
    "entry": (("@name",),),
    "feature": (("@name",),),
    "timer": (("@name",),),
    "event": (("@name",),),
    "boot": (("@dev",),),
    "tag": (("@id",),),
    "seclabel": (("@model",),),
    f"{_QEMU}env": (("@name",),),
    f"{{{NOVA_NAMESPACE}}}extraSpec": (("@name",),),
    f"{{{NOVA_NAMESPACE}}}property": (("@name",),),
}
# The order of these is their meaning, and the same one may stand there twice.
_ALWAYS_ADDED = frozenset((f"{_QEMU}arg",))
# What the collection itself must find again.
_OURS = ("name", "uuid")
_OUR_METADATA = (f"{{{KILONOVA_NAMESPACE}}}server", f"{{{NOVA_NAMESPACE}}}instance")


class OverlayError(ValueError):
    """The fragment is not XML, or cannot be merged; one sentence with its line."""


@dataclass(frozen=True)
class Overlay:
    """A fragment that has been read. It is merged into any number of domains and never changed."""

    root: etree._Element

    def merge_into(self, domain: etree._Element) -> None:
        """Changes ``domain``. Raises OverlayError, after which it is of no use."""
        for name, value in self.root.attrib.items():
            domain.set(name, value)
        _merge_children(domain, self.root)
        etree.cleanup_namespaces(domain)


def read_overlay(text: str) -> Overlay:
    """Raises OverlayError unless the text is one ``domain`` element that leaves what is ours alone."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True, remove_blank_text=True
    )
    try:
        root = etree.fromstring(text.strip().encode(), parser)
    except etree.XMLSyntaxError as error:
        raise OverlayError(f"line {error.lineno or 1}: {error.msg}") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise OverlayError("line 1: a document type has no place here")
    if root.tag != "domain":
        raise OverlayError(f"line {root.sourceline}: the fragment must be a domain element, and it is {root.tag}")
    for element in root.iter():
        action = element.get(_ACTION)
        if action is not None and (action not in _ACTIONS or element is root):
            raise OverlayError(f"line {element.sourceline}: overlay is one of {', '.join(_ACTIONS)}, and not {action}")
    for element in (*root, *root.iterfind("metadata/*")):
        if element.tag in (*_OURS, *_OUR_METADATA) or (element.tag == "metadata" and element.get(_ACTION)):
            raise OverlayError(f"line {element.sourceline}: {_short(element)} is what the collection knows its server by")
    return Overlay(root)


def _merge_children(target: etree._Element, overlay: etree._Element) -> None:
    for child in overlay:
        action = child.get(_ACTION)
        met = None if action == "add" or child.tag in _ALWAYS_ADDED else _find(target, child)
        if met is None:
            if action in ("remove", "replace"):
                raise OverlayError(f"line {child.sourceline}: there is no such {_short(child)} to {action}")
            _add(target, _clean(child))
        elif action == "remove":
            target.remove(met)
        elif action == "replace":
            target.replace(met, _clean(child))
        else:
            _merge(met, child)


def _merge(target: etree._Element, overlay: etree._Element) -> None:
    for name, value in overlay.attrib.items():
        target.set(name, value)
    if overlay.text and overlay.text.strip():
        target.text = overlay.text
    _merge_children(target, overlay)


def _find(target: etree._Element, child: etree._Element) -> etree._Element | None:
    known = [element for element in target if element.tag == child.tag]
    for paths in _IDENTITY.get(str(child.tag), ()):
        wanted = _identity(child, paths)
        if wanted is not None:
            found = [element for element in known if _identity(element, paths) == wanted]
            return _only(child, found)
    return _only(child, known)


def identity_of(element: etree._Element) -> tuple[str, ...] | None:
    """By what an element is told from others of its tag; None where nothing does."""
    found = (_identity(element, paths) for paths in _IDENTITY.get(str(element.tag), ()))
    return next((identity for identity in found if identity is not None), None)


def _only(child: etree._Element, found: list[etree._Element]) -> etree._Element | None:
    if len(found) > 1:
        identities = [" and ".join(paths) for paths in _IDENTITY.get(str(child.tag), ())]
        how = f"say which by {' or by '.join(identities)}" if identities else 'add another with overlay="add"'
        raise OverlayError(f"line {child.sourceline}: there are {len(found)} elements {_short(child)}; {how}")
    return found[0] if found else None


def _identity(element: etree._Element, paths: tuple[str, ...]) -> tuple[str, ...] | None:
    """None where a part is missing. Numbers may be written in either way that libvirt knows."""
    values = []
    for path in paths:
        parent, _at, name = path.rpartition("@")
        holder = element if not parent else element.find(parent.rstrip("/"))
        value = None if holder is None else holder.get(name)
        if value is None:
            return None
        values.append(value.lower().removeprefix("0x"))
    return tuple(values)


def _add(target: etree._Element, child: etree._Element) -> None:
    """Behind the last of its kind, so that disks stay beside disks; else at the end."""
    alike = [element for element in target if element.tag == child.tag]
    if alike:
        alike[-1].addnext(child)
    else:
        target.append(child)


def _clean(child: etree._Element) -> etree._Element:
    copy = deepcopy(child)
    for element in copy.iter():
        if _ACTION in element.attrib:
            del element.attrib[_ACTION]
    return copy


def _short(element: etree._Element) -> str:
    return etree.QName(element).localname
