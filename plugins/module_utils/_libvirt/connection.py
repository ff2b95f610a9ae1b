# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening and closing a connection to libvirt, and its event loop."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import Any, Iterator
from xml.etree import ElementTree

from .binding import libvirt, require_libvirt
from .errors import translate_errors


class _EventLoop:
    """libvirt's default event loop in a daemon thread, started once per process and before the first connection.

    Keep-alive messages and events of every connection of the process are served by it."""

    _lock = threading.Lock()
    _started = False

    @classmethod
    def start(cls) -> None:
        with cls._lock:
            if cls._started:
                return
            libvirt.virEventRegisterDefaultImpl()
            threading.Thread(target=cls._run, name="libvirt-events", daemon=True).start()
            cls._started = True

    @staticmethod
    def _run() -> None:
        while True:
            libvirt.virEventRunDefaultImpl()


def _silent(_context: Any, _error: Any) -> None:
    """The binding prints every error to stderr unless a handler is registered; ours are raised instead."""


@contextmanager
def open_connection(uri: str, *, events: bool = False, read_only: bool = False) -> Iterator[Any]:
    """Yields libvirt's connection. ``events`` starts the event loop first, so that callbacks can be registered."""
    require_libvirt()
    libvirt.registerErrorHandler(_silent, None)
    if events:
        _EventLoop.start()
    with translate_errors("connect to %s" % uri):
        handle = libvirt.openReadOnly(uri) if read_only else libvirt.open(uri)
    try:
        yield handle
    finally:
        with translate_errors("close the connection to %s" % uri):
            handle.close()


def host_uuid(connection: Any) -> str:
    with translate_errors("read the capabilities of the host"):
        return ElementTree.fromstring(connection.getCapabilities()).findtext("host/uuid") or ""
