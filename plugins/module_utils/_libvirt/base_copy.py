# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Base images in pools that libvirt cannot fill, but copies within (Ceph): once in each, then a thin copy for each server.

A copy is two volumes, the content and an empty mark that is made last; both carry this host's name, for others may share the
pool. Everybody may use what has its mark, and nobody touches what another host has half done."""

from __future__ import annotations

from typing import Any, List, Optional, Set

from .._errors import HypervisorError
from .._pool_kinds import disk_source, has_files, kind_of
from .._volume_name import host_name_of
from .base_image import PREFIX, list_bases
from .claiming import make_once
from .connection import host_uuid
from .copying import copier, copier_name, copy_disk, refuse_copying
from .domain import find_domain
from .making import find_source
from .pools import list_pool_facts
from .storage import create_volume, delete_volume, open_pool, path_of, refresh, volume_names, volume_size
from .volume_place import VolumePlace

_MARK = ".whole"
# libvirt makes no empty volume.
_MARK_BYTES = 1


def ensure_copy(place: VolumePlace, base: str, base_format: str) -> str:
    """The name of a whole copy of that base image (which is in the pool of files) in the pool of the place."""
    found = _whole(place.pool, base)
    if found is None:
        refresh(place.pool)
        found = _whole(place.pool, base)
    if found is not None:
        return found
    own = host_name_of(base, host_uuid(place.connection))
    target = "%s/%s" % (place.name, own)
    make_once(
        exists=lambda: own in volume_names(place.pool) or find_domain(place.connection, copier_name(target)) is not None,
        complete=lambda: _whole(place.pool, base) is not None,
        refuse=lambda: refuse_copying(place.connection, target),
        remove=lambda: _remove_half(place, own, target),
        make=lambda: _make(place, base, base_format, own, target),
    )
    return _whole(place.pool, base) or own


def _whole(pool: Any, base: str) -> Optional[str]:
    names = set(volume_names(pool))
    marked = (name[: -len(_MARK)] for name in sorted(names) if name.startswith(base + ".") and name.endswith(_MARK))
    return next((name for name in marked if name in names), None)


def _make(place: VolumePlace, base: str, base_format: str, own: str, target: str) -> None:
    source = find_source(place.files, base, base_format)
    size, path = volume_size(source), path_of(source)
    disk = disk_source(place.files_facts, base, path)
    with copier(place.connection, target, disk, base_format) as domain:
        made = create_volume(place.pool, {"name": own, "capacity": size, "format": "raw"})
        copy_disk(domain, disk_source(place.facts, own, place.path_of(made)), target, place.on_copy)
        create_volume(place.pool, {"name": own + _MARK, "capacity": _MARK_BYTES, "format": "raw"})


def _remove_half(place: VolumePlace, own: str, target: str) -> None:
    refuse_copying(place.connection, target)
    delete_volume(place.pool, own)
    delete_volume(place.pool, own + _MARK)


def sweep_copies(connection: Any) -> List[str]:
    """Removes this host's copies of base images that no pool of files has any more ("pool/volume"); those that thin disks stand
    on stay until these are gone."""
    pools = [entry for entry in list_pool_facts(connection) if entry["active"]]
    filled = [entry for entry in pools if not has_files(entry) and getattr(kind_of(entry), "copies", False)]
    if not filled:
        return []
    known: Set[str] = set()
    for entry in pools:
        if has_files(entry):
            known.update(base["volume"] for base in list_bases(connection, open_pool(connection, entry["name"])))
    suffix = host_name_of("", host_uuid(connection))
    removed = []
    for entry in filled:
        pool = open_pool(connection, entry["name"])
        refresh(pool)
        for name in volume_names(pool):
            if name.startswith(PREFIX) and name.endswith(suffix) and name[: -len(suffix)] not in known and _unused(pool, name):
                removed.append("%s/%s" % (entry["name"], name))
    return removed


def _unused(pool: Any, name: str) -> bool:
    """Removes it where nothing stands on it, the content first: a mark alone says nothing."""
    try:
        delete_volume(pool, name)
    except HypervisorError:
        return False
    return delete_volume(pool, name + _MARK)
