# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tagged devices: addresses in the XML, and the same ones for the drive."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.designer import Design
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.render import render_domain
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.resources import EVERYTHING, Resources
from tests.unit.guest.values import ROOT, block_device, design, flavor, hypervisor, image, nic, pool, server

TAGGED_ROOT = {**ROOT, "tag": "root"}


def tagged(properties: dict[str, Any] | None = None, **inputs: Any) -> Design:
    wanted = server(
        flavor=flavor(ephemeral=2),
        image=image(properties=properties or {}),
        block_device_mapping=[TAGGED_ROOT, block_device(volume_size=2, tag="scratch")],
        networks=[nic(tag="front"), nic("other"), nic("third", tag="back")],
    )
    return design(wanted, resources=Resources(abilities=EVERYTHING), **inputs)


def addresses(found: Design, path: str) -> list[str]:
    assert found.problems == ()
    root = etree.fromstring(render_domain(found.domain))
    elements = root.xpath(f"devices/{path}/address[@type='pci']")
    return ["{domain}:{bus}:{slot}.{function}".format(**element.attrib).replace("0x", "") for element in elements]


def test_a_classic_machine_gets_slots_of_its_bus() -> None:
    found = tagged()
    assert addresses(found, "interface") == ["0000:00:10.0", "0000:00:11.0"]
    assert addresses(found, "disk") == ["0000:00:12.0", "0000:00:13.0"]
    assert found.domain.devices.pcie_controllers == ()


@pytest.mark.parametrize(("arch", "properties"), [("x86_64", {"hw_machine_type": "q35"}), ("aarch64", {})])
def test_pci_express_gets_a_port_for_each(arch: str, properties: dict[str, Any]) -> None:
    found = tagged(properties, host=hypervisor(arch=arch))
    assert addresses(found, "interface") == ["0000:01:00.0", "0000:02:00.0"]
    root = etree.fromstring(render_domain(found.domain))
    assert root.xpath("devices/controller[@model='pcie-root-port']/@index") == ["1", "2", "3", "4"]


def test_the_drive_says_the_same() -> None:
    found = tagged()
    macs = [interface.mac for interface in found.domain.devices.interfaces]
    disks = {disk.target_dev: dict(disk.source.attributes)["file"] for disk in found.domain.devices.disks}
    assert list(found.tagged_devices) == [
        {"type": "nic", "bus": "pci", "address": "0000:00:10.0", "mac": macs[0], "tags": ["front"]},
        {"type": "nic", "bus": "pci", "address": "0000:00:11.0", "mac": macs[2], "tags": ["back"]},
        {"type": "disk", "bus": "pci", "address": "0000:00:12.0", "path": disks["vda"], "tags": ["root"]},
        {"type": "disk", "bus": "pci", "address": "0000:00:13.0", "path": disks["vdb"], "tags": ["scratch"]},
    ]


def test_virtio_scsi_has_addresses_of_its_own() -> None:
    found = tagged({"hw_disk_bus": "scsi", "hw_scsi_model": "virtio-scsi"})
    assert [(entry["bus"], entry["address"]) for entry in found.tagged_devices[2:]] == [
        ("scsi", "0:0:0:0"),
        ("scsi", "0:0:0:1"),
    ]
    assert addresses(found, "disk") == []


def test_a_volumes_entry_carries_its_serial() -> None:
    volume = "0b5f4b83-1f1d-4a2b-8f3e-000000000001"
    device = block_device(source_type="volume", destination_type="volume", volume_id=volume, boot_index=0, tag="data")
    resources = Resources(volumes={volume: {"id": volume, "driver": "pool", "pool": pool(), "name": "v", "path": "/pool/v"}})
    found = design(server(image=None, block_device_mapping=[device]), base_image=None, resources=resources)
    assert found.problems == ()
    [entry] = found.tagged_devices
    assert (entry["serial"], entry["tags"], "path" in entry) == (volume, ["data"], False)


def entries(properties: dict[str, Any], host: Any = None) -> list[tuple[str, str, list[str]]]:
    found = tagged(properties, host=host or hypervisor())
    assert found.problems == ()
    return [(entry["bus"], entry["address"], entry["tags"]) for entry in found.tagged_devices]


def test_ide_and_plain_scsi_disks_are_where_libvirt_puts_them() -> None:
    assert entries({"hw_disk_bus": "ide", "hw_cdrom_bus": "scsi"})[2:] == [
        ("ide", "0:0:0:0", ["root"]),
        ("ide", "0:0:0:1", ["scratch"]),
    ]
    assert entries({"hw_disk_bus": "scsi"})[2:] == [("scsi", "0:0:0:0", ["root"]), ("scsi", "0:0:0:1", ["scratch"])]
    found = tagged({"hw_disk_bus": "ide", "hw_cdrom_bus": "scsi"})
    root = etree.fromstring(render_domain(found.domain))
    second = root.xpath("devices/disk[target/@dev='hdb']/address")[0]
    assert dict(second.attrib) == {"type": "drive", "controller": "0", "bus": "0", "unit": "1"}


def test_where_nova_has_no_word_for_a_bus_the_tag_stands_all_the_same() -> None:
    usb = entries({"hw_disk_bus": "usb"})
    assert usb[2:] == [("usb", "none", ["root"]), ("usb", "none", ["scratch"])]
    assert entries({"hw_disk_bus": "sata"})[2:] == [("none", "none", ["root"]), ("none", "none", ["scratch"])]
    channels = entries({"hw_input_bus": "virtio"}, hypervisor(arch="s390x"))
    assert {entry[:2] for entry in channels} == {("none", "none")}
    assert [entry[2] for entry in channels] == [["front"], ["back"], ["root"], ["scratch"]]


def test_without_tags_nothing_has_an_address() -> None:
    found = design()
    assert (addresses(found, "*"), found.tagged_devices) == ([], ())


def test_dedicated_cpus_are_told_by_the_guests_numbers() -> None:
    """Rules MDJ-10: what a guest reads are its own CPUs."""
    wanted = server(flavor=flavor(vcpus=4, extra_specs={"hw:cpu_policy": "mixed", "hw:cpu_dedicated_mask": "2-3"}))
    options = {"compute": {"cpu_dedicated_set": "4-7", "cpu_shared_set": "0-3"}}
    found = design(wanted, host_options=options)
    assert found.problems == ()
    assert (found.dedicated_vcpus, found.dedicated_cpus) == ((2, 3), (4, 5))
