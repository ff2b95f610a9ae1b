# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of security groups, as far as a request is concerned: which names and ids there are (rules REQ-72)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from .catalogue import entries_of
from .checked import Checked, checked
from .problems import Problems, join_path
from .shapes import identity
from .types import NAME, shown, text

_ID = text(1, 255)


class SecurityGroup(TypedDict):
    name: str
    id: str


def validate_security_groups(groups: object, *, field: str = "security_groups") -> Checked[dict[str, SecurityGroup]]:
    """A list of groups or of plain names, a text of names with commas, or an object by name.

    Other keys of an entry are the options of module ``security_group``, which checks them when it makes the group."""
    problems = Problems()
    found: dict[str, SecurityGroup] = {}
    if isinstance(groups, str):
        groups = list(dict.fromkeys(name.strip() for name in groups.split(",") if name.strip()))
    for entry in entries_of(groups, field, problems):
        given: Any = entry.value
        if entry.name is not None:
            given = {"name": entry.name, **given} if isinstance(given, Mapping) else {"name": entry.name}
        elif isinstance(given, str):
            given = {"name": given}
        if not isinstance(given, Mapping):
            message = f"{entry.path} must be an object or a name"
            problems.add("ValidationError", "REQ-72", entry.path, shown(given), {"type": ["object", "string"]}, message)
            continue
        name = NAME.check(given.get("name"), problems, join_path(entry.path, "name"), "REQ-72") or ""
        own = given.get("id")
        known = None if own is None else _ID.check(own, problems, join_path(entry.path, "id"), "REQ-72")
        if name in found:
            where = join_path(entry.path, "name")
            problems.add("ValidationError", "REQ-72", where, name, "unique names", f"{where} names another group too")
        found[name] = SecurityGroup(name=name, id=known or identity("security_group", name))
    return checked(found, problems)
