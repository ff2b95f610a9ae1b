# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs that make the same thing in a pool: one makes it, the other waits; what a killed one left is replaced."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any, Callable

from .._errors import HypervisorError
from .binding import libvirt
from .errors import is_error, translate_errors
from .storage import find_volume

# A run beside us needs a moment between making a volume and filling it, and between content and record: more on a busy machine.
GRACE_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6)
# How long content that libvirt is still writing, for somebody, is waited for: an hour.
_BUSY_PAUSES = (0.5,) + (1.0,) * 3600
_ATTEMPTS = 5


def make_once(
    exists: Callable[[], bool],
    complete: Callable[[], bool],
    refuse: Callable[[], None],
    remove: Callable[[], None],
    make: Callable[[], None],
) -> bool:
    """Runs ``make`` where nobody else has; false when somebody had, or did meanwhile. ``make`` may fail because the thing
    appeared since: VIR_ERR_STORAGE_VOL_EXIST. What it half made goes again. ``refuse`` raises VIR_ERR_OPERATION_INVALID while
    somebody is seen to make it, and ``remove`` may."""
    for attempt in range(_ATTEMPTS):
        if exists() and not _cleared(complete, refuse, remove):
            return False
        try:
            make()
            return True
        except HypervisorError as exc:
            if not _is_taken(exc):
                _undo(remove)
                raise
            if attempt == _ATTEMPTS - 1:
                raise
        except BaseException:
            _undo(remove)
            raise
    return False


def _undo(remove: Callable[[], None]) -> None:
    """Where the connection broke nothing can be removed, which is left to the next run: what broke it is the error to tell."""
    with suppress(HypervisorError):
        remove()


def _is_taken(exc: HypervisorError) -> bool:
    """A copy to a name that is taken has no error code of its own."""
    in_words = is_error(exc, "VIR_ERR_INTERNAL_ERROR") and "already in use" in exc.message
    return in_words or is_error(exc, "VIR_ERR_STORAGE_VOL_EXIST")


def refuse_busy(pool: Any, name: str) -> None:
    """Raises VIR_ERR_OPERATION_INVALID while libvirt is writing that volume for somebody. It tells only who wants to change it:
    it is asked to leave the size as it is."""
    volume = find_volume(pool, name)
    if volume is None:
        return
    try:
        with translate_errors("look at the volume %s" % name):
            volume.resize(volume.info()[1])
    except HypervisorError as exc:
        # A file takes whole blocks, more than its size, which is called an attempt to shrink it: so nobody else is at it.
        if not is_error(exc, "VIR_ERR_INVALID_ARG"):
            raise


def refuse_unfinished(pool: Any, name: str) -> None:
    """The same for a volume that libvirt is making. It is asked to be read: to resize an encrypted one would take its key."""
    volume = find_volume(pool, name)
    if volume is None:
        return
    with translate_errors("look at the volume %s" % name):
        stream = pool.connect().newStream(0)
        volume.download(stream, 0, 1, 0)
    with suppress(libvirt.libvirtError):  # what it would say is of no interest
        stream.abort()


def _cleared(complete: Callable[[], bool], refuse: Callable[[], None], remove: Callable[[], None]) -> bool:
    """Waits for whoever makes it; true when nobody does, and what was left is gone.

    Whoever was seen to make it gets the whole moment from when that was last seen."""
    for pause in _BUSY_PAUSES:
        try:
            refuse()
            if _completed(complete, refuse):
                return False
            remove()
            return True
        except HypervisorError as exc:
            if not is_error(exc, "VIR_ERR_OPERATION_INVALID"):
                raise
            time.sleep(pause)
    remove()
    return True


def _completed(complete: Callable[[], bool], refuse: Callable[[], None]) -> bool:
    """Looks again and again: who writes in several goes may not be seen at the first look."""
    for pause in GRACE_PAUSES:
        if complete():
            return True
        time.sleep(pause)
        refuse()
    return complete()
