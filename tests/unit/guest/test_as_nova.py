# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small rules in which the design once differed from what Nova's driver writes for the same input."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.designer import Design
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.resources import EVERYTHING, Resources
from tests.unit.guest.scenarios import UEFI, VOLUME, with_specs
from tests.unit.guest.test_devices import xpath
from tests.unit.guest.values import ROOT, block_device, design, flavor, hypervisor, image, numa_cell, server

PORT = "f11868e4-d730-4120-9a5b-3f0d6f7c0001"
PCI = {"pci_slot": "0000:0a:00.2", "netdev": "enp1s0f1"}
DRIVER = "//interface/driver/@*"


def plug(vif: dict[str, Any], options: dict[str, Any] | None = None, host: Any = None, **properties: Any) -> Design:
    wanted = server(networks=[], image=image(properties=properties))
    given: Any = ({"port_id": PORT, **vif},)
    return design(wanted, resources=Resources(vifs=given), host_options={"libvirt": options or {}}, host=host)


def names(found: Design, path: str) -> list[str]:
    return xpath(found, f"{path}/@name")


def test_metadata_lists_what_novas_image_object_holds() -> None:
    properties = {"hw_boot_menu": True, "vm_mode": "hvm", "kernel_id": "k", "somebodys": "own"}
    wanted = server(image=image(properties=properties, min_disk=3), flavor=flavor(disk=7))
    found = design(wanted, resources=Resources(abilities=EVERYTHING))
    assert names(found, "//*[local-name()='property']") == ["hw_boot_menu"]
    assert xpath(found, "//*[local-name()='minDisk']") == ["7"]


SOCKET = {"vhostuser_socket": "/s"}


PINNED = {"hw:cpu_policy": "dedicated"}


def test_no_resources_are_no_policy() -> None:
    found = with_specs({"resources:PCPU": "0", "resources:VCPU": "0"})
    assert (found.problems, found.domain.cpu.cells if found.domain.cpu else None) == ((), ())


