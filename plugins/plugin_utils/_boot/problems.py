# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a request: every problem, each with its code, rule, field, given and allowed value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypedDict


class ProblemDict(TypedDict):
    """A problem as results carry it (design: ``problems: [{code, rule, field, given, allowed, message}]``)."""

    code: str
    rule: str
    field: str
    given: Any
    allowed: Any
    message: str


class NoEffect(TypedDict):
    """A field that Nova accepts and plain libvirt has no use for."""

    field: str
    reason: str


@dataclass(frozen=True)
class Problem:
    """One reason to refuse a request.

    ``code`` is Nova's exception name where one exists, ``rule`` the reference's id (``REQ-42``), ``field`` the dotted path
    of what the user wrote (``servers[0].block_device_mapping[1].boot_index``), ``given`` what stood there (never a secret),
    ``allowed`` what may stand there, ``message`` one sentence that a user can act on.
    """

    code: str
    rule: str
    field: str
    given: Any
    allowed: Any
    message: str

    def to_dict(self) -> ProblemDict:
        return ProblemDict(
            code=self.code,
            rule=self.rule,
            field=self.field,
            given=self.given,
            allowed=self.allowed,
            message=self.message,
        )


_DIGITS = re.compile(r"([0-9]+)")
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def path_order(path: str) -> list[tuple[int, int, str]]:
    """Sort key in which servers[10] follows servers[9]; a longer number is a larger one, so none has to be converted."""
    key = []
    for index, part in enumerate(_DIGITS.split(path)):
        number = part.lstrip("0")
        key.append((0, len(number), number) if index % 2 else (1, 0, part))
    return key


@dataclass
class Problems:
    """Collects problems; iteration is ordered by field, then rule, and the same for the same input every time."""

    _found: list[Problem] = field(default_factory=list)

    def add(self, code: str, rule: str, field: str, given: Any, allowed: Any, message: str) -> None:
        self._found.append(Problem(code, rule, field, given, allowed, message))

    def extend(self, problems: Iterable[Problem]) -> None:
        self._found.extend(problems)

    def __iter__(self) -> Iterator[Problem]:
        seen: set[tuple[str, str, str]] = set()
        for problem in sorted(self._found, key=lambda p: (path_order(p.field), p.rule, p.code, p.message)):
            identity = (problem.field, problem.code, problem.message)
            if identity not in seen:
                seen.add(identity)
                yield problem

    def __len__(self) -> int:
        return len(self._found)

    def __bool__(self) -> bool:
        return bool(self._found)


def join_path(parent: str, key: object) -> str:
    """``join_path("servers", 0)`` is ``servers[0]``, ``join_path("server", "name")`` is ``server.name``."""
    if isinstance(key, int) and not isinstance(key, bool):
        return f"{parent}[{key}]"
    return f"{parent}.{key}" if parent else str(key)


def item_path(parent: str, key: object) -> str:
    """Like join_path for keys that users choose: ``extra_specs["hw:cpu_policy"]``, quoted where a dot could not be read."""
    if (isinstance(key, int) and not isinstance(key, bool)) or (isinstance(key, str) and _PLAIN_KEY.fullmatch(key)):
        return join_path(parent, key)
    return f"{parent}[{json.dumps(str(key))}]"
