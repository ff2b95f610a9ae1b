# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a volume of the module `volume` is encrypted, and by which type, is decided when it is made and never changes."""

from __future__ import annotations

from typing import Any, Dict, Optional

from .._pool_kinds import volume_path
from .secret import usage_of_secret
from .volume_key import keep_key
from .volume_place import VolumePlace
from .volume_record import VolumeError

Params = Dict[str, Any]
Encryption = Optional[Dict[str, Any]]

_KEYS = ("provider", "cipher", "key_size")


def new_encryption(place: VolumePlace, params: Params, source: Optional[Dict[str, Any]]) -> Encryption:
    """What is asked for, else that of the source: a copy of an encrypted volume stays encrypted, with a key of its own."""
    name, inherited = params["name"], (source or {}).get("encryption")
    wanted = params.get("encryption")
    if inherited and params.get("volume_type") and not wanted:
        raise VolumeError(
            "the volume %s cannot be of the type %s, which is not encrypted: the %s %s is, and what is made of it stays so"
            % (name, params["volume_type"], source["kind"], source["name"])  # type: ignore[index]
        )
    found = _plain(wanted or inherited)
    if found is None:
        if params.get("encryption_passphrase") is not None:
            raise VolumeError("the volume %s is not to be encrypted, but encryption_passphrase is given" % name)
        return None
    if "+" in name:  # libvirt calls QEMU's key after the volume
        raise VolumeError("the volume %s is to be encrypted, and the name of such a one has no +" % name)
    if place.elsewhere:
        raise VolumeError(
            "the volume %s cannot be encrypted: the pool %s is of the type %s, and that is done in pools of files only"
            % (name, place.name, place.facts["type"])
        )
    if params.get("preallocate") and params.get("format") != "qcow2" and not params.get("snapshot_of"):
        raise VolumeError("the volume %s is encrypted and raw, and libvirt takes no space for such a one beforehand" % name)
    if params.get("encryption_passphrase") == "":
        raise VolumeError("encryption_passphrase of the volume %s is empty" % name)
    return found


def check_same(params: Params, found: Dict[str, Any]) -> None:
    """Raises VolumeError where a volume that is there is to become one of another type or encryption."""
    wanted_type = params.get("volume_type")
    if wanted_type and wanted_type != found["volume_type"]:
        raise VolumeError(
            "the volume %s is of the type %s, not %s: a volume's type never changes"
            % (found["name"], found["volume_type"] or "(none)", wanted_type)
        )
    wanted, now = _plain(params.get("encryption")), _plain(found["encryption"])
    if wanted and wanted != now:
        raise VolumeError("the encryption of the volume %s is %s, not %s" % (found["name"], _words(now), _words(wanted)))


def bring_key_back(place: VolumePlace, params: Params, found: Dict[str, Any], *, check_mode: bool) -> bool:
    """A host that has lost its secrets, or shares the pool with the one that made the volume, gets the key from the task."""
    passphrase, encryption = params.get("encryption_passphrase"), found["encryption"]
    if not passphrase or not encryption or usage_of_secret(place.connection, encryption["secret"]) is not None:
        return False
    if not check_mode:
        keep_key(place.connection, encryption["secret"], volume_path(place.facts, found["volume"]), passphrase)
    return True


def _plain(encryption: Encryption) -> Encryption:
    """Without the secret, which is each volume's own."""
    return {key: encryption[key] for key in _KEYS} if encryption else None


def _words(encryption: Encryption) -> str:
    return "%(provider)s with %(cipher)s and %(key_size)s bits" % encryption if encryption else "none"
