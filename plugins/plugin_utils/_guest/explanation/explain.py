# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a domain's XML is what it is: found out by designing it again without each input, not written down anywhere.

An input put a place there when the place is not there, or says something else, once that input is taken away or has another
value. So what is said is true of this very request; it holds no more than that. An input whose every other value is refused
stays undecided, and two inputs that say the same are each seen only by the values that they alone decide.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..designer import Design
from ..domain_model import Domain
from ..overlay import OverlayError
from ..render import RenderError, render_tree
from ..shape import SchemaError
from .differences import Tree
from .inputs import DesignInputs, Input, inputs_of


def explain(given: DesignInputs, design: Design) -> dict[str, Any]:
    """{elements: [{path, value, inputs, defaults, of}], inputs: [{name, kind, value, ends, undecided}]}.

    ``elements``: every element and attribute, by path; ``inputs`` and ``defaults`` name what decides it. Where nothing does,
    it comes with the element ``of``, whose inputs brought it; without that it is the same for every server. ``ends`` are the
    places that an input decides. Our own record, which holds the whole request, is left out.
    """
    base = Tree(render_tree(design.domain, given.shape))
    found: dict[str, list[Input]] = {}
    shown = []
    for entry in inputs_of(given):
        ends, undecided = _ends(entry, given, design, base)
        for path in ends:
            found.setdefault(path, []).append(entry)
        if ends or entry.kind != "default":
            shown.append(_input(entry, sorted(ends, key=_natural(base)), undecided))
    return {"elements": _elements(base, found), "inputs": shown}


def _natural(base: Tree) -> Any:
    order = {place.path: index for index, place in enumerate(base.places())}
    return lambda path: order.get(path, len(order))


def _ends(entry: Input, given: DesignInputs, design: Design, base: Tree) -> tuple[set[str], bool]:
    """Where the input ends; and whether nothing could be found out, because every other value is refused."""
    ends: set[str] = set()
    tried = False
    for change in entry.changes:
        altered = change(given)
        other = altered.design(definable=False)
        if other.problems:
            continue
        tried = True
        if altered.shape == given.shape and _same(design.domain, other.domain):
            continue
        try:
            ends |= base.changed_in(Tree(render_tree(other.domain, altered.shape)))
        except (OverlayError, RenderError, SchemaError):  # the user's own shape does not fit this value
            continue
    return ends, not tried


def _same(one: Domain, other: Domain) -> bool:
    """Rendering is the slow part; most inputs change nothing but our record."""
    record = one.metadata.kilonova
    return one == replace(other, metadata=replace(other.metadata, kilonova=record))


def _input(entry: Input, ends: list[str], undecided: bool) -> dict[str, Any]:
    value = list(entry.value) if isinstance(entry.value, tuple) else entry.value
    found = {"name": entry.name, "kind": entry.kind, "value": value, "ends": ends}
    return found | {"undecided": True} if undecided else found


def _elements(base: Tree, found: dict[str, list[Input]]) -> list[dict[str, Any]]:
    decided = set(found)
    elements = []
    owners = {place.path: place.owner for place in base.places()}
    for place in base.places():
        by = found.get(place.path, [])
        shown: dict[str, Any] = {
            "path": place.path,
            "value": place.value,
            "inputs": [entry.name for entry in by if entry.kind != "default"],
            "defaults": [entry.name for entry in by if entry.kind == "default"],
        }
        if not by:
            owner = place.owner
            while owner is not None and owner not in decided:
                owner = owners[owner]
            shown["of"] = owner
        elements.append(shown)
    return elements
