# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools that are not directories of files: a real Ceph, real units of iSCSI, a file system that shares blocks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.lab.process import tool
from tests.lab.storage import Ceph, iscsi_pool_xml, start_iscsi

from .test_attach import act, wait_for_console
from .test_volumes import known, refused, volume
from .world import CATALOGUES, GIB, READY, World

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
    assert gone.only["changed"], gone.output
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
    answer = world.server(**wish, wait_for="console", console_pattern=READY)
    assert not answer.get("failed"), answer["msg"]
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
