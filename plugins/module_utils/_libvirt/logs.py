# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guest and its QEMU wrote, read through the storage API, so that no path of the host is needed."""

from __future__ import annotations

import codecs
from contextlib import suppress
from typing import Any, Dict, Optional

from .._errors import HypervisorError
from .errors import unless_gone
from .folder import folder_pool
from .storage import download, find_volume, open_pool, refresh, volume_size

TAIL = 4096
# Another run that looks at the same folder closes it for both.
_ATTEMPTS = 3
_QEMU_LOGS = "/var/log/libvirt/qemu"


def _text(data: bytes) -> str:
    return _lines(data.decode("utf-8", "replace"))


def _lines(text: str) -> str:
    """Console output as one line of text after the other: no control characters but newline and tab reach a terminal."""
    decoded = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c if c in "\n\t" or c.isprintable() else "\ufffd" for c in decoded)


def tail_of(connection: Any, volume: Any, size: int = TAIL) -> str:
    length = volume_size(volume)
    return _text(download(connection, volume, max(0, length - size))) if length else ""


class ConsoleReader:
    """Reads a console log forward, in pieces that end anywhere. virtlogd puts a file of 2 MiB aside and starts a new one."""

    def __init__(self, connection: Any, pool_name: str, volume_name: str) -> None:
        self._connection = connection
        self._pool_name = pool_name
        self._volume_name = volume_name
        self._offset = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def _volume(self) -> Optional[Any]:
        pool = open_pool(self._connection, self._pool_name)
        found = find_volume(pool, self._volume_name)
        if found is None:
            refresh(pool)
            found = find_volume(pool, self._volume_name)
        return found

    def read(self) -> str:
        """What was written since the last read; nothing for the moment in which there is no file."""
        volume = self._volume()
        size = None if volume is None else unless_gone(volume_size, volume)
        if size is None:
            return ""
        data = b""
        if size < self._offset:
            data = self._put_aside()
            self._offset = 0
        if size > self._offset:
            new = download(self._connection, volume, self._offset, size - self._offset)
            self._offset += len(new)
            data += new
        return _lines(self._decoder.decode(data))

    def _put_aside(self) -> bytes:
        """What has not been read yet of the file that was written before."""
        pool = open_pool(self._connection, self._pool_name)
        refresh(pool)
        volume = find_volume(pool, self._volume_name + ".0")
        size = 0 if volume is None else volume_size(volume)
        return download(self._connection, volume, self._offset, size - self._offset) if size > self._offset else b""

    def skip(self) -> None:
        """What was written until now is not read."""
        volume = self._volume()
        self._offset = 0 if volume is None else volume_size(volume)

    def tail(self) -> str:
        volume = self._volume()
        return "" if volume is None else tail_of(self._connection, volume)


def without_command_line(text: str) -> str:
    """What QEMU said in its last run. libvirt writes environment and arguments first, each line but the last continued."""
    lines = text.splitlines()
    continued = [number for number, line in enumerate(lines) if line.endswith(" \\")]
    return "\n".join(lines[continued[-1] + 2 :] if continued else lines)[-TAIL:]


def qemu_log_tail(connection: Any, domain_name: str) -> str:
    """The end of QEMU's log of a domain; "" where it cannot be had (another driver, a session, no right to it)."""
    for _attempt in range(_ATTEMPTS):
        with suppress(HypervisorError), folder_pool(connection, _QEMU_LOGS) as pool:
            volume = find_volume(pool, "%s.log" % domain_name)
            return "" if volume is None else without_command_line(tail_of(connection, volume, 4 * TAIL))
    return ""


def collect(connection: Any, domain_name: str, console: Optional[Dict[str, str]]) -> Dict[str, str]:
    """{console, qemu}: both tails, for an error. What cannot be read is left out: the first error is the one to tell."""
    found = {}
    if console:
        with suppress(HypervisorError):
            found["console"] = ConsoleReader(connection, console["pool"], console["name"]).tail()
    found["qemu"] = qemu_log_tail(connection, domain_name)
    return {key: value for key, value in found.items() if value}
