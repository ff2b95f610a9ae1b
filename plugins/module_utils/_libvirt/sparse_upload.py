# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filling a volume from a file without sending, or storing, what is empty in it."""

from __future__ import annotations

import os
from typing import Any, BinaryIO, Iterable, Iterator, List, Tuple

from .._progress import SILENT, Progress
from .binding import libvirt
from .errors import translate_errors
from .storage import PIECE, abort, check_written, when_idle

_BLOCK = 1 << 16
_CHUNK = 1 << 20
_EMPTY = bytes(_BLOCK)

# libvirt 10.0 counts a hole in a stream as a request that never ends, and at the fifth it stops listening to the connection.
# 9.0 does not, and 10.1 mended it ("Fix virStream hole handling" in its news).
_COUNTS_HOLES = range(9001000, 10001000)
# There each part gets a stream of its own, whose end lets libvirt look at the whole pool: too much for a small hole.
_SMALL_HOLE = 1 << 20


def upload_sparse(connection: Any, volume: Any, source: BinaryIO, length: int, progress: Progress = SILENT) -> int:
    """Fills a new, empty volume from an open file of ``length`` bytes. Returns how many bytes were sent."""
    progress.begin("written into its pool", length)
    return _upload(connection, volume, _written(source.fileno(), length), length, progress)


def upload_parts(connection: Any, volume: Any, parts: Iterable[Tuple[int, bytes]], size: int) -> None:
    """Writes these parts ([(offset, bytes)], ordered) of a new volume of ``size`` bytes; between them are holes."""
    _upload(connection, volume, parts, size, SILENT)


def _upload(connection: Any, volume: Any, parts: Iterable[Tuple[int, bytes]], length: int, progress: Progress) -> int:
    with translate_errors("fill the volume %s" % volume.name()):
        counts_holes = connection.getLibVersion() in _COUNTS_HOLES
        sent = (_Streams if counts_holes else _Stream)(connection, volume, length)
        try:
            for offset, data in parts:
                if data:
                    sent.send(offset, data)
                else:
                    sent.show(offset)
                progress.at(offset)
            sent.finish()
        except BaseException:
            sent.abort()
            raise
    # libvirt stops writing a stream at its first error: when the last part is there, all of them are.
    for offset, data in sent.ends:
        check_written(connection, volume, offset, data)
    return sent.count


class _Stream:
    """One stream with holes, where it stands, and what went through it last."""

    def __init__(self, connection: Any, volume: Any, length: int) -> None:
        self._connection = connection
        self._volume = volume
        self._length = length
        self._stream: Any = None
        self._position = 0
        self.count = 0
        self.ends: List[Tuple[int, bytes]] = []

    def send(self, offset: int, data: bytes) -> None:
        self._skip_to(offset)
        begin = 0
        while begin < len(data):
            begin += self._stream.send(data[begin : begin + PIECE])
        self._position += len(data)
        self.count += len(data)
        self.ends[-1:] = [(self._position - len(data[-_BLOCK:]), data[-_BLOCK:])]

    def show(self, offset: int) -> None:
        """Nothing is there, and whoever watches the volume sees that somebody is at it."""
        self._skip_to(offset)

    def finish(self) -> None:
        self._skip_to(self._length)
        self._stream.finish()

    def abort(self) -> None:
        if self._stream is not None:
            abort(self._stream)

    def _open(self, offset: int, length: int, flags: int) -> None:
        def call() -> Any:
            with translate_errors("fill the volume %s" % self._volume.name()):
                stream = self._connection.newStream(0)
                self._volume.upload(stream, offset, length, flags)
                return stream

        self._stream = when_idle(call)
        self._position = offset

    def _skip_to(self, offset: int) -> None:
        if self._stream is None:
            self._open(0, self._length, libvirt.VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM)
        if offset > self._position:
            self._stream.sendHole(offset - self._position, 0)
            self._position = offset


class _Streams(_Stream):
    """The same without holes: a stream for each part, with the zeros between parts that are close to each other."""

    def show(self, offset: int) -> None:
        """That would be a stream more each time."""

    def finish(self) -> None:
        if self._stream is not None:
            stream, self._stream = self._stream, None
            stream.finish()

    def _skip_to(self, offset: int) -> None:
        if self._stream is None or offset - self._position > _SMALL_HOLE:
            self.finish()
            self._open(offset, self._length - offset, 0)
            self.ends.append((offset, b""))
        elif offset > self._position:
            gap = bytes(offset - self._position)
            self.send(self._position, gap)


def _written(descriptor: int, length: int) -> Iterator[Tuple[int, bytes]]:
    """The parts of a file that hold anything: its holes are not read, and blocks of zeros are passed over.

    What is empty throughout is told as nothing, so that who watches the volume sees that somebody is at it."""
    for begin, end in _data_ranges(descriptor, length):
        for offset in range(begin, end, _CHUNK):
            chunk = os.pread(descriptor, min(_CHUNK, end - offset), offset)
            yield offset, b""
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
