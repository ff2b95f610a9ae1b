# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The world that probes run in: a host that can do everything, catalogues with one of each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import identity
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.contract import read_catalogues
from ansible_collections.kilonova.compute.plugins.plugin_utils._plan.volumes import volume_tables

UUID = "b1f0c2d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d"
CLOCK = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
IMAGE_ID = "11111111-2222-4333-8444-555555555555"
KERNEL_ID = identity("image", "kernel")
NETWORK_ID = "99999999-8888-4777-8666-555555555555"
PORT_ID = "99999999-8888-4777-8666-666666666666"
VOLUME_ID = "0b5f4b83-1f1d-4a2b-8f3e-000000000001"
SNAPSHOT_ID = "0b5f4b83-1f1d-4a2b-8f3e-000000000002"
GROUP_ID = "0b5f4b83-1f1d-4a2b-8f3e-000000000003"
GIB = 1024**3

FLAVOR: dict[str, Any] = {"id": "1", "vcpus": 4, "ram": 4096, "disk": 10}
IMAGE: dict[str, Any] = {"id": IMAGE_ID, "disk_format": "qcow2", "container_format": "bare", "size": 3 * 1024**2}
_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE6mGZfZ7mE8mY3pE3bU1h1oQ2y1p0Jr0m7n3m9k3Z5a me"


def _cell(cell: int) -> dict[str, Any]:
    """Eight CPUs on four cores, and pages of three sizes."""
    ids = range(cell * 8, cell * 8 + 8)
    siblings = {cpu: f"{cpu - cpu % 2},{cpu - cpu % 2 + 1}" for cpu in ids}
    sizes = {4: 4 * 1024**2, 2048: 4096, 1048576: 8}
    return {
        "id": cell,
        "memory": 32768,
        "cpus": [{"id": cpu, "socket": cell, "core": cpu // 2, "siblings": siblings[cpu]} for cpu in ids],
        "pages": [{"size": size, "total": count, "free": count} for size, count in sizes.items()],
    }


def _volume(kind: str, identity: str, **more: Any) -> dict[str, Any]:
    place = {"pool": "default", "volume": f"{kind}-data", "path": f"/pool/{kind}-data", "format": "raw"}
    return {"kind": kind, "name": "data", "id": identity, **place, "size": 5, "bytes": 5 * GIB, "image": None, **more}


def host(*, busy_cell: int | None = None, **changes: Any) -> Any:
    """Everything is free, but for half of one cell's memory where it is said."""
    fields: dict[str, Any] = {
        "schema": 1,
        "uri": "qemu:///system",
        "hostname": "host1",
        "uuid": "00000000-1111-4222-8333-444444444444",
        "machine_id": "0123456789abcdef0123456789abcdef",
        "driver": "QEMU",
        "libvirt_version": 11000000,
        "hypervisor_version": 10000000,
        "arch": "x86_64",
        "vcpus": 16,
        "memory": 65536,
        "cpu_model": "EPYC",
        "cpu_flags": ["pcid", "ssbd"],
        "virt_type": {"name": "kvm", "reason": "said so"},
        "guests": [],
        "domain_capabilities": {"firmware": ["bios", "efi"], "loader_secure": True, "cpu_models": ["EPYC", "Penryn"]},
        "numa_cells": [_cell(0), _cell(1)],
        "sev_models": ["amd-sev", "amd-sev-es", "amd-sev-snp"],
        "pools": [_pool("default", "dir", path="/pool"), *_OTHER_POOLS],
        "networks": [{"name": name, "active": True} for name in ("internal", "default")],
        "images": [_on_host("debian", "qcow2"), _on_host("other", "qcow2"), _on_host("kernel", "raw")],
        "volumes": [_volume("volume", VOLUME_ID, attachments=[]), _volume("snapshot", SNAPSHOT_ID, volume_id=VOLUME_ID)],
        "usage": {},
        "domains": [],
        "servers": [],
        "node_devices": _NODE_DEVICES,
    }
    if busy_cell is not None:
        fields["numa_cells"][busy_cell]["memory_used"] = 16384
    return {**fields, **changes}


def _pci(address: str, product: str, kind: str, node: int | None, parent: str | None = None) -> dict[str, Any]:
    ids = {"vendor_id": "10de", "product_id": product, "type": kind}
    return {"address": address, **ids, "parent": parent, "numa_node": node, "iommu_group": None, "driver": None}


# Two GPUs, one of them with a virtual function, each with mediated devices of two types.
_CARDS = {"0000:0a:00.0": "pci_0000_0a_00_0", "0000:0b:00.0": "pci_0000_0b_00_0"}
_MDEV = "c60cc781-7620-4d03-9f28-0cbb0d7a000{}"
_NODE_DEVICES: dict[str, Any] = {
    "pci": [
        _pci("0000:0a:00.0", "1eb8", "type-PF", 0),
        _pci("0000:0a:00.1", "1eb9", "type-VF", 0, "0000:0a:00.0"),
        _pci("0000:0b:00.0", "2236", "type-PCI", 1),
        _pci("0000:0c:00.0", "2236", "type-PCI", 1),
    ],
    "mdev_parents": [
        {"name": name, "address": address, "types": {"nvidia-35": 2, "nvidia-36": 2}} for address, name in _CARDS.items()
    ],
    "mdevs": [
        {"uuid": _MDEV.format(2 * card + kind), "type": f"nvidia-3{5 + kind}", "parent": name}
        for card, name in enumerate(_CARDS.values())
        for kind in (0, 1)
    ],
}


def _pool(name: str, kind: str, **more: Any) -> dict[str, Any]:
    fields = {"name": name, "type": kind, "active": True, "autostart": True}
    return {**fields, "capacity": 100 * GIB, "allocation": 0, "available": 100 * GIB, **more}


_NOWHERE: dict[str, Any] = {"hosts": [], "device": None, "initiator": None, "auth": None}
_OTHER_POOLS = [
    *(_pool(name, "rbd", path=None, source=_NOWHERE | {"name": name}) for name in ("rbd", "vms")),
    *(_pool(name, "logical", path=f"/dev/{name}", source=_NOWHERE | {"name": name}) for name in ("vg0", "vg1")),
]


BASE: Any = {"name": "base", "path": "/pool/base", "format": "qcow2", "virtual_size": 2 * GIB, "sha256": "0" * 64}


def _on_host(name: str, disk_format: str) -> dict[str, Any]:
    place = {"pool": "default", "volume": name, "path": f"/pool/{name}"}
    return {"name": name, **place, "disk_format": disk_format, "virtual_size": 2 * GIB, "sha256": "0" * 64}


class World:
    """Catalogues around one flavor and one image, and the host's volumes, read as the modules read them; what flavor and image
    say may be replaced."""

    def __init__(self, flavor: Mapping[str, Any] | None = None, image: Mapping[str, Any] | None = None) -> None:
        found = read_catalogues(
            {
                "flavors": {"small": {**FLAVOR, **(flavor or {})}, "other": {**FLAVOR, "id": "2", "ram": 8192}},
                "images": {
                    "debian": {**IMAGE, **(image or {})},
                    "kernel": {"disk_format": "aki", "container_format": "aki"},
                    "other": {"properties": {"os_distro": "other"}},
                },
                "networks": {"internal": {"id": NETWORK_ID, "cidr": "192.0.2.0/24"}},
                "keypairs": {"me": _KEY},
                "security_groups": ["web"],
                "server_groups": {"apart": {"id": GROUP_ID, "policy": "anti-affinity"}},
                "volume_types": {"fast": {"format": "qcow2"}},
                "ec2_ids": {"ami-00000001": IMAGE_ID, "aki-00000001": KERNEL_ID, "snap-00000001": SNAPSHOT_ID},
            }
        )
        self.problems, self.no_effect = found.problems, found.no_effect
        self.catalogues = found.values | volume_tables(host(), "default", [])
