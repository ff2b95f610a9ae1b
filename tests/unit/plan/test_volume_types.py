# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes made for a server by their types: what the domain says of them, and what is refused before anything is made."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from ansible_collections.kilonova.compute.plugins.module_utils._volume_name import secret_id
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.contract import ContractError
from tests.unit.guest.values import GIB, pool

from .test_domain_xml import facts, show

LUKS = {"provider": "luks", "cipher": "aes-xts-plain64", "key_size": 256}
TYPES = {
    "fast": {"pool": "ssd", "format": "qcow2"},
    "safe": {"encryption": {"provider": "luks"}},
    "away": {"pool": "nowhere"},
    "block": {"pool": "lvm", "encryption": {}, "preallocate": True, "format": "qcow2"},
}
SNAPSHOT = {
    "kind": "snapshot", "name": "monday", "id": "0b5f4b83-1f1d-4a2b-8f3e-000000000002", "pool": "default", "file_pool": None,
    "volume": "volume.monday.qcow2", "path": "/pool/volume.monday.qcow2", "format": "qcow2", "size": 1, "bytes": GIB,
    "image": None, "volume_id": None, "attachments": [], "volume_type": "safe", "encryption": LUKS | {"secret": "s"},
}  # fmt: skip


def host() -> Any:
    found = facts(volumes=[SNAPSHOT])
    found["pools"] = [pool(), pool(name="ssd", path="/ssd"), pool(name="lvm", type="logical", path="/dev/vg")]
    return found


def disks(*devices: dict[str, Any]) -> list[tuple[str, str, list[str]]]:
    """(pool, volume without the server, keys) of each volume that the domain has."""
    entries = [
        {"source_type": "blank", "destination_type": "volume", "boot_index": -1, "volume_size": 1} | one for one in devices
    ]
    root = {"source_type": "image", "destination_type": "local", "boot_index": 0, "uuid": "tiny"}
    [domain] = show({"name": "web", "block_device_mapping": [root, *entries]}, host=host(), volume_types=TYPES)["domains"]
    found = []
    for disk in etree.fromstring(domain["xml"]).xpath("devices/disk[source/@volume]"):
        [source] = disk.xpath("source")
        keys = [str(key) for key in disk.xpath("encryption[@format='luks']/secret[@type='passphrase']/@uuid")]
        assert keys in ([], [secret_id(source.get("pool"), source.get("volume"))])
        found.append((source.get("pool"), source.get("volume").replace(domain["uuid"], "UUID"), keys))
    return found


def test_a_type_decides_pool_format_and_encryption() -> None:
    """A snapshot without a type has that of its volume (rules BDM-22), and what is encrypted stays so."""
    found = disks(
        {"volume_type": "fast"}, {"volume_type": "safe"}, {}, {"source_type": "snapshot", "uuid": SNAPSHOT["id"]},
        {"source_type": "image", "uuid": "tiny", "volume_type": "fast"},
    )  # fmt: skip
    assert sorted((where, name, len(keys)) for where, name, keys in found) == [
        ("default", "volume.UUID-vol2.raw", 1),
        ("default", "volume.UUID-vol3.raw", 0),
        ("default", "volume.UUID-vol4.raw", 1),
        ("ssd", "volume.UUID-vol1.qcow2", 0),
        ("ssd", "volume.UUID-vol5.qcow2", 0),
    ]


def test_a_volume_that_is_made_stays_what_it_is() -> None:
    """Its type has come to mean another pool and format since."""
    entry = {"source_type": "blank", "destination_type": "volume", "boot_index": -1, "volume_size": 1, "volume_type": "fast"}
    root = {"source_type": "image", "destination_type": "local", "boot_index": 0, "uuid": "tiny"}
    wish = {"name": "web", "block_device_mapping": [root, entry]}
    [new] = show(wish, host=host(), volume_types=TYPES)["domains"]
    name = f"{new['uuid']}-vol1"
    made = SNAPSHOT | {"kind": "volume", "name": name, "volume": f"volume.{name}.raw", "format": "raw", "encryption": None}
    known = host() | {"volumes": [made]}
    [again] = show(wish, host=known, volume_types=TYPES)["domains"]
    sources = [etree.fromstring(domain["xml"]).xpath("string(devices/disk/source/@pool)") for domain in (new, again)]
    assert sources == ["ssd", "default"]
    assert f'volume="volume.{name}.raw"' in again["xml"]


@pytest.mark.parametrize(
    ("device", "codes"),
    [
        ({"volume_type": "slow"}, ["VolumeTypeNotFound"]),
        ({"volume_type": "away"}, ["StoragePoolNotFound"]),
        ({"volume_type": "block"}, ["NotBuilt"] * 3),
        ({"volume_type": "fast", "source_type": "snapshot", "uuid": SNAPSHOT["id"]}, ["Invalid"]),
    ],
)
def test_what_a_type_cannot_mean(device: dict[str, Any], codes: list[str]) -> None:
    with pytest.raises(ContractError) as caught:
        disks(device)
    assert [problem["code"] for problem in caught.value.problems] == codes
    assert {problem["field"] for problem in caught.value.problems} == {"servers[0].block_device_mapping[1].volume_type"}
