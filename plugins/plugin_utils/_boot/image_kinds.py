# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of value that image properties have; every one reads text, as the image service stores it (rules PRP-03..05)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .cpu import CpuListError, parse_cpu_mask
from .types import ValueType, integer_text, lenient_bool, scalar_text

# Numbers in the catalogue's YAML are read as the text that the image service would hold.
_VERSION = (
    r"v?([0-9]+!)?[0-9]+(\.[0-9]+)*([-_.]?(a|b|c|rc|alpha|beta|pre|preview)[-_.]?[0-9]*)?"
    r"(-[0-9]+|[-_.]?(post|rev|r)[-_.]?[0-9]*)?([-_.]?dev[-_.]?[0-9]*)?(\+[a-z0-9]+([-_.][a-z0-9]+)*)?"
)
_COMPARISON = re.compile(rf"\s*(<=|>=|==|!=|<|>)\s*{_VERSION}\s*", re.IGNORECASE)


def _text(value: object) -> str | None:
    return scalar_text(value) if isinstance(value, (str, int, float)) else None


def _flag(value: object) -> bool | None:
    return lenient_bool(value) if isinstance(value, (str, int, float)) else None


def _number(value: object) -> int | None:
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return integer_text(value)


def _version_predicate(value: object) -> str | None:
    fits = isinstance(value, str) and len(value) <= 255 and all(_COMPARISON.fullmatch(part) for part in value.split(","))
    return str(value) if fits else None


def _mappings(value: object) -> list[dict[str, str | None]] | None:
    """A list of flat objects whose values are texts or null; numbers and booleans become their text."""
    if not isinstance(value, (list, tuple)):
        return None
    entries = []
    for item in value:
        if not isinstance(item, Mapping) or not all(isinstance(key, str) for key in item):
            return None
        if not all(field is None or isinstance(field, (str, int, float)) for field in item.values()):
            return None
        entries.append({key: None if field is None else scalar_text(field) for key, field in item.items()})
    return entries


def decoded_mappings(value: object) -> object:
    """``mappings`` and ``block_device_mapping`` of the image service are JSON text; anything else stays as it is."""
    if not isinstance(value, str):
        return value
    try:
        decoded: object = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return decoded


def _cpu_list(value: object) -> list[int] | None:
    text = _text(value)
    if text is None or isinstance(value, bool):
        return None
    try:
        return parse_cpu_mask(text)
    except CpuListError:
        return None


def words(*choices: str, lower: bool = False, aliases: Mapping[str, str] | None = None) -> ValueType[str]:
    """One of the words (a text may hold several, separated by spaces); ``lower`` ignores letter case, ``aliases`` are other
    spellings of some of them."""
    allowed = [word for listed in choices for word in listed.split()]
    known = {**{word: word for word in allowed}, **(aliases or {})}

    def read(value: object) -> str | None:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            return None
        word = scalar_text(value)
        return known.get(word.lower() if lower else word)

    return ValueType(read, allowed, "one of " + ", ".join(allowed))


def _traits(value: object) -> list[str] | None:
    fits = isinstance(value, list) and all(isinstance(name, str) for name in value)
    return value if fits and isinstance(value, list) else None


def _cpu_lists(value: object) -> list[list[int]] | None:
    fits = isinstance(value, list) and all(isinstance(cell, list) and all(map(_is_index, cell)) for cell in value)
    return value if fits and isinstance(value, list) else None


def _numbers(value: object) -> list[int] | None:
    fits = isinstance(value, list) and all(isinstance(item, int) and not isinstance(item, bool) for item in value)
    return value if fits and isinstance(value, list) else None


def _is_index(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 65536


Kind = ValueType[Any]

TEXT: Kind = ValueType(_text, {"type": "string"}, "a text")
FLAG: Kind = ValueType(_flag, [True, False], "true or false")
NUMBER: Kind = ValueType(_number, {"type": "integer"}, "a whole number")
VERSION: Kind = ValueType(_version_predicate, {"type": "string", "form": ">=2.6,<4"}, "version comparisons separated by commas")
MAPPINGS: Kind = ValueType(_mappings, {"type": "list of objects"}, "a list of flat objects with texts or null")
CPU_LIST: Kind = ValueType(_cpu_list, {"type": "string", "form": "0-3,^2"}, "a list of CPUs such as 0-3,^2")

# What the lists of a normalised image look like; nobody writes them by hand.
TRAITS: Kind = ValueType(_traits, {"type": "list of strings"}, "a list of trait names")
CPU_LISTS: Kind = ValueType(_cpu_lists, {"type": "list of lists of integers"}, "one list of CPUs per node")
NUMBERS: Kind = ValueType(_numbers, {"type": "list of integers"}, "one number of MiB per node")
