# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the bench's programs are, and a play of ansible-playbook with its cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .command import Cost, run

CHECKOUT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PEER = CHECKOUT / ".cache" / "bench-peer"
PEER_PACKAGES = ("ansible==12.3.0", "libvirt-python==12.8.0", "lxml==6.1.3")


def make_peer() -> None:
    """An environment of its own for the peer, made once."""
    if (PEER / "complete").exists():
        return
    subprocess.run([sys.executable, "-m", "venv", PEER], check=True)
    subprocess.run([PEER / "bin" / "pip", "install", "--disable-pip-version-check", "-q", *PEER_PACKAGES], check=True)
    (PEER / "complete").touch()


def measured(place: Path, work: Callable[[Path], Cost]) -> Cost:
    """``work`` gets an empty folder below ``place``, which goes again."""
    with tempfile.TemporaryDirectory(dir=place) as folder:
        return work(Path(folder))


def play(place: Path, programs: Path, tasks: Sequence[dict[str, Any]], *options: str) -> Cost:
    """One ansible-playbook of ``programs`` with these tasks, on this machine."""

    def work(folder: Path) -> Cost:
        (folder / "play.json").write_text(json.dumps([{"hosts": "target", "gather_facts": False, "tasks": list(tasks)}]))
        variables = {"ansible_connection": "local", "ansible_python_interpreter": str(programs / "python")}
        (folder / "hosts.json").write_text(json.dumps({"all": {"hosts": {"target": variables}}}))
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "LIBVIRT_"))}
        environment = kept | {"ANSIBLE_LOCAL_TEMP": str(folder / "local"), "ANSIBLE_REMOTE_TEMP": str(folder / "remote")}
        return run([programs / "ansible-playbook", "-i", "hosts.json", *options, "play.json"], folder, environment)

    return measured(place, work)
