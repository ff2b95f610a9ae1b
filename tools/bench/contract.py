# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""python -m tools.bench.contract [100 1000 10000]: checking requests of mixed shape in one call, and how that grows."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import tracemalloc
from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.flavor import validate_flavors
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.image import validate_images
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.keypair import validate_keypairs
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.network import validate_networks
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server import validate_servers

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3o0Hpp1yVRPHbMhDS2nHcUVd6pRpLLqwbiqTjp1v8H me@here"
FLAVORS = {
    "tiny": {"vcpus": 1, "ram": 512, "disk": 1},
    "pinned": {"vcpus": 4, "ram": 4096, "disk": 10, "extra_specs": {"hw:cpu_policy": "dedicated", "hw:numa_nodes": "2"}},
    "disks": {"vcpus": 2, "ram": 2048, "disk": 5, "ephemeral": 2, "swap": 512},
}
IMAGES = {"debian": {"min_ram": 256, "properties": {"os_type": "linux", "hw_disk_bus": "scsi"}}, "plain": {}}


def wish(number: int) -> dict[str, Any]:
    """Four shapes in turn: plain, pinned with texts, several disks, several NICs."""
    base = {"name": f"server-{number}", "flavor": "tiny", "image": "plain"}
    shapes: list[dict[str, Any]] = [
        {},
        {"flavor": "pinned", "image": "debian", "metadata": {"n": str(number)}, "user_data": "#!/bin/sh\n", "tags": ["a", "b"]},
        {"flavor": "disks", "key_name": "admin", "description": "with disks"},
        {"nics": [{"net-name": "inner"}, {"net-name": "outer"}], "scheduler_hints": {"query": "[]"}},
    ]
    return base | shapes[number % len(shapes)]


def measure(count: int) -> dict[str, Any]:
    """{count, ms, kib}: milliseconds and KiB for each server."""
    catalogues: dict[str, Any] = {
        "flavors": validate_flavors(FLAVORS).value,
        "images": validate_images(IMAGES).value,
        "networks": validate_networks({"inner": {}, "outer": {}, "default": {}}).value,
        "keypairs": validate_keypairs({"admin": KEY}).value,
    }
    wishes = [wish(number) | ({} if number % 4 == 3 else {"network": "default"}) for number in range(count)]
    begun = time.perf_counter()
    answer = validate_servers(wishes, **catalogues)
    spent = time.perf_counter() - begun
    if answer.problems or len(answer.value) != count:
        raise SystemExit(f"the requests are not in order: {answer.problems[:3]}")
    del answer
    tracemalloc.start()
    kept = validate_servers(wishes, **catalogues)
    size, _peak = tracemalloc.get_traced_memory()
    del kept
    return {"count": count, "ms": round(spent * 1000 / count, 3), "kib": round(size / 1024 / count, 2)}


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(int(sys.argv[2]))))
        return
    sizes = [int(text) for text in sys.argv[1:]] or [100, 1000, 10000]
    first = None
    for size in sizes:  # each in a process of its own, so that none warms up for the next
        argv = [sys.executable, "-m", "tools.bench.contract", "--one", str(size)]
        found = json.loads(subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout)
        first = first or found["ms"]
        growth = found["ms"] / first
        print(f"{size:>6} requests: {found['ms']} ms and {found['kib']} KiB each, {growth:.2f} of the first size's time")


if __name__ == "__main__":
    main()
