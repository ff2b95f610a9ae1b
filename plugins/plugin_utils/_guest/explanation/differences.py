# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where one XML tree differs from another, by places of the first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from ..libraries import etree
from ..metadata_model import KILONOVA_NAMESPACE, NOVA_NAMESPACE
from ..overlay import identity_of

_PREFIXES = {KILONOVA_NAMESPACE: "kilonova:", NOVA_NAMESPACE: "nova:"}
# Our own record of the whole request: every input ends there.
_RECORD = f"{{{KILONOVA_NAMESPACE}}}server"


@dataclass(frozen=True)
class Place:
    """One element or attribute; ``owner`` is the path of the element that it is in (an element is in its parent)."""

    path: str
    value: str | None
    owner: str | None


class Tree:
    """A rendered domain with a path for each of its elements."""

    def __init__(self, root: etree._Element) -> None:
        self.root = root
        self.paths: dict[etree._Element, str] = {}
        self._name(root, f"/{_short(root)}")

    def _name(self, element: etree._Element, path: str) -> None:
        self.paths[element] = path
        tags = [child.tag for child in element]
        seen: dict[Any, int] = {}
        for child in element:
            if child.tag == _RECORD:
                continue
            seen[child.tag] = seen.get(child.tag, 0) + 1
            number = f"[{seen[child.tag]}]" if tags.count(child.tag) > 1 else ""
            self._name(child, f"{path}/{_short(child)}{number}")

    def places(self) -> Iterator[Place]:
        """In document order, an element before its attributes."""
        for element in self.root.iter():
            path = self.paths.get(element)
            if path is None:
                continue
            parent = element.getparent()
            yield Place(path, _text(element), None if parent is None else self.paths[parent])
            for name, value in element.attrib.items():
                yield Place(f"{path}/@{name!s}", str(value), path)

    def changed_in(self, other: Tree) -> set[str]:
        """Paths of this tree whose element is not in the other, or whose text or attribute is another there."""
        found: set[str] = set()
        self._compare(self.root, other.root, found)
        return found

    def _compare(self, mine: etree._Element, others: etree._Element, found: set[str]) -> None:
        path = self.paths[mine]
        if _text(mine) != _text(others):
            found.add(path)
        found.update(f"{path}/@{name!s}" for name, value in mine.attrib.items() if others.get(name) != value)
        for child, match in _aligned(mine, others):
            if child.tag == _RECORD:
                continue
            if match is None:
                found.add(self.paths[child])
            else:
                self._compare(child, match, found)


def _aligned(mine: etree._Element, others: etree._Element) -> Iterator[tuple[etree._Element, etree._Element | None]]:
    """Each child with the one of the other that it is: of the same identity, else of the same tag at the same place."""
    left, right = list(mine), list(others)
    before, after = ([(str(child.tag), _key(child)) for child in side] for side in (left, right))
    if before == after:
        yield from zip(left, right, strict=True)
        return
    for tag, start, end, other_start, other_end in SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from zip(left[start:end], right[other_start:other_end], strict=True)
        elif tag != "insert":
            free = right[other_start:other_end]
            for child in left[start:end]:
                match = next((candidate for candidate in free if candidate.tag == child.tag), None)
                if match is not None:
                    free.remove(match)
                yield child, match


def _key(child: etree._Element) -> tuple[str, ...] | None:
    """A disk is what it holds; its name in the guest is only how it is offered there."""
    source = child.find("source") if child.tag == "disk" else None
    return identity_of(child) if source is None else tuple(map(str, source.attrib.values()))


def _text(element: etree._Element) -> str | None:
    return element.text if element.text and element.text.strip() else None


def _short(element: etree._Element) -> str:
    name = etree.QName(element)
    return _PREFIXES.get(name.namespace or "", "") + str(name.localname)
