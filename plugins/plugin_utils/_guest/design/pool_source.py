# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The source of a disk follows from the pool that its volume is in."""

from __future__ import annotations

from ansible_collections.kilonova.compute.plugins.module_utils._pool_kinds import disk_source

from ..device_model import DiskAuth, DiskHost, DiskSource
from ..hypervisor_facts import StoragePool


def pool_source(pool: StoragePool, name: str, path: str) -> DiskSource:
    found = disk_source(pool, name, path)
    hosts = tuple(DiskHost(name=host["name"], port=host.get("port")) for host in found["hosts"])
    return DiskSource(
        kind=found["type"], attributes=tuple(found["attributes"].items()), hosts=hosts, initiator=found["initiator"]
    )


def pool_auth(pool: StoragePool) -> DiskAuth | None:
    """Who the host is to the storage; the secret itself is in libvirt, by its uuid or usage."""
    auth = disk_source(pool, "", "")["auth"]
    if auth is None:
        return None
    return DiskAuth(
        username=auth["username"] or "",
        secret_type=auth["type"],
        secret_uuid=auth.get("secret_uuid"),
        secret_usage=auth.get("secret_usage"),
    )
