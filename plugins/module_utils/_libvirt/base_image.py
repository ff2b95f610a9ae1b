# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Base images in a pool, stored once per content.

libvirt's storage API cannot rename a volume, so a base image is two: the content, and a small record that is written last.
Content without a record is what a killed or broken transfer left; it is never used, and the next run replaces it."""

from __future__ import annotations

import io
import json
import time
from typing import Any, BinaryIO, Dict, List, Optional

from .storage import create_volume, delete_volume, download, find_volume, open_pool, refresh, upload, volume_names

PREFIX = "base_"
_SCHEMA = 1


def content_name(sha256: str) -> str:
    return PREFIX + sha256


def record_name(sha256: str) -> str:
    return "%s%s.json" % (PREFIX, sha256)


def read_base(connection: Any, pool: Any, sha256: str) -> Optional[Dict[str, Any]]:
    """The record of a complete base image: {name, sha256, pool, volume, path, disk_format, virtual_size, size, created}."""
    found = find_volume(pool, record_name(sha256))
    content = find_volume(pool, content_name(sha256))
    if found is None or content is None:
        return None
    try:
        record = json.loads(download(connection, found))
    except ValueError:
        return None
    if not isinstance(record, dict) or record.get("schema") != _SCHEMA or record.get("sha256") != sha256:
        return None
    record.update(pool=pool.name(), volume=content.name(), path=content.path())
    return record


def list_bases(connection: Any, pool: Any) -> List[Dict[str, Any]]:
    """Every complete base image of a pool, the newest first."""
    names = [n for n in volume_names(pool) if n.startswith(PREFIX) and n.endswith(".json")]
    bases = [read_base(connection, pool, name[len(PREFIX) : -len(".json")]) for name in names]
    return sorted((base for base in bases if base), key=lambda base: (-base["created"], base["sha256"]))


def find_base(connection: Any, pool_name: str, sha256: str) -> Optional[Dict[str, Any]]:
    pool = open_pool(connection, pool_name)
    found = read_base(connection, pool, sha256)
    if found is None:
        # Another run, or another host that shares the pool, may have put it there since libvirt last looked.
        refresh(pool)
        found = read_base(connection, pool, sha256)
    return found


def store_base(connection: Any, pool_name: str, source: BinaryIO, facts: Dict[str, Any]) -> Dict[str, Any]:
    """Stores a verified image. ``facts``: {name, sha256, disk_format, virtual_size, size}. Returns its record."""
    pool = open_pool(connection, pool_name)
    sha256 = facts["sha256"]
    for stale in (record_name(sha256), content_name(sha256)):
        delete_volume(pool, stale)
    try:
        _write(connection, pool, content_name(sha256), source, facts["size"])
        record = dict(facts, schema=_SCHEMA, created=int(time.time()))
        text = json.dumps(record, sort_keys=True).encode()
        _write(connection, pool, record_name(sha256), io.BytesIO(text), len(text))
    except BaseException:
        for stale in (record_name(sha256), content_name(sha256)):
            delete_volume(pool, stale)
        raise
    # libvirt learns a volume's format when it looks at the pool, and it has not looked since the content came.
    refresh(pool)
    stored = read_base(connection, pool, sha256)
    return stored if stored is not None else record


def _write(connection: Any, pool: Any, name: str, source: BinaryIO, size: int) -> None:
    """Bytes as they are: the volume is raw to libvirt while it is written. Every guest of the host may read a base image."""
    volume = create_volume(pool, {"name": name, "capacity": size, "format": "raw", "mode": "0644", "sparse": False})
    upload(connection, volume, source, size)
