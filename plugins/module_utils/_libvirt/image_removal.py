# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking base images away: one by name, or all that nothing has needed for some time."""

from __future__ import annotations

import time
from typing import Any, Dict, List

from .._image_header import ImageError
from .._sums import read_checksum
from .base_copy import sweep_copies
from .base_image import list_bases, record_name, write_record
from .base_use import users_by_path
from .image import shown
from .storage import delete_volume, list_pools, open_pool, refresh, while_active

Params = Dict[str, Any]


def read_images(connection: Any, params: Params) -> List[Dict[str, Any]]:
    """What image_info returns."""
    if params.get("pool"):
        names = [open_pool(connection, params["pool"]).name()]
    else:
        names = sorted(p.name() for p in list_pools(connection, active=True))
    users = users_by_path(connection)
    found = []
    for name in names:
        for base in while_active(_bases_in, connection, name):
            if params.get("name") in (None, base["name"], base["sha256"]):
                found.append(dict(shown(base), users=sorted(set(users.get(base["path"], [])))))
    return found


def _bases_in(connection: Any, pool_name: str) -> List[Dict[str, Any]]:
    pool = open_pool(connection, pool_name)
    refresh(pool)
    return list_bases(connection, pool)


def remove_image(connection: Any, params: Params, *, check_mode: bool) -> Dict[str, Any]:
    """Removes a name, and the content with its last name. Returns {changed, image, removed}."""
    pool = open_pool(connection, params["pool"])
    refresh(pool)
    bases = list_bases(connection, pool)
    mine = [base for base in bases if base["name"] == params["name"]]
    if params.get("checksum"):
        checksum = read_checksum(params["checksum"], params["name"])
        mine = [base for base in mine if checksum in (base.get("published") or []) or checksum == "sha256:" + base["sha256"]]
    users = users_by_path(connection) if mine else {}
    for base in mine:
        if _is_last(base, bases) and users.get(base["path"]):
            raise ImageError(
                "the image %s is needed by %s: it is not deleted" % (base["name"], ", ".join(sorted(set(users[base["path"]]))))
            )
    if not check_mode:
        for base in mine:
            _remove(pool, base, content=_is_last(base, bases))
        sweep_copies(connection)
    return {"changed": bool(mine), "image": None, "removed": [shown(base) for base in mine]}


def _is_last(base: Dict[str, Any], bases: List[Dict[str, Any]]) -> bool:
    return not any(other["sha256"] == base["sha256"] and other["name"] != base["name"] for other in bases)


def _remove(pool: Any, base: Dict[str, Any], *, content: bool) -> None:
    """The record first: content without one is never used."""
    delete_volume(pool, record_name(base["sha256"], base["name"]))
    if content:
        delete_volume(pool, base["volume"])


def prune_images(connection: Any, params: Params, *, check_mode: bool) -> Dict[str, Any]:
    """Removes every image of the pool that nothing has needed for ``unused_for`` seconds (guest CACHE-14).

    An image that is found unused is noted with the time; the note is taken back when it is needed again. Returns {changed,
    image, removed, unused}."""
    pool = open_pool(connection, params["pool"])
    refresh(pool)
    users = users_by_path(connection)
    now = int(time.time())
    removed, unused = [], []
    for base in list_bases(connection, pool):
        since = base.get("unused_since")
        if users.get(base["path"]):
            _note(connection, pool, base, None, check_mode)
            continue
        if now - (since or now) >= params["unused_for"]:
            removed.append(base)
        else:
            unused.append(base)
            _note(connection, pool, base, since or now, check_mode)
    if not check_mode:
        for base in removed:
            _remove(pool, base, content=not any(other["sha256"] == base["sha256"] for other in unused))
        sweep_copies(connection)
    answer: Dict[str, Any] = {"changed": bool(removed), "image": None}
    return dict(answer, removed=[shown(base) for base in removed], unused=[shown(base) for base in unused])


def _note(connection: Any, pool: Any, base: Dict[str, Any], since: Any, check_mode: bool) -> None:
    if base.get("unused_since") != since and not check_mode:
        write_record(connection, pool, dict(base, unused_since=since), created=base["created"])
