# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The libvirt disk mapping: buses, names, types and boot order."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.block_device_entry import (
    blank_device,
    empty_device,
    image_device,
)
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.disk_mapping import (
    DiskInfo,
    libvirt_disk_mapping,
)
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import BlockDevice

IMAGE = image_device("img")


def volume(**fields: Any) -> BlockDevice:
    return empty_device(**{"source_type": "volume", "destination_type": "volume", "volume_id": "v", **fields})


def mapping_of(devices: list[BlockDevice], **options: Any) -> dict[str, DiskInfo]:
    answer = libvirt_disk_mapping(devices, **options)
    assert answer.ok, answer.problems
    return answer.value["mapping"]


def names_of(devices: list[BlockDevice], **options: Any) -> dict[str, tuple[str | None, str | None]]:
    return {name: (info["bus"], info["dev"]) for name, info in mapping_of(devices, **options).items()}


@pytest.mark.parametrize(
    ("properties", "options", "bus", "name"),
    [
        ({}, {}, "virtio", "vda"),
        ({"hw_disk_bus": "scsi"}, {}, "scsi", "sda"),
        ({"hw_disk_bus": "ide"}, {}, "ide", "hda"),
        ({"hw_disk_bus": "usb"}, {}, "usb", "sda"),
        ({"hw_disk_bus": "sata"}, {}, "sata", "sda"),
        ({}, {"os_disk_bus": "ide"}, "ide", "hda"),
        ({"hw_disk_bus": "virtio"}, {"os_disk_bus": "ide"}, "virtio", "vda"),
        ({}, {"disk_prefix": "xvd"}, "virtio", "xvda"),
        ({}, {"virt_type": "lxc"}, "lxc", None),
        ({}, {"virt_type": "parallels"}, "scsi", "sda"),
        ({}, {"virt_type": "auto"}, "virtio", "vda"),
        ({}, {"root_device_name": "/dev/sdx"}, "virtio", "sdx"),
    ],
)
def test_root_bus_and_name(properties: dict[str, Any], options: dict[str, Any], bus: str, name: str | None) -> None:
    found = mapping_of([IMAGE], image_properties=properties, **options)
    assert found["root"] == found["disk"] == {"bus": bus, "dev": name, "type": "disk", "boot_index": "1"}


@pytest.mark.parametrize(
    ("properties", "options", "expected"),
    [
        ({}, {}, ("ide", "hda")),
        ({"hw_machine_type": "pc-q35-8.2"}, {}, ("sata", "sda")),
        ({}, {"machine_type": "q35"}, ("sata", "sda")),
        ({"hw_machine_type": "pc"}, {"machine_type": "q35"}, ("ide", "hda")),
        ({"hw_architecture": "aarch64"}, {"machine_type": "q35"}, ("scsi", "sda")),
        ({}, {"arch": "s390x"}, ("scsi", "sda")),
        ({"hw_cdrom_bus": "scsi"}, {}, ("scsi", "sda")),
        ({}, {"config_drive_format": "vfat"}, ("virtio", "vdb")),
    ],
)
def test_config_drive(properties: dict[str, Any], options: dict[str, Any], expected: tuple[str, str]) -> None:
    found = mapping_of([IMAGE], image_properties=properties, config_drive=True, **options)["disk.config"]
    assert (found["bus"], found["dev"]) == expected
    assert found["type"] == ("disk" if options.get("config_drive_format") == "vfat" else "cdrom")


def test_volumes_come_last_and_grouped_by_source() -> None:
    blank = empty_device(source_type="blank", destination_type="volume", volume_size=1)
    devices = [blank, volume(), blank_device(512, "swap"), blank_device(1), IMAGE]
    answer = libvirt_disk_mapping(devices, flavor={"ephemeral": 1, "swap": 512})
    assert [device["device_name"] for device in answer.value["block_devices"]] == [
        "/dev/vde",
        "/dev/vdd",
        "/dev/vdc",
        "/dev/vdb",
        "/dev/vda",
    ]
    assert list(answer.value["mapping"]) == ["root", "disk", "disk.eph0", "disk.swap", "/dev/vdd", "/dev/vde"]


def test_flavor_stands_in_for_entries() -> None:
    found = names_of([IMAGE], flavor={"ephemeral": 20, "swap": 5})
    assert found["disk.local"] == ("virtio", "vdb")
    assert found["disk.swap"] == ("virtio", "vdc")


def test_given_names_are_kept_and_avoided() -> None:
    devices = [IMAGE, volume(device_name="/dev/vdb"), volume()]
    assert list(names_of(devices)) == ["root", "disk", "/dev/vdb", "/dev/vdc"]


def test_boot_volume_is_root_but_not_disk() -> None:
    found = mapping_of([volume(boot_index=0, disk_bus="scsi"), volume(boot_index=1)])
    assert "disk" not in found
    assert found["root"] == found["/dev/sda"] == {"bus": "scsi", "dev": "sda", "type": "disk", "boot_index": "1"}
    assert found["/dev/vda"]["boot_index"] == "2"


@pytest.mark.parametrize(
    ("fields", "bus"),
    [
        ({"disk_bus": "xen"}, "virtio"),
        ({"disk_bus": "xen", "device_name": "/dev/hdc"}, "ide"),
        ({"device_name": "/dev/sdc"}, "scsi"),
        ({"device_name": "/dev/fdb"}, "fdc"),
        ({"device_type": "floppy"}, "fdc"),
        ({"device_type": "cdrom"}, "ide"),
        ({"device_type": "lun", "disk_bus": "scsi"}, "scsi"),
    ],
)
def test_bus_of_a_volume(fields: dict[str, Any], bus: str) -> None:
    assert list(mapping_of([IMAGE, volume(**fields)]).values())[-1]["bus"] == bus


def test_markers_and_undriven_entries_get_no_disk() -> None:
    devices = [
        IMAGE,
        empty_device(no_device=True, device_name="/dev/vdb"),
        volume(destination_type="local"),
        volume(destination_type=None),
    ]
    answer = libvirt_disk_mapping(devices)
    assert list(answer.value["mapping"]) == ["root", "disk"]
    assert answer.value["block_devices"][1:] == devices[1:]


def test_input_stays_untouched() -> None:
    devices = [IMAGE, volume()]
    before = copy.deepcopy(devices)
    libvirt_disk_mapping(devices)
    assert devices == before


def test_iso_root_is_a_cdrom() -> None:
    found = mapping_of([IMAGE], disk_format="iso")
    assert found["disk"] == {"bus": "ide", "dev": "hda", "type": "cdrom", "boot_index": "1"}
    assert mapping_of([], disk_format="iso")["disk"] == found["disk"]


def test_ide_takes_four() -> None:
    devices = [volume(disk_bus="ide", boot_index=None) for _ in range(4)]
    assert libvirt_disk_mapping([IMAGE, *devices]).ok
    answer = libvirt_disk_mapping([IMAGE, *devices, *devices[:1]])
    assert [(problem.code, problem.field) for problem in answer.problems] == [("TooManyDiskDevices", "block_device_mapping[5]")]


@pytest.mark.parametrize(("maximum", "ok"), [(1, False), (2, True), (-1, True)])
def test_limit_of_other_buses(maximum: int, ok: bool) -> None:
    assert libvirt_disk_mapping([IMAGE, volume()], max_disk_devices=maximum).ok is ok


def test_every_problem_at_once() -> None:
    answer = libvirt_disk_mapping(
        [IMAGE, volume(device_type="lun"), volume(device_name="/dev/nvme0", disk_bus="xen")],
        image_properties={"hw_disk_bus": "xen", "hw_cdrom_bus": "uml"},
        config_drive=True,
        config_drive_format="cpio",
    )
    assert [(problem.code, problem.field) for problem in answer.problems] == [
        ("InternalError", "block_device_mapping[1].disk_bus"),
        ("InternalError", "block_device_mapping[2].disk_bus"),
        ("ConfigDriveUnknownFormat", "config_drive_format"),
        ("UnsupportedHardware", "image.properties.hw_cdrom_bus"),
        ("UnsupportedHardware", "image.properties.hw_disk_bus"),
    ]


@pytest.mark.parametrize("virt_type", ["xen", "uml", "hyperv", ""])
def test_unknown_virt_type(virt_type: str) -> None:
    answer = libvirt_disk_mapping([IMAGE], virt_type=virt_type)
    assert [problem.code for problem in answer.problems] == ["UnsupportedVirtType"]


def test_rescue_first_leaves_volumes_out() -> None:
    found = mapping_of([IMAGE, volume()], rescue=True, config_drive=True, flavor={"ephemeral": 1, "swap": 1})
    assert {name: info["dev"] for name, info in found.items()} == {
        "disk.rescue": "vda",
        "root": "vda",
        "disk": "vdb",
        "disk.config.rescue": "hda",
    }
    assert found["disk.rescue"]["boot_index"] == "1"


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"hw_rescue_device": "cdrom"}, {"bus": "ide", "dev": "hda", "type": "cdrom"}),
        ({"hw_rescue_bus": "usb"}, {"bus": "usb", "dev": "sda", "type": "disk"}),
        ({"hw_rescue_device": "disk"}, {"bus": "virtio", "dev": "vdc", "type": "disk"}),
    ],
)
def test_rescue_last_keeps_every_disk(properties: dict[str, Any], expected: dict[str, str]) -> None:
    found = mapping_of([IMAGE, volume()], rescue=True, rescue_image_properties=properties)
    assert found["/dev/vdb"]["dev"] == "vdb"
    assert found["disk.rescue"] == expected


@pytest.mark.parametrize(
    ("properties", "code"),
    [({"hw_rescue_device": "fs"}, "UnsupportedRescueDevice"), ({"hw_rescue_bus": "xen"}, "UnsupportedRescueBus")],
)
def test_unsuitable_rescue(properties: dict[str, Any], code: str) -> None:
    answer = libvirt_disk_mapping([IMAGE], rescue=True, rescue_image_properties=properties)
    assert [problem.code for problem in answer.problems] == [code]
