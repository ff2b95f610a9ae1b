# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What whoever waits for a long transfer is shown, and that a short one shows nothing."""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path

from ansible_collections.kilonova.compute.plugins.module_utils._checksum import hash_file
from ansible_collections.kilonova.compute.plugins.module_utils._progress import Progress, Steps, note_in
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.watch import State, line, watched

GIB = 1 << 30


def test_a_line_has_amount_speed_and_time_left() -> None:
    state = {"step": "fetched", "done": 2 * GIB, "total": 4 * GIB, "base": GIB, "seconds": 64.0}
    assert line("the image x", state) == "the image x is being fetched: 2.0 GiB of 4.0 GiB (50%), 16.0 MiB/s, 2:08 left"
    assert line("it", state | {"total": None}) == "it is being fetched: 2.0 GiB, 16.0 MiB/s"
    assert line("it", state | {"done": GIB}) == "it is being fetched: 1.0 GiB of 4.0 GiB (25%)"
    assert line("it", {"step": "checked", "done": 0, "total": 0, "base": 0, "seconds": 0.0}) == "it is being checked: 0 B"
    assert line("servers", {"text": "1 of 2 are done"}) == "servers: 1 of 2 are done"


def test_a_note_is_what_came_last(tmp_path: Path) -> None:
    path = tmp_path / "note"
    clock = iter((0.0, 0.0, 2.0, 5.0, 5.0))
    progress = Progress(note_in(str(path)), clock=lambda: next(clock))
    progress.begin("fetched", 1000, 10)
    progress.at(1000)
    assert json.loads(path.read_text()) == {"step": "fetched", "done": 1000, "total": 1000, "base": 10, "seconds": 2.0}
    progress.begin("checked", 7)
    assert json.loads(path.read_text())["step"] == "checked"
    note_in(str(path))({"text": "nobody's file is written over"})
    assert json.loads(path.read_text())["step"] == "checked"


def test_servers_side_by_side() -> None:
    notes: list[str] = []
    steps = Steps(3, lambda state: notes.append(state["text"]))
    for server, step in (("a", "define"), ("b", "define"), ("a", "wait"), ("b", Steps.DONE)):
        steps.step(server, step)
    assert notes[-1] == "1 of 3 are done; a: wait"


def test_who_waits_is_told_and_a_short_wait_is_silent() -> None:
    shown: list[str] = []
    seen = threading.Event()
    latest: State = {}

    def show(text: str) -> None:
        shown.append(text)
        if text == "it is being checked: 5 B of 5 B (100%)":  # it may be seen on its way there
            seen.set()

    with watched("it", lambda: latest, show, pauses=(0.001,)):
        hash_file(io.BytesIO(b"x" * 5), ("sha256",), Progress(latest.update))
        assert seen.wait(60)
    count = len(shown)
    with watched("it", lambda: latest, show, pauses=(3600,)):
        pass
    assert len(shown) == count
