# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pools of a host servers get their disks in, and the files beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.kilonova.compute.plugins.module_utils._pool_kinds import DEFAULT_POOL, has_files
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import Problems
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.host_options import HostOptions
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.hypervisor_facts import Hypervisor, StoragePool

# Nova's images_type -> the type of libvirt's pool, and the option that says which one.
_BACKENDS = {"rbd": ("rbd", "images_rbd_pool"), "lvm": ("logical", "images_volume_group")}


@dataclass(frozen=True)
class Pools:
    """``files`` is the same as ``disks`` where that is a pool of files."""

    disks: StoragePool
    files: StoragePool


def find_pools(hypervisor: Hypervisor, params: Mapping[str, Any], options: HostOptions, problems: Problems) -> Any:
    """``Pools``; None after a problem. ``pool`` of the task, or the one that Nova's images_type means; ``file_pool`` counts
    where that pool has no files, and is then by default ``pool`` if this has, else `default`."""
    pool = _find(hypervisor, params["pool"], "pool", problems)
    if pool is None:
        return None
    disks = _backend(hypervisor, options, problems) if has_files(pool) else _agreeing(pool, options, problems)
    if disks is None or has_files(disks):
        return Pools(pool, pool)
    name = params.get("file_pool") or (pool["name"] if has_files(pool) else DEFAULT_POOL)
    files = _find(hypervisor, name, "file_pool", problems)
    return None if files is None else Pools(disks, files)


def _find(hypervisor: Hypervisor, name: str, option: str, problems: Problems) -> StoragePool | None:
    """The active pool of that name; a problem otherwise."""
    found = next((pool for pool in hypervisor["pools"] if pool["name"] == name), None)
    active = sorted(pool["name"] for pool in hypervisor["pools"] if pool["active"])
    if found is None:
        message = f"the host {hypervisor['hostname']} has no storage pool {name}"
        problems.add("StoragePoolNotFound", "DSK-01", option, name, active, message)
    elif not found["active"]:
        message = f"the storage pool {name} of the host {hypervisor['hostname']} is not active (virsh pool-start {name})"
        problems.add("StoragePoolNotFound", "DSK-01", option, name, active, message)
    return found


def _agreeing(pool: StoragePool, options: HostOptions, problems: Problems) -> StoragePool:
    """A pool without files is named itself: an images_type of another kind would mean nothing."""
    wanted = options.text("libvirt", "images_type") or "default"
    allowed = ["default", "raw", "flat", *(name for name, (kind, _option) in _BACKENDS.items() if kind == pool["type"])]
    if wanted not in allowed:
        where = "host_options.libvirt.images_type"
        message = f"{where}: the disks in the pool {pool['name']}, of the type {pool['type']}, cannot be {wanted}"
        problems.add("Invalid", "IMG-01", where, wanted, allowed, message)
    return pool


def _backend(hypervisor: Hypervisor, options: HostOptions, problems: Problems) -> StoragePool | None:
    """The pool over Nova's Ceph pool or volume group, None where its option asks for files (guest IMG-03, IMG-04)."""
    kind, option = _BACKENDS.get(options.text("libvirt", "images_type") or "", ("", ""))
    wanted = options.text("libvirt", option) if option else None
    if not kind or not wanted:
        return None
    known = [pool for pool in hypervisor["pools"] if pool["type"] == kind and pool["active"]]
    found = next((pool for pool in known if wanted in (pool.get("source", {}).get("name"), pool["name"])), None)
    if found is None:
        where = f"host_options.libvirt.{option}"
        message = f"{where}: the host {hypervisor['hostname']} has no active storage pool of the type {kind} over {wanted}"
        problems.add("StoragePoolNotFound", "IMG-04", where, wanted, sorted(pool["name"] for pool in known), message)
    return found
