# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work of the module `image` on a host."""

from __future__ import annotations

import os
from typing import Any, Dict, List

from .._checksum import parse_checksum, verified_sha256
from .._image_header import ImageError, check, inspect
from .base_image import find_bases, store_base, write_record
from .storage import open_pool


def ensure_image(connection: Any, params: Dict[str, Any], *, check_mode: bool) -> Dict[str, Any]:
    """Makes sure that a pool has an image's content, once. Returns {changed, image}.

    ``path`` is None when only a look is wanted, with a sha256 as checksum: changed then tells whether it is missing."""
    sha256 = _declared_sha256(params.get("checksum"))
    if sha256:
        found = find_bases(connection, params["pool"], sha256)
        if found:
            return _named(connection, params, found, check_mode=check_mode)
    if params.get("path") is None:
        return {"changed": True, "image": None}
    path = params["path"]
    if not os.path.isfile(path):
        raise ImageError("the file %s of the image %s does not exist on this host" % (path, params["name"]))
    try:
        with open(path, "rb") as source:
            return _store(connection, params, source, check_mode=check_mode)
    except OSError as exc:
        raise ImageError("the file %s of the image %s cannot be read: %s" % (path, params["name"], exc.strerror)) from exc


def _named(connection: Any, params: Dict[str, Any], found: List[Dict[str, Any]], *, check_mode: bool) -> Dict[str, Any]:
    """Content that is there already: it may lack the name."""
    mine = next((base for base in found if base["name"] == params["name"]), None)
    if mine is None and not check_mode:
        write_record(connection, open_pool(connection, params["pool"]), dict(found[0], name=params["name"]))
    return {"changed": mine is None, "image": _shown(params, mine or found[0])}


def _declared_sha256(checksum: Any) -> Any:
    if not checksum:
        return None
    algorithm, digest = parse_checksum(checksum)
    return digest if algorithm == "sha256" else None


def _store(connection: Any, params: Dict[str, Any], source: Any, *, check_mode: bool) -> Dict[str, Any]:
    facts = inspect(source)
    check(params["name"], facts, params.get("disk_format"))
    sha256 = verified_sha256(source, params["name"], params.get("checksum"))
    found = find_bases(connection, params["pool"], sha256)
    if found:
        return _named(connection, params, found, check_mode=check_mode)
    source.seek(0, 2)
    base = {
        "name": params["name"],
        "sha256": sha256,
        "disk_format": facts["format"],
        "virtual_size": facts["virtual_size"],
        "size": source.tell(),
    }
    if not check_mode:
        base = store_base(connection, params["pool"], source, base)
    return {"changed": True, "image": _shown(params, base)}


def _shown(params: Dict[str, Any], base: Dict[str, Any]) -> Dict[str, Any]:
    """What the module returns of a base image, under the name that was asked for."""
    keys = ("sha256", "disk_format", "virtual_size", "size", "pool", "volume", "path", "created")
    shown = {key: base.get(key) for key in keys}
    shown.update(name=params["name"], pool=params["pool"])
    return shown
