# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The volumes of a server as data: what the host half makes before it starts the domain, and what deleting removes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class VolumePlan:
    """One volume that we make. ``role``: disk, disk.ephN, disk.swap, disk.config, kernel, ramdisk or console.log (Nova's file
    names); ``capacity`` in bytes; ``format`` raw or qcow2; ``backing`` the volume name of the base image in the same pool;
    ``clone_of`` the volume whose content it starts with, in ``clone_format`` and, where it is in another one, ``clone_pool``;
    ``file_pool`` is the pool of files beside one that is none; ``preallocate`` takes the whole size at once;
    ``file_system`` is what it is formatted as (``swap`` for a swap area), with that ``label``. A volume of the module
    ``volume`` has role volume and that name in ``recorded_as``; ``record`` is written beside one that we make, and one that
    was there before is ``existing``, ``taken`` where its pool makes none. ``encryption``: {provider, cipher, key_size, secret},
    the last being the id of libvirt's secret."""

    role: str
    pool: str
    name: str
    path: str
    capacity: int
    format: str
    backing: str | None = None
    backing_path: str | None = None
    backing_format: str | None = None
    clone_of: str | None = None
    clone_format: str | None = None
    clone_pool: str | None = None
    file_pool: str | None = None
    preallocate: bool = False
    recorded_as: str | None = None
    record: Mapping[str, Any] | None = None
    existing: bool = False
    taken: bool = False
    file_system: str | None = None
    label: str | None = None
    encryption: Mapping[str, Any] | None = None
    delete_on_termination: bool = True

    def to_dict(self) -> dict[str, Any]:
        """As the domain's metadata and the build plan carry it."""
        shown = ("role", "pool", "name", "path", "capacity", "format", "backing", "backing_path", "backing_format")
        rare = [
            key
            for key in (
                *("clone_of", "clone_format", "clone_pool", "file_pool"),
                *("preallocate", "file_system", "label", "recorded_as", "existing", "taken", "encryption"),
            )
            if getattr(self, key)
        ]
        return {key: getattr(self, key) for key in (*shown, *rare, "delete_on_termination")}
