# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers, hosts and pools for the tests of the guest: small normalised values with everything in its place."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.designer import Design, design_server
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.host_options import check_host_options

UUID = "b1f0c2d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d"
CLOCK = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
GIB = 1024**3
ROOT: dict[str, Any] = {
    "source_type": "image",
    "destination_type": "local",
    "boot_index": 0,
    "device_name": None,
    "device_type": "disk",
    "disk_bus": None,
    "guest_format": None,
    "volume_size": None,
    "volume_type": None,
    "delete_on_termination": True,
    "image_id": "11111111-2222-4333-8444-555555555555",
    "volume_id": None,
    "snapshot_id": None,
    "no_device": False,
    "tag": None,
}


def block_device(**changes: Any) -> dict[str, Any]:
    return {**ROOT, "source_type": "blank", "boot_index": -1, "image_id": None, **changes}


def flavor(**changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "schema": 1,
        "name": "m1.small",
        "id": "1",
        "vcpus": 2,
        "ram": 2048,
        "disk": 10,
        "ephemeral": 0,
        "swap": 0,
        "rxtx_factor": 1.0,
        "extra_specs": {},
        "is_public": True,
        "disabled": False,
        "description": None,
    }
    return {**fields, **changes}


def image(**changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "schema": 1,
        "name": "debian",
        "id": ROOT["image_id"],
        "src": None,
        "path": None,
        "url": None,
        "checksum": None,
        "disk_format": "qcow2",
        "container_format": "bare",
        "min_disk": 0,
        "min_ram": 0,
        "size": 3 * 1024**2,
        "status": "active",
        "properties": {},
    }
    return {**fields, **changes}


def nic(name: str = "default", **changes: Any) -> dict[str, Any]:
    network = {
        "schema": 1,
        "name": name,
        "id": "99999999-8888-4777-8666-555555555555",
        "libvirt_network": name,
        "mode": "nat",
        "cidr": "192.168.122.0/24",
    }
    return {"network": network, "port": None, "fixed_ip": None, "tag": None, **changes}


def server(**changes: Any) -> Any:
    fields: dict[str, Any] = {
        "schema": 1,
        "name": "web",
        "hostname": "web",
        "description": None,
        "request": {"index": 0, "launch_index": 0, "count": 1, "min_count": 1, "max_count": 1},
        "flavor": flavor(),
        "image": image(),
        "block_device_mapping": [dict(ROOT)],
        "root_device_name": None,
        "networks": [nic()],
        "key_pair": None,
        "metadata": {},
        "tags": [],
        "security_groups": [],
        "config_drive": True,
        "user_data": None,
        "personality": [],
        "admin_pass": None,
        "availability_zone": None,
        "host": None,
        "hypervisor_hostname": None,
        "scheduler_hints": {},
    }
    return {**fields, **changes}


def numa_cell(cell: int, cpus: int, memory: int, threads: int = 1, pages: dict[int, int] | None = None) -> dict[str, Any]:
    """A host cell whose CPUs are numbered from ``cell * cpus``, thread siblings side by side."""
    ids = range(cell * cpus, (cell + 1) * cpus)
    found = [{"size": 4, "total": memory * 256, "free": memory * 256}]
    found += [{"size": size, "total": count, "free": count} for size, count in (pages or {}).items()]
    return {
        "id": cell,
        "memory": memory,
        "cpus": [
            {
                "id": cpu,
                "socket": cell,
                "core": cpu // threads,
                "siblings": ",".join(str(sibling) for sibling in range(cpu - cpu % threads, cpu - cpu % threads + threads)),
            }
            for cpu in ids
        ],
        "pages": found,
    }


def hypervisor(virt_type: str = "kvm", arch: str = "x86_64", **changes: Any) -> Any:
    fields: dict[str, Any] = {
        "schema": 1,
        "uri": "qemu:///system",
        "hostname": "host1",
        "uuid": "00000000-1111-4222-8333-444444444444",
        "driver": "QEMU",
        "libvirt_version": 10000000,
        "hypervisor_version": 8002002,
        "arch": arch,
        "vcpus": 8,
        "memory": 65536,
        "cpu_model": "EPYC",
        "cpu_flags": ["pcid", "ssbd"],
        "virt_type": {"name": virt_type, "reason": "said so"},
        "guests": [],
        "domain_capabilities": {"firmware": ["bios", "efi"], "loader_secure": True},
        "numa_cells": [numa_cell(0, 8, 65536)],
        "pools": [],
        "networks": [],
        "usage": {},
        "domains": [],
        "servers": [],
    }
    return {**fields, **changes}


def pci(
    address: str, node: int | None = None, *, kind: str = "type-PCI", parent: str | None = None, **more: Any
) -> dict[str, Any]:
    ids = {"vendor_id": "10de", "product_id": "1eb8", "type": kind}
    return {"address": address, **ids, "parent": parent, "numa_node": node, "iommu_group": None, "driver": None, **more}


def node_devices(*devices: dict[str, Any], parents: Any = (), mdevs: Any = ()) -> dict[str, Any]:
    return {"pci": list(devices), "mdev_parents": list(parents), "mdevs": list(mdevs)}


def holder(name: str, *devices: str) -> dict[str, Any]:
    """A domain of the host that has these devices."""
    return {"name": name, "uuid": f"uuid-of-{name}", "active": True, "claims": {"devices": list(devices)}}


def pool(**changes: Any) -> Any:
    fields: dict[str, Any] = {
        "name": "default",
        "type": "dir",
        "active": True,
        "autostart": True,
        "path": "/pool",
        "capacity": 100 * GIB,
        "allocation": 0,
        "available": 100 * GIB,
    }
    return {**fields, **changes}


def base_image(**changes: Any) -> Any:
    fields: dict[str, Any] = {
        "name": "base.qcow2",
        "path": "/pool/base.qcow2",
        "format": "qcow2",
        "virtual_size": 2 * GIB,
        "sha256": "0" * 64,
    }
    return {**fields, **changes}


def design(wanted: Any = None, *, host: Any = None, host_options: Any = None, **inputs: Any) -> Design:
    """Designs a server with the defaults above; anything can be replaced."""
    options = check_host_options(host_options)
    assert not options.problems, options.problems
    arguments: dict[str, Any] = {
        "uuid": UUID,
        "hypervisor": host if host is not None else hypervisor(),
        "options": options.value,
        "pool": pool(),
        "base_image": base_image(),
        "clock": CLOCK,
        **inputs,
    }
    return design_server(wanted if wanted is not None else server(), **arguments)
