# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changing the power of an existing server."""

from __future__ import annotations

import time
from typing import Any, Callable, Dict, Optional

from .._errors import HypervisorError, WaitError
from .domain import destroy, is_active, power_state, start
from .errors import is_error, translate_errors
from .logs import ConsoleReader
from .wait import LifecycleEvents, wait_for_console, wait_for_state

# Nova's default [compute]shutdown_timeout: how long a guest may take to power itself off before the power is taken away.
SHUTDOWN_S = 60.0
_ATTEMPTS = 4
# What drivers say of a step that a domain in its state cannot take.
_NOT_SO = ("VIR_ERR_OPERATION_INVALID", "VIR_ERR_OPERATION_FAILED", "VIR_ERR_INTERNAL_ERROR")


class ConsoleWait:
    """What a server that is started is to say on its console. ``entry`` is the plan's: {console: {pool, name},
    console_pattern}."""

    def __init__(self, connection: Any, entry: Dict[str, Any]) -> None:
        self._connection = connection
        self._place: Optional[Dict[str, str]] = entry.get("console")
        self._pattern: Optional[str] = entry.get("console_pattern")
        self._reader: Optional[ConsoleReader] = None

    def begin(self, *, anew: bool) -> None:
        """Before the power changes. A guest that starts ``anew`` has said nothing yet: what the log has is from before."""
        if self._pattern and self._place:
            self._reader = ConsoleReader(self._connection, self._place["pool"], self._place["name"])
            if anew:
                self._reader.skip()

    def wait(self, domain: Any, events: LifecycleEvents, timeout_s: float, waited_s: float) -> None:
        if self._reader is not None:
            wait_for_console(domain, events, self._reader, pattern=str(self._pattern), timeout_s=timeout_s, waited_s=waited_s)


def change_power(
    domain: Any,
    events: LifecycleEvents,
    *,
    wanted: str,
    timeout_s: float,
    wait: bool,
    console: Optional[ConsoleWait] = None,
) -> bool:
    """Brings a domain to running, paused or stopped; false when it was there already. Where something else happens to it
    meanwhile, the step that it needs then is taken."""
    begun = time.monotonic()
    steps: Dict[str, Callable[[str], None]] = {
        "running": lambda now: _run(domain, now),
        "paused": lambda now: _pause(domain, now),
        "stopped": lambda _now: _stop(domain, events, timeout_s),
    }
    for attempt in range(_ATTEMPTS):
        now = power_state(domain)
        if now == {"stopped": "shutdown"}.get(wanted, wanted):
            return False
        if console and wait and wanted == "running":
            console.begin(anew=now in ("shutdown", "crashed"))
        try:
            steps[wanted](now)
            break
        except HypervisorError as exc:
            if attempt == _ATTEMPTS - 1 or not is_error(exc, *_NOT_SO) or power_state(domain) == now:
                raise
    if wait and wanted != "stopped":
        wait_for_state(domain, events, wanted=wanted, timeout_s=timeout_s)
        if console:
            console.wait(domain, events, timeout_s, time.monotonic() - begun)
    return True


def _run(domain: Any, now: str) -> None:
    name = domain.name()
    if now == "paused":
        with translate_errors("resume the domain %s" % name, name):
            domain.resume()
    elif now == "suspended":
        with translate_errors("wake the domain %s" % name, name):
            domain.pMWakeup(0)
    else:
        if now == "crashed" or (is_active(domain) and power_state(domain) == "shutdown"):
            destroy(domain)  # a guest that goes down holds its power for a moment
        start(domain)


def _pause(domain: Any, now: str) -> None:
    name = domain.name()
    if now == "running":
        with translate_errors("pause the domain %s" % name, name):
            domain.suspend()
    else:
        start(domain, paused=True)


def _stop(domain: Any, events: LifecycleEvents, timeout_s: float) -> None:
    """Asks the guest by ACPI first. It loses its power in any case: a guest that went down may still hold it for a moment, and
    could not be started then (guest STOP-03)."""
    name = domain.name()
    try:
        with translate_errors("shut down the domain %s" % name, name):
            domain.shutdown()
        wait_for_state(domain, events, wanted="shutdown", timeout_s=min(timeout_s, SHUTDOWN_S))
    except WaitError as exc:
        if exc.outcome == "vanished":
            return
    except HypervisorError:
        # A guest that cannot be asked.
        pass
    destroy(domain)
