# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a volume of a build plan: blank, over a base image, a copy of another volume, or filled with a few written parts."""

from __future__ import annotations

import base64
import zlib
from typing import Any, Callable, Dict
from xml.etree import ElementTree

from .._errors import HypervisorError
from .binding import libvirt
from .errors import is_error, translate_errors
from .sparse_upload import upload_parts
from .storage import (
    clear_volume,
    create_volume,
    delete_volume,
    ensure_volume,
    find_volume,
    open_pool,
    refresh,
    volume_xml,
    when_idle,
)

# What libvirt says where a file system cannot share blocks, and what a driver says that does not know the flag.
_NO_REFLINK = ("VIR_ERR_SYSTEM_ERROR", "VIR_ERR_INVALID_ARG", "VIR_ERR_NO_SUPPORT", "VIR_ERR_ARGUMENT_UNSUPPORTED")


def make_volume(connection: Any, spec: Dict[str, Any]) -> Any:
    """``spec`` is the plan's: {pool, name, capacity, format, backing_path, backing_format, clone_of, clone_pool,
    preallocate, fill, encryption}.

    A copy and a filled volume are made anew each time: what a killed run left of them may be half of it."""
    pool = open_pool(connection, spec["pool"])
    if spec.get("clone_of"):
        if not spec.get("record"):  # a volume of its own has been looked for already, and may be another run's
            clear_volume(pool, spec["name"])
        source_pool = open_pool(connection, spec["clone_pool"]) if spec.get("clone_pool") else pool
        return clone_volume(pool, spec, spec["clone_of"], source_pool=source_pool, clone_format=spec.get("clone_format"))
    if spec.get("fill"):
        clear_volume(pool, spec["name"])
        return (_filled_encrypted if spec.get("encryption") else _filled)(connection, pool, spec)
    make = create_volume if spec.get("record") or spec.get("encryption") else ensure_volume
    return make(pool, dict(spec, sparse=not spec.get("preallocate")), flags=_allocation(spec))


def _allocation(spec: Dict[str, Any]) -> int:
    """libvirt allocates a qcow2 file's clusters beforehand only when its tables are asked for too."""
    if spec.get("preallocate") and spec["format"] == "qcow2":
        return int(libvirt.VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA)
    return 0


def clone_volume(
    pool: Any, spec: Dict[str, Any], source_name: str, *, source_pool: Any = None, clone_format: Any = None
) -> Any:
    """A full copy of a volume, by default of the same pool, in the format of ``spec`` and at least as large.

    ``clone_format`` is what the source is known to be. libvirt believes what it finds in a file, and a guest can write a
    header with a foreign backing file into its own raw disk: a source that does not look like itself is never read."""
    source = find_source(source_pool or pool, source_name, clone_format)
    xml = volume_xml(dict(spec, sparse=True))
    name = "%s/%s" % (pool.name(), spec["name"])

    def call(flags: int = 0) -> Any:
        with translate_errors("copy the volume %s to %s" % (source_name, name)):
            return pool.createXMLFrom(xml, source, flags)

    made = _shared(spec, source, call) or when_idle(call)
    try:
        grow_volume(made, spec["capacity"], preallocate=bool(spec.get("preallocate")) and spec["format"] == "raw")
    except BaseException:
        delete_volume(pool, spec["name"])
        raise
    return made


def _shared(spec: Dict[str, Any], source: Any, call: Callable[[int], Any]) -> Any:
    """A raw copy that shares its blocks with the source until one of them is written to; None where that cannot be: only the
    attempt tells whether the file system of a pool of files can do it."""
    whole = any(spec.get(key) for key in ("file_pool", "preallocate", "encryption"))
    if whole or spec["format"] != "raw" or not _looks_like(source, "raw"):
        return None
    try:
        return when_idle(lambda: call(libvirt.VIR_STORAGE_VOL_CREATE_REFLINK))
    except HypervisorError as exc:
        if not is_error(exc, *_NO_REFLINK):
            raise
        return None


def find_source(pool: Any, name: str, clone_format: Any) -> Any:
    """A volume to be copied. Raises HypervisorError where it is not there, or does not look like what it is known to be."""
    found = find_volume(pool, name)
    if found is None:
        refresh(pool)
        found = find_volume(pool, name)
    if found is None:
        raise HypervisorError("the volume %s is not in the pool %s" % (name, pool.name()), action="copy the volume %s" % name)
    if clone_format and not _looks_like(found, clone_format):
        # The format in libvirt's books may be from before the volume was filled.
        refresh(pool)
        with translate_errors("look up the volume %s" % name):
            found = pool.storageVolLookupByName(name)
    if clone_format and not _looks_like(found, clone_format):
        raise HypervisorError(
            "the volume %s of the pool %s is %s, but its content looks like %s: it is not read, for such a header may point at "
            "any file of the host" % (name, pool.name(), clone_format, format_of(found)),
            action="copy the volume %s" % name,
        )
    return found


def _looks_like(volume: Any, wanted: str) -> bool:
    """An ISO image or a partitioned disk is raw to us, and safe; libvirt has a name of its own for each."""
    found = format_of(volume)
    return found == wanted or (wanted == "raw" and found in ("iso", "dos", "dvh", "gpt", "bsd", "mac", "none", "unknown"))


def format_of(volume: Any) -> str:
    """What libvirt takes the volume for."""
    with translate_errors("read the volume %s" % volume.name()):
        element = ElementTree.fromstring(volume.XMLDesc(0)).find("target/format")
    return "raw" if element is None else element.get("type") or "raw"


def grow_volume(volume: Any, capacity: int, *, preallocate: bool = False) -> bool:
    """Makes it at least that large, and takes all its space where that is wanted; never smaller. True when it grew."""
    name = volume.name()
    with translate_errors("read the volume %s" % name):
        current = volume.info()[1]
    if current >= capacity and not preallocate:
        return False
    flags = libvirt.VIR_STORAGE_VOL_RESIZE_ALLOCATE if preallocate else 0

    def call() -> None:
        with translate_errors("grow the volume %s to %d bytes" % (name, capacity)):
            volume.resize(max(capacity, current), flags)

    when_idle(call)
    return bool(current < capacity)


def _filled(connection: Any, pool: Any, spec: Dict[str, Any]) -> Any:
    """The bytes are a whole file, whatever its format: to libvirt it is raw while it is written.

    One that takes all its space gets the disk's size first, as by Nova's fallocate, and qcow2 takes its clusters from there
    (guest IMG-10). In a raw one the holes between its parts are filled afterwards: writing them gives the space back."""
    fill, whole = spec["fill"], spec.get("preallocate") and spec["format"] == "qcow2"
    size = max(fill["size"], spec["capacity"]) if whole else fill["size"]
    volume = create_volume(pool, {"name": spec["name"], "capacity": size, "format": "raw", "sparse": not whole})
    parts = [(offset, zlib.decompress(base64.b64decode(packed))) for offset, packed in fill["extents"]]
    upload_parts(connection, volume, parts, fill["size"])
    if spec.get("preallocate") and not whole:
        grow_volume(volume, fill["size"], preallocate=True)
    if spec.get("backing_path"):
        refresh(pool)  # so that libvirt knows what it stands on
    return volume


def plain_name(name: str) -> str:
    """What an encrypted volume is filled from, for as long as that takes."""
    return name + ".plain"


def _filled_encrypted(connection: Any, pool: Any, spec: Dict[str, Any]) -> Any:
    """Only libvirt has the key: it copies an empty file system or swap area that was written in the clear."""
    plain = plain_name(spec["name"])
    delete_volume(pool, plain)
    try:
        _filled(connection, pool, dict(spec, name=plain))
        return clone_volume(pool, spec, plain, clone_format=spec["format"])
    finally:
        delete_volume(pool, plain)
