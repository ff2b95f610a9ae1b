# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an API body's microversion says about block-device entries (rules REQ-31, REQ-39, REQ-40); their rules say the rest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from .problems import Problems, join_path
from .request_table import Reader, list_of
from .types import UUID, shown

# The first minor version of a key; tags came with 2.32 by mistake for that version alone.
_SINCE: dict[str, Callable[[int], bool]] = {
    "tag": lambda minor: minor == 32 or minor >= 42,
    "volume_type": lambda minor: minor >= 67,
}
_IDS = ("volume_id", "snapshot_id", "image_id")


def device_list(rule: str, minor: int, known: Collection[str]) -> Reader:
    """A reader that hands the entries on as they are; ``known`` are names that may stand where Nova takes ids only."""

    def entry(value: object, path: str, problems: Problems) -> Any:
        if not isinstance(value, Mapping):
            problems.add("ValidationError", rule, path, shown(value), {"type": "object"}, f"{path} must be an object")
            return None
        for key, has in _SINCE.items():
            if key in value and not has(minor):
                where = join_path(path, key)
                message = f"{where} is not known to the API at 2.{minor}"
                problems.add("ValidationError", "REQ-40", where, shown(value[key]), None, message)
        for key in _IDS:
            if isinstance(value.get(key), str) and value[key] not in known:
                UUID.check(value[key], problems, join_path(path, key), "REQ-31")
        return dict(value)

    return list_of(entry, rule)
