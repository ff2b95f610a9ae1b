# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Catalogues: their entries as users write them, and the look-up of a reference by name or id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from .catalogue import entries_of
from .problems import Problems
from .types import read_uuid, shown

Entry = TypeVar("Entry", bound=Mapping[str, Any])


def catalogue_entries(
    catalogue: object, path: str, problems: Problems, rule: str, *, bare: str = ""
) -> list[tuple[str, dict[str, Any]]]:
    """The entries of a catalogue with their paths; in an object the key is the name unless the entry says another.

    ``bare`` names the property that a plain text stands for, where the kind has such a short form.
    """
    entries = []
    for found in entries_of(catalogue, path, problems):
        where, name, entry = found.path, found.name, found.value
        if bare and isinstance(entry, str) and name is not None:
            entry = {bare: entry}
        elif entry is None and name is not None:
            entry = {}
        if not isinstance(entry, Mapping):
            problems.add("ValidationError", rule, where, shown(entry), {"type": "object"}, f"{where} must be an object")
            continue
        entries.append((where, dict(entry) if name is None else {"name": name, **entry}))
    return entries


class Catalogue(Generic[Entry]):
    """Entries of one kind, found by id or by name; an id always wins over a name (design: a reference is a name or an id)."""

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self.entries = entries
        self._by_id: dict[str, Entry] = {}
        for entry in entries.values():
            if "id" in entry:
                self._by_id.setdefault(_canonical(str(entry["id"])), entry)

    def find(self, reference: str) -> Entry | None:
        if reference in self._by_id:
            return self._by_id[reference]
        if reference in self.entries:
            return self.entries[reference]
        return self._by_id.get(_canonical(reference))

    def known(self) -> list[str]:
        """The names, for a problem's ``allowed``; cut where there are many."""
        return sorted(self.entries)[:20]

    def __len__(self) -> int:
        return len(self.entries)


def _canonical(reference: str) -> str:
    return read_uuid(reference) or reference
