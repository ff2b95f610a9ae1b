# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an existing server differs from its request, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# What is not the server itself: the shape's version, and which request built it as which of how many.
NOT_COMPARED = ("schema", "request")
# What a task is to do with the server is no part of the server.
OF_THE_TASK = ("extra.state", "extra.wait", "extra.wait_timeout")


def drift(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """[{field, current, wanted}], ordered by field; empty when they are the same.

    ``current`` is the normalised server in the domain's metadata, ``wanted`` the one of the request. A field that only a
    later version of the collection records is not drift."""
    found: list[dict[str, Any]] = []
    for key in sorted(wanted):
        if key not in NOT_COMPARED and key in current:
            _compare(key, current[key], wanted[key], found)
    return found


def _compare(path: str, current: Any, wanted: Any, found: list[dict[str, Any]]) -> None:
    if path in OF_THE_TASK:
        return
    if isinstance(current, Mapping) and isinstance(wanted, Mapping):
        for key in sorted(set(current) | set(wanted), key=str):
            if key != "schema":
                _compare(f"{path}.{key}", current.get(key), wanted.get(key), found)
    elif current != wanted:
        found.append({"field": path, "current": current, "wanted": wanted})
