# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filling a volume from a file without sending, or storing, what is empty in it."""

from __future__ import annotations

import os
from typing import Any, BinaryIO, Iterator, Tuple

from .._progress import SILENT, Progress
from .binding import libvirt
from .errors import translate_errors
from .storage import PIECE, abort, check_written, when_idle

_BLOCK = 1 << 16
_CHUNK = 1 << 20
_EMPTY = bytes(_BLOCK)


def upload_sparse(connection: Any, volume: Any, source: BinaryIO, length: int, progress: Progress = SILENT) -> int:
    """Fills a new, empty volume from an open file of ``length`` bytes. Returns how many bytes were sent."""
    name = volume.name()

    def call() -> _Sent:
        with translate_errors("fill the volume %s" % name):
            stream = connection.newStream(0)
            volume.upload(stream, 0, length, libvirt.VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM)
            try:
                sent = _Sent(stream)
                progress.begin("written into its pool", length)
                for offset, data in _written(source.fileno(), length):
                    sent.send(offset, data)
                    progress.at(offset)
                sent.skip_to(length)
                stream.finish()
            except BaseException:
                abort(stream)
                raise
        return sent

    done = when_idle(call)
    # libvirt stops writing at its first error: when the last part is there, all of them are.
    check_written(connection, volume, *done.last)
    return done.count


class _Sent:
    """A stream, where it stands, and what went through it last."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._position = 0
        self.count = 0
        self.last: Tuple[int, bytes] = (0, b"")

    def skip_to(self, offset: int) -> None:
        if offset > self._position:
            self._stream.sendHole(offset - self._position, 0)
            self._position = offset

    def send(self, offset: int, data: bytes) -> None:
        self.skip_to(offset)
        begin = 0
        while begin < len(data):
            begin += self._stream.send(data[begin : begin + PIECE])
        self._position += len(data)
        self.count += len(data)
        self.last = (offset, data)


def _written(descriptor: int, length: int) -> Iterator[Tuple[int, bytes]]:
    """The parts of a file that hold anything: its holes are not read, and blocks of zeros are passed over."""
    for begin, end in _data_ranges(descriptor, length):
        for offset in range(begin, end, _CHUNK):
            chunk = os.pread(descriptor, min(_CHUNK, end - offset), offset)
            for start, stop in _runs(chunk):
                yield offset + start, chunk[start:stop]


def _data_ranges(descriptor: int, length: int) -> Iterator[Tuple[int, int]]:
    position = 0
    while position < length:
        try:
            begin = os.lseek(descriptor, position, os.SEEK_DATA)
        except OSError:
            return  # nothing but a hole is left
        position = os.lseek(descriptor, begin, os.SEEK_HOLE)
        yield begin, min(position, length)


def _runs(chunk: bytes) -> Iterator[Tuple[int, int]]:
    begin = -1
    for position in range(0, len(chunk), _BLOCK):
        block = chunk[position : position + _BLOCK]
        is_empty = block == _EMPTY[: len(block)]
        if begin < 0 and not is_empty:
            begin = position
        elif begin >= 0 and is_empty:
            yield begin, position
            begin = -1
    if begin >= 0:
        yield begin, len(chunk)
