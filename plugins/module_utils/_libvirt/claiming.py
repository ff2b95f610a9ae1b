# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs that make the same thing in a pool: one makes it, the other waits; what a killed one left is replaced."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from typing import Any, Callable, Optional

from .._errors import HypervisorError
from .binding import libvirt
from .errors import is_error, translate_errors
from .storage import find_volume

# A run beside us needs a moment between making a volume and filling it, and between content and record: more on a busy machine.
GRACE_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
# How long content that somebody is seen to write is waited for: an hour.
_BUSY_PAUSES = (0.5,) + (1.0,) * 3600
# After an attempt of ours that failed: long enough to see whether somebody else is at it.
_LOOKS = (0.0, 0.5, 0.5)
_ATTEMPTS = 5
# What libvirt says of a volume that changes while it is written to; it is read by others too.
_WRITTEN = re.compile("<(?:capacity|allocation|mtime)[ >].*")


def make_once(
    exists: Callable[[], bool],
    complete: Callable[[], bool],
    refuse: Callable[[], None],
    remove: Callable[[], None],
    make: Callable[[], None],
) -> bool:
    """Runs ``make`` where nobody else has; false when somebody had, or did meanwhile. ``make`` may fail because the thing
    appeared since (VIR_ERR_STORAGE_VOL_EXIST), or was taken out of our hands. What it half made goes again. ``refuse`` raises
    VIR_ERR_OPERATION_INVALID while somebody is seen to make it, and ``remove`` may."""
    for attempt in range(_ATTEMPTS):
        if exists() and not _cleared(exists, complete, refuse, remove):
            return False
        try:
            make()
            return True
        except HypervisorError as exc:
            is_anothers = _is_taken(exc) or _is_anothers(complete, refuse, remove)
            if not is_anothers or attempt == _ATTEMPTS - 1:
                raise
        except BaseException:
            _is_anothers(complete, refuse, remove)
            raise
    return False


def _is_taken(exc: HypervisorError) -> bool:
    """A copy to a name that is taken has no error code of its own."""
    in_words = is_error(exc, "VIR_ERR_INTERNAL_ERROR") and "already in use" in exc.message
    return in_words or is_error(exc, "VIR_ERR_STORAGE_VOL_EXIST")


def _is_anothers(complete: Callable[[], bool], refuse: Callable[[], None], remove: Callable[[], None]) -> bool:
    """Whether somebody else is at what we failed to make, or has made it; else what is there is ours, and goes."""
    for pause in _LOOKS:
        time.sleep(pause)
        try:
            refuse()
            if complete():
                return True
            remove()
            return False
        except HypervisorError as exc:
            if not is_error(exc, "VIR_ERR_OPERATION_INVALID"):
                return False  # what broke the connection, say, is told by the error that there was
    return True


class Watch:
    """Whether somebody writes a volume. libvirt does not tell that a stream fills one: what it says of the volume does, from
    one look to the next."""

    def __init__(self, pool: Any, name: str) -> None:
        self._pool = pool
        self._name = name
        self._seen: Optional[str] = None

    def refuse(self) -> None:
        """Raises VIR_ERR_OPERATION_INVALID at the first look, and whenever the volume has changed since the last one."""
        seen, self._seen = self._seen, self._look()
        if self._seen is not None and self._seen != seen:
            message = "the volume %s is being written" % self._name
            raise HypervisorError(message, action="look at the volume %s" % self._name, symbol="VIR_ERR_OPERATION_INVALID")

    def _look(self) -> Optional[str]:
        volume = find_volume(self._pool, self._name)
        try:
            with translate_errors("look at the volume %s" % self._name):
                return None if volume is None else "".join(_WRITTEN.findall(volume.XMLDesc(0)))
        except HypervisorError as exc:
            if is_error(exc, "VIR_ERR_NO_STORAGE_VOL"):
                return None
            raise


def refuse_unfinished(pool: Any, name: str) -> None:
    """Raises VIR_ERR_OPERATION_INVALID while libvirt itself makes a volume. It is asked to be read: to resize an encrypted one
    would take its key."""
    volume = find_volume(pool, name)
    if volume is None:
        return
    try:
        with translate_errors("look at the volume %s" % name):
            stream = pool.connect().newStream(0)
            volume.download(stream, 0, 1, 0)
    except HypervisorError as exc:
        if is_error(exc, "VIR_ERR_NO_STORAGE_VOL"):
            return
        raise
    with suppress(libvirt.libvirtError):  # what it would say is of no interest
        stream.abort()


def _cleared(
    exists: Callable[[], bool], complete: Callable[[], bool], refuse: Callable[[], None], remove: Callable[[], None]
) -> bool:
    """Waits for whoever makes it; true when nobody does, and what was left is gone.

    Whoever was seen to make it gets the whole moment from when that was last seen."""
    for pause in _BUSY_PAUSES:
        try:
            refuse()
            if _completed(exists, complete, refuse):
                return False
            remove()
            return True
        except HypervisorError as exc:
            if not is_error(exc, "VIR_ERR_OPERATION_INVALID"):
                raise
            time.sleep(pause)
    remove()
    return True


def _completed(exists: Callable[[], bool], complete: Callable[[], bool], refuse: Callable[[], None]) -> bool:
    """Looks again and again: who writes in several goes may not be seen at the first look."""
    for pause in GRACE_PAUSES:
        if complete():
            return True
        if not exists():
            return False
        time.sleep(pause)
        refuse()
    return complete()
