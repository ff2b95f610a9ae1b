# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks over a second connection at what a module notes on its host, while the task waits for that module on the first one."""

from __future__ import annotations

import json
import secrets
import shlex
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ansible.errors import AnsibleError

from .watch import State

# The others keep a state that two users would spoil, and none of them reaches hosts with libvirt.
_TRANSPORTS = ("local", "ssh")


class HostView:
    """The host of an action plugin, seen from beside it. No look ever fails: then there is nothing to show."""

    def __init__(self, action: Any) -> None:
        self._action = action
        self._connection: Any = None

    def new_file(self, *, at_the_cost_of_a_trip: bool = False) -> str | None:
        """A path in the task's temporary folder, which goes with the task. None where a folder would cost a trip more."""
        first = self._action._connection
        if first.transport not in _TRANSPORTS:
            return None
        if first._shell.tmpdir is None:
            if not at_the_cost_of_a_trip and self._action._is_pipelining_enabled("new"):
                return None
            self._action._make_tmp_path()
        path: str = first._shell.join_path(first._shell.tmpdir, f"progress-{secrets.token_hex(4)}")
        return path

    def noted_in(self, path: str | None) -> Callable[[], State | None]:
        """What a module noted in that file."""

        def look() -> State | None:
            text = self._run(f"cat {shlex.quote(path)}") if path else ""
            with suppress(ValueError):
                state: State = json.loads(text)
                return state
            return None

        return look

    def arrived_in(self, path: str, total: int) -> Callable[[], State | None]:
        """How much of a file is there, which the task sends from now on."""
        begun = time.monotonic()

        def look() -> State | None:
            text = self._run(f"wc -c < {shlex.quote(path)}").strip()
            if not text.isdigit():
                return None
            seconds = time.monotonic() - begun
            return {"step": "sent to its host", "done": int(text), "total": total, "base": 0, "seconds": seconds}

        return look

    def _run(self, command: str) -> str:
        if self._action._connection.transport not in _TRANSPORTS:
            return ""
        try:
            if self._connection is None:
                self._connection = self._second()
            code, output, _errors = self._connection.exec_command(command, sudoable=False)
        except (AnsibleError, OSError):
            return ""
        return output.decode("utf-8", "replace") if code == 0 else ""

    def _second(self) -> Any:
        """Another connection of the same kind with the same options: the first one is busy and not made for two."""
        first = self._action._connection
        loader = self._action._shared_loader_obj.connection_loader
        second = loader.get(first._load_name, self._action._play_context, task_uuid=self._action._task._uuid)
        second.set_options(direct=first.get_options())
        return second
