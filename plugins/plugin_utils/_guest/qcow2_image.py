# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A qcow2 file of a few written parts (QEMU, docs/interop/qcow2.txt): version 3, clusters of 64 KiB, a backing file or none.

A formatted disk holds a few MiB of data whatever its size. Written as qcow2 here, nothing else has to travel, and no second
volume to convert from has to exist on the host."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from .extents import Extent

CLUSTER_BITS = 16
CLUSTER = 1 << CLUSTER_BITS
_ENTRIES = CLUSTER // 8  # of a table of one cluster
_REFCOUNTS = CLUSTER // 2  # 16 bits each
_COPIED = 1 << 63
_HEADER = 104
_BACKING_FORMAT = 0xE2792ACA

Backing = tuple[str, str]


def build_qcow2(size: int, extents: Iterable[Extent], backing: Backing | None = None) -> bytes:
    """The file's bytes: header, tables, and one cluster for each cluster of the disk that holds anything. ``backing`` is path
    and format of the file below it."""
    clusters = _clusters(extents)
    tables = sorted({index // _ENTRIES for index in clusters})
    l1_entries = -(-size // (CLUSTER * _ENTRIES))
    l1_clusters = max(1, -(-l1_entries // _ENTRIES))
    fixed = 1 + l1_clusters + len(tables) + len(clusters)
    blocks, table_clusters = _refcount_clusters(fixed)
    l1_at = 1 + table_clusters + blocks
    l2_at = l1_at + l1_clusters
    data_at = l2_at + len(tables)
    return b"".join(
        (
            _padded(_header(size, l1_entries, l1_at, table_clusters, backing)),
            _padded(struct.pack(f">{blocks}Q", *((1 + table_clusters + index) << CLUSTER_BITS for index in range(blocks)))),
            _refcounts(fixed + blocks + table_clusters, blocks),
            _l1(l1_entries, tables, l2_at),
            *_l2(tables, sorted(clusters), data_at),
            *(clusters[index] for index in sorted(clusters)),
        )
    )


def _clusters(extents: Iterable[Extent]) -> dict[int, bytes]:
    found: dict[int, bytearray] = {}
    for offset, data in extents:
        position = 0
        while position < len(data):
            index, start = divmod(offset + position, CLUSTER)
            part = data[position : position + CLUSTER - start]
            found.setdefault(index, bytearray(CLUSTER))[start : start + len(part)] = part
            position += len(part)
    return {index: bytes(data) for index, data in found.items()}


def _refcount_clusters(fixed: int) -> tuple[int, int]:
    """How many refcount blocks, and clusters of their table, count themselves and everything else."""
    blocks = table = 1
    while True:
        needed = -(-(fixed + blocks + table) // _REFCOUNTS)
        needed_table = -(-needed // _ENTRIES)
        if (needed, needed_table) == (blocks, table):
            return blocks, table
        blocks, table = needed, needed_table


def _header(size: int, l1_entries: int, l1_at: int, table_clusters: int, backing: Backing | None) -> bytes:
    features = (0, 0, 0)  # incompatible, compatible, autoclear
    refcount_order = 4
    path, kind = ("", "") if backing is None else backing
    name, extensions = path.encode(), _backing_format(kind.encode()) if backing else b""
    name_at = _HEADER + len(extensions) if backing else 0
    header = struct.pack(
        ">4sIQIIQIIQQIIQQQQII",
        b"QFI\xfb", 3, name_at, len(name), CLUSTER_BITS, size, 0, l1_entries, l1_at << CLUSTER_BITS, CLUSTER, table_clusters,
        0, 0, *features, refcount_order, _HEADER,
    )  # fmt: skip
    return header + extensions + name


def _backing_format(kind: bytes) -> bytes:
    """The header extension that says it, and the end of extensions."""
    return struct.pack(">II", _BACKING_FORMAT, len(kind)) + kind.ljust(-(-len(kind) // 8) * 8, b"\0") + bytes(8)


def _refcounts(used: int, blocks: int) -> bytes:
    """Every cluster of the file is used once."""
    return (struct.pack(">H", 1) * used).ljust(blocks * CLUSTER, b"\0")


def _l1(entries: int, tables: Sequence[int], l2_at: int) -> bytes:
    places = {table: (l2_at + position) << CLUSTER_BITS | _COPIED for position, table in enumerate(tables)}
    return _padded(struct.pack(f">{entries}Q", *(places.get(index, 0) for index in range(entries))))


def _l2(tables: Sequence[int], clusters: Sequence[int], data_at: int) -> list[bytes]:
    content = {table: bytearray(CLUSTER) for table in tables}
    for position, index in enumerate(clusters):
        table, entry = divmod(index, _ENTRIES)
        struct.pack_into(">Q", content[table], entry * 8, (data_at + position) << CLUSTER_BITS | _COPIED)
    return [bytes(content[table]) for table in tables]


def _padded(data: bytes) -> bytes:
    return data.ljust(max(CLUSTER, -(-len(data) // CLUSTER) * CLUSTER), b"\0")
