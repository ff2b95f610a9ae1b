# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of libvirt's storage pools: what libvirt can do with their volumes, and what a disk on each is to a domain.

The one place that knows them, on the controller and on a host. ``pool`` is what hypervisor_info says of one: {name, type, path,
source: {name, hosts: [{name, port}], device, initiator, auth: {type, username, secret_uuid, secret_usage}}}."""

from __future__ import annotations

from typing import Any, Dict, Mapping, NamedTuple, Optional

DEFAULT_POOL = "default"

FILE, BLOCK, NETWORK = "file", "block", "network"


class PoolKind(NamedTuple):
    """``source``: the type of a disk on it. Through libvirt, volumes can be made (else they are there and are taken), grown,
    and copied within the pool; ``overlays`` are thin disks over another, and formats other than raw."""

    source: str
    makes: bool = False
    grows: bool = False
    copies: bool = False
    overlays: bool = False


_FILES = PoolKind(FILE, makes=True, grows=True, copies=True, overlays=True)
_DEVICES = PoolKind(BLOCK)

KINDS: Dict[str, PoolKind] = {
    "dir": _FILES,
    "fs": _FILES,
    "netfs": _FILES,
    "logical": PoolKind(BLOCK, makes=True),
    "zfs": PoolKind(BLOCK, makes=True),
    "disk": _DEVICES,
    "iscsi": _DEVICES,
    "mpath": _DEVICES,
    "scsi": _DEVICES,
    "rbd": PoolKind(NETWORK, makes=True, grows=True, copies=True),
    "iscsi-direct": PoolKind(NETWORK),
}


def kind_of(pool: Mapping[str, Any]) -> Optional[PoolKind]:
    """None for a kind of pool that nothing here can use."""
    return KINDS.get(str(pool["type"]))


def has_files(pool: Mapping[str, Any]) -> bool:
    kind = kind_of(pool)
    return kind is not None and kind.source == FILE


def volume_path(pool: Mapping[str, Any], name: str) -> str:
    """How a domain names a volume of that name: a path, or a name within what the network offers."""
    source = pool.get("source") or {}
    if pool["type"] == "rbd":
        return "%s/%s" % (source.get("name"), name)
    if pool["type"] == "iscsi-direct":
        return "%s/%s" % (source.get("device"), name.rpartition(":")[2])
    return "%s/%s" % (pool["path"], name)


def disk_source(pool: Mapping[str, Any], name: str, path: str) -> Dict[str, Any]:
    """The source of a disk on a volume: {type, attributes, hosts, initiator, auth}, as domain XML wants it."""
    kind = kind_of(pool)
    found: Dict[str, Any] = {"type": FILE if kind is None else kind.source, "hosts": [], "initiator": None, "auth": None}
    if found["type"] == NETWORK:
        source = pool.get("source") or {}
        protocol = "rbd" if pool["type"] == "rbd" else "iscsi"
        auth = source.get("auth")
        found.update(
            attributes={"protocol": protocol, "name": path},
            hosts=source.get("hosts") or [],
            initiator=source.get("initiator") if protocol == "iscsi" else None,
            auth=dict(auth, type="ceph" if protocol == "rbd" else "iscsi") if auth else None,
        )
    elif found["type"] == BLOCK:
        found["attributes"] = {"dev": path}
    else:
        # libvirt finds the file itself, and starts nothing while the pool is not active.
        found.update(type="volume", attributes={"pool": pool["name"], "volume": name})
    return found
