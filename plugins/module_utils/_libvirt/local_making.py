# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a server's own disks, which have no record but the server's."""

from __future__ import annotations

from typing import Any, Dict

from .pool_making import make_anywhere
from .storage import clear_volume, open_pool, volume_names
from .volume_key import forget_keys, make_encrypted
from .volume_place import OnCopy


def make_local(connection: Any, spec: Dict[str, Any], on_copy: OnCopy) -> None:
    """``spec`` is the plan's. An encrypted disk is made anew: the key of what a killed run left may be another one's."""
    if not spec.get("encryption"):
        make_anywhere(connection, spec, on_copy)
        return
    pool = open_pool(connection, spec["pool"])
    clear_volume(pool, spec["name"])
    forget_keys(connection, spec["pool"], [spec["name"]])
    make_encrypted(
        connection,
        spec["path"],
        spec,
        make=lambda: make_anywhere(connection, spec, on_copy),
        begun=lambda: spec["name"] in volume_names(pool),
    )
