# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compressed images: told by their first bytes, unpacked by the standard library, never beyond a limit.

Python knows zstd from 3.14 on; before that the program of that name does it, where it is there."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import shutil
import subprocess
import zlib
from contextlib import contextmanager, nullcontext
from importlib import import_module
from typing import Any, BinaryIO, Callable, ContextManager, Dict, Iterator, Optional

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
    size = 0
    try:
        with _opened(source, kind, name) as packed:
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
                progress.at(os.lseek(source.fileno(), 0, os.SEEK_CUR))
    except (EOFError, OSError, lzma.LZMAError, zlib.error) as exc:
        if getattr(exc, "errno", None):  # the file to write to, not the one to read
            raise ImageError("the image %s cannot be unpacked in the temporary folder: %s" % (name, exc)) from exc
        raise ImageError("the image %s cannot be unpacked, its %s file is damaged: %s" % (name, kind, exc)) from exc
    target.truncate(size)
    target.seek(0)


def _opened(source: BinaryIO, kind: str, name: str) -> ContextManager[Any]:
    if kind != "zst":
        return nullcontext(_OPENERS[kind](source))
    try:
        zstd: Any = import_module("compression.zstd")
    except ImportError:
        return _unpacked_by_program(source, name)
    return nullcontext(zstd.ZstdFile(source))


@contextmanager
def _unpacked_by_program(source: BinaryIO, name: str) -> Iterator[Any]:
    program = shutil.which("zstd")
    if program is None:
        raise ImageError(
            "the image %s is packed with zstd, which needs Python 3.14 or the program zstd where it is unpacked: install the "
            "package zstd, or unpack it first (zstd -d)" % name
        )
    os.lseek(source.fileno(), 0, os.SEEK_SET)
    # run_command of Ansible's modules gives no stream; only with newer Pythons ansible-test sees what is called here.
    with subprocess.Popen(  # pylint: disable=ansible-bad-function
        [program, "-dcq", "-"], stdin=source.fileno(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        try:
            yield child.stdout
        except BaseException:
            child.kill()
            raise
        if child.wait():
            words = child.stderr.read().decode("utf-8", "replace").strip() if child.stderr else ""
            raise EOFError(words or "zstd ended with %d" % child.returncode)
