# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a volume or snapshot of ours: blank, or a copy of an image, a volume or a snapshot."""

from __future__ import annotations

import time
from typing import Any, Dict, Optional

from .._errors import HypervisorError
from .._volume_name import content_name, record_name
from .errors import is_error
from .making import make_volume
from .storage import delete_volume, open_pool, refresh
from .volume_record import read_volume, write_record

# A run beside us that makes the same volume needs a moment between content and record.
_GRACE_PAUSES = (0.1, 0.2, 0.4, 0.8)
# How long a copy that libvirt is still making is waited for.
_COPY_PAUSES = (0.5,) + (1.0,) * 600


def ensure_recorded_volume(connection: Any, spec: Dict[str, Any]) -> Dict[str, Any]:
    """The volume of a plan or a module call, made once. ``spec``: {pool, name (the content's), capacity, format, clone_of,
    clone_format, preallocate} and ``record``: {kind, name, format, source, image, volume_id}. Returns its record."""
    pool = open_pool(connection, spec["pool"])
    record = spec["record"]
    found = read_volume(connection, pool, record["name"])
    if found is None:
        refresh(pool)
        found = read_volume(connection, pool, record["name"])
    if found is not None:
        return dict(found, changed=False)
    made_here = _make(connection, pool, spec)
    if not made_here:
        raced = read_volume(connection, pool, record["name"])
        if raced is not None:
            return dict(raced, changed=False)
    return dict(_finish(connection, pool, spec), changed=True)


def _make(connection: Any, pool: Any, spec: Dict[str, Any]) -> bool:
    """False when another run made it meanwhile. What a killed one left is taken away first."""
    if not _cleared(connection, pool, spec):
        return False
    try:
        make_volume(connection, spec)
    except BaseException:
        _remove(pool, spec)
        raise
    return True


def _cleared(connection: Any, pool: Any, spec: Dict[str, Any]) -> bool:
    name = spec["record"]["name"]
    if not _exists(pool, spec):
        return True
    for pause in _GRACE_PAUSES:
        time.sleep(pause)
        if read_volume(connection, pool, name) is not None:
            return False
    for pause in _COPY_PAUSES:
        try:
            _remove(pool, spec)
            return True
        except HypervisorError as exc:
            if not is_error(exc, "VIR_ERR_OPERATION_INVALID"):
                raise
            time.sleep(pause)  # libvirt itself is still writing it, for somebody
        if read_volume(connection, pool, name) is not None:
            return False
    _remove(pool, spec)
    return True


def _exists(pool: Any, spec: Dict[str, Any]) -> bool:
    return spec["name"] in pool.listVolumes()


def _remove(pool: Any, spec: Dict[str, Any]) -> None:
    delete_volume(pool, record_name(spec["record"]["name"]))
    delete_volume(pool, spec["name"])


def _finish(connection: Any, pool: Any, spec: Dict[str, Any]) -> Dict[str, Any]:
    try:
        write_record(connection, pool, dict(spec["record"], created=int(time.time())))
    except BaseException:
        _remove(pool, spec)
        raise
    found: Optional[Dict[str, Any]] = read_volume(connection, pool, spec["record"]["name"])
    if found is None:
        raise HypervisorError(
            "the volume %s vanished from the pool %s while it was made" % (spec["record"]["name"], pool.name()),
            action="make the volume %s" % spec["record"]["name"],
        )
    return found


def volume_spec(
    pool: str,
    name: str,
    capacity: int,
    volume_format: str,
    *,
    kind: str = "volume",
    source: Optional[Dict[str, Any]] = None,
    preallocate: bool = False,
) -> Dict[str, Any]:
    """What ``ensure_recorded_volume`` takes. ``source``: {kind, name, id, content, content_format, image, volume_id}."""
    origin = source or {}
    return {
        "pool": pool,
        "name": content_name(name, volume_format),
        "capacity": capacity,
        "format": volume_format,
        "clone_of": origin.get("content"),
        "clone_format": origin.get("content_format"),
        "preallocate": preallocate,
        "record": {
            "kind": kind,
            "name": name,
            "format": volume_format,
            "source": {key: origin[key] for key in ("kind", "name", "id")} if origin else None,
            "image": origin.get("image"),
            "volume_id": origin.get("volume_id"),
        },
    }
