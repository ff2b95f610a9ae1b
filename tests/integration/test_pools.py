# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools that are not directories of files: a real Ceph, real units of iSCSI, a file system that shares blocks."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.module_utils._libvirt import base_copy, volume_making, volume_place
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt import storage as storage_calls
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.image_removal import remove_image
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.spawn import spawn
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import identity
from tests.lab.process import tool
from tests.lab.storage import Ceph, iscsi_pool_xml, start_iscsi, start_xfs_pool

from .test_attach import act, wait_for_console
from .test_volumes import device, known, refused, volume
from .world import CATALOGUES, GIB, HOST_OPTIONS, PATIENCE_S, READY, Guest, World

pytestmark = pytest.mark.lab

# What a guest says whenever its third disk comes, changes its size or goes.
WATCH = """#!/bin/sh
(last=; while sleep 0.2; do now=$(cat /sys/block/vdc/size 2>/dev/null); [ "$now" = "$last" ] || echo "THIRD ${now:-gone}"
last=$now; done) > /dev/console &
"""


@dataclass(frozen=True)
class Storage:
    ceph: Ceph
    units: list[Path]

    def images(self) -> set[str]:
        return set(self.ceph.run("rbd", "ls").split())

    def parent(self, name: str) -> str:
        """The image that this one is a thin copy of."""
        found: dict[str, Any] = json.loads(self.ceph.run("rbd", "info", "--format", "json", name))
        return str(found["parent"]["image"])


@pytest.fixture(scope="module")
def storage(prepared: World) -> Iterator[Storage]:
    """The pools `ceph` and `san` on the host, and an image of the pool `default` that only these tests use."""
    host = prepared.host
    ceph = Ceph(host)
    ceph.start()
    units = start_iscsi(host, [GIB, 2 * GIB])
    for name, xml in (("ceph", ceph.pool_xml), ("san", iscsi_pool_xml(host))):
        host.virsh("pool-define", "/dev/stdin", input=xml)
        host.virsh("pool-start", name)
    yield Storage(ceph, units)
    for name in ("ceph", "san"):
        host.virsh("pool-destroy", name)
        host.virsh("pool-undefine", name)


@pytest.fixture
def pooled(storage: Storage, world: World, tmp_path: Path) -> Iterator[str]:
    """An image of its own content, which goes again with everything that was made of it."""
    file = tmp_path / "pooled.qcow2"
    tool("qemu-img", "convert", "-O", "qcow2", str(world.image), str(file))
    options = {"name": "pooled", "pool": "ceph"}
    played = world.play({"kilonova.compute.image": options | {"src": str(file)}})
    assert played.only["image"]["pool"] == "default", played.output
    before = storage.images()
    yield "pooled"
    gone = world.play({"kilonova.compute.image": options | {"state": "absent"}})
    assert gone.code == 0, gone.output
    assert storage.images() == before


def images(name: str) -> dict[str, Any]:
    return CATALOGUES["images"] | {name: {"src": "any.qcow2"}}


def test_servers_in_ceph(storage: Storage, world: World, pooled: str) -> None:
    """Two at once over one copy of the image; a volume comes, grows while they run, goes; nothing stays but that copy."""
    before = storage.images()
    foreign = f"base_{'0' * 64}.ffffffff"
    storage.ceph.run("rbd", "create", "--size", "1M", foreign)
    flavor = {"vcpus": 1, "ram": 128, "disk": 1, "swap": 64}
    wish = {
        "name": "web", "min_count": 2, "max_count": 2, "image": pooled, "pool": "ceph", "flavor": "swapping",
        "images": images(pooled), "flavors": {"swapping": flavor}, "user_data": WATCH,
    }  # fmt: skip
    steps = []

    def watched(plan: dict[str, Any]) -> list[dict[str, Any]]:
        with world.connected() as connection:
            return spawn(connection, plan, on_step=lambda _server, step: steps.append(step))

    answer = world.server(**wish, wait_for="console", console_pattern=READY, spawner=watched)
    assert not answer.get("failed"), answer["msg"]
    assert [step for step in steps if step.endswith("of 64 MiB copied")]
    servers = answer["servers"]
    (copy,) = {name for name in storage.images() - before if name.startswith("base_") and not name.endswith(".whole")} - {
        foreign
    }
    for server in servers:
        disk = world.guest(server).disk("vda")
        assert (disk["bytes"], disk["label"]) == (GIB, "TINYBOOT")
        assert world.guest(server).disk("vdb")["bytes"] == 64 << 20
        places = {entry["role"]: entry["pool"] for entry in server["volumes"]}
        assert places == {"disk": "ceph", "disk.swap": "ceph", "disk.config": "default", "console.log": "default"}
        assert storage.parent(f"{server['id']}_disk") == copy
    assert not world.server(**wish)["changed"]
    first, second = servers
    world.server(name=second["name"], state="absent")
    assert not {name for name in storage.images() if second["id"] in name}
    attach_grow_detach(world, first)
    world.server(name=first["name"], state="absent")
    assert storage.images() - before == {copy, copy + ".whole", foreign}
    storage.ceph.run("rbd", "rm", foreign)


def attach_grow_detach(world: World, server: dict[str, Any]) -> None:
    """A second volume of the server: vdc beside its swap."""
    options = {"name": "data", "pool": "ceph"}
    (made,) = world.play({"kilonova.compute.volume": options | {"size": 1}}).results
    assert (made["changed"], made["volume"]["size"], made["volume"]["format"]) == (True, 1, "raw")
    assert not volume(world, "data", size=1, pool="ceph")["changed"]
    assert act(world, "attach", "data", server=server["name"])
    wait_for_console(world, server, b"THIRD %d" % (GIB // 512))
    (seen,) = known(world)
    assert [(use["server"], use["device"]) for use in seen["attachments"]] == [(server["name"], "vdc")]
    assert "is in use by" in refused(world, "data", pool="ceph", state="absent")
    assert volume(world, "data", size=2, pool="ceph")["changed"]
    wait_for_console(world, server, b"THIRD %d" % (2 * GIB // 512))
    assert act(world, "detach", "data", server=server["name"])
    wait_for_console(world, server, b"THIRD gone")
    assert volume(world, "data", size=3, pool="ceph")["volume"]["bytes"] == 3 * GIB
    snapshot = volume(world, "monday", snapshot_of="data", pool="ceph")["volume"]
    assert (snapshot["kind"], snapshot["format"], snapshot["bytes"]) == ("snapshot", "raw", 3 * GIB)
    volume(world, "again", source_snapshot="monday", size=4, pool="ceph")
    assert "do thin copies stand on it?" in refused(world, "data", pool="ceph", state="absent")
    for name in ("again", "monday", "data"):
        assert volume(world, name, pool="ceph", state="absent")["changed"], name
    assert known(world) == []


def test_boots_from_volumes_in_ceph(storage: Storage, world: World, pooled: str) -> None:
    """Nova's own words find the pool. The root is made of the image; the copy that a killed run began is made anew."""
    before = storage.images()
    root = device("image", uuid=pooled, boot_index=0, volume_size=1, delete_on_termination=True)
    extra = device("blank", volume_size=2, delete_on_termination=True)
    options = {"libvirt": {"tb_cache_size": 32, "images_type": "rbd", "images_rbd_pool": "rbd"}}
    wish = {
        "name": "web", "image": None, "block_device_mapping": [root, extra], "images": images(pooled), "host_options": options,
    }  # fmt: skip
    world.kill("copying._await#1", **wish)
    half = storage.images() - before
    assert [name for name in half if name.startswith("base_")], half
    assert not [name for name in half if name.endswith(".whole")]
    server = world.booted(**wish, wait_for="console", console_pattern=READY)
    made = [entry["recorded_as"] for entry in server["volumes"] if entry["role"] == "volume"]
    names = {name: identity("volume", f"ceph/{name}") for name in made}
    seen = [(world.guest(server).disk(name)[key]) for name in ("vda", "vdb") for key in ("bytes", "serial")]
    assert seen == [value for name, size in zip(names, (GIB, 2 * GIB), strict=True) for value in (size, names[name][:20])]
    assert {entry["name"] for entry in known(world)} == set(names)
    world.server(name="web", state="absent")
    assert known(world) == []
    assert len(storage.images() - before) == 2


def taken_together(world: World, unit: str, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The answers of two runs that take one unit and come to its record at the same moment."""
    barrier = threading.Barrier(2)
    plain = volume_making.write_record

    def together(*given: Any) -> None:
        barrier.wait(PATIENCE_S)
        plain(*given)

    with monkeypatch.context() as patch, ThreadPoolExecutor(2) as pool:
        patch.setattr(volume_making, "write_record", together)
        return [run.result() for run in [pool.submit(volume, world, unit, pool="san", size=2) for _ in range(2)]]


def test_units_of_iscsi_are_taken(storage: Storage, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One filled with an image boots a server, another is attached to it; both outlive it, and are let go."""
    unit, spare = "unit:0:0:1", "unit:0:0:2"
    assert f"take one that is there (unit:0:0:0, {unit}, {spare}), not data" in refused(world, "data", pool="san", size=1)
    assert "cannot be changed to 7 GiB" in refused(world, unit, pool="san", size=7)
    assert "makes no snapshots" in refused(world, unit, pool="san", snapshot_of=spare)
    options = {"name": unit, "pool": "san", "source_image": "tiny"}
    tasks = [{"kilonova.compute.volume": options, "check_mode": check} for check in (True, False, False)]
    played = world.play(*tasks)
    assert [result["changed"] for result in played.results] == [True, True, False], played.output
    taken = played.results[2]["volume"]
    assert (taken["id"], taken["size"], taken["bootable"]) == (identity("volume", f"san/{unit}"), 1, True)
    assert "Images are identical" in tool("qemu-img", "compare", "-U", str(storage.units[0]), str(world.image)).stdout
    assert sorted(answer["changed"] for answer in taken_together(world, spare, monkeypatch)) == [False, True]
    refusal = world.server(name="web", pool="san", file_pool="default")
    assert [(problem["code"], problem["field"]) for problem in refusal["problems"]] == [("Invalid", "pool")]
    # Nova allows no colons in what a block device names: a unit goes by its id.
    root = device("volume", uuid=taken["id"], boot_index=0, delete_on_termination=True)
    wish = {"name": "web", "image": None, "block_device_mapping": [root], "user_data": WATCH.replace("vdc", "vdb")}
    server = world.booted(**wish, wait_for="console", console_pattern=READY)
    disk = world.guest(server).disk("vda")
    assert (disk["bytes"], disk["label"], disk["serial"]) == (GIB, "TINYBOOT", taken["id"][:20])
    assert act(world, "attach", spare)
    wait_for_console(world, server, b"THIRD %d" % (2 * GIB // 512))
    assert "cannot grow" in refused(world, spare, pool="san", size=3)
    assert "is in use by web (vdb)" in refused(world, spare, pool="san", state="absent")
    assert act(world, "detach", spare)
    (gone,) = world.server(name="web", state="absent")["servers"]
    assert gone["removed"]["kept"] == [f"san/{unit}"]
    assert [entry["name"] for entry in known(world)] == [unit, spare]
    for name in (unit, spare):
        assert volume(world, name, pool="san", state="absent")["changed"]
    assert storage.units[0].stat().st_size == GIB


@pytest.fixture
def xfs(world: World) -> Iterator[str]:
    """The folder of a pool `xfs`. The mount is the host's own: the machine does not see it."""
    path = "/var/lib/libvirt/xfs"
    start_xfs_pool(world.host, "xfs", path, 2 * GIB)
    yield path
    world.wipe()
    world.host.virsh("pool-destroy", "xfs")
    world.host.virsh("pool-undefine", "xfs")


def test_copies_on_xfs_share_their_blocks(world: World, xfs: str, tmp_path: Path) -> None:
    """A raw image of 64 MiB and four copies of it take the space of one; one of them boots."""
    file = tmp_path / "tiny.raw"
    tool("qemu-img", "convert", "-O", "raw", str(world.image), str(file))
    options = {"libvirt": {"tb_cache_size": 32, "images_type": "raw"}}
    catalogue = {"images": images("plain"), "host_options": options}

    def taken() -> int:
        """Bytes of the file system that are in use."""
        size, free, block = world.host.run(["stat", "-f", "-c", "%b %f %S", xfs]).stdout.split()
        return (int(size) - int(free)) * int(block)

    played = world.play({"kilonova.compute.image": {"name": "plain", "src": str(file), "pool": "xfs"}})
    assert played.only["changed"], played.output
    before = taken()
    for name in ("one", "two", "three"):
        assert volume(world, name, source_image="plain", pool="xfs")["volume"]["bytes"] == GIB
    server = world.booted(name="web", image="plain", pool="xfs", **catalogue, wait_for="console", console_pattern=READY)
    (log,) = [entry["path"] for entry in server["volumes"] if entry["role"] == "console.log"]
    assert Guest(world.host.run(["cat", log]).stdout.encode()).disk("vda")["label"] == "TINYBOOT"
    assert taken() - before < 8 << 20
    world.server(name="web", state="absent")


def be_another_host(patch: pytest.MonkeyPatch) -> None:
    """One that shares the pools. Names in them carry the host's uuid, and nothing else tells hosts apart there."""
    for module in (base_copy, volume_place):
        patch.setattr(module, "host_uuid", lambda _connection: "ffffffff-0000-4000-8000-000000000000")


def test_hosts_that_share_ceph_do_not_meet(
    storage: Storage, world: World, pooled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another host has a volume of the same name, and has filled the image in already: that copy serves us too."""
    before = storage.images()
    with monkeypatch.context() as patch:
        be_another_host(patch)
        theirs = volume(world, "theirs", source_image=pooled, pool="ceph", size=1)["volume"]
        # The record of a host whose pool of files is not ours.
        assert volume(world, "data", size=2, pool="ceph")["changed"]
        with world.connected() as connection:
            storage_calls.delete_volume(connection.storagePoolLookupByName("default"), "volume.data@ceph.json")
    assert theirs["volume"] == "volume.theirs.raw.ffffffff"
    assert volume(world, "data", size=1, pool="ceph")["changed"]
    volume(world, "ours", source_image=pooled, pool="ceph")
    (copy,) = {name for name in storage.images() - before if name.startswith("base_") and not name.endswith(".whole")}
    assert copy.endswith(".ffffffff")
    assert {storage.parent(known_as["volume"]) for known_as in known(world) if known_as["name"] != "data"} == {copy}
    for name in ("data", "ours"):
        assert volume(world, name, pool="ceph", state="absent")["changed"]
    assert {"volume.data.raw.ffffffff", "volume.theirs.raw.ffffffff"} < storage.images()
    with monkeypatch.context() as patch, world.connected() as connection:
        be_another_host(patch)
        assert volume(world, "theirs", pool="ceph", state="absent")["changed"]
        assert volume(world, "data", pool="ceph", state="absent")["changed"]
        remove_image(connection, {"name": pooled, "pool": "default"}, check_mode=False)
    assert storage.images() == before


def test_the_roles_keep_disks_in_ceph(storage: Storage, world: World, pooled: str, tmp_path: Path) -> None:
    """kilonova_pool alone says so: the image stays in the pool `default`, and the disk is a copy in Ceph."""
    before = storage.images()
    variables = {
        "kilonova_uri": world.uri, "kilonova_pool": "ceph", "kilonova_flavors": CATALOGUES["flavors"],
        "kilonova_images": {pooled: {"src": str(tmp_path / "pooled.qcow2")}}, "kilonova_host_options": HOST_OPTIONS,
        "boot_name": "web", "boot_flavor": "tiny", "boot_image": pooled, "boot_state": "stopped",
    }  # fmt: skip
    role = {"ansible.builtin.include_role": {"name": "kilonova.compute.boot"}}
    played = world.play(role, **variables)
    assert played.code == 0, played.output
    (disk,) = [name for name in storage.images() - before if name.endswith("_disk")]
    assert storage.parent(disk).startswith("base_")
    world.server(name="web", state="absent")
