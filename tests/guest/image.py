# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gets the test guests built, and waits for what they say."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

from .facts import facts


def tiny_image() -> Path:
    """The bootable disk (qcow2, 64 MiB), built when it is not there or out of date; RuntimeError with build.sh's words."""
    return _built()


def full_image() -> Path:
    """The same with every driver, the guest agent, and a signed loader for UEFI and Secure Boot."""
    return _built("--full")


def _built(*options: str) -> Path:
    argv = [str(Path(__file__).with_name("build.sh")), *options]
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return Path(done.stdout.splitlines()[-1])


def wait_for_fact(console: Path, name: str, boot: int = 1, seconds: float = 600.0) -> dict[str, Any]:
    """The first fact of that name in boot 1, 2, ... of a console log; TimeoutError with the end of the log."""
    end = time.monotonic() + seconds
    while True:
        text = console.read_bytes() if console.exists() else b""
        if found := facts(text, name, boot):
            return found[0]
        if time.monotonic() > end:
            raise TimeoutError(f"{console}: no fact {name} of boot {boot}: {text[-1500:].decode(errors='replace')}")
        time.sleep(0.1)
