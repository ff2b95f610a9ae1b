# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One storage pool of each type, as hypervisor_info describes it, and servers whose disks are there."""

from __future__ import annotations

from typing import Any

from ansible_collections.kilonova.compute.plugins.module_utils._pool_kinds import volume_path
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.designer import Design
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.resources import EVERYTHING, Resources
from tests.unit.guest.values import base_image, block_device, design, flavor, pool, server

VOLUME = "0b5f4b83-1f1d-4a2b-8f3e-0000000000{:02d}"
_SECRET = "bd0c7e8e-ff7d-4a71-9f3d-2f8b2b6b00aa"
_TARGET = "iqn.2026-01.org.example:units"


def _source(**changes: Any) -> dict[str, Any]:
    return {"name": None, "hosts": [], "device": None, "initiator": None, "auth": None, **changes}


_MONITORS = [{"name": "192.0.2.1", "port": "6789"}, {"name": "192.0.2.2", "port": None}]
_CEPHX = {"type": "ceph", "username": "kilonova", "secret_uuid": _SECRET, "secret_usage": None}
_CHAP = {"type": "chap", "username": "units", "secret_uuid": None, "secret_usage": "units"}

# A pool and one of its volumes.
POOLS: dict[str, tuple[dict[str, Any], str]] = {
    kind: (pool(name=f"my-{kind}", type=kind, path=path, **({"source": source} if source else {})), volume)
    for kind, path, source, volume in (
        ("dir", "/srv/dir", None, "volume.data.raw"),
        ("fs", "/srv/fs", _source(device="/dev/sdd1"), "volume.data.raw"),
        ("netfs", "/srv/netfs", _source(hosts=[{"name": "nfs.example.org", "port": None}]), "volume.data.raw"),
        ("logical", "/dev/vms", _source(name="vms", device="/dev/sdb"), "volume.data.raw.00000000"),
        ("zfs", "/dev/zvol/tank", _source(name="tank"), "volume.data.raw.00000000"),
        ("disk", "/dev", _source(device="/dev/sdc"), "sdc1"),
        ("iscsi", "/dev/disk/by-path", _source(hosts=_MONITORS[:1], device=_TARGET), "unit:0:0:1"),
        ("scsi", "/dev/disk/by-path", None, "unit:0:0:7"),
        ("mpath", "/dev/mapper", None, "dm-0"),
        ("rbd", None, _source(name="vms", hosts=_MONITORS, auth=_CEPHX), "volume.data.raw.00000000"),
        (
            "iscsi-direct",
            None,
            _source(hosts=_MONITORS[:1], device=_TARGET, initiator="iqn.2026-01.org.example:me", auth=_CHAP),
            "unit:0:0:1",
        ),
    )
}


def volumes_of_every_pool() -> Design:
    """A volume of each, on a server whose own disks are files."""
    connections: dict[str, Any] = {}
    for number, (facts, name) in enumerate(POOLS.values()):
        identity = VOLUME.format(number)
        connections[identity] = {
            "id": identity, "driver": "pool", "pool": facts, "name": name, "path": volume_path(facts, name), "format": "raw",
        }  # fmt: skip
    devices = [
        block_device(source_type="volume", destination_type="volume", volume_id=volume, boot_index=0 if index == 0 else -1)
        for index, volume in enumerate(connections)
    ]
    wanted = server(image=None, block_device_mapping=devices)
    return design(wanted, base_image=None, resources=Resources(volumes=connections))


def disks_in(kind: str) -> Design:
    """Root, ephemeral disk and swap in a pool of that type; drive and log in the pool of files beside it."""
    devices = [
        *server()["block_device_mapping"],
        block_device(volume_size=1),
        block_device(guest_format="swap", volume_size=64),
    ]
    wanted = server(flavor=flavor(ephemeral=1, swap=64), block_device_mapping=devices)
    facts, _volume = POOLS[kind]
    return design(wanted, base_image=base_image(), pool=facts, file_pool=pool(), resources=Resources(abilities=EVERYTHING))
