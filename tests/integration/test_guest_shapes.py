# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the designer says and what libvirt and the guest then have: addresses, a user's own shape, what a host has left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.hypervisor import hypervisor_facts

from .world import CATALOGUES, READY, World

WAITING: dict[str, Any] = {"wait_for": "console", "console_pattern": READY}
TAGGED = ["nova", "boot", "--flavor", "tiny", "--image", "tiny", "--nic", "net-name=default,tag=front", "web"]


# The guest's kernel has no driver for the drive's usual bus on q35.
ON_SCSI = {"hw_cdrom_bus": "scsi", "hw_scsi_model": "virtio-scsi"}


def images(**properties: Any) -> dict[str, Any]:
    return {"images": {"tiny": {"src": "tiny.qcow2", "properties": properties}}}


def live(world: World, name: str) -> etree._Element:
    with world.connected() as connection:
        return etree.fromstring(connection.lookupByName(name).XMLDesc(0))


def only(answer: dict[str, Any]) -> dict[str, Any]:
    assert not answer.get("failed"), answer["msg"]
    [server] = answer["servers"]
    return dict(server)


@pytest.mark.parametrize(("machine", "address"), [("pc", "0000:00:10.0"), ("q35", "0000:01:00.0")])
def test_a_tagged_nic_is_where_the_drive_says(world: World, machine: str, address: str) -> None:
    server = only(world.server(**CATALOGUES | images(hw_machine_type=machine, **ON_SCSI), nova_boot=TAGGED, **WAITING))
    [found] = live(world, "web").xpath("devices/interface/address")
    shown = "{domain}:{bus}:{slot}.{function}".format(**found.attrib).replace("0x", "")
    [device] = world.guest(server).meta_data()["devices"]
    assert (shown, device["address"], device["bus"], device["tags"]) == (address, address, "pci", ["front"])
    assert device["mac"] == live(world, "web").xpath("string(devices/interface/mac/@address)")
    only(world.server(name="web", state="absent"))


WHERE = '#!/bin/sh\nfor disk in /sys/block/sd*; do echo "WHERE $(readlink -f $disk)"; done\n'


def test_tagged_disks_are_where_the_drive_says(world: World) -> None:
    """On IDE and on virtio-scsi the guest finds the address itself; of USB the drive says the bus, as Nova's does."""
    flavors = {"tiny": {"vcpus": 1, "ram": 160, "disk": 1, "ephemeral": 3}}
    blank = {
        "source_type": "blank",
        "destination_type": "local",
        "boot_index": -1,
        "volume_size": 1,
        "delete_on_termination": True,
    }
    root = {
        "source_type": "image",
        "destination_type": "local",
        "uuid": "tiny",
        "boot_index": 0,
        "tag": "root",
        "delete_on_termination": True,
    }
    mapping = [root, *({**blank, "disk_bus": bus, "tag": bus} for bus in ("ide", "scsi", "usb"))]
    options = images(hw_machine_type="pc", **ON_SCSI) | {"flavors": flavors, "user_data": WHERE}
    options["host_options"] = {"DEFAULT": {"max_local_block_devices": -1}}
    wish = {"name": "web", "flavor": "tiny", "image": "tiny", "block_device_mapping": mapping}
    server = only(world.server(**CATALOGUES | options, **wish, **WAITING))
    devices = {device["tags"][0]: device for device in world.guest(server).meta_data()["devices"]}
    assert {tag: device["bus"] for tag, device in devices.items()} == {
        "root": "pci", "ide": "ide", "scsi": "scsi", "usb": "usb",
    }  # fmt: skip
    tree = live(world, "web")
    for tag in ("ide", "scsi"):
        [address] = tree.xpath(f"devices/disk[target/@bus='{tag}' and @device='disk']/address")
        assert devices[tag]["address"] == "{controller}:{bus}:{target}:{unit}".format(**address.attrib)
    assert devices["usb"]["address"] == "none"
    seen = [line.split(b" ", 1)[1].decode() for line in world.console(server).splitlines() if line.startswith(b"WHERE ")]
    _controller, channel, _target, unit = devices["ide"]["address"].split(":")
    assert any(f"/ata{int(channel) + 1}/" in path and f":0:{unit}:0/" in path for path in seen), seen
    assert any("/virtio" in path and f":0:0:{devices['scsi']['address'].split(':')[3]}/" in path for path in seen), seen
    only(world.server(name="web", state="absent"))


def test_own_templates_and_an_overlay_reach_the_guests_host(world: World, tmp_path: Path) -> None:
    (tmp_path / "devices").mkdir()
    macro = '{% macro watchdog(watchdog) %}<watchdog model="ib700" action="poweroff"/>{% endmacro %}'
    (tmp_path / "devices/watchdog.xml.j2").write_text(macro, encoding="utf-8")
    overlay = "<domain><devices><disk><target dev='vda'/><driver queues='1'/></disk><panic model='isa'/></devices></domain>"
    options = images(hw_watchdog_action="reset") | {"template_folders": [str(tmp_path)], "xml_overlay": overlay}
    server = only(world.server(**CATALOGUES | options, name="web", flavor="tiny", image="tiny"))
    root = live(world, "web")
    assert root.xpath("devices/watchdog/@model") == ["ib700"]
    assert root.xpath("devices/panic/@model") == ["isa"]
    assert root.xpath("devices/disk[target/@dev='vda']/driver/@queues") == ["1"]
    assert server["status"] == "ACTIVE"
    only(world.server(name="web", state="absent"))


def test_what_is_defined_is_not_there_for_others(world: World) -> None:
    """Two pinned servers of one task, then a third beside a foreign domain: nobody shares a CPU."""
    specs = {"hw:cpu_policy": "dedicated", "hw:cpu_thread_policy": "prefer"}
    flavors = {"pinned": {"vcpus": 1, "ram": 128, "disk": 1, "extra_specs": specs}}
    with world.connected() as connection:
        cells = hypervisor_facts(connection)["numa_cells"]
    cpus = sorted(cpu["id"] for cell in cells for cpu in cell["cpus"])
    options = {"libvirt": {"tb_cache_size": 32, "virt_type": "qemu"}, "compute": {"cpu_dedicated_set": f"{cpus[0]}-{cpus[-1]}"}}
    wish = CATALOGUES | {"flavors": flavors, "host_options": options}
    names = [f"web{index}" for index in range(len(cpus))]
    servers = [{"name": name, "flavor": "pinned", "image": "tiny"} for name in names]
    answer = world.server(**wish, servers=servers)
    assert not answer.get("failed"), answer["msg"]
    pinned = [live(world, name).xpath("string(cputune/vcpupin/@cpuset)") for name in names]
    assert sorted(map(int, pinned)) == cpus
    refused = world.server(**wish, name="more", flavor="pinned", image="tiny")
    [problem] = refused["problems"]
    assert (problem["code"], problem["allowed"][0]["free_dedicated_cpus"]) == ("ComputeResourcesUnavailable", 0)
    assert not world.server(**wish, servers=servers)["changed"]
    for name in names:
        only(world.server(name=name, state="absent"))
