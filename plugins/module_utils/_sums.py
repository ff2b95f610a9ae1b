# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checksums that stand in a SUMS file, as distributions publish them beside their images."""

from __future__ import annotations

import re
from typing import Optional
from urllib.parse import unquote, urlsplit

from ._checksum import ChecksumError, parse_checksum
from ._fetch import fetch_text

# "<hex>  name", "<hex> *name" (coreutils) and "SHA256 (name) = <hex>" (BSD)
_PLAIN = re.compile(r"^([0-9A-Fa-f]{64}|[0-9A-Fa-f]{128})\s+\*?(\S.*)$")
_TAGGED = re.compile(r"^SHA(256|512) \((.+)\) = ([0-9A-Fa-f]+)$")


def is_sums_file(checksum: str) -> bool:
    """A path or URL, where a checksum is hex digits with a word before them at most."""
    return "/" in checksum


def read_checksum(checksum: str, file_url_or_path: str) -> str:
    """``algorithm:hex`` of a checksum, or of the line for that file in the SUMS file that it names."""
    if not is_sums_file(checksum):
        return ":".join(parse_checksum(checksum))
    name = file_name(file_url_or_path)
    found = find_in_sums(_text(checksum), name)
    if found is None:
        raise ChecksumError("the checksums in %s say nothing of %s" % (checksum, name))
    return ":".join(parse_checksum(found))


def file_name(url_or_path: str) -> str:
    path = unquote(urlsplit(url_or_path).path) if "://" in url_or_path else url_or_path
    return path.rstrip("/").rpartition("/")[2]


def find_in_sums(text: str, name: str) -> Optional[str]:
    """The first sha512 or sha256 of that file; folders before a name do not count."""
    for line in text.splitlines():
        plain, tagged = _PLAIN.match(line.strip()), _TAGGED.match(line.strip())
        if plain and file_name(plain.group(2)) == name:
            return plain.group(1)
        if tagged and file_name(tagged.group(2)) == name:
            return "sha%s:%s" % (tagged.group(1), tagged.group(3))
    return None


def _text(place: str) -> str:
    if "://" in place:
        return fetch_text(place)
    try:
        with open(place, encoding="utf-8", errors="replace") as source:
            return source.read()
    except OSError as exc:
        raise ChecksumError("the checksums in %s cannot be read: %s" % (place, exc.strerror)) from exc
