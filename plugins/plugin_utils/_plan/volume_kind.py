# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a volume that is made for a server is to be: by its type, else by what it is made from (rules BDM-72, BDM-22)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ansible_collections.kilonova.compute.plugins.module_utils._pool_kinds import has_files
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import Problems
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.volume_type import Encryption, VolumeType
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.hypervisor_facts import Hypervisor, StoragePool


@dataclass(frozen=True)
class VolumeKind:
    """``name`` is the type's."""

    name: str | None
    pool: StoragePool
    format: str
    preallocate: bool
    encryption: Encryption | None


class Catalogue(Protocol):
    """``pool`` is that of volumes whose type names none."""

    @property
    def hypervisor(self) -> Hypervisor: ...
    @property
    def pool(self) -> StoragePool: ...
    @property
    def types(self) -> Mapping[str, VolumeType]: ...


def kind_of_new(wanted: str | None, source: Mapping[str, Any], known: Catalogue, where: str, problems: Problems) -> VolumeKind:
    """``wanted`` is the name of a type that there is; without one a volume has the type of the volume behind its snapshot."""
    name = wanted or source.get("volume_type")
    chosen = known.types.get(name) if name else None
    inherited = source.get("encryption")
    encryption = chosen["encryption"] if chosen is not None else None
    if inherited and wanted and encryption is None:
        made_from = f"the {source['kind']} {source['name']}"
        message = f"{where}.volume_type: {wanted} is not encrypted, but {made_from} is, and what is made of it stays so"
        encrypted = sorted(one["name"] for one in known.types.values() if one["encryption"])
        problems.add("Invalid", "VOL-12", f"{where}.volume_type", wanted, encrypted, message)
    if inherited and encryption is None:
        encryption = _plain(inherited)
    found = VolumeKind(
        name=name,
        pool=_pool(chosen, known, where, problems),
        format=(chosen["format"] if chosen is not None else None) or "raw",
        preallocate=bool(chosen is not None and chosen["preallocate"]),
        encryption=encryption,
    )
    _check_pool(found, where, problems)
    return found


def kind_of_made(record: Mapping[str, Any], known: Catalogue) -> VolumeKind:
    """Of a volume that is there. ``record`` is the host's."""
    pool = next(pool for pool in known.hypervisor["pools"] if pool["name"] == record["pool"])
    return VolumeKind(
        name=record.get("volume_type"),
        pool=pool,
        format=record["format"],
        preallocate=False,
        encryption=_plain(record.get("encryption")),
    )


def _plain(encryption: Mapping[str, Any] | None) -> Encryption | None:
    """Without the secret, which is each volume's own."""
    if encryption is None:
        return None
    return Encryption(provider=encryption["provider"], cipher=encryption["cipher"], key_size=encryption["key_size"])


def _pool(chosen: VolumeType | None, known: Catalogue, where: str, problems: Problems) -> StoragePool:
    """The type's pool must be on the host; on a problem the server's own, so that the rest can be checked."""
    if chosen is None or chosen["pool"] is None:
        return known.pool
    name, host = chosen["pool"], known.hypervisor["hostname"]
    active = {pool["name"]: pool for pool in known.hypervisor["pools"] if pool["active"]}
    if name not in active:
        message = f"{where}.volume_type: {chosen['name']} means the pool {name}, and the host {host} has none that is active"
        problems.add("StoragePoolNotFound", "BDM-72", f"{where}.volume_type", name, sorted(active), message)
    return active.get(name, known.pool)


def _check_pool(kind: VolumeKind, where: str, problems: Problems) -> None:
    """Pools without files hold raw volumes, and what libvirt can encrypt is a file."""
    if has_files(kind.pool):
        return
    wishes = {"encryption": kind.encryption, "preallocate": kind.preallocate, "format": kind.format != "raw"}
    for wish, given in wishes.items():
        if given:
            message = (
                f"{where}.volume_type: the type {kind.name} asks for {wish}, which the pool {kind.pool['name']} of the type "
                f"{kind.pool['type']} cannot give: it is none of files"
            )
            problems.add("NotBuilt", "BDM-72", f"{where}.volume_type", kind.name, "a pool of files", message)
