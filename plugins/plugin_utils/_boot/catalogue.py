# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all catalogues have in common: dict by name or list, unique names and ids, known keys, one spelling per field."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from .problems import Problems, item_path, join_path
from .shapes import SCHEMA
from .types import NAME, shown


class Named(Protocol):
    """A normalised catalogue value: it has a name and an id."""

    def __getitem__(self, key: Any, /) -> Any: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it was written: where it stands, the name that its key gives it (None in a list), and the value."""

    path: str
    name: str | None
    value: object


def entries_of(catalogue: object, field: str, problems: Problems) -> list[Entry]:
    """The entries of a dict by name or of a list; null is an empty catalogue."""
    if catalogue is None:
        return []
    if isinstance(catalogue, Mapping):
        return [Entry(item_path(field, key), _key_name(key, field, problems), value) for key, value in catalogue.items()]
    if isinstance(catalogue, (list, tuple)):
        return [Entry(join_path(field, index), None, value) for index, value in enumerate(catalogue)]
    allowed = {"type": "object by name, or list"}
    problems.add("ValidationError", "", field, shown(catalogue), allowed, f"{field} must be an object by name or a list")
    return []


def _key_name(key: object, field: str, problems: Problems) -> str:
    """YAML reads a bare 1 as a number; as a name it is the text."""
    if isinstance(key, int) and not isinstance(key, bool):
        return str(shown(key))
    if not isinstance(key, str):
        problems.add(
            "ValidationError", "", item_path(field, key), shown(key), NAME.allowed, f"a name in {field} must be a text"
        )
    return str(key)


def check_schema(value: Mapping[Any, Any], problems: Problems, field: str) -> bool:
    """Whether the value says that it is a normalised one; a schema that this version cannot read is a problem."""
    if "schema" not in value:
        return False
    given = value["schema"]
    if given == SCHEMA and isinstance(given, int) and not isinstance(given, bool):
        return True
    path = join_path(field, "schema")
    message = f"{path} must be {SCHEMA}, the only schema of normalised values that this version reads"
    problems.add("ValidationError", "", path, shown(given), [SCHEMA], message)
    return False


def check_unknown_keys(
    value: Mapping[Any, Any],
    known: Collection[str],
    problems: Problems,
    field: str,
    rule: str,
    hints: Mapping[str, str] | None = None,
) -> None:
    """One problem per key that nobody reads; ``hints`` adds a sentence for some of them."""
    for key in value:
        if isinstance(key, str) and key in known:
            continue
        path = item_path(field, key)
        hint = (hints or {}).get(str(key), "")
        message = f"{shown(key)} is not a known key of {field}" + (f"; {hint}" if hint else "")
        problems.add("ValidationError", rule, path, shown(key), sorted(known), message)


def spelling(value: Mapping[Any, Any], plain: str, prefixed: str | None, problems: Problems, field: str, rule: str) -> str:
    """Which of a field's two names the user wrote; both at once is a problem."""
    if prefixed is None or prefixed not in value:
        return plain
    if plain in value:
        path = item_path(field, prefixed)
        message = f"{prefixed} and {plain} are the same field of {field}; write one of them"
        problems.add("ValidationError", rule, path, shown(value[prefixed]), [plain, prefixed], message)
        return plain
    return prefixed


def read_name(value: Mapping[Any, Any], name: str | None, problems: Problems, field: str, rule: str) -> str:
    """The entry's own name, else the one its key gives; both must agree."""
    path = join_path(field, "name")
    given = value.get("name", name)
    if given is None:
        problems.add("ValidationError", rule, path, None, NAME.allowed, f"{path} is required")
        return ""
    read = NAME.check(given, problems, path, rule) or ""
    if name is not None and read and read != name.strip():
        problems.add(
            "ValidationError",
            rule,
            path,
            shown(given),
            [name],
            f"{path} differs from the key {shown(name)} that it stands under",
        )
    return read


def check_duplicates(
    found: Iterable[tuple[Entry, Named]], problems: Problems, *, rule: str, name_code: str, id_code: str
) -> None:
    """One problem for every later entry that repeats a name or an id."""
    names: dict[str, str] = {}
    ids: dict[str, str] = {}
    for entry, value in found:
        for key, seen, code in (("name", names, name_code), ("id", ids, id_code)):
            first = seen.setdefault(value[key], entry.path)
            if first != entry.path:
                path = join_path(entry.path, key)
                message = f"{path} {shown(value[key])} is taken by {first}"
                problems.add(code, rule, path, shown(value[key]), "unique", message)
