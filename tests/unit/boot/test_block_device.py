# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Block devices of a server: every form in, the complete list out."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.block_device import (
    BlockDeviceMapping,
    validate_block_device_mapping,
)
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.checked import Checked

FLAVOR: Any = {"ephemeral": 10, "swap": 512}
PLAIN: Any = {"ephemeral": 0, "swap": 0}
IMAGE: Any = {"schema": 1, "name": "cirros", "id": "img-1", "disk_format": "qcow2", "properties": {}}
ROOT = {"source_type": "image", "destination_type": "local", "uuid": "img-1", "boot_index": 0}
BOOT_VOLUME = {"source_type": "volume", "destination_type": "volume", "uuid": "v1", "boot_index": 0}
TABLES: Any = {"volumes": {"v1": {"size": 4}, "v2": {"size": 7, "name": "data"}}, "snapshots": {"s1": {"size": 3}}}


def with_properties(**properties: Any) -> Any:
    return {**IMAGE, "properties": properties}


def ask(mapping: object, **options: Any) -> Checked[BlockDeviceMapping]:
    return validate_block_device_mapping(mapping, **{"flavor": PLAIN, "image": IMAGE, **options})


def found(answer: Checked[BlockDeviceMapping]) -> list[tuple[str, str]]:
    return [(problem.code, problem.field) for problem in answer.problems]


def summary(answer: Checked[BlockDeviceMapping]) -> list[tuple[Any, ...]]:
    assert answer.ok, answer.problems
    keys = ("source_type", "destination_type", "boot_index", "device_name", "volume_size")
    return [tuple(device[key] for key in keys) for device in answer.value["block_device_mapping"]]  # type: ignore[literal-required]


def field(*parts: object) -> str:
    return "block_device_mapping" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)


@pytest.mark.parametrize("mapping", [None, [], {}], ids=["none", "list", "object"])
def test_no_list_boots_from_the_image(mapping: object) -> None:
    answer = ask(mapping, flavor=FLAVOR)
    assert summary(answer) == [
        ("image", "local", 0, "/dev/vda", None),
        ("blank", "local", -1, "/dev/vdb", 10),
        ("blank", "local", -1, "/dev/vdc", 512),
    ]
    assert answer.value["root_device_name"] == "/dev/vda"
    assert all(device["delete_on_termination"] for device in answer.value["block_device_mapping"])


def test_no_list_and_no_image_has_nothing_to_boot() -> None:
    assert found(ask(None, image=None)) == [("InvalidBDMBootSequence", field())]


def test_v2_list_needs_its_own_root_entry() -> None:
    extra = {"source_type": "blank", "destination_type": "volume", "volume_size": 1}
    assert found(ask([extra])) == [("InvalidBDMBootSequence", field())]
    assert ask([ROOT, extra]).ok


@pytest.mark.parametrize(
    ("entry", "size"),
    [
        ({"source_type": "image", "destination_type": "volume", "uuid": "cirros", "volume_size": 5}, 5),
        ({"source_type": "volume", "destination_type": "volume", "uuid": "v1", "volume_size": 9}, 4),
        ({"source_type": "volume", "destination_type": "volume", "uuid": "data"}, 7),
        ({"source_type": "snapshot", "destination_type": "volume", "uuid": "s1"}, 3),
        ({"source_type": "snapshot", "destination_type": "volume", "uuid": "s1", "volume_size": "8"}, 8),
        ({"source_type": "blank", "destination_type": "volume", "volume_size": 2}, 2),
        ({"source_type": "blank", "destination_type": "local", "guest_format": "swap", "volume_size": 100}, 100),
        ({"source_type": "blank", "destination_type": "local", "guest_format": "swap"}, 512),
        ({"source_type": "blank", "destination_type": "local"}, 10),
    ],
    ids=[
        "image-volume",
        "volume-size-wins",
        "volume-by-name",
        "snapshot-size",
        "snapshot-grown",
        "blank-volume",
        "swap",
        "swap-of-flavor",
        "ephemeral-of-flavor",
    ],
)
def test_source_and_destination(entry: dict[str, Any], size: int) -> None:
    answer = ask([ROOT, entry], flavor=FLAVOR, **TABLES)
    assert summary(answer)[1][4] == size


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"source_type": "image", "destination_type": "local", "uuid": "x"}, ("InvalidBDMFormat", "destination_type")),
        ({"source_type": "image", "destination_type": "volume", "uuid": "x"}, ("InvalidBDM", "volume_size")),
        ({"source_type": "blank", "destination_type": "volume"}, ("InvalidBDM", "volume_size")),
        ({"source_type": "blank", "destination_type": "local", "uuid": "x"}, ("InvalidBDMFormat", "uuid")),
        ({"source_type": "volume", "destination_type": "volume", "volume_id": "v1"}, ("InvalidBDMFormat", "uuid")),
        ({"source_type": "volume", "destination_type": "volume", "uuid": "v9"}, ("InvalidBDMVolume", "uuid")),
        ({"source_type": "snapshot", "destination_type": "volume", "uuid": "s9"}, ("InvalidBDMSnapshot", "uuid")),
        (
            {"source_type": "snapshot", "destination_type": "volume", "uuid": "s1", "volume_size": 2},
            ("InvalidBDM", "volume_size"),
        ),
        (
            {"source_type": "volume", "destination_type": "volume", "uuid": "v1", "volume_type": "fast"},
            ("InvalidBDMFormat", "volume_type"),
        ),
        ({"source_type": "blank", "destination_type": "local", "volume_type": "fast"}, ("InvalidBDMFormat", "volume_type")),
        ({"source_type": "tape", "destination_type": "volume", "uuid": "x"}, ("ValidationError", "source_type")),
        ({"destination_type": "volume", "uuid": "x"}, ("InvalidBDMFormat", "source_type")),
        ({"source_type": "blank", "destination_type": "", "volume_size": 1}, ("ValidationError", "destination_type")),
    ],
)
def test_wrong_entries_name_their_field(entry: dict[str, Any], problem: tuple[str, str]) -> None:
    code, key = problem
    assert found(ask([ROOT, entry], flavor=FLAVOR, max_local_block_devices=-1, **TABLES)) == [(code, field(1, key))]


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("volume_size", 2147483647, 2147483648),
        ("volume_size", "1", 0),
        ("volume_size", 1, 1.5),
        ("volume_size", 1, ""),
        ("boot_index", -1, "first"),
        ("boot_index", None, True),
        ("boot_index", "1", 1.5),
        ("boot_index", 1.0, "1.0"),
        ("boot_index", "1\n", "1\n\n"),
        ("device_name", "v" * 255, "v" * 256),
        ("device_name", "/dev/vdz", "/dev/v z"),
        ("device_name", "vdz", 123),
        ("delete_on_termination", "True", "oops"),
        ("tag", "t" * 60, "t" * 61),
        ("tag", "ok", "a,b"),
        ("disk_bus", "scsi", "pci"),
        ("device_type", "lun", "tape"),
        ("guest_format", "swap" * 60, "s" * 256),
    ],
)
def test_limits_of_a_field(key: str, good: object, bad: object) -> None:
    entry = {"source_type": "blank", "destination_type": "volume", "volume_size": 1, "disk_bus": "scsi"}
    assert found(ask([ROOT, {**entry, key: good}])) == []
    assert [where for _, where in found(ask([ROOT, {**entry, key: bad}]))] == [field(1, key)]


def test_swap_of_size_zero_leaves_the_flavors_swap_its_name() -> None:
    swap = {"source_type": "blank", "destination_type": "local", "guest_format": "swap"}
    image = with_properties(bdm_v2=True, block_device_mapping=[{**swap, "volume_size": 0}])
    entry = {"source_type": "blank", "destination_type": "volume", "volume_size": 1}
    names = [device["device_name"] for device in ask([ROOT, entry], image=image, flavor=FLAVOR).value["block_device_mapping"]]
    assert names == ["/dev/vda", "/dev/vdd", None, "/dev/vdb"]


@pytest.mark.parametrize("key", ["speed", "encrypted", "virtual_name", "id"])
def test_fields_that_no_request_has(key: str) -> None:
    answer = ask([{**ROOT, key: "x"}])
    assert [where for _, where in found(answer)] == [field(0, key)]


def test_all_problems_in_one_answer() -> None:
    answer = ask(
        [
            {**ROOT, "boot_index": 1, "colour": "red", "tag": ""},
            {"source_type": "volume", "destination_type": "volume", "uuid": "v9", "boot_index": 1, "disk_bus": "pci"},
            {"source_type": "blank", "destination_type": "local", "volume_size": 99},
            "text",
        ],
        flavor=FLAVOR,
        **TABLES,
    )
    assert found(answer) == [
        ("InvalidBDMEphemeralSize", field()),
        ("HTTPBadRequest", field()),
        ("InvalidBDMFormat", field(0, "colour")),
        ("InvalidBDMFormat", field(0, "destination_type")),
        ("ValidationError", field(0, "tag")),
        ("InvalidBDMDiskBus", field(1, "disk_bus")),
        ("InvalidBDMVolume", field(1, "uuid")),
        ("InvalidBDMFormat", field(3)),
    ]


@pytest.mark.parametrize(
    ("indexes", "ok"),
    [
        ([0], True),
        ([0, 1, 2], True),
        ([2, 0, 1], True),
        ([0, -1, None, -7], True),
        ([1], False),
        ([0, 2], False),
        ([0, 0], False),
    ],
    ids=str,
)
def test_boot_sequence(indexes: list[int | None], ok: bool) -> None:
    entries = [
        {"source_type": "blank", "destination_type": "volume", "volume_size": 1, "boot_index": index} for index in indexes
    ]
    assert found(ask(entries)) == ([] if ok else [("InvalidBDMBootSequence", field())])


EPHEMERAL = {"source_type": "blank", "destination_type": "local"}
SWAP = {**EPHEMERAL, "guest_format": "swap"}


@pytest.mark.parametrize(
    ("entries", "codes"),
    [
        ([{**EPHEMERAL, "volume_size": 10}], []),
        ([{**EPHEMERAL, "volume_size": 11}], ["InvalidBDMEphemeralSize"]),
        ([{**EPHEMERAL, "volume_size": 4}, {**EPHEMERAL, "volume_size": 6}], ["InvalidBDMLocalsLimit"]),
        ([EPHEMERAL, EPHEMERAL], ["InvalidBDMEphemeralSize", "InvalidBDMLocalsLimit"]),
        ([{**SWAP, "volume_size": 512}], []),
        ([{**SWAP, "volume_size": 513}], ["InvalidBDMSwapSize"]),
        ([SWAP, SWAP], ["InvalidBDMLocalsLimit", "InvalidBDMFormat"]),
        ([{**EPHEMERAL, "guest_format": "vfat"}], ["InvalidBDMFormat"]),
        ([{**EPHEMERAL, "guest_format": "xfs"}], []),
    ],
    ids=[
        "ephemeral-full",
        "ephemeral-over",
        "two-ephemerals-and-swap",
        "two-unsized",
        "swap-full",
        "swap-over",
        "two-swaps",
        "format-unknown",
        "format-known",
    ],
)
def test_sizes_and_counts_of_local_disks(entries: list[dict[str, Any]], codes: list[str]) -> None:
    assert [code for code, _ in found(ask([ROOT, *entries], flavor=FLAVOR))] == codes


@pytest.mark.parametrize(("limit", "ok"), [(3, True), (2, False), (0, False), (-1, True)])
def test_local_limit_counts_what_the_flavor_adds(limit: int, ok: bool) -> None:
    assert ask(None, flavor=FLAVOR, max_local_block_devices=limit).ok is ok


def test_local_limit_of_zero_allows_a_boot_volume() -> None:
    assert ask([BOOT_VOLUME], image=None, max_local_block_devices=0, **TABLES).ok


@pytest.mark.parametrize(
    ("volume", "code"),
    [
        ({"size": 1, "status": "available"}, None),
        ({"size": 1, "status": "in-use"}, "InvalidVolume"),
        ({"size": 1, "status": "in-use", "multiattach": True}, None),
        ({"size": 1, "status": "error", "multiattach": True}, "InvalidVolume"),
    ],
)
def test_volume_must_be_available(volume: dict[str, Any], code: str | None) -> None:
    answer = ask([BOOT_VOLUME], image=None, volumes={"v1": volume})
    assert found(answer) == ([(code, field(0, "uuid"))] if code else [])


def test_same_volume_twice() -> None:
    again = {**BOOT_VOLUME, "boot_index": None}
    assert found(ask([BOOT_VOLUME, again], image=None)) == [("InvalidVolume", field(1, "uuid"))]
    shared = {"v1": {"size": 1, "multiattach": True}}
    assert ask([BOOT_VOLUME, again], image=None, volumes=shared).ok


def test_existing_volume_goes_to_one_server() -> None:
    assert found(ask([BOOT_VOLUME], image=None, max_count=2)) == [("InvalidRequest", field(0, "uuid"))]
    snapshot = {**BOOT_VOLUME, "source_type": "snapshot"}
    assert ask([snapshot], image=None, max_count=2).ok


def test_volume_must_not_take_the_assumed_root_name() -> None:
    entry = {"source_type": "blank", "destination_type": "volume", "volume_size": 1, "device_name": "/dev/vda"}
    assert found(ask([ROOT, entry])) == [("InvalidRequest", field(1, "device_name"))]
    named_by_image = ask([ROOT, entry], image=with_properties(root_device_name="vda"))
    assert named_by_image.ok  # as in Nova, which compares the image's name with its /dev/ in front
    assert summary(named_by_image)[1][3] == "/dev/vdb"


def test_names_that_libvirt_overrides_are_said_to_be_without_effect() -> None:
    entry = {**BOOT_VOLUME, "boot_index": None, "device_name": "/dev/vdz"}
    answer = ask([ROOT, entry])
    assert [line["field"] for line in answer.no_effect] == [field(1, "device_name")]
    assert answer.value["block_device_mapping"][1]["device_name"] == "/dev/vdb"


def test_root_keeps_its_name() -> None:
    answer = ask([{**BOOT_VOLUME, "device_name": "sdq"}], image=None)
    assert answer.value["root_device_name"] == answer.value["block_device_mapping"][0]["device_name"] == "/dev/sdq"
    assert answer.no_effect == ()


@pytest.mark.parametrize(
    ("entry", "where"),
    [
        ({"source_type": "volume", "destination_type": "local", "uuid": "v1"}, "destination_type"),
        ({"source_type": "volume", "uuid": "v1"}, "destination_type"),
        ({"source_type": "blank", "destination_type": "volume", "volume_size": 1, "disk_bus": "xen"}, "disk_bus"),
        ({"source_type": "blank", "destination_type": "volume", "volume_size": 1, "device_type": "fs"}, "device_type"),
        ({"source_type": "blank", "destination_type": "volume", "volume_size": 1, "connection_info": "{}"}, "connection_info"),
    ],
)
def test_what_nova_takes_and_leaves_out(entry: dict[str, Any], where: str) -> None:
    answer = ask([ROOT, entry])
    assert answer.ok
    assert [line["field"] for line in answer.no_effect] == [field(1, where)]


def test_undriven_boot_device_is_refused() -> None:
    entry = {"source_type": "volume", "destination_type": "local", "uuid": "v1", "boot_index": 0}
    assert found(ask([entry], image=None)) == [("InvalidBDM", field(0, "destination_type"))]


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        (["vda=v1"], [("volume", 0, None, False)]),
        (["vda=s1:snap"], [("snapshot", 0, None, False)]),
        (["vda=s1:snapshot:20:true"], [("snapshot", 0, 20, True)]),
        (["vda=v1:::1", "vdb=v2:vol"], [("volume", 0, None, True), ("volume", -1, None, False)]),
        ({"vda": "s1:snap:3", "/dev/vdb": "v2"}, [("snapshot", 0, 3, False), ("volume", -1, None, False)]),
    ],
)
def test_legacy_text(mapping: object, expected: list[tuple[Any, ...]]) -> None:
    answer = ask(mapping, image=None)
    assert answer.ok, answer.problems
    keys = ("source_type", "boot_index", "volume_size", "delete_on_termination")
    got = [tuple(device[key] for key in keys) for device in answer.value["block_device_mapping"]]  # type: ignore[literal-required]
    assert got == expected


@pytest.mark.parametrize(
    "text", ["", "vdb=", "vdb=:vol", "vdb=a:b:1:0:x", "vdb=a:image", "vdb=a::ten", "vdb=a:::maybe", "vdb=a::0"]
)
def test_broken_legacy_text(text: str) -> None:
    answer = ask([text])
    assert found(answer) == [("InvalidBDMFormat", field(0))]


@pytest.mark.parametrize(
    ("entries", "image", "expected"),
    [
        ([{"device_name": "vdb", "volume_id": "v1"}], IMAGE, [("image", 0), ("volume", -1)]),
        ([{"device_name": "/dev/vda", "volume_id": "v1"}], IMAGE, [("volume", 0)]),
        ([{"device_name": "/dev/vda", "volume_id": "v1"}], None, [("volume", 0)]),
        ([{"device_name": "vdb", "virtual_name": "ephemeral0"}], IMAGE, [("image", 0), ("blank", -1)]),
        ([{"device_name": "vdb", "no_device": True}], IMAGE, [("image", 0), (None, None)]),
        ([{"device_name": "vda", "snapshot_id": "s1", "volume_id": "v1"}], None, [("snapshot", 0)]),
    ],
)
def test_legacy_root(entries: list[dict[str, Any]], image: Any, expected: list[tuple[str | None, int | None]]) -> None:
    answer = ask(entries, image=image, flavor={"ephemeral": 1, "swap": 0})
    devices = answer.value["block_device_mapping"][: len(expected)]
    assert [(device["source_type"], device["boot_index"]) for device in devices] == expected


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"device_name": "vdb", "virtual_name": "ephemeral01"}, ("InvalidBDMFormat", "")),
        ({"device_name": "vdb", "virtual_name": "root"}, ("InvalidBDMFormat", "")),
        ({"device_name": "vdb", "volume_id": "v1", "boot": 1}, ("ValidationError", "boot")),
        ({"device_name": "v b", "volume_id": "v1"}, ("ValidationError", "device_name")),
        ({"device_name": "vdb", "volume_id": "v1", "volume_size": "big"}, ("ValidationError", "volume_size")),
    ],
)
def test_broken_legacy_entries(entry: dict[str, Any], problem: tuple[str, str]) -> None:
    code, key = problem
    assert found(ask([entry], format="v1")) == [(code, field(0, *([key] if key else [])))]


EC2_IDS = {"snap-0000000a": "s1", "vol-0000000b": "v1"}


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"device_name": "vdb", "ebs": {"snapshot_id": "snap-a"}}, ("snapshot", "s1", True, 3)),
        (
            {"device_name": "vdb", "ebs": {"snapshot_id": "vol-0000000b", "delete_on_termination": False}},
            ("volume", "v1", False, 4),
        ),
        ({"DeviceName": "vdb", "Ebs": {"SnapshotId": "snap-0000000A", "VolumeSize": 9}}, ("snapshot", "s1", True, 9)),
        ({"device_name": "vdb", "virtual_name": "swap"}, ("blank", None, True, 512)),
        ({"device_name": "vdb", "ebs": {"no_device": True}}, (None, None, False, None)),
        ({"device_name": "vdb", "virtual_name": "NoDevice"}, (None, None, False, None)),
    ],
)
def test_ec2(entry: dict[str, Any], expected: tuple[Any, ...]) -> None:
    answer = ask([entry], format="ec2", ec2_ids=EC2_IDS, flavor={"ephemeral": 0, "swap": 512}, **TABLES)
    assert answer.ok, answer.problems
    device = answer.value["block_device_mapping"][1]
    identity = device["snapshot_id"] or device["volume_id"]
    assert (device["source_type"], identity, device["delete_on_termination"], device["volume_size"]) == expected


@pytest.mark.parametrize(
    ("ebs", "code", "key"),
    [
        ({"snapshot_id": "snap-99"}, "SnapshotNotFound", "ebs.snapshot_id"),
        ({"snapshot_id": "vol-99"}, "VolumeNotFound", "ebs.snapshot_id"),
        ({"snapshot_id": "snap-zz"}, "InvalidEc2Id", "ebs.snapshot_id"),
        ({"snapshot_id": "snap-a", "volume_size": 0}, "ValidationError", "ebs.volume_size"),
        ({"snapshot_id": "snap-a", "iops": 100}, "ValidationError", "ebs.iops"),
        ("text", "InvalidBDMFormat", "ebs"),
    ],
)
def test_broken_ec2(ebs: object, code: str, key: str) -> None:
    answer = ask([{"device_name": "vdb", "ebs": ebs}], ec2_ids=EC2_IDS)
    assert found(answer) == [(code, field(0, key))]


@pytest.mark.parametrize(
    ("mapping", "form"),
    [
        ([BOOT_VOLUME], "v2"),
        (["vda=v1"], "v1"),
        ([{"device_name": "vda", "volume_id": "v1"}], "v1"),
        ([{"device_name": "vda", "ebs": {"snapshot_id": "vol-b"}}], "ec2"),
    ],
)
def test_the_form_is_told_from_the_list(mapping: list[Any], form: str) -> None:
    told = ask(mapping, image=None, ec2_ids=EC2_IDS)
    assert told.ok, told.problems
    assert told == ask(mapping, image=None, ec2_ids=EC2_IDS, format=form)


def test_unknown_format() -> None:
    assert found(ask([ROOT], format="v3")) == [("ValidationError", "format")]


def test_image_defined_devices_are_merged_in_order() -> None:
    image = with_properties(
        root_device_name="/dev/sda1",
        mappings=[
            {"virtual": "ami", "device": "sda1"},
            {"virtual": "swap", "device": "sdb"},
            {"virtual": "ephemeral0", "device": "sdc"},
        ],
        block_device_mapping=[
            {"device_name": "/dev/sdc", "snapshot_id": "s1"},
            {"device_name": "/dev/sdd", "volume_id": "v1"},
        ],
    )
    entries = [ROOT, {"no_device": True, "device_name": "sdd"}]
    answer = ask(entries, image=image, flavor=FLAVOR, **TABLES)
    assert summary(answer) == [
        ("image", "local", 0, "/dev/sda1", None),
        (None, None, None, "/dev/sdd", None),
        ("snapshot", "volume", -1, "/dev/vdc", 3),
        ("blank", "local", -1, "/dev/vdb", 512),
        ("blank", "local", -1, "/dev/vda", 10),
    ]


@pytest.mark.parametrize("as_text", [False, True], ids=["list", "json-text"])
def test_image_defined_root_replaces_the_image_entry(as_text: bool) -> None:
    devices: Any = [{"source_type": "snapshot", "destination_type": "volume", "snapshot_id": "s1", "boot_index": "0"}]
    image = with_properties(bdm_v2=True, block_device_mapping=json.dumps(devices) if as_text else devices)
    for mapping in ([ROOT], None):
        assert summary(ask(mapping, image=image, **TABLES)) == [("snapshot", "volume", 0, "/dev/vda", 3)]


def test_problems_of_the_image_are_found_in_the_image() -> None:
    image = with_properties(
        bdm_v2=True,
        block_device_mapping=[{"source_type": "snapshot", "destination_type": "volume", "snapshot_id": "s9", "boot_index": 0}],
        mappings="text",
    )
    answer = ask(None, image=image, field="servers[3].block_device_mapping", **TABLES)
    assert found(answer) == [
        ("InvalidBDMSnapshot", "servers[3].image.properties.block_device_mapping[0].snapshot_id"),
        ("InvalidBDMFormat", "servers[3].image.properties.mappings"),
    ]


def test_cdrom_waits_for_a_known_machine() -> None:
    iso = {**IMAGE, "disk_format": "iso"}
    unknown = ask(None, image=iso)
    assert (unknown.value["root_device_name"], unknown.value["block_device_mapping"][0]["disk_bus"]) == (None, None)
    known = ask(None, image=iso, machine_type="q35")
    assert (known.value["root_device_name"], known.value["block_device_mapping"][0]["disk_bus"]) == ("/dev/sda", "sata")


@pytest.mark.parametrize(
    "mapping",
    [
        None,
        [ROOT, {**BOOT_VOLUME, "boot_index": 1, "tag": "data"}, SWAP, {"no_device": True, "device_name": "sdx"}],
        [
            ROOT,
            {"source_type": "volume", "uuid": "v1"},
            {"source_type": "snapshot", "destination_type": "volume", "uuid": "s1"},
        ],
        [{"device_name": "vdb", "virtual_name": "swap"}, {"device_name": "vdc", "snapshot_id": "s1", "volume_id": "v2"}],
    ],
    ids=["none", "v2", "v2-undriven", "legacy"],
)
def test_an_answer_comes_in_again_and_stays(mapping: object) -> None:
    first = ask(mapping, flavor=FLAVOR, **TABLES)
    assert first.ok, first.problems
    again = ask(json.loads(json.dumps(first.value["block_device_mapping"])), flavor=FLAVOR, **TABLES)
    assert again.ok, again.problems
    assert again.value == first.value


def test_a_spoilt_answer_is_checked_again() -> None:
    devices = copy.deepcopy(ask(None, flavor=FLAVOR).value["block_device_mapping"])
    devices[0]["boot_index"] = 3
    devices[1]["volume_size"] = 1000
    devices[2]["disk_bus"] = "pci"
    assert found(ask(devices, flavor=FLAVOR)) == [
        ("InvalidBDMBootSequence", field()),
        ("InvalidBDMEphemeralSize", field()),
        ("InvalidBDMFormat", field(0, "destination_type")),
        ("InvalidBDMDiskBus", field(2, "disk_bus")),
    ]


def test_same_answer_twice_and_input_untouched() -> None:
    mapping = [{**ROOT, "x": 1, "boot_index": 5}, {"device_name": "a b"}, 7]
    before = copy.deepcopy(mapping)
    assert ask(mapping) == ask(mapping)
    assert mapping == before


KEYS = st.sampled_from(
    [
        "source_type",
        "destination_type",
        "uuid",
        "boot_index",
        "device_name",
        "volume_size",
        "guest_format",
        "delete_on_termination",
        "disk_bus",
        "device_type",
        "no_device",
        "tag",
        "volume_type",
        "image_id",
        "volume_id",
        "snapshot_id",
        "virtual_name",
        "ebs",
        "connection_info",
        "junk",
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(
        ["image", "volume", "snapshot", "blank", "local", "swap", "ephemeral0", "vda", "/dev/vdb", "snap-a", "0", 0]
    )
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6), max_leaves=12
)


@given(
    mapping=JSON | st.lists(st.dictionaries(KEYS, SCALARS, max_size=6), max_size=4),
    format=st.sampled_from(["auto", "v2", "v1", "ec2"]),
    image=st.none() | st.just(IMAGE),
    properties=st.dictionaries(
        st.sampled_from(["block_device_mapping", "mappings", "bdm_v2", "root_device_name", "hw_disk_bus"]), JSON, max_size=4
    ),
)
@settings(max_examples=200)
def test_anything_json_like_gets_an_answer(mapping: Any, format: str, image: Any, properties: dict[str, Any]) -> None:
    image = image and {**image, "properties": properties}
    answer = ask(mapping, format=format, image=image, flavor=FLAVOR, ec2_ids=EC2_IDS, **TABLES)
    assert all(problem.field and problem.message for problem in answer.problems)
    if answer.ok:
        again = ask(answer.value["block_device_mapping"], image=image, flavor=FLAVOR, **TABLES)
        assert again.value["block_device_mapping"] == answer.value["block_device_mapping"]
