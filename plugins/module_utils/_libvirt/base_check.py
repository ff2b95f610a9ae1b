# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk over a base image is worth nothing once the base has changed: it is looked at before each start.

A base is named by its hash, and its record says when it was written last. Only where that time differs is it read again."""

from __future__ import annotations

import hashlib
import threading
from typing import Any, Dict, List, Tuple

from .._errors import HypervisorError
from .base_image import PREFIX, list_bases, modified_time, write_record
from .errors import is_error
from .storage import find_volume, open_pool, read_into, refresh


class BaseCheck:
    """Looks at each base once in a task, however many servers stand on it."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._whole: Dict[Tuple[str, str], bool] = {}

    def check(self, server: str, volumes: List[Dict[str, Any]], *, copies: bool = False) -> None:
        """Raises HypervisorError where a base of one of these volumes ({pool, backing, clone_of}) is gone or another one by
        now. ``copies``: the bases that copies are yet to be made of, too."""
        for volume in volumes:
            backing = volume.get("backing") or (copies and volume.get("clone_of")) or ""
            if backing.startswith(PREFIX):
                with self._lock:
                    self._check(server, volume.get("clone_pool") or volume["pool"], backing)

    def _check(self, server: str, pool_name: str, backing: str) -> None:
        if self._whole.get((pool_name, backing)):
            return
        pool = open_pool(self._connection, pool_name)
        content = _find(pool, backing)
        if content is None:
            refresh(pool)
            content = _find(pool, backing)
        if content is None:
            raise _refusal(server, "the base image %s/%s that its disk stands on is gone" % (pool_name, backing))
        self._compare(server, pool, content, backing[len(PREFIX) :])
        self._whole[(pool_name, backing)] = True

    def _compare(self, server: str, pool: Any, content: Any, sha256: str) -> None:
        now = modified_time(content)
        records = list_bases(self._connection, pool, sha256)
        if now and any(record.get("modified") == now for record in records):
            return
        digest = hashlib.sha256()
        read_into(self._connection, content, digest.update)
        if digest.hexdigest() != sha256:
            raise _refusal(
                server,
                "the base image %s/%s that its disk stands on has changed, its sha256 is %s now"
                % (pool.name(), content.name(), digest.hexdigest()),
            )
        for record in records:  # copied or restored as it was: the next start need not read it again
            write_record(self._connection, pool, dict(record, modified=now), created=record["created"])


def _find(pool: Any, name: str) -> Any:
    """The volume as it is on the disk: libvirt goes on listing a file that somebody took away."""
    found = find_volume(pool, name)
    if found is None:
        return None
    try:
        modified_time(found)
    except HypervisorError as exc:
        if is_error(exc, "VIR_ERR_NO_STORAGE_VOL"):
            return None
        raise
    return found


def _refusal(server: str, why: str) -> HypervisorError:
    return HypervisorError("the server %s is not started: %s" % (server, why), action="check the base image", domain=server)
