# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which characters XML can carry, and where in a request others stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def illegal_characters(text: str) -> list[str]:
    """The code points that XML 1.0 cannot carry, not even escaped, as ``U+0007``."""
    return [f"U+{ord(character):04X}" for character in dict.fromkeys(_ILLEGAL.findall(text))]


def illegal_texts(value: Any, path: str) -> Iterator[tuple[str, list[str]]]:
    """Yields (dotted path, code points) for every text below ``value``, keys included, that XML cannot carry."""
    if isinstance(value, str):
        found = illegal_characters(value)
        if found:
            yield path, found
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from illegal_texts(str(key), f"{path}[{key!r}]")
            yield from illegal_texts(
                item, f"{path}[{key!r}]" if path.endswith(("extra_specs", "properties")) else f"{path}.{key}"
            )
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from illegal_texts(item, f"{path}[{index}]")
