# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The written parts of a disk that is empty otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

# (offset in bytes, content), ordered, apart from each other
Extent = tuple[int, bytes]

_BLOCK = 4096


def written(offset: int, data: bytes) -> Iterator[Extent]:
    """The runs of blocks that are not all zeros; ``offset`` is a whole number of blocks."""
    empty = bytes(_BLOCK)
    begin: int | None = None
    for position in range(0, len(data), _BLOCK):
        block = data[position : position + _BLOCK]
        is_empty = block == empty[: len(block)]
        if begin is None and not is_empty:
            begin = position
        elif begin is not None and is_empty:
            yield offset + begin, data[begin:position]
            begin = None
    if begin is not None:
        yield offset + begin, data[begin:]


def total(extents: Iterable[Extent]) -> int:
    return sum(len(data) for _offset, data in extents)
