# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compressed images: told by their first bytes, unpacked by the standard library, never beyond a limit."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from importlib import import_module
from typing import Any, BinaryIO, Callable, Dict, Optional

from ._image_header import ImageError
from ._progress import SILENT, Progress

_CHUNK = 1 << 20

_MAGIC = {b"\x1f\x8b": "gz", b"BZh": "bz2", b"\xfd7zXZ\0": "xz", b"\x28\xb5\x2f\xfd": "zst"}

_OPENERS: Dict[str, Callable[[BinaryIO], Any]] = {
    "gz": lambda source: gzip.GzipFile(fileobj=source),
    "bz2": bz2.BZ2File,
    "xz": lzma.LZMAFile,
}


def compression_of(source: BinaryIO) -> Optional[str]:
    """gz, bz2, xz or zst; None for a file that is none of them."""
    source.seek(0)
    head = source.read(8)
    source.seek(0)
    return next((name for magic, name in _MAGIC.items() if head.startswith(magic)), None)


def decompress(
    source: BinaryIO, target: BinaryIO, kind: str, name: str, *, limit: Optional[int] = None, progress: Progress = SILENT
) -> None:
    """Writes what is packed in ``source`` to ``target``; zeros become holes. ``name`` is the image's, for errors."""
    progress.begin("unpacked", source.seek(0, 2))
    source.seek(0)
    packed = _open(source, kind, name)
    size = 0
    try:
        while True:
            chunk = packed.read(_CHUNK)
            if not chunk:
                break
            size += len(chunk)
            if limit is not None and size > limit:
                raise ImageError("the image %s unpacks to more than %d bytes, for which there is no room" % (name, limit))
            if chunk.count(0) == len(chunk):
                target.seek(len(chunk), 1)
            else:
                target.write(chunk)
            progress.at(source.tell())
    except (EOFError, OSError, lzma.LZMAError, zlib.error) as exc:
        if getattr(exc, "errno", None):
            raise  # the file to write to, not the one to read
        raise ImageError("the image %s cannot be unpacked, its %s file is damaged: %s" % (name, kind, exc)) from exc
    target.truncate(size)
    target.seek(0)


def _open(source: BinaryIO, kind: str, name: str) -> Any:
    if kind != "zst":
        return _OPENERS[kind](source)
    try:
        zstd: Any = import_module("compression.zstd")  # part of Python from 3.14 on
    except ImportError as exc:
        raise ImageError(
            "the image %s is packed with zstd, which Python knows from 3.14 on: unpack it first (zstd -d)" % name
        ) from exc
    return zstd.ZstdFile(source)
