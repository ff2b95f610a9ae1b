# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checking and rendering many servers, with no host at all. Prints {count, check_ms, render_ms, peak_mib}, per server."""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.kilonova.compute.plugins.module_utils._argspec import domain_xml_spec
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.contract import read_requests
from ansible_collections.kilonova.compute.plugins.plugin_utils._plan.domain_xml_task import show_domains

SHA256 = "5" * 64
GIB = 1 << 30
CAPABILITIES = {"firmware": ["bios", "efi"], "loader_secure": True}
POOL = {"name": "default", "type": "dir", "active": True, "path": "/pool", "capacity": GIB, "available": GIB}
BASE = {"name": "base", "sha256": SHA256, "pool": "default", "volume": "base", "path": "/pool/base", "disk_format": "qcow2"}
HOST: dict[str, Any] = {
    "schema": 1,
    "uri": "qemu:///system",
    "hostname": "host",
    "uuid": "00000000-1111-4222-8333-444444444444",
    "driver": "QEMU",
    "libvirt_version": 10000000,
    "hypervisor_version": 8002002,
    "arch": "x86_64",
    "vcpus": 64,
    "memory": 1 << 20,
    "cpu_model": "EPYC",
    "cpu_flags": [],
    "virt_type": {"name": "qemu", "reason": "said so"},
    "guests": [],
    "domain_capabilities": CAPABILITIES,
    "numa_cells": [],
    "pools": [POOL],
    "images": [{**BASE, "virtual_size": GIB}],
    "networks": [{"name": "default", "active": True}],
    "usage": {},
    "domains": [],
    "servers": [],
}
CATALOGUES = {
    "flavors": {"bench": {"vcpus": 2, "ram": 2048, "disk": 10, "extra_specs": {"hw:cpu_sockets": "1"}}},
    "images": {"base": {"src": "base.qcow2", "checksum": "sha256:" + SHA256}},
    "keypairs": {"admin": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3o0Hpp1yVRPHbMhDS2nHcUVd6pRpLLqwbiqTjp1v8H me@here"},
}


def request(number: int) -> dict[str, Any]:
    return {
        "name": f"bench-{number}",
        "flavor": "bench",
        "image": "base",
        "key_name": "admin",
        "metadata": {"number": str(number)},
        "tags": ["bench"],
        "userdata": f"#!/bin/sh\necho {number}\n",
    }


def main(count: int) -> None:
    options = {"servers": [request(number) for number in range(count)], "hypervisor": HOST, **CATALOGUES}
    validated = ArgumentSpecValidator(domain_xml_spec()).validate(options)
    if validated.error_messages:
        raise SystemExit("\n".join(validated.error_messages))
    params = validated.validated_parameters
    begun = time.perf_counter()
    read_requests(params)
    checked = time.perf_counter()
    domains = show_domains(params, lambda path: None)["domains"]
    both = time.perf_counter()
    if len({domain["xml"] for domain in domains}) != count:
        raise SystemExit("not every server has a domain of its own")
    check_ms, total_ms = (checked - begun) / count * 1000, (both - checked) / count * 1000
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rounded = {"check_ms": check_ms, "check_and_render_ms": total_ms, "peak_mib": peak_mib}
    print(json.dumps({"count": count} | {key: round(value, 2) for key, value in rounded.items()}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
