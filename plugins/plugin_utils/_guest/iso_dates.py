# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes one fixed moment into every date of an ISO 9660 image."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

_SECTOR = 2048
_FIRST_DESCRIPTOR = 16
_TERMINATOR = 255
_DIRECTORY = 0x02
_LONG_FORM = 0x80
# Creation, modification, effective; the expiration between them stays unset. Offsets within a volume descriptor (ECMA-119 8.4).
_VOLUME_DATES = (813, 830, 864)


def set_dates(image: bytearray, clock: datetime) -> None:
    """Makes the bytes depend on the content and ``clock`` alone.

    pycdlib takes the time of day for every date and has no argument for it, so the dates are set afterwards, in the finished
    image: volume descriptors, directory records of all trees, and the Rock Ridge time stamps (TF) that hang on the latter.
    """
    moment = clock.astimezone(UTC)
    long_form = moment.strftime("%Y%m%d%H%M%S00").encode() + b"\0"
    dates = _Dates(image, bytes((moment.year - 1900, *moment.timetuple()[1:6], 0)), long_form)
    sector = _FIRST_DESCRIPTOR
    while image[sector * _SECTOR] != _TERMINATOR:
        dates.set_descriptor(sector * _SECTOR)
        sector += 1


class _Dates:
    def __init__(self, image: bytearray, short: bytes, long: bytes) -> None:
        self._image = image
        self._short = short
        self._long = long
        self._seen: set[int] = set()

    def set_descriptor(self, start: int) -> None:
        if self._image[start] not in (1, 2):  # primary, and supplementary (Joliet)
            return
        for offset in _VOLUME_DATES:
            self._image[start + offset : start + offset + 17] = self._long
        self._set_record(start + 156)

    def _set_record(self, start: int) -> None:
        """One directory record (ECMA-119 9.1), and everything below it where it is a directory."""
        image = self._image
        image[start + 18 : start + 25] = self._short
        name_length = image[start + 32]
        system_use = start + 33 + name_length + (1 - name_length % 2)
        self._set_time_stamps(system_use, start + image[start])
        if image[start + 25] & _DIRECTORY:
            block, length = struct.unpack_from("<I4xI", image, start + 2)
            self._set_directory(block, length)

    def _set_directory(self, block: int, length: int) -> None:
        if block in self._seen:
            return
        self._seen.add(block)
        position, end = block * _SECTOR, block * _SECTOR + length
        while position < end:
            size = self._image[position]
            if size == 0:  # records do not cross sectors; the rest of this one is empty
                position += _SECTOR - position % _SECTOR
                continue
            self._set_record(position)
            position += size

    def _set_time_stamps(self, position: int, end: int) -> None:
        """The system use entries of one record (SUSP), with the areas in which they continue."""
        while position + 4 <= end:
            name, size = bytes(self._image[position : position + 2]), self._image[position + 2]
            if size < 4 or name == b"ST":
                return
            if name == b"TF":
                self._set_time_stamp(position, size)
            elif name == b"CE":
                block, offset, length = struct.unpack_from("<I4xI4xI", self._image, position + 4)
                start = block * _SECTOR + offset
                self._set_time_stamps(start, start + length)
            position += size

    def _set_time_stamp(self, position: int, size: int) -> None:
        stamp = self._long if self._image[position + 4] & _LONG_FORM else self._short
        count = (size - 5) // len(stamp)
        self._image[position + 5 : position + 5 + count * len(stamp)] = stamp * count
