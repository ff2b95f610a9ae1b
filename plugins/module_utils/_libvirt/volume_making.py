# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a volume or snapshot of ours: blank, or a copy of an image, a volume or a snapshot."""

from __future__ import annotations

import time
from typing import Any, Dict, Optional

from .._errors import HypervisorError
from .._pool_kinds import volume_path
from .._volume_name import secret_id
from .claiming import GRACE_PAUSES, make_once, refuse_unfinished
from .copying import refuse_copying
from .errors import is_error
from .pool_making import make_anywhere
from .storage import delete_volume, refresh, volume_names
from .volume_key import forget_keys, make_encrypted
from .volume_place import OnCopy, VolumePlace
from .volume_record import read_volume, write_record

_ATTEMPTS = 3


def ensure_recorded_volume(connection: Any, spec: Dict[str, Any], on_copy: Optional[OnCopy] = None) -> Dict[str, Any]:
    """The volume of a plan or a module call, made once. ``spec``: {pool, name (the content's), capacity, format, clone_of,
    clone_format, preallocate, encryption, passphrase} and ``record``: {kind, name, format, source, image, volume_id,
    volume_type, encryption}. Returns its record."""
    place = VolumePlace(connection, spec["pool"], spec.get("file_pool"), on_copy=on_copy)
    record = spec["record"]
    found = find_recorded(place, record["name"])
    if found is not None:
        return dict(found, changed=False)
    for _attempt in range(_ATTEMPTS):
        if _make(place, spec):
            return _finish(place, spec)
        raced = read_volume(place, record["name"])
        if raced is not None:
            return dict(raced, changed=False)
    raise _vanished(place, spec)


def find_recorded(place: VolumePlace, name: str) -> Optional[Dict[str, Any]]:
    """The complete volume of that name; libvirt looks anew before it is said that there is none."""
    found = read_volume(place, name)
    if found is None:
        for pool in [place.pool, *([place.files] if place.elsewhere else [])]:
            refresh(pool)
        found = read_volume(place, name)
    return found


def _make(place: VolumePlace, spec: Dict[str, Any]) -> bool:
    """False when another run made it meanwhile. What is taken is there always."""
    return make_once(
        exists=lambda: place.kind.makes and spec["name"] in volume_names(place.pool),
        complete=lambda: read_volume(place, spec["record"]["name"]) is not None,
        refuse=lambda: _refuse(place, spec),
        remove=lambda: _remove(place, spec),
        make=lambda: _copy_or_create(place, spec),
    )


def _copy_or_create(place: VolumePlace, spec: Dict[str, Any]) -> None:
    if not spec.get("encryption"):
        make_anywhere(place.connection, spec, place.on_copy)
        return
    make_encrypted(
        place.connection,
        volume_path(place.facts, spec["name"]),
        spec,
        make=lambda: make_anywhere(place.connection, spec, place.on_copy),
        begun=lambda: spec["name"] in volume_names(place.pool),
    )


def _refuse(place: VolumePlace, spec: Dict[str, Any]) -> None:
    if place.elsewhere:
        refuse_copying(place.connection, "%s/%s" % (place.name, spec["name"]))
    else:
        refuse_unfinished(place.pool, spec["name"])


def _remove(place: VolumePlace, spec: Dict[str, Any]) -> None:
    if place.elsewhere:
        refuse_copying(place.connection, "%s/%s" % (place.name, spec["name"]))
    delete_volume(place.files, place.record_name(spec["record"]["name"]))
    if place.kind.makes:
        delete_volume(place.pool, spec["name"])
    if spec.get("encryption"):
        forget_keys(place.connection, place.name, [spec["name"]])


def _finish(place: VolumePlace, spec: Dict[str, Any]) -> Dict[str, Any]:
    """Of what is taken, not made, another run may write the record at the same time; what a killed one left of it goes."""
    name = spec["record"]["name"]
    changed = _recorded(place, spec)
    found = read_volume(place, name)
    for pause in GRACE_PAUSES:
        if found is not None or changed:
            break
        time.sleep(pause)
        found = read_volume(place, name)
    if found is None:
        delete_volume(place.files, place.record_name(name))
        changed = not changed and _recorded(place, spec)
        found = read_volume(place, name)
    if found is None:
        raise _vanished(place, spec)
    return dict(found, changed=changed)


def _recorded(place: VolumePlace, spec: Dict[str, Any]) -> bool:
    """False where another run has written the record already, or is about to."""
    try:
        write_record(place, dict(spec["record"], created=int(time.time())), spec["name"])
    except HypervisorError as exc:
        if is_error(exc, "VIR_ERR_STORAGE_VOL_EXIST"):
            return False
        _remove(place, spec)
        raise
    return True


def _vanished(place: VolumePlace, spec: Dict[str, Any]) -> HypervisorError:
    name = spec["record"]["name"]
    message = "the volume %s vanished from the pool %s while it was made" % (name, place.name)
    return HypervisorError(message, action="make the volume %s" % name)


def volume_spec(
    place: VolumePlace,
    name: str,
    capacity: int,
    volume_format: str,
    *,
    kind: str = "volume",
    source: Optional[Dict[str, Any]] = None,
    preallocate: bool = False,
    volume_type: Optional[str] = None,
    encryption: Optional[Dict[str, Any]] = None,
) -> Dict[str, Any]:
    """What ``ensure_recorded_volume`` takes. ``source``: {kind, name, id, content, content_format, image, volume_id}."""
    origin = source or {}
    content = place.content_name(name, volume_format)
    encrypted = dict(encryption, secret=secret_id(place.name, content)) if encryption else None
    return {
        "pool": place.name,
        "file_pool": place.file_pool,
        "name": content,
        "capacity": capacity,
        "format": volume_format,
        "clone_of": origin.get("content"),
        "clone_pool": origin.get("content_pool"),
        "clone_format": origin.get("content_format"),
        "preallocate": preallocate,
        "encryption": encrypted,
        "record": {
            "kind": kind,
            "name": name,
            "format": volume_format,
            "source": {key: origin[key] for key in ("kind", "name", "id")} if origin else None,
            "image": origin.get("image"),
            "volume_id": origin.get("volume_id"),
            "volume_type": volume_type,
            "encryption": encrypted,
        },
    }
