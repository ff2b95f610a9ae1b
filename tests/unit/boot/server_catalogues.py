# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Normalised catalogues and short calls that the tests of requests share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.flavor import validate_flavors
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.image import validate_images
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.keypair import validate_keypairs
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.network import validate_networks
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import Problem
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server_group import validate_server_groups
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server_world import Catalogues

IMAGE_ID = "155d900f-4e14-4e4c-a73d-069cbf4541e6"
KERNEL_ID = "21b421e5-44d4-4903-9db0-4f134fdd0793"
VOLUME_ID = "33333333-aaaa-bbbb-cccc-333333333333"
NETWORK_ID = "11111111-2222-4333-8444-555555555555"
GROUP_ID = "99999999-8888-4777-8666-555555555555"
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA me@example.com"


def catalogues(**changes: Any) -> Catalogues:
    """Two flavors, images, one network, a key pair, groups; ``changes`` replace whole catalogues."""
    flavors = {
        "small": {"id": "1", "vcpus": 1, "ram": 512, "disk": 5},
        "large": {"id": "2", "vcpus": 4, "ram": 4096, "disk": 20, "ephemeral": 10, "swap": 512},
    }
    images = {
        "cirros": {"id": IMAGE_ID, "disk_format": "qcow2", "container_format": "bare"},
        "kernel": {"id": KERNEL_ID, "disk_format": "aki", "container_format": "aki"},
        "direct": {"properties": {"kernel_id": KERNEL_ID}},
        "inactive": {"status": "queued"},
        "big": {"min_ram": 2048, "min_disk": 10},
    }
    found = Catalogues(
        flavors=validate_flavors(flavors).value,
        images=validate_images(images).value,
        networks=validate_networks({"internal": {"id": NETWORK_ID, "cidr": "192.0.2.0/24"}}).value,
        keypairs=validate_keypairs({"me": PUBLIC_KEY}).value,
        security_groups={"web": {"name": "web", "id": "sg-1"}},
        server_groups=validate_server_groups([{"name": "pair", "policy": "affinity", "id": GROUP_ID}]).value,
    )
    found.update(changes)  # type: ignore[typeddict-item]
    return found


def request(**options: Any) -> dict[str, Any]:
    return {"name": "web", "flavor": "small", "image": "cirros", **options}


def found_in(problems: Iterable[Problem]) -> list[tuple[str, str]]:
    """Code and field of every problem, in their order."""
    return [(problem.code, problem.field) for problem in problems]
