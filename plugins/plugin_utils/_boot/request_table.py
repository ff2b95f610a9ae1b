# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects read by a table: one row per property with its rule, reader and microversions; every key outside it is a problem."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from .problems import Problems, item_path, join_path
from .types import ValueType, shown

# A reader answers the value read, or None after adding its problems.
Reader = Callable[[object, str, Problems], Any]

LATEST_MINOR = 104
_NEVER = 10**6


@dataclass(frozen=True, slots=True)
class Property:
    """One property of an object.

    ``since`` and ``until`` are the first and the last compute API minor version that knows it (2.<minor>). ``required`` is the
    first minor version that demands it, None if none does. ``null``: null is accepted and means absent. ``target`` is the
    attribute that the value goes to, ``name`` if empty.
    """

    name: str
    rule: str
    read: Reader
    target: str = ""
    since: int = 0
    until: int = _NEVER
    required: int | None = None
    null: bool = False
    aliases: tuple[str, ...] = ()
    secret: bool = False

    @property
    def attribute(self) -> str:
        return self.target or self.name


class Table:
    """The properties of one kind of object, found by name or alias."""

    def __init__(self, rule: str, *properties: Property) -> None:
        self.rule = rule
        self.properties = properties
        self._by_key = {key: prop for prop in properties for key in (prop.name, *prop.aliases)}

    def keys(self, minor: int = LATEST_MINOR) -> list[str]:
        return sorted(key for key, prop in self._by_key.items() if prop.since <= minor <= prop.until)

    def find(self, key: str) -> Property | None:
        return self._by_key.get(key)

    def read(self, value: object, path: str, problems: Problems, *, minor: int = LATEST_MINOR) -> Found:
        """All properties that could be read, by target, and where each of them stood."""
        found = Found({}, {})
        if not isinstance(value, Mapping):
            problems.add("ValidationError", self.rule, path, shown(value), {"type": "object"}, f"{path} must be an object")
            return found
        seen: set[str] = set()
        for key, item in value.items():
            prop = self._by_key.get(key) if isinstance(key, str) else None
            if prop is None or not prop.since <= minor <= prop.until:
                self._unknown(key, item, prop, path, problems, minor)
                continue
            where = join_path(path, key)
            if prop.null and item is None:
                continue
            if prop.name in seen:
                _twice(prop, item, where, problems)
                continue
            seen.add(prop.name)
            found.at[prop.attribute] = where
            result = prop.read(item, where, problems)
            if result is not None:
                found.values[prop.attribute] = result
        for prop in self.properties:
            if prop.required is not None and prop.required <= minor and prop.name not in seen:
                _missing(prop, path, problems)
        return found

    def _unknown(self, key: object, item: object, prop: Property | None, path: str, problems: Problems, minor: int) -> None:
        where = item_path(path, key)
        if prop is not None:
            since, until = prop.since, prop.until
            versions = f"from 2.{since} on" if minor < since else f"up to 2.{until}"
            message = f"{where} is known to the API only {versions}, the request is at 2.{minor}"
        else:
            near = get_close_matches(str(key)[:64], self.keys(minor), n=1)
            message = f"{where} is not known" + (f"; did you mean {near[0]}?" if near else "")
        # An unknown key may hold a misspelt secret, so its value is not repeated.
        problems.add("ValidationError", self.rule, where, f"(a value of type {_type(item)})", self.keys(minor), message)


@dataclass(slots=True)
class Found:
    values: dict[str, Any]
    at: dict[str, str]


def _type(item: object) -> str:
    names = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object", type(None): "null"}
    return names.get(type(item), "unknown")


def _twice(prop: Property, item: object, where: str, problems: Problems) -> None:
    names = [prop.name, *prop.aliases]
    given = "(hidden)" if prop.secret else shown(item)
    problems.add(
        "ValidationError", prop.rule, where, given, names, f"{where} says again what stands under another of its names"
    )


def _missing(prop: Property, path: str, problems: Problems) -> None:
    where = join_path(path, prop.name)
    problems.add("ValidationError", prop.rule, where, None, "required", f"{where} is required")


def leaf(kind: ValueType[Any], rule: str, *, secret: bool = False) -> Reader:
    """A reader for one plain value."""

    def read(value: object, path: str, problems: Problems) -> Any:
        return kind.check(value, problems, path, rule, secret=secret)

    return read


def list_of(reader: Reader, rule: str, *, minimum: int = 0, maximum: int | None = None, unique: bool = False) -> Reader:
    """A reader for a list; one bad item keeps the others."""

    def read(value: object, path: str, problems: Problems) -> list[Any] | None:
        if not isinstance(value, (list, tuple)):
            problems.add("ValidationError", rule, path, shown(value), {"type": "array"}, f"{path} must be a list")
            return None
        _check_length(len(value), minimum, maximum, path, rule, problems)
        items = [reader(item, join_path(path, index), problems) for index, item in enumerate(value)]
        if unique:
            _check_unique(items, path, rule, problems)
        return [item for item in items if item is not None]

    return read


def _check_length(length: int, minimum: int, maximum: int | None, path: str, rule: str, problems: Problems) -> None:
    if length < minimum or (maximum is not None and length > maximum):
        allowed = {"type": "array", "min_items": minimum, "max_items": maximum}
        says = f"at least {minimum}" if length < minimum else f"at most {maximum}"
        problems.add("ValidationError", rule, path, length, allowed, f"{path} has {length} items, it must have {says}")


def _check_unique(items: Iterable[Any], path: str, rule: str, problems: Problems) -> None:
    seen: set[Any] = set()
    for index, item in enumerate(items):
        if item is not None and item in seen:
            where = join_path(path, index)
            problems.add("ValidationError", rule, where, shown(item), "unique items", f"{where} stands in the list before")
        seen.add(item)


def table_reader(table: Table, minor: int = LATEST_MINOR) -> Reader:
    """A reader for an object of a table; the values by target."""

    def read(value: object, path: str, problems: Problems) -> dict[str, Any] | None:
        if not isinstance(value, Mapping):
            table.read(value, path, problems, minor=minor)
            return None
        return table.read(value, path, problems, minor=minor).values

    return read


def parse_microversion(value: object, path: str, problems: Problems) -> int:
    """The minor number of ``2.<minor>``; ``latest`` or null is the newest. On a problem the newest, so that reading goes on."""
    if value is None or value == "latest":
        return LATEST_MINOR
    major, dot, minor = str(value).partition(".")
    if isinstance(value, str) and major == "2" and dot and minor.isascii() and minor.isdigit() and len(minor) <= 4:
        number = int(minor)
        if number <= LATEST_MINOR:
            return number
    allowed = {"min": "2.0", "max": f"2.{LATEST_MINOR}"}
    message = f'{path} must be a text from "2.0" to "2.{LATEST_MINOR}"'
    problems.add("InvalidAPIVersionString", "REQ", path, shown(value), allowed, message)
    return LATEST_MINOR
