# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kind's adapter answers: accepted with values, or refused with reasons."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """``values`` are compared key by key with those that the case lists; ``reasons`` are shown when a case fails."""

    accepted: bool
    values: dict[str, Any] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
