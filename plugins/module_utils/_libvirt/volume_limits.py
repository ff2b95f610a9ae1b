# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kind of a pool does not allow of its volumes."""

from __future__ import annotations

from typing import Any, Dict

from .._volume_name import GIB
from .storage import find_volume, refresh, volume_names, volume_size
from .volume_place import VolumePlace
from .volume_record import VolumeError
from .volume_use import list_uses, uses_of

_MIB = 1 << 20


def check_wishes(place: VolumePlace, params: Dict[str, Any]) -> None:
    """Of a new volume in a pool without files."""
    what = "the pool %s is of the type %s, whose volumes are raw" % (place.name, place.facts["type"])
    if params.get("format") not in (None, "raw"):
        raise VolumeError("%s: format %s is not possible" % (what, params["format"]))
    if params.get("preallocate"):
        raise VolumeError("%s: preallocate is for pools of files" % what)
    if params.get("snapshot_of") and not place.kind.makes:
        raise VolumeError("the pool %s is of the type %s, which makes no snapshots" % (place.name, place.facts["type"]))


def check_grows(place: VolumePlace, name: str) -> None:
    if not place.kind.grows:
        raise VolumeError(
            "the volume %s cannot grow: libvirt makes no volume of a pool of the type %s larger" % (name, place.facts["type"])
        )


def taken_bytes(place: VolumePlace, params: Dict[str, Any]) -> int:
    """The size of what is there to be taken, in whole MiB: libvirt reports a unit of iSCSI one block smaller than it is.
    VolumeError where there is none of that name, or somebody has it."""
    name = params["name"]
    refresh(place.pool)
    content = find_volume(place.pool, name)
    if content is None:
        raise VolumeError(
            "the pool %s is of the type %s, in which no volumes are made: take one that is there (%s), not %s"
            % (place.name, place.facts["type"], ", ".join(volume_names(place.pool)) or "none", name)
        )
    users = uses_of(list_uses(place.connection), {"pool": place.name, "volume": name, "path": place.path_of(content)})
    if users:
        raise VolumeError("the volume %s is in use by the domain %s: it is not taken" % (name, users[0]["domain"]))
    held = volume_size(content)
    wanted = params.get("size")
    if wanted and wanted != -(-held // GIB):
        raise VolumeError("the volume %s has %d bytes, which cannot be changed to %d GiB" % (name, held, wanted))
    return -(-held // _MIB) * _MIB
