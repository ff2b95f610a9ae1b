# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the request schemas say about the fields of a block-device entry, legacy and v2 (rules REQ-30..40)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .block_device_entry import DESTINATIONS, SOURCES, STORED_KEYS, UNSTORED_KEYS
from .block_device_legacy import LEGACY_KEYS
from .problems import NoEffect, Problems, item_path
from .types import BOOLEAN, MAX_INT, TAG, VOLUME_SIZE, ValueType, choice, pattern_text, shown, text

_INDEX = re.compile(r"-?[0-9]{1,10}\n?")


def _read_index(value: object) -> int | None:
    """JSON makes no difference between 0 and 0.0, and Nova's patterns let one newline pass at the very end."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    number = value if isinstance(value, int) else int(value) if isinstance(value, str) and _INDEX.fullmatch(value) else None
    return number if number is not None and abs(number) <= MAX_INT else None


_REFERENCE = text(1, 255)
_WORD = text(0, 255)
_PATH = pattern_text(r"[a-zA-Z0-9._/-]+", 1, 255, "1 to 255 letters, digits, dots, dashes, underscores and slashes")
_LEGACY_TYPES: dict[str, tuple[str, ValueType[Any]]] = {
    "virtual_name": ("REQ-30", _WORD),
    "volume_id": ("REQ-31", _REFERENCE),
    "snapshot_id": ("REQ-31", _REFERENCE),
    "volume_size": ("REQ-32", VOLUME_SIZE),
    "device_name": (
        "REQ-33",
        _PATH,
    ),
    "delete_on_termination": ("REQ-34", BOOLEAN),
    "connection_info": ("REQ-36", text(0, 16777215)),
}
_V2_TYPES: dict[str, tuple[str, ValueType[Any]]] = {
    **_LEGACY_TYPES,
    "source_type": ("REQ-37", choice(*SOURCES)),
    "destination_type": ("REQ-38", choice(*DESTINATIONS)),
    "uuid": ("REQ-39", pattern_text(r"[a-zA-Z0-9._-]+", 1, 255, "1 to 255 letters, digits, dots, dashes and underscores")),
    "image_id": ("REQ-39", _REFERENCE),
    "guest_format": ("REQ-40", _WORD),
    "device_type": ("REQ-40", _WORD),
    "disk_bus": ("REQ-40", _WORD),
    "boot_index": ("REQ-40", ValueType(_read_index, {"type": "integer"}, "a whole number or null")),
    "tag": ("REQ-40", TAG),
    "volume_type": ("REQ-40", _WORD),
}
_NULLABLE = frozenset(("boot_index", "volume_type"))


def check_legacy_schema(raw: Mapping[Any, Any], problems: Problems, field: str) -> None:
    """The types and limits of a legacy entry, and that it has no other fields (rules REQ-30..36)."""
    _check_types(raw, _LEGACY_TYPES, problems, field)
    for key in raw:
        if key not in LEGACY_KEYS:
            where = item_path(field, key)
            message = f"{where} is not a field of a legacy block device"
            problems.add("ValidationError", "REQ-30", where, shown(raw[key]), list(LEGACY_KEYS), message)


def check_v2_schema(raw: Mapping[Any, Any], problems: Problems, field: str) -> None:
    """The types and limits of a v2 entry (rules REQ-37..40); unknown fields are the entry parser's to name."""
    _check_types(raw, _V2_TYPES, problems, field)
    for key in raw:
        if key in UNSTORED_KEYS and key not in ("uuid", "connection_info"):
            where = item_path(field, key)
            allowed = sorted(STORED_KEYS | {"uuid"})
            problems.add("ValidationError", "REQ-40", where, shown(raw[key]), allowed, f"{where} is not for a request to say")


def _check_types(
    raw: Mapping[Any, Any], types: Mapping[str, tuple[str, ValueType[Any]]], problems: Problems, field: str
) -> None:
    for key, (rule, kind) in types.items():
        if key in raw and not (raw[key] is None and key in _NULLABLE):
            kind.check(raw[key], problems, item_path(field, key), rule)


def without_effect(raw: Mapping[Any, Any], field: str) -> list[NoEffect]:
    """Fields that the schemas let pass and nothing reads."""
    found = []
    if raw.get("connection_info") is not None:
        reason = "how a volume is connected follows from its storage pool, never from the request"
        found.append(NoEffect(field=f"{field}.connection_info", reason=reason))
    for source in ("image", "snapshot", "volume"):
        # With another source Nova stores the id and never looks at it again.
        if raw.get("source_type") in SOURCES and raw["source_type"] != source and raw.get(f"{source}_id") is not None:
            reason = f"only a device whose source is {source} is made from it"
            found.append(NoEffect(field=f"{field}.{source}_id", reason=reason))
    return found
