# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs plays given as Python data with the real ansible-playbook, and gives back what every task answered."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
Task = dict[str, Any]


@dataclass(frozen=True)
class Played:
    """What one run said. ``results`` are the tasks' own, in order; ``statuses`` ok, failed or unreachable."""

    code: int
    stdout: str
    stderr: str
    results: list[dict[str, Any]]
    statuses: list[str]

    @property
    def output(self) -> str:
        return self.stdout + self.stderr

    @property
    def trips(self) -> int:
        """How many modules ran on hosts; known at verbosity 3 and more."""
        return self.stdout.count("Using module file")

    @property
    def only(self) -> dict[str, Any]:
        (found,) = self.results
        return found

    @property
    def servers(self) -> list[dict[str, Any]]:
        """The servers of the only task, which must not have failed."""
        assert self.code == 0, self.output
        found: list[dict[str, Any]] = self.only["servers"]
        return found

    @property
    def server(self) -> dict[str, Any]:
        (found,) = self.servers
        return found


def play(
    tasks: Sequence[Task],
    variables: Mapping[str, Any],
    *options: str,
    environment: Mapping[str, str] | None = None,
    timeout_s: float = 1800,
) -> Played:
    """Runs the tasks on one host named `target`; a task that fails does not stop the next."""
    with tempfile.TemporaryDirectory(prefix="kilonova-play-") as folder:
        return _play(Path(folder), tasks, variables, options, environment or {}, timeout_s)


def _play(
    folder: Path,
    tasks: Sequence[Task],
    variables: Mapping[str, Any],
    options: Sequence[str],
    environment: Mapping[str, str],
    timeout_s: float,
) -> Played:
    playbook, inventory, record = folder / "play.json", folder / "hosts.json", folder / "record"
    named = [{"name": f"Task {index}", "ignore_errors": index < len(tasks)} | task for index, task in enumerate(tasks, 1)]
    playbook.write_text(json.dumps([{"hosts": "target", "gather_facts": False, "tasks": named}]))
    inventory.write_text(json.dumps({"all": {"hosts": {"target": dict(variables)}}}))
    done = subprocess.run(
        [BIN / "ansible-playbook", "-i", inventory, *options, playbook],
        env=environment_of(folder, record) | dict(environment),
        cwd=folder, check=False, capture_output=True, text=True, timeout=timeout_s, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    lines = [json.loads(line) for line in record.read_text().splitlines()] if record.exists() else []
    return Played(
        done.returncode, done.stdout, done.stderr, [line["result"] for line in lines], [line["status"] for line in lines]
    )


def environment_of(folder: Path, record: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "LIBVIRT_"))}
    return kept | {
        "KILONOVA_RECORD": str(record),
        "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
        "ANSIBLE_CALLBACKS_ENABLED": "kilonova_record",
        "ANSIBLE_LOCAL_TEMP": str(folder / "local"),
        "ANSIBLE_REMOTE_TEMP": str(folder / "remote"),
        "ANSIBLE_RETRY_FILES_ENABLED": "false",
        "ANSIBLE_HOST_KEY_CHECKING": "false",
        "ANSIBLE_NOCOLOR": "true",
    }
