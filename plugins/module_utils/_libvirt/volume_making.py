# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a volume or snapshot of ours: blank, or a copy of an image, a volume or a snapshot."""

from __future__ import annotations

import time
from typing import Any, Dict, Optional

from .._errors import HypervisorError
from .._volume_name import content_name, record_name
from .claiming import make_once
from .errors import is_error
from .making import make_volume
from .storage import delete_volume, open_pool, refresh, volume_names
from .volume_record import read_volume, write_record


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
    """False when another run made it meanwhile."""
    return make_once(
        exists=lambda: spec["name"] in volume_names(pool),
        complete=lambda: read_volume(connection, pool, spec["record"]["name"]) is not None,
        remove=lambda: _remove(pool, spec),
        make=lambda: _copy_or_create(connection, spec),
    )


def _copy_or_create(connection: Any, spec: Dict[str, Any]) -> None:
    make_volume(connection, spec)


def _remove(pool: Any, spec: Dict[str, Any]) -> None:
    delete_volume(pool, record_name(spec["record"]["name"]))
    delete_volume(pool, spec["name"])


def _finish(connection: Any, pool: Any, spec: Dict[str, Any]) -> Dict[str, Any]:
    try:
        write_record(connection, pool, dict(spec["record"], created=int(time.time())))
    except HypervisorError as exc:
        if not is_error(exc, "VIR_ERR_STORAGE_VOL_EXIST"):  # else a run beside us has written it
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
