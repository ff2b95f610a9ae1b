# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes and snapshots of ours in a pool: their names, and the records that make them complete.

A volume is two: the content, and a small record that is written last. Content without a record is what a killed run left.
The record also says the format: what a guest writes into its raw volume must never tell what the volume is."""

from __future__ import annotations

import io
import json
from typing import Any, Dict, List, Optional, Tuple

from .._errors import HypervisorError, KilonovaError
from .._volume_name import FORMATS, GIB, PREFIX, content_name, is_volume_name, volume_id
from .copying import copier_name
from .errors import unless_gone
from .json_record import read_json_record
from .storage import create_volume, delete_volume, find_volume, upload, volume_names, volume_size
from .volume_key import forget_keys
from .volume_place import VolumePlace

SCHEMA = 1

# What a record says of its volume.
_SAID = ("kind", "name", "format", "created", "source", "image", "volume_id", "volume_type", "encryption")


class VolumeError(KilonovaError):
    """What was asked of a volume cannot be done."""


def check_name(name: str) -> None:
    if not is_volume_name(name):
        raise VolumeError("%r cannot be a volume's name: letters, digits and . _ + - only, at most 200" % name)


def read_volume(place: VolumePlace, name: str) -> Optional[Dict[str, Any]]:
    """A complete volume or snapshot: {kind, name, id, pool, file_pool, taken, volume, path, format, size (GiB), bytes, created,
    source, image, volume_id, volume_type, encryption}."""
    return _read(place, place.record_name(name), name)


def _read(place: VolumePlace, recorded_as: str, name: Optional[str] = None) -> Optional[Dict[str, Any]]:
    record = read_json_record(place.connection, place.files, recorded_as, SCHEMA)
    return None if record is None or name not in (None, record.get("name")) else _found(place, record, recorded_as)


def _found(place: VolumePlace, record: Dict[str, Any], recorded_as: str) -> Optional[Dict[str, Any]]:
    name = record["name"]
    if place.record_name(name) != recorded_as:
        return None
    content = find_volume(place.pool, record.get("volume") or content_name(name, record["format"]))
    size_and_path = None if content is None else _size_and_path(place, content)
    if content is None or size_and_path is None:
        return None
    held, path = size_and_path
    found = {key: record.get(key) for key in _SAID}
    found.update(
        id=volume_id(record["kind"], place.name, name),
        pool=place.name,
        file_pool=place.file_pool,
        taken=not place.kind.makes,
        volume=content.name(),
        path=path,
        size=-(-held // GIB),
        bytes=held,
    )
    return found


def _size_and_path(place: VolumePlace, content: Any) -> Optional[Tuple[int, str]]:
    """None where it is gone since it was found; libvirt goes on listing what other hands have taken away."""
    try:
        return unless_gone(lambda: (volume_size(content), place.path_of(content)))
    except HypervisorError:
        if place.elsewhere:
            return None
        raise


def list_volumes(connection: Any, files: Any) -> List[Dict[str, Any]]:
    """Every complete volume and snapshot that a pool of files has a record of, by name."""
    names = [n for n in volume_names(files) if n.startswith(PREFIX) and n.endswith(".json")]
    places: Dict[str, Optional[VolumePlace]] = {}
    found = []
    for recorded_as in names:
        record = read_json_record(connection, files, recorded_as, SCHEMA)
        if record is None:
            continue
        pool = record.get("pool") or files.name()
        if pool not in places:
            places[pool] = _place(connection, pool, files)
        place = places[pool]
        found.append(None if place is None else _found(place, record, recorded_as))
    return sorted((record for record in found if record), key=lambda record: str(record["name"]))


def _place(connection: Any, pool: str, files: Any) -> Optional[VolumePlace]:
    """None while the pool is stopped or away: what is in it cannot be had now."""
    try:
        return VolumePlace(connection, pool, files=files)
    except HypervisorError:
        return None


def write_record(place: VolumePlace, record: Dict[str, Any], content: str) -> None:
    """``content`` is what libvirt calls the volume."""
    where = {"pool": place.name, "volume": content} if place.elsewhere else {}
    text = json.dumps(dict(record, schema=SCHEMA, **where), sort_keys=True).encode()
    name = place.record_name(record["name"])
    if place.kind.makes:  # whoever made the volume says what it is; of one that is taken the first to say so does
        delete_volume(place.files, name)
    made = create_volume(place.files, {"name": name, "capacity": len(text), "format": "raw"})
    upload(place.connection, made, io.BytesIO(text), len(text))


def delete_record_and_content(place: VolumePlace, name: str) -> None:
    """The record first: content without one is nobody's. A volume that was taken is only let go."""
    delete_volume(place.files, place.record_name(name))
    contents = content_names(place, name)
    for content in contents:
        if place.elsewhere:
            delete_volume(place.files, copier_name("%s/%s" % (place.name, content)))
        delete_volume(place.pool, content)
    forget_keys(place.connection, place.name, contents)


def content_names(place: VolumePlace, name: str) -> List[str]:
    """What libvirt may call the content of a volume that we made."""
    if not place.kind.makes:
        return []
    return sorted({place.content_name(name, volume_format) for volume_format in FORMATS})
