# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work of the module `image` on a host: bringing a base image into a pool."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from typing import Any, BinaryIO, Dict, Iterator, List, Optional, Tuple

from .._checksum import check_published, parse_checksum
from .._decompress import compression_of, decompress
from .._fetch import fetch, is_current
from .._image_header import BOOT_FILES, ImageError, check, inspect
from .._progress import Progress, note_in
from .._sums import read_checksum
from .base_image import EXTRAS, content_name, find_bases, list_bases, store_base, write_record
from .errors import translate_errors
from .storage import open_pool, refresh, volume_names

Params = Dict[str, Any]

# What the catalogue says of an image, and travels with it.
TRAVELLING = ("properties", "min_disk", "min_ram")


def ensure_image(connection: Any, params: Params, *, check_mode: bool) -> Dict[str, Any]:
    """Makes sure that a pool has an image's content, once. Returns {changed, image}.

    Without ``path`` and ``url`` only a look is wanted, by the checksum: changed then tells whether it is missing. ``tmpdir`` is
    where a download and what is unpacked are kept meanwhile, in files that have no name."""
    params = dict(params, checksum=_read_checksum(params), progress=Progress(note_in(params.get("progress_file"))))
    known = _by_checksum(connection, params)
    if known:
        return _named(connection, params, known, check_mode=check_mode)
    if params.get("path") is None and params.get("url") is None:
        return {"changed": True, "image": None}
    earlier = _by_url(connection, params)
    if check_mode and params.get("url"):
        if earlier and is_current(params["url"], earlier["source"]):
            return _named(connection, params, [earlier], check_mode=True)
        return {"changed": True, "image": None}
    with _published(params, earlier) as source:
        if source is None and earlier is not None:
            return _named(connection, params, [earlier], check_mode=check_mode)
        return _take(connection, params, source, check_mode=check_mode)


def _read_checksum(params: Params) -> Optional[str]:
    if not params.get("checksum"):
        return None
    return read_checksum(params["checksum"], params.get("url") or params.get("path") or params["name"])


def _by_checksum(connection: Any, params: Params) -> List[Dict[str, Any]]:
    """Content that is there already, by its own hash or by that of the file that it was published as."""
    checksum = params["checksum"]
    if not checksum:
        return []
    algorithm, digest = parse_checksum(checksum)
    if algorithm == "sha256":
        found = find_bases(connection, params["pool"], digest)
        if found:
            return found
    bases = list_bases(connection, open_pool(connection, params["pool"]))
    return [base for base in bases if checksum in base.get("published", ())]


def _by_url(connection: Any, params: Params) -> Optional[Dict[str, Any]]:
    """The base of that name that an earlier run fetched from the same place; a checksum would tell better."""
    if not params.get("url") or params["checksum"]:
        return None
    bases = list_bases(connection, open_pool(connection, params["pool"]))
    return next(
        (base for base in bases if base["name"] == params["name"] and base.get("source", {}).get("url") == params["url"]), None
    )


def _named(connection: Any, params: Params, found: List[Dict[str, Any]], *, check_mode: bool) -> Dict[str, Any]:
    """Content that is there already: it may lack the name, or what the catalogue says of it now."""
    mine = next((base for base in found if base["name"] == params["name"]), None)
    if mine is not None and not _differs(mine, params):
        return {"changed": False, "image": shown(mine)}
    wanted = dict(mine or found[0], name=params["name"])
    wanted.update({key: params[key] for key in TRAVELLING if params.get(key) is not None})
    if not check_mode:
        pool = open_pool(connection, params["pool"])
        write_record(connection, pool, wanted, created=mine["created"] if mine else None)
    return {"changed": True, "image": shown(wanted)}


def _differs(base: Dict[str, Any], params: Params) -> bool:
    return any(params.get(key) is not None and (base.get(key) or type(params[key])()) != params[key] for key in TRAVELLING)


@contextmanager
def _published(params: Params, earlier: Optional[Dict[str, Any]]) -> Iterator[Optional[BinaryIO]]:
    """The file as it was published, open; None where the server says that it is still the earlier one."""
    if params.get("url"):
        with tempfile.TemporaryFile(dir=params.get("tmpdir"), prefix="kilonova-") as target:
            fetched = fetch(params["url"], target, known=earlier and earlier["source"], progress=params["progress"])
            if fetched is not None:
                params["source"] = dict(fetched, url=params["url"])
            yield None if fetched is None else target
        return
    path = params["path"]
    if not os.path.isfile(path):
        raise ImageError("the file %s of the image %s does not exist on this host" % (path, params["name"]))
    try:
        source = open(path, "rb")  # noqa: SIM115
    except OSError as exc:
        raise ImageError("the file %s of the image %s cannot be read: %s" % (path, params["name"], exc.strerror)) from exc
    with source:
        yield source


def _take(connection: Any, params: Params, source: Any, *, check_mode: bool) -> Dict[str, Any]:
    published = check_published(source, params["name"], params["checksum"], params["progress"])
    kind = None if params.get("disk_format") in BOOT_FILES else compression_of(source)
    if kind is None:
        return _store(connection, params, source, published, published[0], check_mode=check_mode)
    with tempfile.TemporaryFile(dir=params.get("tmpdir"), prefix="kilonova-") as unpacked:
        room = _room(connection, params["pool"])
        decompress(source, unpacked, kind, params["name"], limit=room, progress=params["progress"])
        content = check_published(unpacked, params["name"], None, params["progress"])[0]
        return _store(connection, params, unpacked, published, content, check_mode=check_mode)


def _room(connection: Any, pool_name: str) -> int:
    pool = open_pool(connection, pool_name)
    refresh(pool)
    with translate_errors("read the storage pool %s" % pool_name):
        return int(pool.info()[3])


def _store(
    connection: Any, params: Params, source: Any, published: List[str], content: str, *, check_mode: bool
) -> Dict[str, Any]:
    """``published`` are the hashes of the file as it came, ``content`` the sha256 of what is in it, all "algorithm:hex"."""
    facts = inspect(source)
    check(params["name"], facts, params.get("disk_format"))
    sha256 = content.rpartition(":")[2]
    source.seek(0, 2)
    base: Dict[str, Any] = {
        "name": params["name"],
        "sha256": sha256,
        "disk_format": facts["format"],
        "virtual_size": facts["virtual_size"],
        "size": source.tell(),
        "published": sorted({*published, content}),
        "source": params.get("source"),
        "pool": params["pool"],
    }
    base.update({key: params.get(key) for key in TRAVELLING})
    found = find_bases(connection, params["pool"], sha256)
    if found:
        return _found(connection, params, base, found, check_mode=check_mode)
    room = _room(connection, params["pool"])
    # What is there without a record is another run's, or is replaced.
    if base["size"] > room and content_name(sha256) not in volume_names(open_pool(connection, params["pool"])):
        raise ImageError(
            "the image %s has %d bytes, and the pool %s has room for %d" % (params["name"], base["size"], params["pool"], room)
        )
    changed = True
    if not check_mode:
        base, changed = store_base(connection, params["pool"], source, base, params["progress"])
    return {"changed": changed, "image": shown(base)}


def _found(
    connection: Any, params: Params, base: Dict[str, Any], found: List[Dict[str, Any]], *, check_mode: bool
) -> Dict[str, Any]:
    """The same content from elsewhere: the next run finds it by what this one learned."""
    answer = _named(connection, params, found, check_mode=check_mode)
    mine = next((entry for entry in found if entry["name"] == params["name"]), None)
    learned = {key: base[key] for key in ("published", "source") if base.get(key)}
    if mine is not None and not check_mode and any(mine.get(key) != value for key, value in learned.items()):
        again: Tuple[str, ...] = (*EXTRAS, "name", "sha256", "disk_format", "virtual_size", "size")
        kept = {key: mine.get(key) for key in again}
        kept.update({key: params[key] for key in TRAVELLING if params.get(key) is not None}, **learned)
        write_record(connection, open_pool(connection, params["pool"]), kept, created=mine["created"])
    return answer


def shown(base: Dict[str, Any]) -> Dict[str, Any]:
    """What the module returns of a base image."""
    keys = ("name", "sha256", "disk_format", "virtual_size", "size", "pool", "volume", "path", "created", "min_disk", "min_ram")
    found = {key: base.get(key) for key in keys}
    return dict(found, properties=base.get("properties") or {}, url=(base.get("source") or {}).get("url"))
