# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers for the parts that several request forms share (rules section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .problems import Problems, join_path
from .request_table import Property, Reader, Table, leaf, list_of
from .types import (
    METADATA_KEY,
    METADATA_VALUE,
    NAME,
    POSITIVE_INTEGER,
    STRICT_BOOLEAN,
    TAG,
    ValueType,
    choice,
    shown,
    text,
)
from .user_data import ENCODED, PLAIN, Content, InjectedFile

MAX_TAGS = 50
MAX_CERTIFICATES = 50

DISK_CONFIG = choice("AUTO", "MANUAL")


def _read_reference(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    found = str(value) if not isinstance(value, int) or value.bit_length() < 256 else ""
    return found or None


# A flavor's id may be a number in the request; it is text from there on.
REFERENCE: ValueType[str] = ValueType(_read_reference, {"type": ["string", "integer"]}, "a name or an id")

read_tags: Reader = list_of(leaf(TAG, "REQ-10"), "REQ-10", maximum=MAX_TAGS)
read_certificates: Reader = list_of(leaf(text(1), "REQ-27"), "REQ-27", minimum=1, maximum=MAX_CERTIFICATES, unique=True)


def read_count(rule: str) -> Reader:
    """A count; a whole number written with a fraction of zero is one too, as JSON makes no difference."""

    def read(value: object, path: str, problems: Problems) -> int | None:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        return POSITIVE_INTEGER.check(value, problems, path, rule)

    return read


def read_disk_config(value: object, path: str, problems: Problems) -> bool | None:
    word = DISK_CONFIG.check(value, problems, path, "REQ-23")
    return None if word is None else word == "AUTO"


def stored_config_drive(value: object, path: str, problems: Problems) -> bool | str:
    """What Nova keeps of a config drive wish: true, or an empty text for "not requested" (REQ-63, REQ-64)."""
    if not value:
        return ""
    found = STRICT_BOOLEAN.check(value, problems, path, "REQ-63", code="ConfigDriveInvalidValue")
    return found or ""


def read_metadata(value: object, path: str, problems: Problems) -> dict[str, str] | None:
    """An object of short texts (REQ-09); every bad key and value is named."""
    if not isinstance(value, Mapping):
        problems.add("ValidationError", "REQ-09", path, shown(value), {"type": "object"}, f"{path} must be an object of texts")
        return None
    found: dict[str, str] = {}
    for key, item in value.items():
        if METADATA_KEY.read(key) is None:
            message = f"{path} has a key that must be {METADATA_KEY.says}"
            problems.add("ValidationError", "REQ-09", path, shown(key), METADATA_KEY.allowed, message)
            continue
        content = METADATA_VALUE.check(item, problems, join_path(path, str(key)), "REQ-09")
        if content is not None:
            found[str(key)] = content
    return found


def _file_table(*content: Property) -> Table:
    return Table("REQ-11", Property("path", "REQ-11", leaf(text(1), "REQ-11"), required=0), *content)


_CONTENTS = Property("contents", "REQ-11", leaf(ENCODED, "REQ-11", secret=True), target="content", required=0, secret=True)
_API_FILE = _file_table(_CONTENTS)
_OPTION_FILE = _file_table(
    Property("contents", "REQ-11", leaf(ENCODED, "REQ-11", secret=True), target="encoded", secret=True),
    Property("content", "REQ-11", leaf(PLAIN, "REQ-11", secret=True), target="plain", secret=True),
)


def _read_file(value: object, path: str, problems: Problems) -> InjectedFile | None:
    return _file(_API_FILE.read(value, path, problems).values)


def _file(values: dict[str, Any]) -> InjectedFile | None:
    content: Content | None = values.get("content")
    return InjectedFile(values["path"], content) if "path" in values and content is not None else None


def _read_option_file(value: object, path: str, problems: Problems) -> InjectedFile | None:
    found = _OPTION_FILE.read(value, path, problems)
    given = [name for name in ("encoded", "plain") if name in found.at]
    if isinstance(value, Mapping) and len(given) != 1:
        message = f"{path} must have either contents (base64) or content (plain text)"
        problems.add("ValidationError", "REQ-11", path, len(given), ["contents", "content"], message)
    content = found.values.get("encoded") or found.values.get("plain")
    return _file({**found.values, "content": content})


read_personality: Reader = list_of(_read_file, "REQ-11")
# Our own options also take plain text, under ``content``.
read_option_personality: Reader = list_of(_read_option_file, "REQ-11")


_GROUP = Table("REQ-22", Property("name", "REQ-22", leaf(NAME, "REQ-22")))


def read_api_security_groups(value: object, path: str, problems: Problems) -> list[str] | None:
    """``[{name: ...}]``, without repeats; an entry without a name names nothing and is left out, as Nova does."""

    def read(entry: object, where: str, found: Problems) -> str | None:
        name = _GROUP.read(entry, where, found).values.get("name")
        return None if name is None else str(name)

    names = list_of(read, "REQ-22")(value, path, problems)
    return None if names is None else list(dict.fromkeys(names))
