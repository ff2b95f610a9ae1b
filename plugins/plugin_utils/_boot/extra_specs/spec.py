# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One extra spec as data, and the five kinds of value that extra specs have (rules ESP-06..08)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..types import bounds, integer_text, says_bounds, strict_bool, within


@dataclass(frozen=True, slots=True)
class SpecValue:
    """``fits`` judges the stored text, ``allowed`` and ``says`` are for the problem."""

    fits: Callable[[str], bool]
    allowed: Any
    says: str


@dataclass(frozen=True, slots=True)
class Spec:
    """``key`` is the key itself, or with ``pattern`` the readable form of the keys that it matches; where ``names`` are listed,
    the pattern's group ``name`` must be one of them. ``effect`` says where the value ends up; ``no_effect`` says why it ends up
    nowhere and is then the reason in a result."""

    key: str
    rule: str
    value: SpecValue
    effect: str = ""
    no_effect: str = ""
    pattern: str = ""
    names: frozenset[str] = frozenset()


def anything() -> SpecValue:
    return SpecValue(lambda text: True, "any text", "any text")


def boolean() -> SpecValue:
    words = ["1", "t", "true", "on", "y", "yes", "0", "f", "false", "off", "n", "no"]
    return SpecValue(lambda text: strict_bool(text) is not None, words, "a boolean word (such as true or false)")


def number(minimum: int | None = None, maximum: int | None = None) -> SpecValue:
    def fits(text: str) -> bool:
        value = integer_text(text)
        return value is not None and within(value, minimum, maximum)

    return SpecValue(fits, bounds(minimum, maximum), f"a whole number{says_bounds(minimum, maximum)}")


def words(*choices: str) -> SpecValue:
    known = frozenset(choices)
    return SpecValue(known.__contains__, list(choices), "one of " + ", ".join(choices))


def matching(pattern: str, says: str) -> SpecValue:
    compiled = re.compile(pattern)
    return SpecValue(lambda text: compiled.fullmatch(text) is not None, {"pattern": pattern}, says)


def cpu_mask() -> SpecValue:
    return matching(r"\^?[0-9]+((-[0-9]+)?(,\^?[0-9]+(-[0-9]+)?)?)*", "a list of CPUs such as 0-3,^2")
