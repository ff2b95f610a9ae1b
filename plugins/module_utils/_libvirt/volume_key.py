# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of encrypted volumes: one secret for each, private, and nowhere else.

A secret's id follows from its volume, and its usage is the volume's path: by that libvirt itself finds the key when it grows
or copies the volume."""

from __future__ import annotations

import os
import secrets
import time
from typing import Any, Callable, Dict, List

from .._errors import HypervisorError
from .._volume_name import secret_id
from .claiming import GRACE_PAUSES
from .errors import is_error
from .secret import define_secret, new_passphrase, set_secret, undefine_secret, usage_of_secret

# QEMU measures its processor to choose the cost of a key, and gives up where a kernel that counts by ticks saw none pass.
# Each attempt takes some 10 ms then, and about one in four is unlucky.
_UNLUCKY = "Unable to get accurate CPU usage"
_ATTEMPTS = 60


def make_encrypted(connection: Any, path: str, spec: Dict[str, Any], make: Callable[[], Any], begun: Callable[[], bool]) -> Any:
    """Makes a volume with its key. ``spec`` has {encryption: {secret}, passphrase}; without a passphrase one is made up.

    Two runs may make the same volume, each with a passphrase of its own: whoever claims the key first makes the volume.
    ``begun`` tells whether somebody has begun to. Raises VIR_ERR_STORAGE_VOL_EXIST where another run does, or did."""
    uuid = spec["encryption"]["secret"]
    passphrase = spec.get("passphrase") or new_passphrase()
    _claim(connection, uuid, path, begun)
    set_secret(connection, uuid, passphrase)
    made = _with_luck(make)
    # A secret's usage never changes, so it is made anew; and only now, for a claim is one by its usage.
    keep_key(connection, uuid, path, passphrase)
    return made


def keep_key(connection: Any, uuid: str, path: str, passphrase: str) -> None:
    undefine_secret(connection, uuid)
    define_secret(connection, uuid, "volume", path, private=True)
    set_secret(connection, uuid, passphrase)


def has_keys(connection: Any, pool: str, contents: List[str]) -> bool:
    """Whether there is a key for any of libvirt's volumes of these names."""
    return any(usage_of_secret(connection, secret_id(pool, content)) is not None for content in contents)


def forget_keys(connection: Any, pool: str, contents: List[str]) -> None:
    """Once the volumes are gone."""
    for content in contents:
        undefine_secret(connection, secret_id(pool, content))


def _claim(connection: Any, uuid: str, path: str, begun: Callable[[], bool]) -> None:
    """libvirt refuses a second secret of one id with another usage: ours names this very run."""
    usage = "%s#%s" % (path, os.urandom(8).hex())
    held = None
    for pause in (*GRACE_PAUSES, secrets.randbelow(1000) / 1000):
        if begun():  # and its run may be about to give the key its lasting usage: there is none for a moment
            raise _taken(path)
        try:
            define_secret(connection, uuid, "volume", usage, private=True)
            return
        except HypervisorError as exc:
            if not is_error(exc, "VIR_ERR_INTERNAL_ERROR"):  # what libvirt calls an id that is taken
                raise
        held = usage_of_secret(connection, uuid)
        time.sleep(pause)
    if begun() or usage_of_secret(connection, uuid) != held:
        raise _taken(path)
    undefine_secret(connection, uuid)  # a killed run's
    define_secret(connection, uuid, "volume", usage, private=True)


def _taken(path: str) -> HypervisorError:
    message = "another run makes the volume %s" % path
    return HypervisorError(message, action="make the volume %s" % path, symbol="VIR_ERR_STORAGE_VOL_EXIST")


def _with_luck(make: Callable[[], Any]) -> Any:
    for _attempt in range(_ATTEMPTS):
        try:
            return make()
        except HypervisorError as exc:
            if _UNLUCKY not in exc.message:
                raise
    return make()
