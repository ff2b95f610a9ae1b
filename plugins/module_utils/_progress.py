# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a long transfer has come: noted by whoever does it, where whoever waits for it can read it."""

from __future__ import annotations

import json
import os
import time
from typing import Any, Callable, Dict, Optional

Note = Callable[[Dict[str, Any]], None]

# Each note is written over the one before, as a whole.
_WIDTH = 1000


def _nobody(_state: Dict[str, Any]) -> None:
    """Where nobody waits."""


class Progress:
    """One step after the other. ``note`` gets {step, done, total, base, seconds}, at the beginning of each step and then for
    each MiB or so: bytes (``total`` is None where nobody knows), what was there before this step began, and its time."""

    def __init__(self, note: Note = _nobody, clock: Callable[[], float] = time.monotonic) -> None:
        self._note = note
        self._clock = clock
        self._step = ""
        self._total: Optional[int] = None
        self._base = 0
        self._begun = 0.0

    def begin(self, step: str, total: Optional[int] = None, done: int = 0) -> None:
        """``step`` completes "it is being ...". ``done`` is what is there already and tells nothing of speed."""
        self._step, self._total, self._base = step, total, done
        self._begun = self._clock()
        self.at(done)

    def at(self, done: int) -> None:
        seconds = round(self._clock() - self._begun, 1)
        self._note({"step": self._step, "done": done, "total": self._total, "base": self._base, "seconds": seconds})


SILENT = Progress()


class Steps:
    """Servers that are built side by side. ``note`` gets {text}: how many are done, and where the others are."""

    DONE = "done"

    def __init__(self, count: int, note: Note) -> None:
        self._count = count
        self._note = note
        self._at: Dict[str, str] = {}

    def step(self, server: str, step: str) -> None:
        self._at[server] = step
        known = sorted(self._at.copy().items())
        others = ["%s: %s" % entry for entry in known if entry[1] != self.DONE]
        text = "%d of %d are done" % (len(known) - len(others), self._count)
        self._note({"text": "; ".join((text, *others))[: _WIDTH // 2]})


def note_in(path: Optional[str]) -> Note:
    """Notes in a file, which whoever gives its path takes away. Without a path, or where it cannot be written, nowhere."""
    if not path:
        return _nobody
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except OSError:
        return _nobody

    def note(state: Dict[str, Any]) -> None:
        os.pwrite(descriptor, json.dumps(state).encode().ljust(_WIDTH) + b"\n", 0)

    return note
