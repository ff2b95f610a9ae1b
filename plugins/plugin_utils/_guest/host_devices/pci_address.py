# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which PCI addresses an entry of ``[pci]device_spec`` means: Nova's two forms (``nova.pci.devspec``)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PARTS = ("domain", "bus", "slot", "function")
_HIGHEST = (0xFFFF, 0xFF, 0x1F, 0x7)
_DIGITS = (4, 2, 2, 1)
_HEX = re.compile(r"[0-9a-fA-F]+")
_ADDRESS = re.compile(r"([0-9a-f]{4}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])")
FORMS = ["0000:0a:00.1", "0a:00", "*:0a:*.*", {"domain": ".*", "bus": "0a", "slot": "[0-3]", "function": ".*"}]


@dataclass(frozen=True)
class AddressSpec:
    """A regular expression for each part. ``single``: it can only mean one address, that of a PF and with it its VFs."""

    patterns: tuple[re.Pattern[str], ...]
    single: bool

    def means(self, address: str | None) -> bool:
        """A pattern holds from the beginning of the part on, as Nova's does."""
        found = _ADDRESS.fullmatch(address or "")
        return found is not None and all(p.match(part) for p, part in zip(self.patterns, found.groups(), strict=True))


ANY_ADDRESS = AddressSpec((re.compile(""),) * 4, single=False)


def is_address(text: str) -> bool:
    return _ADDRESS.fullmatch(text) is not None


def read_address(given: Any) -> tuple[AddressSpec, str | None]:
    """The spec, or why there is none: ``[[[domain:]bus:]slot][.function]`` with ``*`` for any, or expressions by part."""
    if isinstance(given, Mapping):
        return _by_part(given)
    if not isinstance(given, str):
        return ANY_ADDRESS, "it must be a text or a dictionary of expressions"
    front, _dot, function = given.partition(".")
    fields = front.split(":") if front else []
    if len(fields) > 3:
        return ANY_ADDRESS, "it has too many parts"
    words = [*["*"] * (3 - len(fields)), *(field.strip() or "*" for field in fields), function.strip() or "*"]
    patterns = []
    for name, word, highest, digits in zip(PARTS, words, _HIGHEST, _DIGITS, strict=True):
        if word == "*":
            patterns.append(re.compile(""))
        elif _HEX.fullmatch(word) is None or int(word, 16) > highest:
            return ANY_ADDRESS, f"its {name} {word!r} is no hexadecimal number up to {highest:x}"
        else:
            patterns.append(re.compile(f"{int(word, 16):0{digits}x}$"))
    return AddressSpec(tuple(patterns), single="*" not in words), None


def _by_part(given: Mapping[str, Any]) -> tuple[AddressSpec, str | None]:
    unknown = sorted(str(key) for key in given if key not in PARTS)
    if unknown:
        return ANY_ADDRESS, f"it has no part {unknown[0]!r}"
    words = [str(given.get(name, ".*")) for name in PARTS]
    try:
        patterns = tuple(re.compile(word) for word in words)
    except (re.error, OverflowError, RecursionError) as error:
        return ANY_ADDRESS, f"it is no regular expression: {error}"
    return AddressSpec(patterns, single=all(_HEX.fullmatch(word) for word in words)), None
