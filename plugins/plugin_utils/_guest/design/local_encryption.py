# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encryption of local disks: each with a secret of its own (guest SPN-01, IMG-20; rules CMB-21, CMB-22)."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.kilonova.compute.plugins.module_utils._pool_kinds import has_files
from ansible_collections.kilonova.compute.plugins.module_utils._volume_name import secret_id
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.volume_type import DEFAULT_CIPHER, DEFAULT_KEY_SIZE

from ..volume_plan import VolumePlan
from .context import Context


def encrypted(context: Context, volume: VolumePlan) -> VolumePlan:
    """The volume of a root, ephemeral or swap disk, encrypted where flavor or image want that."""
    combination = context.combination
    if not combination.ephemeral_encryption:
        return volume
    wanted = combination.ephemeral_encryption_format or "luks"
    if wanted != "luks":
        _refuse(context, "_format", wanted, ["luks"], f"QEMU encrypts disks by luks only, not by {wanted}")
    pool = context.pool_of(volume.role)
    if not has_files(pool):
        message = f"disks are encrypted in pools of files only, and {pool['name']} is of the type {pool['type']}"
        _refuse(context, "", True, "a pool of files", message)
    if volume.preallocate:
        message = "libvirt takes no space beforehand for encrypted disks: preallocate_images must be none"
        _refuse(context, "", True, {"preallocate_images": "none"}, message)
    # libvirt calls QEMU's key after the volume, and such a name begins with a letter, which a uuid may not.
    name = f"luks.{volume.name}"
    path = volume.path.removesuffix(volume.name) + name
    secret = secret_id(volume.pool, name)
    encryption = {"provider": "luks", "cipher": DEFAULT_CIPHER, "key_size": DEFAULT_KEY_SIZE, "secret": secret}
    return replace(volume, name=name, path=path, encryption=encryption)


def _refuse(context: Context, suffix: str, given: object, allowed: object, message: str) -> None:
    spec = f"hw:ephemeral_encryption{suffix}"
    path = context.spec_field(spec) if spec in context.specs else context.property_field(spec.replace(":", "_"))
    context.refuse("NotBuilt", "IMG-20", path, given, allowed, message)
