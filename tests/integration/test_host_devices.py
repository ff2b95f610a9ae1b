# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices of the host: what a machine without VFIO can define is defined, and persistent memory is seen by a guest."""

from __future__ import annotations

import os
from typing import Any
from xml.etree import ElementTree

import pytest

from ansible_collections.kilonova.compute.plugins.module_utils._claims import host_devices
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.hypervisor import hypervisor_facts
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.mdev import ensure_mdevs
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.spawn import spawn
from ansible_collections.kilonova.compute.plugins.module_utils._volume_name import mdev_id
from tests.lab import Lab

from .test_failures import ALIEN, only_error
from .world import HOST_OPTIONS, READY, World, server_task

pytestmark = pytest.mark.lab

MIB = 1 << 20
# The tables that the guest's firmware has, and nothing else that it would not say anyway.
TABLES = '#!/bin/sh\n. /lib/probe.sh\nsay tables "acpi:=$(list "$(ls /sys/firmware/acpi/tables)")"\n'


def wish(specs: dict[str, str], options: dict[str, Any], **more: Any) -> dict[str, Any]:
    given = options | {"libvirt": HOST_OPTIONS["libvirt"] | options.get("libvirt", {})}
    # Above 4 GiB there is memory for devices, for which the guest's kernel puts 64 MiB aside.
    flavors = {"devices": {"vcpus": 1, "ram": 256, "disk": 1, "extra_specs": specs}}
    return {"flavors": flavors, "flavor": "devices", "host_options": given} | more


def facts_of(world: World) -> dict[str, Any]:
    with world.connected() as connection:
        return hypervisor_facts(connection, node_devices=True)


def devices_of(world: World, name: str) -> list[str]:
    with world.connected() as connection:
        return host_devices(ElementTree.fromstring(connection.lookupByName(name).XMLDesc(0)))


def mediated_devices(world: World) -> str:
    """What mdevctl keeps; libvirt's own list follows in its time."""
    told: str = world.host.run(["mdevctl", "list", "--defined"]).stdout.strip()
    return told


def quicker(world: World, address: str) -> Any:
    """A host half that comes too late: somebody else has defined a domain with the device since its plan was made."""
    domain, bus, slot = address.partition(".")[0].split(":")
    place = f"domain='0x{domain}' bus='0x{bus}' slot='0x{slot}' function='0x{address[-1]}'"
    card = f"<hostdev mode='subsystem' type='pci'><source><address {place}/></source></hostdev>"
    xml = ALIEN.format("quicker").replace("</domain>", f"<devices>{card}</devices></domain>")

    def late(plan: dict[str, Any]) -> list[dict[str, Any]]:
        with world.connected() as connection:
            connection.defineXML(xml)
            return spawn(connection, plan)

    return late


def test_pci_devices_are_given_once(world: World) -> None:
    """Three servers for two devices; none of them can start here, which leaves nothing behind."""
    cards = facts_of(world)["node_devices"]["pci"]
    if len(cards) < 2:
        pytest.skip("the machine shows no two PCI devices")
    addresses = sorted(card["address"] for card in cards[:2])
    pci = {
        "alias": [{"name": "card", **{key: card[key] for key in ("vendor_id", "product_id")}} for card in cards[:2]],
        "device_spec": [{"address": address} for address in addresses],
    }
    if any(card["type"] == "type-PF" for card in cards[:2]):
        pci["alias"] = [alias | {"device_type": "type-PF"} for alias in pci["alias"]]
    given = wish({"pci_passthrough:alias": "card:1"}, {"pci": pci}, state="stopped")
    servers = [{"name": f"web-{index}", "flavor": "devices", "image": "tiny"} for index in range(2)]
    answer = world.server(servers=servers, **{key: given[key] for key in given if key != "flavor"})
    assert not answer.get("failed"), answer["msg"]
    assert [devices_of(world, f"web-{index}") for index in range(2)] == [[address] for address in addresses]
    assert not world.play(server_task(name="web-0", **given)).only["changed"]
    assert not world.server(name="web-0", redefine=True, **given)["changed"]

    [problem] = world.server(name="web-2", **given)["problems"]
    assert problem["code"] == "PciDeviceRequestFailed"
    assert [device["used_by"] for device in problem["allowed"]] == ["web-0", "web-1"]

    world.server(name="web-0", state="absent")
    error = only_error(world.server(name="web-2", spawner=quicker(world, addresses[0]), **given))
    assert error["action"] == "claim the devices of web-2"
    assert f"{addresses[0]} was taken meanwhile by the domain quicker" in error["message"]
    with world.connected() as connection:
        connection.lookupByName("quicker").undefine()
    error = only_error(world.server(name="web-2", **given | {"state": "running"}))
    assert error["action"] == "start the domain web-2"
    world.server(name="web-1", state="absent")


def test_mediated_devices_come_and_go_with_their_server(world: World) -> None:
    """libvirt and mdevctl define one here; without hardware it cannot start, and so the server goes again, and all of it."""
    facts = facts_of(world)
    parent = next(iter(facts["node_devices"]["pci"]), None)
    if parent is None:
        pytest.skip("the machine shows no PCI device")
    name = "pci_" + parent["address"].replace(":", "_").replace(".", "_")
    facts["node_devices"]["mdev_parents"] = [{"name": name, "address": parent["address"], "types": {"small": 2}}]
    options = {"devices": {"enabled_mdev_types": "small"}}
    given = wish({"resources:VGPU": "1"}, options, hypervisor=facts, state="stopped")
    error = only_error(world.server(name="web", **given))
    assert error["action"].startswith("start the mediated device")
    assert mediated_devices(world) == ""

    # What a killed run left: the server is defined, and so is its device.
    world.kill("volumes", name="web", **given)
    with world.connected() as connection:
        server = connection.lookupByName("web").UUIDString()
        [uuid] = devices_of(world, "web")
        assert uuid == mdev_id(server, 0)
        with pytest.raises(Exception, match="start the mediated device"):
            ensure_mdevs(connection, server, [{"uuid": uuid, "type": "small", "parent": name, "made": True}])
    assert uuid in mediated_devices(world)
    world.server(name="web", state="absent")
    assert mediated_devices(world) == ""


def test_persistent_memory_reaches_the_guest(world: World, lab: Lab) -> None:
    memory = lab.shared / "pmem.img"
    memory.touch()
    os.truncate(memory, 64 * MIB)
    try:
        options = {"libvirt": {"pmem_namespaces": f"small:{memory}=64M"}}
        given = wish({"hw:pmem": "small"}, options, userdata=TABLES, wait_for="console", console_pattern=READY)
        server = world.booted(name="web", **given)
        assert devices_of(world, "web") == [str(memory)]
        assert "NFIT" in world.guest(server).one("tables")["acpi"]
        assert not world.server(name="web", **given)["changed"]
        again = world.server(name="web", redefine=True, **given)
        assert (again["changed"], again["servers"][0]["changes"]) == (False, [])
        [problem] = world.server(name="other", **given)["problems"]
        assert (problem["code"], problem["field"]) == ("ComputeResourcesUnavailable", 'flavor.extra_specs["hw:pmem"]')
        world.server(name="web", state="absent")
        assert memory.stat().st_size == 64 * MIB
    finally:
        memory.unlink()
