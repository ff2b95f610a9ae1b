# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back to the legacy form, what EC2 shows, and what a boot volume tells about its image."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.block_device_check import Known
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.block_device_ec2 import (
    check_ec2_image_state,
    describe_ec2_image,
    ec2_counts,
    format_ec2_entry,
    metadata_mapping,
)
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.block_device_entry import (
    Entry,
    blank_device,
    empty_device,
    image_device,
    parse_entry,
)
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.block_device_legacy import (
    from_legacy_list,
    to_legacy,
    to_legacy_list,
)
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.block_device_volume import (
    boot_source_metadata,
    boot_volume_metadata,
)

VOLUME = empty_device(source_type="volume", destination_type="volume", volume_id="v1", device_name="/dev/vdc", boot_index=0)
SNAPSHOT = empty_device(
    source_type="snapshot", destination_type="volume", snapshot_id="s1", device_name="/dev/vdb", boot_index=0
)


def test_list_in_legacy_form_numbers_ephemerals_and_leaves_the_local_image_out() -> None:
    legacy = to_legacy_list([image_device("i"), blank_device(1), blank_device(5, "swap"), blank_device(1, "ext4"), VOLUME])
    assert [entry["virtual_name"] for entry in legacy] == ["ephemeral0", "swap", "ephemeral1", None]
    assert legacy[3]["volume_id"] == "v1"


def test_legacy_and_back() -> None:
    raws = [
        {"device_name": "/dev/vdb", "virtual_name": "swap"},
        {"device_name": "/dev/vdc", "virtual_name": "ephemeral0"},
        {"device_name": "/dev/vda", "volume_id": "v1"},
        {"device_name": "/dev/vdd", "snapshot_id": "s1", "volume_size": 4},
        {"device_name": "/dev/vde", "no_device": True},
    ]
    listed = from_legacy_list(raws, image_id=None, root_device_name="vda")
    assert listed.ok
    back = to_legacy_list([entry.device for entry in listed.value])
    given = [{key: entry[key] for key in raw} for raw, entry in zip(raws, back, strict=True)]
    assert given == raws


@pytest.mark.parametrize("source", ["disk", "", None])
def test_a_source_that_is_none_is_refused_whatever_it_names(source: object) -> None:
    answer = parse_entry({"source_type": source, "destination_type": "volume", "uuid": "v1"}, image_given=True, field="d")
    assert [(problem.code, problem.field) for problem in answer.problems] == [("InvalidBDMFormat", "d.source_type")]


def test_local_image_has_no_legacy_form() -> None:
    answer = to_legacy(image_device("i"))
    assert ([problem.code for problem in answer.problems], answer.value) == (["InvalidBDMForLegacy"], None)


@pytest.mark.parametrize(
    ("entry", "ebs"),
    [
        ({"snapshot_number": 10, "volume_size": 2}, {"snapshotId": "snap-0000000a", "volumeSize": 2}),
        ({"volume_number": 0xFFFFFFFFF}, {"snapshotId": "vol-fffffffff"}),
        ({"snapshot_number": 1, "volume_number": 2}, {"snapshotId": "vol-00000002"}),
        ({"snapshot_number": 1, "delete_on_termination": False}, {"snapshotId": "snap-00000001", "deleteOnTermination": False}),
        ({"virtual_name": "swap"}, None),
    ],
)
def test_ec2_shows_an_entry(entry: dict[str, Any], ebs: dict[str, Any] | None) -> None:
    assert format_ec2_entry({"device_name": "/dev/vdb", **entry}).get("ebs") == ebs


def test_ec2_shows_block_devices_over_mappings() -> None:
    items = describe_ec2_image(
        [
            {"virtual": "root", "device": "sda1"},
            {"virtual": "swap", "device": "sdb"},
            {"virtual": "ephemeral0", "device": "sdc"},
        ],
        [{"device_name": "/dev/sdb", "no_device": True}, {"device_name": "/dev/sda1", "snapshot_number": 1}],
    )
    assert items == [
        {"deviceName": "/dev/sdc", "virtualName": "ephemeral0"},
        {"deviceName": "/dev/sda1", "ebs": {"snapshotId": "snap-00000001"}},
    ]


@pytest.mark.parametrize(
    ("image", "ok"),
    [
        ({"status": "active", "properties": {}}, True),
        ({"status": "active", "properties": {"image_state": "decrypting"}}, False),
        ({"status": "queued", "properties": {"image_state": "available"}}, True),
        ({"status": "queued"}, False),
        ({}, False),
    ],
)
def test_ec2_image_state(image: dict[str, Any], ok: bool) -> None:
    assert check_ec2_image_state(image).ok is ok


@pytest.mark.parametrize(
    ("minimum", "maximum", "expected"),
    [
        (None, None, (1, 1)),
        ("3", None, (3, 3)),
        (None, "2", (1, 2)),
        (2, 2, (2, 2)),
        (3, 2, None),
        (0, None, None),
        (1, "x", None),
    ],
)
def test_ec2_counts(minimum: object, maximum: object, expected: tuple[int, int] | None) -> None:
    answer = ec2_counts(minimum, maximum)
    assert (answer.value if answer.ok else None) == expected


def test_metadata_names() -> None:
    swap = {**blank_device(5, "swap"), "device_name": "/dev/vdd"}
    ephemeral = {**blank_device(1), "device_name": "/dev/vde"}
    assert metadata_mapping("/dev/vda", [VOLUME, SNAPSHOT, swap, ephemeral]) == {  # type: ignore[list-item]
        "ami": "vda",
        "root": "/dev/vda",
        "ebs0": "/dev/vdb",
        "ebs1": "/dev/vdc",
        "swap": "/dev/vdd",
        "ephemeral0": "/dev/vde",
    }
    assert metadata_mapping(None, [VOLUME])["root"] == "/dev/sda1"


def test_boot_volume_metadata() -> None:
    volume = {
        "size": 2,
        "volume_image_metadata": {"min_ram": "256", "min_disk": "", "image_name": "x", "checksum": "y", "hw_disk_bus": "scsi"},
    }
    answer = boot_volume_metadata(volume)
    assert answer.ok
    assert answer.value == {
        "size": 2 * 1024**3,
        "min_ram": 256,
        "min_disk": 0,
        "status": "active",
        "properties": {"hw_disk_bus": "scsi"},
    }


def test_boot_volume_with_several_faults() -> None:
    answer = boot_volume_metadata({"bootable": False, "volume_image_metadata": {"min_ram": "much", "min_disk": "more"}})
    assert [problem.field for problem in answer.problems] == [
        "volume",
        "volume.volume_image_metadata.min_disk",
        "volume.volume_image_metadata.min_ram",
    ]


@pytest.mark.parametrize(
    ("device", "known", "size"),
    [
        (VOLUME, Known(volumes={"v1": {"size": 1}}), 1024**3),
        (SNAPSHOT, Known(volumes={"v2": {"size": 2}}, snapshots={"s1": {"volume_id": "v2"}}), 2 * 1024**3),
        ({**image_device("i1")}, Known(images={"i1": {"size": 7}}), 7),
        (VOLUME, Known(), None),
        (blank_device(1), Known(volumes={}), None),
    ],
    ids=["volume", "volume-behind-snapshot", "image", "unknown", "no-boot-device"],
)
def test_boot_source(device: Any, known: Known, size: int | None) -> None:
    answer = boot_source_metadata([Entry(device, "block_device_mapping[0]")], known)
    assert answer.ok
    assert (answer.value or {}).get("size") == size
