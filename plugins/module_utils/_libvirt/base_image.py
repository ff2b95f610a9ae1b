# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Base images in a pool, stored once per content.

libvirt's storage API cannot rename a volume, so a base image is two or more: the content, and a small record for each name
that it has, written last. Content without a record is what a killed or broken transfer left; it is never used, and the next
run completes or replaces it."""

from __future__ import annotations

import hashlib
import io
import json
import time
from typing import Any, BinaryIO, Dict, List, Optional, Tuple
from xml.etree import ElementTree

from .._errors import HypervisorError
from .._progress import SILENT, Progress
from .claiming import Watch, make_once
from .errors import is_error, translate_errors, unless_gone
from .json_record import read_json_record
from .sparse_upload import upload_sparse
from .storage import (
    create_volume,
    delete_volume,
    find_volume,
    open_pool,
    path_of,
    read_into,
    refresh,
    upload,
    volume_names,
    volume_size,
)

PREFIX = "base_"
_SCHEMA = 1
# A record takes whole blocks: another one fits in its place.
_BLOCK = 4096
_PAUSES = (0.0, 0.1, 0.4)

# What a record may say beside the content: properties {str: value}, min_disk (GiB), min_ram (MiB), published (hashes of the
# file as it was published, "algorithm:hex"), source {url, etag, last_modified}, unused_since (seconds since 1970), modified
# (the content's time, as libvirt tells it).
EXTRAS = ("properties", "min_disk", "min_ram", "published", "source", "unused_since", "modified")


def content_name(sha256: str) -> str:
    return PREFIX + sha256


def record_name(sha256: str, name: str) -> str:
    """One record for each name of a content: names are anything, so a hash of it stands for it."""
    return "%s%s.%s.json" % (PREFIX, sha256, hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12])


def _record_names(pool: Any, sha256: str = "") -> List[str]:
    return [n for n in volume_names(pool) if n.startswith(PREFIX + sha256) and n.endswith(".json")]


def _read_record(connection: Any, pool: Any, volume_name: str) -> Optional[Dict[str, Any]]:
    """{name, sha256, pool, volume, path, disk_format, virtual_size, size, created}; None for what is half there."""
    sha256 = volume_name[len(PREFIX) :].split(".")[0]
    content = find_volume(pool, content_name(sha256))
    record = None if content is None else read_json_record(connection, pool, volume_name, _SCHEMA)
    if content is None or record is None or record.get("sha256") != sha256:
        return None
    path = unless_gone(path_of, content)
    return None if path is None else dict(record, pool=pool.name(), volume=content.name(), path=path)


def list_bases(connection: Any, pool: Any, sha256: str = "") -> List[Dict[str, Any]]:
    """The records of a content, or of all, the newest first."""
    bases = [_read_record(connection, pool, name) for name in _record_names(pool, sha256)]
    return sorted((base for base in bases if base), key=lambda base: (-base["created"], base["name"], base["sha256"]))


def find_bases(connection: Any, pool_name: str, sha256: str) -> List[Dict[str, Any]]:
    pool = open_pool(connection, pool_name)
    found = list_bases(connection, pool, sha256)
    if not found:
        # Another run, or another host that shares the pool, may have put it there since libvirt last looked.
        refresh(pool)
        found = list_bases(connection, pool, sha256)
    return found


def store_base(
    connection: Any, pool_name: str, source: BinaryIO, facts: Dict[str, Any], progress: Progress = SILENT
) -> Tuple[Dict[str, Any], bool]:
    """Stores a verified image. ``facts``: {name, sha256, disk_format, virtual_size, size}. Returns its record, and whether this
    run has changed anything."""
    pool = open_pool(connection, pool_name)
    volume = content_name(facts["sha256"])
    kept: List[bool] = []
    watch = Watch(pool, volume)

    def make() -> None:
        if not kept:
            # Every guest of the host may read a base image. The bytes stay as they are: to libvirt it is raw meanwhile.
            # Formats that are dense take their room first: a full pool is told before anything is sent, and libvirt is spared
            # a write that fails, which 11.3 does not survive (it frees the message twice). Raw images keep their holes.
            spec = {"name": volume, "capacity": facts["size"], "format": "raw", "mode": "0644"}
            made = create_volume(pool, dict(spec, sparse=facts["disk_format"] == "raw"))
            upload_sparse(connection, made, source, facts["size"], progress)

    def remove() -> None:
        watch.refuse()  # once more: a moment has gone by since
        if _is_whole(connection, pool, volume, facts):
            kept.append(True)
        else:
            delete_volume(pool, volume)

    make_once(
        exists=lambda: volume in volume_names(pool),
        complete=lambda: bool(list_bases(connection, pool, facts["sha256"])),
        refuse=watch.refuse,
        remove=remove,
        make=make,
    )
    mine = _of_name(connection, pool, facts)
    if mine is not None:
        return mine, False
    content = find_volume(pool, volume)
    record = write_record(connection, pool, dict(facts, modified="" if content is None else modified_time(content)))
    # libvirt learns a volume's format when it looks at the pool, and it has not looked since the content came.
    refresh(pool)
    return _of_name(connection, pool, facts) or record, True


def _of_name(connection: Any, pool: Any, facts: Dict[str, Any]) -> Optional[Dict[str, Any]]:
    bases = list_bases(connection, pool, facts["sha256"])
    return next((base for base in bases if base["name"] == facts["name"]), None)


def modified_time(volume: Any) -> str:
    """When the content was written last, as libvirt tells it; empty where it does not."""
    with translate_errors("read the volume %s" % volume.name()):
        return ElementTree.fromstring(volume.XMLDesc(0)).findtext("target/timestamps/mtime") or ""


def _is_whole(connection: Any, pool: Any, volume_name: str, facts: Dict[str, Any]) -> bool:
    """Whether content that lost its record is all there: servers may stand on it, so it is read before it is replaced."""
    found = find_volume(pool, volume_name)
    digest = hashlib.sha256()
    try:
        if found is None or volume_size(found) != facts["size"]:
            return False
        read_into(connection, found, digest.update)
    except HypervisorError as exc:
        if is_error(exc, "VIR_ERR_NO_STORAGE_VOL"):
            return False  # whoever made it has removed it meanwhile
        raise
    return bool(digest.hexdigest() == facts["sha256"])


def write_record(connection: Any, pool: Any, facts: Dict[str, Any], *, created: Optional[int] = None) -> Dict[str, Any]:
    """The last step: from now on the image is there by that name. ``created`` is for a record that is written again."""
    keys = ("name", "sha256", "disk_format", "virtual_size", "size")
    record = dict({key: facts[key] for key in keys}, schema=_SCHEMA, created=created or int(time.time()))
    record.update({key: facts[key] for key in EXTRAS if facts.get(key)})
    text = json.dumps(record, sort_keys=True).encode()
    name = record_name(facts["sha256"], facts["name"])
    for pause in _PAUSES:
        try:
            _write(connection, pool, name, text)
            return record
        except HypervisorError:
            time.sleep(pause)  # another run may have written it at the same time
    try:
        _write(connection, pool, name, text)
    except BaseException:
        delete_volume(pool, name)
        raise
    return record


def _write(connection: Any, pool: Any, name: str, text: bytes) -> None:
    """A record that is there is overwritten in one piece: whoever reads it meanwhile finds the earlier one or this."""
    found = find_volume(pool, name)
    size = 0 if found is None else volume_size(found)
    if found is None or size < len(text):
        delete_volume(pool, name)
        size = -(-len(text) // _BLOCK) * _BLOCK
        found = create_volume(pool, {"name": name, "capacity": size, "format": "raw", "mode": "0644", "sparse": False})
    upload(connection, found, io.BytesIO(text.ljust(size)), size)
