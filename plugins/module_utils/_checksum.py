# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checksums of image files."""

from __future__ import annotations

import hashlib
import re
from typing import BinaryIO, Dict, List, Optional, Tuple

from ._errors import KilonovaError
from ._progress import SILENT, Progress

_LENGTHS = {"sha256": 64, "sha512": 128}
_CHUNK = 1 << 20


class ChecksumError(KilonovaError):
    """A checksum that cannot be read, or one that does not fit the content."""


def parse_checksum(text: str) -> Tuple[str, str]:
    """(algorithm, lower-case hex) of ``sha256:<hex>`` or ``<hex>``, whose length then tells."""
    algorithm, colon, digest = text.strip().rpartition(":")
    digest = digest.lower()
    if not colon:
        algorithm = next((name for name, length in _LENGTHS.items() if len(digest) == length), "")
    algorithm = algorithm.lower()
    if algorithm not in _LENGTHS or not re.fullmatch("[0-9a-f]{%d}" % _LENGTHS[algorithm], digest):
        raise ChecksumError("the checksum %r is neither sha256:<64 hex digits> nor sha512:<128 hex digits>" % text)
    return algorithm, digest


def hash_file(source: BinaryIO, algorithms: Tuple[str, ...], progress: Progress = SILENT) -> Dict[str, str]:
    """{algorithm: hex}, in one pass over the file."""
    hashes = {name: hashlib.new(name) for name in algorithms}
    done = 0
    progress.begin("checked", source.seek(0, 2))
    source.seek(0)
    while True:
        chunk = source.read(_CHUNK)
        if not chunk:
            return {name: digest.hexdigest() for name, digest in hashes.items()}
        for digest in hashes.values():
            digest.update(chunk)
        done += len(chunk)
        progress.at(done)


def check_published(source: BinaryIO, name: str, checksum: Optional[str], progress: Progress = SILENT) -> List[str]:
    """The hashes of a file, "algorithm:hex", sha256 first, after the wanted one was found to fit. ChecksumError otherwise."""
    algorithm, wanted = parse_checksum(checksum) if checksum else ("sha256", "")
    found = hash_file(source, tuple(dict.fromkeys(("sha256", algorithm))), progress)
    if checksum and found[algorithm] != wanted:
        raise ChecksumError(
            "the checksum of the image %s does not fit: declared %s:%s, found %s:%s"
            % (name, algorithm, wanted, algorithm, found[algorithm])
        )
    return ["%s:%s" % item for item in found.items()]
