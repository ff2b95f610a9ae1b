# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which base image of a host an image of the catalogue is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.kilonova.compute.plugins.module_utils._checksum import ChecksumError, parse_checksum
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import Image, identity


def find_base(image: Image, bases: Sequence[Mapping[str, Any]], pool: str) -> Mapping[str, Any] | None:
    """By content where the catalogue gives a sha256, else by name: the newest of that name in the pool.

    ``bases`` are the host's, the newest first."""
    here = [base for base in bases if base["pool"] == pool]
    sha256 = _sha256(image)
    if sha256 is not None:
        return next((base for base in here if base["sha256"] == sha256), None)
    return next((base for base in here if base["name"] in (image["name"], image["id"])), None)


def find_named_base(name_or_id: str, bases: Sequence[Mapping[str, Any]], pool: str) -> Mapping[str, Any] | None:
    """The newest in the pool of that name, or of the id that this name has."""
    here = [base for base in bases if base["pool"] == pool]
    return next((base for base in here if name_or_id in (base["name"], identity("image", base["name"]))), None)


def _sha256(image: Image) -> str | None:
    if not image["checksum"]:
        return None
    try:
        algorithm, digest = parse_checksum(image["checksum"])
    except ChecksumError:
        return None  # an md5 of the image service says nothing that the host has recorded
    return digest if algorithm == "sha256" else None
