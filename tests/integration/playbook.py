# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the collection's playbooks by their full names, as a user does, and gives back what they said."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .play import BIN, environment_of

_RECAP = re.compile(r"^(\S+) +: ok=\d+ +changed=(\d+) ", re.MULTILINE)


class Unsafe(str):
    """Text that Ansible must not take for a template, as AWX passes the answers of a survey."""

    __slots__ = ()


@dataclass(frozen=True)
class Outcome:
    """``records``: task, host, status and result of every task that ran."""

    code: int
    output: str
    records: list[dict[str, Any]]

    @property
    def changed(self) -> int:
        return sum(int(count) for _host, count in _RECAP.findall(self.output))

    @property
    def message(self) -> str:
        """Why it failed."""
        assert self.code != 0, self.output
        failed = [record["result"] for record in self.records if record["status"] == "failed"]
        assert failed, self.output
        items = failed[0].get("results") or failed
        return str(items[0]["msg"])

    @property
    def told(self) -> list[str]:
        """The lines that the last debug task showed."""
        assert self.code == 0, self.output
        lines: list[str] = self.records[-1]["result"]["msg"]
        return lines

    def of(self, task: str) -> dict[str, dict[str, Any]]:
        """What a task answered, by host."""
        return {record["host"]: record["result"] for record in self.records if task in record["task"]}


def run_playbook(folder: Path, name: str, variables: Mapping[str, Any], *options: str, timeout_s: float = 1800) -> Outcome:
    """``folder`` is an empty place to stand in; it holds no inventory, so that localhost is the only host."""
    record, settings = folder / "record", folder / "variables.yml"
    record.unlink(missing_ok=True)
    settings.write_text("".join(f"{key}: {_yaml(value)}\n" for key, value in variables.items()))
    done = subprocess.run(
        [BIN / "ansible-playbook", f"kilonova.compute.{name}", "-e", f"@{settings}", *options],
        env=environment_of(folder, record) | {"ANSIBLE_LOCALHOST_WARNING": "false"},
        cwd=folder, check=False, capture_output=True, text=True, timeout=timeout_s, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    lines = record.read_text().splitlines() if record.exists() else []
    return Outcome(done.returncode, done.stdout + done.stderr, [json.loads(line) for line in lines])


def _yaml(value: Any) -> str:
    """JSON is YAML, but for the tag that keeps braces from being templates."""
    if isinstance(value, Unsafe):
        return f"!unsafe {json.dumps(str(value))}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)}: {_yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_yaml, value)) + "]"
    return json.dumps(value)
