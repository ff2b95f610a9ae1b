# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the facts that the tiny test guest says on its serial console."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_START = re.compile(r"KILONOVA-GUEST ([a-z][a-z0-9_]*) (?=\{)")


@dataclass(frozen=True)
class Fact:
    """One line of the guest: its name, its data and the boot (1, 2, ...) of this console log that it belongs to."""

    name: str
    data: dict[str, Any]
    boot: int

    def __getitem__(self, key: str) -> Any:
        return self.data[key]


def parse_console(text: str | bytes) -> list[Fact]:
    """All whole facts of a console log, in order of appearance.

    Firmware and kernel messages, shell prompts, escape sequences and carriage returns around the facts are passed over,
    and so is a fact that is damaged or not yet written to its end. A new boot begins with the fact `kernel`.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    decoder = json.JSONDecoder()
    found: list[Fact] = []
    boot = position = 0
    while match := _START.search(text, position):
        position = match.end()
        try:
            data, position = decoder.raw_decode(text, position)
        except json.JSONDecodeError:
            continue
        boot += match[1] == "kernel"
        found.append(Fact(match[1], data, boot))
    return found


def facts(text: str | bytes, name: str, boot: int | None = None) -> list[dict[str, Any]]:
    """The data of all facts of one name; `boot=-1` means the last boot of the log, None all boots."""
    found = parse_console(text)
    if boot == -1:
        boot = max((fact.boot for fact in found), default=0)
    return [fact.data for fact in found if fact.name == name and boot in (None, fact.boot)]
