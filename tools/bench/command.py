# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one command and says what it cost."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """``seconds`` of the wall clock, ``peak_mib`` of the largest process that the command consisted of."""

    seconds: float
    peak_mib: float
    output: str


def run(argv: Sequence[str | Path], folder: Path, environment: Mapping[str, str] | None = None) -> Cost:
    """Raises RuntimeError with the command's own words when it fails."""
    log = folder / "output"
    with log.open("w+") as output:
        begun = time.monotonic()
        child = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=folder, env=environment
        )
        _pid, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
    text = log.read_text(errors="replace")
    if child.returncode:
        raise RuntimeError(f"{argv[0]} ended with {child.returncode}:\n{text[-3000:]}")
    return Cost(seconds, usage.ru_maxrss / 1024, text)
