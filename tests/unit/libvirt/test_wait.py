# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting ends where it should, with an error of its own for each other end; power changes go through it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import libvirt
import pytest

from ansible_collections.kilonova.compute.plugins.module_utils._errors import WaitError
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt import wait
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.power import change_power
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.wait import (
    LifecycleEvents,
    lifecycle_events,
    outcome_of,
    wait_for_console,
    wait_for_state,
)


@pytest.fixture
def events(connection: Any) -> Iterator[LifecycleEvents]:
    with lifecycle_events(connection) as registered:
        assert registered.active
        yield registered


def later(work: Callable[[], Any]) -> threading.Timer:
    timer = threading.Timer(0.2, work)
    timer.start()
    return timer


@pytest.mark.parametrize(
    ("power", "wanted", "outcome"),
    [
        ("running", "running", "running"),
        ("shutdown", "shutdown", "shutdown"),
        ("paused", "running", None),
        ("pending", "running", None),
        ("shutdown", "running", "shutoff"),
        ("crashed", "running", "crashed"),
        ("crashed", "shutdown", "crashed"),
    ],
)
def test_outcomes(power: str, wanted: str, outcome: str | None) -> None:
    assert outcome_of(power, wanted) == outcome


def test_an_event_ends_the_wait(connection: Any, defined: Callable[..., Any], events: LifecycleEvents) -> None:
    made = defined("web")
    made.create()
    made.suspend()
    timer = later(made.resume)
    wait_for_state(made, events, wanted="running", timeout_s=60)
    timer.join()
    assert made.isActive()


def test_polling_ends_it_where_there_are_no_events(defined: Callable[..., Any]) -> None:
    made = defined("web")
    made.create()
    made.suspend()
    timer = later(made.resume)
    wait_for_state(made, LifecycleEvents(), wanted="running", timeout_s=60)
    timer.join()


def ended(made: Any, events: LifecycleEvents, timeout_s: float = 60) -> WaitError:
    with pytest.raises(WaitError) as caught:
        wait_for_state(made, events, wanted="running", timeout_s=timeout_s)
    assert caught.value.to_result()["error"]["outcome"] == caught.value.outcome
    return caught.value


def test_a_guest_that_shuts_off_ends_it(defined: Callable[..., Any], events: LifecycleEvents) -> None:
    made = defined("web")
    made.create()
    made.suspend()
    timer = later(made.destroy)
    assert ended(made, events).outcome == "shutoff"
    timer.join()


def test_a_guest_that_is_removed_ends_it(defined: Callable[..., Any], events: LifecycleEvents) -> None:
    made = defined("web")
    made.create()
    made.suspend()
    made.undefine()
    timer = later(made.destroy)
    error = ended(made, events)
    timer.join()
    assert error.outcome == "vanished"
    made = defined("web")
    made.undefine()
    assert ended(made, events).outcome == "vanished"


class LastLook:
    """A domain without a definition that is seen to be off just before it is gone."""

    def __init__(self, domain: Any) -> None:
        self._domain = domain

    def __getattr__(self, name: str) -> Any:
        return getattr(self._domain, name)

    def state(self) -> list[int]:
        return [libvirt.VIR_DOMAIN_SHUTOFF, 0]


def test_a_guest_that_is_seen_to_be_off_before_it_is_gone(defined: Callable[..., Any], events: LifecycleEvents) -> None:
    made = defined("web")
    made.create()
    made.undefine()
    assert ended(LastLook(made), events).outcome == "vanished"
    made.destroy()
    assert ended(LastLook(made), events).outcome == "vanished"


def test_time_ends_it(defined: Callable[..., Any], events: LifecycleEvents) -> None:
    made = defined("web")
    made.create()
    made.suspend()
    error = ended(made, events, timeout_s=0)
    assert (error.outcome, error.message) == ("timeout", "the server web was not running within 0 s")


class Script:
    """A console that says one part at each look."""

    def __init__(self, *parts: str) -> None:
        self._parts = list(parts)

    def read(self) -> str:
        return self._parts.pop(0) if self._parts else ""


def test_a_console_line_may_come_in_pieces(defined: Callable[..., Any], events: LifecycleEvents) -> None:
    made = defined("web")
    made.create()
    reader: Any = Script("boot\nlog", "in: a\nnext")
    assert wait_for_console(made, events, reader, pattern="^login:", timeout_s=60) == "login: a"


def test_the_last_words_of_a_guest_count(defined: Callable[..., Any], events: LifecycleEvents) -> None:
    made = defined("web")
    said: Any = Script("all done\n")
    assert wait_for_console(made, events, said, pattern="done", timeout_s=60) == "all done"
    silent: Any = Script()
    with pytest.raises(WaitError, match="web shut itself off while it was waited for to be seen to print /done/"):
        wait_for_console(made, events, silent, pattern="done", timeout_s=60)


def test_the_last_words_may_come_late(
    defined: Callable[..., Any], events: LifecycleEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are on their way through virtlogd when the guest has ended already."""
    monkeypatch.setattr(wait, "_LAST_WORDS", (0, 0))
    late: Any = Script("boot\n", "", "all done\n")
    assert wait_for_console(defined("web"), events, late, pattern="done", timeout_s=60) == "all done"


def test_what_has_gone_by_counts(defined: Callable[..., Any], events: LifecycleEvents) -> None:
    made = defined("web")
    made.create()
    silent: Any = Script()
    with pytest.raises(WaitError, match=r"on its console within 9 s$"):
        wait_for_console(made, events, silent, pattern="done", timeout_s=9, waited_s=9)


@pytest.mark.parametrize("wanted", ["running", "paused", "stopped"])
@pytest.mark.parametrize("now", ["running", "paused", "stopped"])
def test_every_change_of_power(defined: Callable[..., Any], events: LifecycleEvents, now: str, wanted: str) -> None:
    """The test driver cannot start a domain paused."""
    made = defined("web")
    if now != "stopped":
        made.create()
    if now == "paused":
        made.suspend()
    if (now, wanted) == ("stopped", "paused"):
        made.create()
    changed = change_power(made, events, wanted=wanted, timeout_s=60, wait=True)
    assert changed == (now != wanted)
    assert made.state()[0] == {"running": 1, "paused": 3, "stopped": 5}[wanted]
    assert not change_power(made, events, wanted=wanted, timeout_s=60, wait=True)
