# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows those who wait how far a long transfer has come; a short one shows nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

# Seconds between two looks; the last one again and again. Each is a trip where the transfer is on another machine.
PAUSES = (5, 5, 10, 10, 20, 20, 30)

State = dict[str, Any]


@contextmanager
def watched(
    name: str, look: Callable[[], State | None], show: Callable[[str], None], pauses: Sequence[float] = PAUSES
) -> Iterator[None]:
    """Looks while the block runs, and shows a line where anything can be told. ``look`` gives what ``Progress`` noted."""
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, args=(name, look, show, pauses, ended), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _watch(
    name: str, look: Callable[[], State | None], show: Callable[[str], None], pauses: Sequence[float], ended: threading.Event
) -> None:
    count = 0
    while not ended.wait(pauses[min(count, len(pauses) - 1)]):
        count += 1
        state = look()
        if state and not ended.is_set():
            show(line(name, state))


def line(name: str, state: State) -> str:
    """``the image x is being fetched: 1.2 GiB of 4.0 GiB (30%), 55.0 MiB/s, 0:52 left``"""
    if "text" in state:
        return f"{name}: {state['text']}"
    done, total, seconds = state["done"], state["total"], state["seconds"]
    text = f"{name} is being {state['step']}: {_amount(done)}"
    if total:
        text += f" of {_amount(total)} ({done * 100 // total}%)"
    speed = (done - state["base"]) / seconds if seconds else 0
    if speed:
        text += f", {_amount(speed)}/s"
        if total:
            left = int((total - done) / speed)
            text += f", {left // 60}:{left % 60:02d} left"
    return text


def _amount(count: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"
