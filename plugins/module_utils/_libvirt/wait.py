# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for a server: by libvirt's lifecycle events, by polling where a connection has none."""

from __future__ import annotations

import re
import threading
import time
from contextlib import contextmanager, suppress
from typing import Any, Callable, Dict, Iterator, Optional

from .._errors import HypervisorError, WaitError
from .binding import libvirt
from .domain import is_persistent, power_state
from .errors import is_error, translate_errors
from .logs import ConsoleReader

POLL_S = 0.5
CONSOLE_POLL_S = 0.25
# What a guest said last is on its way through virtlogd for a moment when it has ended.
_LAST_WORDS = (0.1, 0.2, 0.4, 0.8)


class LifecycleEvents:
    """Wakes waiters when anything happens to a domain. One registration serves all servers of a task."""

    def __init__(self) -> None:
        self._changed: Dict[str, threading.Event] = {}
        self._lock = threading.Lock()
        self.active = False

    def _event(self, uuid: str) -> threading.Event:
        with self._lock:
            return self._changed.setdefault(uuid, threading.Event())

    def on_event(self, _connection: Any, domain: Any, _event: int, _detail: int, _opaque: Any) -> None:
        self._event(domain.UUIDString()).set()

    def pause(self, uuid: str, seconds: float) -> None:
        """Returns at the domain's next event, after ``seconds`` at the latest."""
        event = self._event(uuid)
        event.wait(seconds)
        event.clear()


@contextmanager
def lifecycle_events(connection: Any) -> Iterator[LifecycleEvents]:
    """Registers for lifecycle events; on a connection that has none, ``pause`` just sleeps and the waiter polls."""
    events = LifecycleEvents()
    handle: Optional[int] = None
    try:
        with translate_errors("register for lifecycle events"):
            handle = connection.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, events.on_event, None)
        events.active = True
    except HypervisorError as exc:
        if not is_error(exc, "VIR_ERR_NO_SUPPORT", "VIR_ERR_OPERATION_UNSUPPORTED", "VIR_ERR_INTERNAL_ERROR"):
            raise
    try:
        yield events
    finally:
        if handle is not None:
            with suppress(libvirt.libvirtError):  # of a connection that broke, the first error is the one to tell
                connection.domainEventDeregisterAny(handle)


def outcome_of(power: str, wanted: str) -> Optional[str]:
    """None: go on waiting; wanted: there; else why it cannot get there any more."""
    if power == wanted:
        return wanted
    if power in ("crashed", "shutdown"):
        return "crashed" if power == "crashed" else "shutoff"
    return None


_SENTENCES = {
    "crashed": "crashed while it was waited for to be %s",
    "shutoff": "shut itself off while it was waited for to be %s",
    "vanished": "is gone: it ended or was removed while it was waited for to be %s",
    "timeout": "was not %s within %s s",
}


def _fail(name: str, outcome: str, wanted: str, timeout_s: float) -> WaitError:
    text = _SENTENCES[outcome]
    values = (wanted, "%g" % timeout_s) if outcome == "timeout" else (wanted,)
    return WaitError("the server %s %s" % (name, text % values), outcome=outcome, action="wait for %s" % wanted, domain=name)


def gone(name: str, action: Optional[str]) -> WaitError:
    """For a domain that is not there any more, in the middle of something else than waiting."""
    return WaitError("the server %s is gone: it ended or was removed" % name, outcome="vanished", action=action, domain=name)


def _state(domain: Any) -> str:
    try:
        return power_state(domain)
    except HypervisorError as exc:
        if is_error(exc, "VIR_ERR_NO_DOMAIN"):
            return "vanished"
        raise


def _outcome(domain: Any, power: str, wanted: str) -> Optional[str]:
    """A domain without a definition may be seen to be off for a moment before it is gone."""
    outcome = "vanished" if power == "vanished" else outcome_of(power, wanted)
    return "vanished" if outcome == "shutoff" and not _stays(domain) else outcome


def _stays(domain: Any) -> bool:
    try:
        return is_persistent(domain)
    except HypervisorError as exc:
        if is_error(exc, "VIR_ERR_NO_DOMAIN"):
            return False
        raise


def wait_for_state(
    domain: Any, events: LifecycleEvents, *, wanted: str, timeout_s: float, clock: Callable[[], float] = time.monotonic
) -> None:
    """Returns when the domain is ``wanted`` (running, paused or shutdown); raises WaitError for each other end."""
    deadline = clock() + timeout_s
    name, uuid = domain.name(), domain.UUIDString()
    while True:
        power = _state(domain)
        outcome = _outcome(domain, power, wanted)
        if outcome == wanted:
            return
        if outcome is not None:
            raise _fail(name, outcome, wanted, timeout_s)
        left = deadline - clock()
        if left <= 0:
            raise _fail(name, "timeout", wanted, timeout_s)
        events.pause(uuid, min(left, POLL_S if not events.active else 5.0))


def wait_for_console(
    domain: Any,
    events: LifecycleEvents,
    reader: ConsoleReader,
    *,
    pattern: str,
    timeout_s: float,
    waited_s: float = 0.0,
    clock: Callable[[], float] = time.monotonic,
) -> str:
    """Returns the console line that matches ``pattern``; raises WaitError when the guest ends first, or time does.

    ``waited_s`` of ``timeout_s`` have gone by already."""
    deadline = clock() + timeout_s - waited_s
    compiled = re.compile(pattern)
    name, uuid = domain.name(), domain.UUIDString()
    wanted = "seen to print /%s/ on its console" % pattern
    unfinished = ""
    pauses = iter(_LAST_WORDS)
    while True:
        power = _state(domain)
        lines = (unfinished + reader.read()).split("\n")
        for line in lines:
            if compiled.search(line):
                return line.strip()
        unfinished = lines[-1]
        outcome = _outcome(domain, power, "running")
        if outcome not in ("running", None):
            pause = next(pauses, None)
            if pause is None:
                raise _fail(name, str(outcome), wanted, timeout_s)
            time.sleep(pause)
            continue
        left = deadline - clock()
        if left <= 0:
            raise _fail(name, "timeout", wanted, timeout_s)
        events.pause(uuid, min(left, CONSOLE_POLL_S))
