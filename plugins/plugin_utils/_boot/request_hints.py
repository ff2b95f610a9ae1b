# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scheduler hints (rules HNT-01..09)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .problems import Problems, join_path
from .request_table import Reader, leaf
from .types import IP_ADDRESS, NAME, UUID, ValueType, pattern_text, shown, text

_CIDR = pattern_text(r"/[0-9a-f.:]+", 1, 255, "a slash followed by a prefix length, such as /24")
_ANY_TEXT: ValueType[str] = text()
_REFERENCE = text(1, 255)
_INTERNAL = re.compile(r"_nova")


def _one_or_list(one: ValueType[str], item: ValueType[str], rule: str) -> Reader:
    def read(value: object, path: str, problems: Problems) -> Any:
        if isinstance(value, (list, tuple)):
            found = [item.check(entry, problems, join_path(path, index), rule) for index, entry in enumerate(value)]
            return [entry for entry in found if entry is not None]
        return one.check(value, problems, path, rule)

    return read


def _query(value: object, path: str, problems: Problems) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return _ANY_TEXT.check(value, problems, path, "HNT-04")


def _readers(server: ValueType[str]) -> dict[str, Reader]:
    return {
        "group": _one_or_list(server, server, "HNT-01"),
        "different_host": _one_or_list(server, server, "HNT-02"),
        "same_host": _one_or_list(_ANY_TEXT, server, "HNT-03"),
        "query": _query,
        "target_cell": leaf(NAME, "HNT-05"),
        "different_cell": _one_or_list(_ANY_TEXT, _ANY_TEXT, "HNT-06"),
        "build_near_host_ip": leaf(IP_ADDRESS, "HNT-07"),
        "cidr": leaf(_CIDR, "HNT-08"),
    }


_STRICT = _readers(UUID)
HINTS = tuple(_STRICT)
_BY_NAME = _readers(_REFERENCE)


def read_hints(value: object, path: str, problems: Problems, *, names: bool = False) -> dict[str, Any] | None:
    """The hints that the scheduler will see: unknown keys stay, keys of Nova's own (``_nova...``) are dropped (HNT-09).

    ``names``: servers and groups may be named as well as given by uuid (our own options); the API takes uuids only.
    """
    if not isinstance(value, Mapping):
        problems.add("ValidationError", "HNT-01", path, shown(value), {"type": "object"}, f"{path} must be an object")
        return None
    readers = _BY_NAME if names else _STRICT
    found: dict[str, Any] = {}
    for key, hint in value.items():
        if not isinstance(key, str):
            problems.add("ValidationError", "HNT-01", path, shown(key), "text keys", f"{path} has a key that is not a text")
        elif key in readers:
            result = readers[key](hint, join_path(path, key), problems)
            if result is not None:
                found[key] = result
        elif not _INTERNAL.match(key):
            found[key] = hint
    return found
