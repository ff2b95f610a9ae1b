# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a volume of a build plan in a pool of any kind.

A plan that names a pool of files beside the volume's own (``file_pool``) wants it in one that libvirt cannot fill: what it is
to hold is copied there, from a disk of either pool."""

from __future__ import annotations

from typing import Any, Dict, Optional

from .._errors import HypervisorError
from .._pool_kinds import disk_source
from .base_copy import ensure_copy
from .base_image import PREFIX
from .copying import copier, copier_name, copy_disk, disk_size, refuse_copying
from .errors import translate_errors
from .making import clone_volume, find_source, grow_volume, make_volume
from .storage import create_volume, delete_volume, find_volume, refresh
from .volume_place import OnCopy, VolumePlace

Spec = Dict[str, Any]


def make_anywhere(connection: Any, spec: Spec, on_copy: Optional[OnCopy] = None) -> Any:
    """``spec`` is that of ``make_volume`` with {file_pool, clone_pool}: the latter is the pool of ``clone_of``."""
    if not spec.get("file_pool"):
        return make_volume(connection, spec)
    place = VolumePlace(connection, spec["pool"], spec["file_pool"], on_copy=on_copy)
    if place.kind.makes and not spec.get("record"):
        _clear(place, spec)
    if spec.get("fill"):
        return _written(place, spec)
    if not spec.get("clone_of"):
        return _blank(place, spec)
    if place.kind.copies:
        return _copied_within(place, spec)
    source = place.pool if spec.get("clone_pool") in (None, place.name) else place.files
    return _filled(place, spec, source, spec["clone_of"], spec.get("clone_format") or "raw")


def _clear(place: VolumePlace, spec: Spec) -> None:
    """What a killed run left of it may be half of it."""
    refuse_copying(place.connection, _target(place, spec))
    delete_volume(place.files, copier_name(_target(place, spec)))
    delete_volume(place.pool, spec["name"])


def _target(place: VolumePlace, spec: Spec) -> str:
    return "%s/%s" % (place.name, spec["name"])


def _blank(place: VolumePlace, spec: Spec) -> Any:
    """Space is taken at once: what libvirt calls sparse in a volume group is a snapshot that can overflow."""
    if place.kind.makes:
        return create_volume(place.pool, {"name": spec["name"], "capacity": spec["capacity"], "format": "raw", "sparse": False})
    found = find_volume(place.pool, spec["name"])
    if found is None:
        refresh(place.pool)
        found = find_volume(place.pool, spec["name"])
    if found is None:
        raise HypervisorError("the pool %s has no volume %s" % (place.name, spec["name"]), action="take %s" % spec["name"])
    return found


def _copied_within(place: VolumePlace, spec: Spec) -> Any:
    name = spec["clone_of"]
    if name.startswith(PREFIX):
        name = ensure_copy(place, name, spec.get("clone_format") or "raw")
    try:
        return clone_volume(place.pool, dict(spec, format="raw"), name)
    except HypervisorError:
        refresh(place.pool)  # another host may have taken the source away, and libvirt goes on listing it
        raise


def _filled(place: VolumePlace, spec: Spec, source_pool: Any, name: str, source_format: str) -> Any:
    """The target is made, or was there, and gets the content of a disk.

    QEMU copies only to a disk of the same size: what is copied is an overlay of that size over the source."""
    source = find_source(source_pool, name, source_format)
    target = _target(place, spec)
    with translate_errors("read the volume %s" % name):
        size, path = int(source.info()[1]), source.path()
    volume = _blank(place, spec)
    held = _held(place, spec, volume)
    if held < size:
        raise HypervisorError(
            "%s has %d bytes, and what it is to hold, %s, has %d" % (target, held, name, size), action="fill %s" % target
        )
    over = copier_name(target)
    overlay = {"name": over, "capacity": held, "format": "qcow2", "backing_path": path, "backing_format": source_format}
    delete_volume(place.files, over)
    try:
        create_volume(place.files, overlay)
        _copy(place, spec, volume, "qcow2")
    finally:
        delete_volume(place.files, over)
    return volume


def _written(place: VolumePlace, spec: Spec) -> Any:
    """The target is made and gets bytes that come with the plan, by way of a file."""
    name = copier_name(_target(place, spec))
    volume = _blank(place, spec)
    try:
        file = make_volume(place.connection, {"pool": place.file_pool, "name": name, "fill": spec["fill"], "format": "raw"})
        grow_volume(file, _held(place, spec, volume))
        _copy(place, spec, volume, "raw")
    finally:
        delete_volume(place.files, name)
    return volume


def _held(place: VolumePlace, spec: Spec, volume: Any) -> int:
    """The size of the target as QEMU has it: libvirt reports a unit of iSCSI one block smaller than it is."""
    if place.kind.grows:
        return int(spec["capacity"])
    return disk_size(place.connection, _target(place, spec), _disk(place, spec, volume))


def _disk(place: VolumePlace, spec: Spec, volume: Any) -> Spec:
    return disk_source(place.facts, spec["name"], place.path_of(volume))


def _copy(place: VolumePlace, spec: Spec, volume: Any, source_format: str) -> None:
    """From the file that is named as the copier."""
    target = _target(place, spec)
    source = disk_source(place.files_facts, copier_name(target), "")
    with copier(place.connection, target, source, source_format) as domain:
        copy_disk(domain, _disk(place, spec, volume), target, place.on_copy)
