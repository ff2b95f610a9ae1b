# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes and snapshots of ours in a pool: their names, and the records that make them complete.

A volume is two: the content, and a small record that is written last. Content without a record is what a killed run left.
The record also says the format: what a guest writes into its raw volume must never tell what the volume is."""

from __future__ import annotations

import io
import json
from typing import Any, Dict, List, Optional

from .._errors import KilonovaError
from .._volume_name import FORMATS, GIB, PREFIX, content_name, is_volume_name, record_name, volume_id
from .json_record import read_json_record
from .storage import create_volume, delete_volume, find_volume, open_pool, upload, volume_names, volume_size

SCHEMA = 1


class VolumeError(KilonovaError):
    """What was asked of a volume cannot be done."""


def check_name(name: str) -> None:
    if not is_volume_name(name):
        raise VolumeError("%r cannot be a volume's name: letters, digits and . _ + - only, at most 200" % name)


def read_volume(connection: Any, pool: Any, name: str) -> Optional[Dict[str, Any]]:
    """A complete volume or snapshot: {kind, name, id, pool, volume, path, format, size (GiB), bytes, created,
    source, image, volume_id}."""
    record = read_json_record(connection, pool, record_name(name), SCHEMA)
    if record is None or record.get("name") != name:
        return None
    content = find_volume(pool, content_name(name, record["format"]))
    if content is None:
        return None
    held = volume_size(content)
    found_record = {key: record.get(key) for key in ("kind", "name", "format", "created", "source", "image", "volume_id")}
    found_record.update(
        id=volume_id(record["kind"], pool.name(), name),
        pool=pool.name(),
        volume=content.name(),
        path=content.path(),
        size=-(-held // GIB),
        bytes=held,
    )
    return found_record


def list_volumes(connection: Any, pool: Any) -> List[Dict[str, Any]]:
    """Every complete volume and snapshot of a pool, by name."""
    names = [n for n in volume_names(pool) if n.startswith(PREFIX) and n.endswith(".json")]
    found = (read_volume(connection, pool, name[len(PREFIX) : -len(".json")]) for name in names)
    return sorted((record for record in found if record), key=lambda record: str(record["name"]))


def write_record(connection: Any, pool: Any, record: Dict[str, Any]) -> None:
    text = json.dumps(dict(record, schema=SCHEMA), sort_keys=True).encode()
    delete_volume(pool, record_name(record["name"]))
    made = create_volume(pool, {"name": record_name(record["name"]), "capacity": len(text), "format": "raw"})
    upload(connection, made, io.BytesIO(text), len(text))


def delete_record_and_content(connection: Any, pool_name: str, name: str) -> None:
    """The record first: content without one is nobody's."""
    pool = open_pool(connection, pool_name)
    delete_volume(pool, record_name(name))
    for volume_format in FORMATS:
        delete_volume(pool, content_name(name, volume_format))
