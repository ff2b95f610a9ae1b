# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check answers: the normalised value, every problem found on the way, and what has no effect here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from .problems import NoEffect, Problem, Problems, path_order

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Checked(Generic[T_co]):
    """``problems`` are ordered by field and free of repeats; a value may be used only where there are none."""

    value: T_co
    problems: tuple[Problem, ...] = ()
    no_effect: tuple[NoEffect, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.problems


def checked(value: T, problems: Problems, no_effect: Iterable[NoEffect] = ()) -> Checked[T]:
    """Seals what a check collected: both lists in an order that depends on the input alone."""
    unique = {(entry["field"], entry["reason"]): entry for entry in no_effect}
    ordered = sorted(unique, key=lambda key: (path_order(key[0]), key[1]))
    return Checked(value, tuple(problems) if problems else (), tuple(unique[key] for key in ordered))
