# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands on a base image: disks of any pool that have it below them, and domains that name it."""

from __future__ import annotations

from typing import Any, Dict, List
from xml.etree import ElementTree

from .._pool_kinds import has_files
from .errors import translate_errors, unless_gone
from .pools import pool_facts
from .storage import list_pools, while_active
from .volume_use import list_uses


def users_by_path(connection: Any) -> Dict[str, List[str]]:
    """Path of a base -> who needs it: domains by name, disks as pool/volume. Disks that outlive their server count too."""
    found: Dict[str, List[str]] = {}
    for pool in list_pools(connection, active=True):
        for volume in while_active(_volumes, pool):
            path = unless_gone(_backing_path, volume)
            if path:
                found.setdefault(path, []).append("%s/%s" % (pool.name(), volume.name()))
    for (pool_name, path), uses in list_uses(connection).items():
        if not pool_name:
            found.setdefault(path, []).extend("the server %s" % (use["server"] or use["domain"]) for use in uses)
    return found


def _volumes(pool: Any) -> List[Any]:
    """Nothing but files has files below it; and what other hosts have taken away from Ceph cannot even be looked at."""
    if not has_files(pool_facts(pool)):
        return []
    with translate_errors("list the volumes of the pool %s" % pool.name()):
        volumes: List[Any] = pool.listAllVolumes()
        return volumes


def _backing_path(volume: Any) -> str:
    with translate_errors("read the volume %s" % volume.name()):
        return ElementTree.fromstring(volume.XMLDesc(0)).findtext("backingStore/path") or ""
