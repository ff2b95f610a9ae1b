# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs commands, and tells one process from a later one with the same number."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path


class LabError(Exception):
    """A test host cannot be made, reached or removed; the message says why."""


def tool(*argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Runs a command on the machine; LabError in one line when it is missing or (with `check`) fails."""
    try:
        done = subprocess.run(argv, check=False, capture_output=True, text=True)
    except FileNotFoundError as missing:
        raise LabError(f"{argv[0]} is missing: install the packages of tests/lab/packages.txt") from missing
    if check and done.returncode:
        raise LabError(f"{' '.join(argv)}: {(done.stderr or done.stdout).strip() or f'exit code {done.returncode}'}")
    return done


def missing_tools(names: Sequence[str]) -> list[str]:
    """Those of the names that are in none of PATH's directories nor in sbin."""
    places = [*os.environ.get("PATH", "").split(":"), "/usr/sbin", "/sbin"]
    return [name for name in names if not any(os.access(Path(place, name), os.X_OK) for place in places if place)]


def birth(pid: int) -> str | None:
    """The start time (clock ticks since boot) of a living process; None when it is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else fields[19]


def is_alive(pid: int, born: str) -> bool:
    return birth(pid) == born


def kill(pid: int, born: str) -> None:
    """SIGKILL for exactly this process, and waits until it is gone."""
    if is_alive(pid, born):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(pid, born), f"process {pid} ignores SIGKILL")


def listens(address: str, port: int) -> bool:
    """sshd goes into the background before it listens: only a connection tells."""
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True


def wait_until(done: Callable[[], bool], complaint: str, seconds: float = 300.0) -> None:
    """Looks every 20 ms; LabError with the complaint when time is up."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise LabError(complaint)
        time.sleep(0.02)
