# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way to reach a host works the same: image, boot and delete through each."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.storage import download, open_pool

from .play import Task
from .test_attach import act
from .test_images import image
from .test_images import remove as remove_image
from .test_volumes import remove, volume
from .world import GIB, MIB, World, server_task

pytestmark = pytest.mark.lab


def disk(folder: Path, name: str) -> str:
    """A raw image of its own content."""
    path = folder / f"{name}.raw"
    path.write_bytes(name.encode() + bytes(MIB))
    return str(path)


def life(image: str, src: str) -> list[Task]:
    """Image, server, and away with both: a server whose image came the same way."""
    images = {"images": {image: {"src": src}}}
    return [
        {"kilonova.compute.image": {"name": image, "src": src, "disk_format": "raw"}},
        {"kilonova.compute.image": {"name": image, "src": src, "disk_format": "raw"}},
        {name: value | images for name, value in server_task(name=f"from-{image}", image=image, state="paused").items()},
        {"kilonova.compute.server_info": {"name": f"from-{image}"}},
        server_task(name=f"from-{image}", state="absent"),
    ]


def with_uri(tasks: list[Task], uri: str) -> list[Task]:
    return [{name: value | {"uri": uri} for name, value in task.items()} for task in tasks]


def assert_life(results: list[dict[str, Any]], world: World) -> None:
    assert [bool(result["changed"]) for result in results] == [True, False, True, False, True]
    (booted,) = results[2]["servers"]
    (read,) = results[3]["servers"]
    assert booted["id"] == read["id"]
    assert read["power_state"] == "paused"
    assert read["host"] == world.host.name


def drop_images(world: World, kept: list[str]) -> None:
    with world.connected() as connection:
        pool = connection.storagePoolLookupByName("default")
        for volume in pool.listAllVolumes():
            if f"default/{volume.name()}" not in kept:
                volume.delete()


def test_every_uri(world: World, tmp_path: Path) -> None:
    kept = world.holdings()["volumes"]
    uris = {"unix": world.host.uri_unix, "tcp": world.host.uri_tcp, "tls": world.host.uri_tls, "ssh": world.host.uri_ssh}
    tasks = [task for name, uri in uris.items() for task in with_uri(life(name, disk(tmp_path, name)), uri)]
    played = world.play(*tasks)
    assert played.code == 0, played.output
    for number, _name in enumerate(uris):
        assert_life(played.results[number * 5 : number * 5 + 5], world)
    drop_images(world, kept)


def test_ansible_over_ssh_with_the_local_uri(world: World, lab: Any, tmp_path: Path) -> None:
    """The usual remote set-up: modules run on the host and talk to its own socket; the image travels there."""
    kept = world.holdings()["volumes"]
    played = world.play(*life("travelled", disk(tmp_path, "travelled")), **world.over_ssh(lab))
    assert played.code == 0, played.output
    assert_life(played.results, world)
    drop_images(world, kept)


@pytest.mark.parametrize("kind", ["tcp", "tls", "ssh"])
def test_storage_through_every_uri(world: World, tmp_path: Path, kind: str) -> None:
    """What is stored travels as a stream: import, copy, grow, snapshot, read back, delete; every byte is what was sent."""
    there = World(world.host, world.image)
    there.uri = getattr(world.host, f"uri_{kind}")
    before = there.holdings()
    content = random.Random(kind).randbytes(MIB) + bytes(3 * MIB) + random.Random(f"end {kind}").randbytes(MIB)
    source = tmp_path / "noise.raw"
    source.write_bytes(content)
    base = image(there, "noise", path=str(source))["image"]
    assert base["sha256"] == hashlib.sha256(content).hexdigest()
    made = volume(there, "data", source_image="noise", size=1)["volume"]
    assert volume(there, "data", size=2)["changed"]
    assert volume(there, "monday", snapshot_of="data")["volume"]["kind"] == "snapshot"
    again = volume(there, "again", source_snapshot="monday")["volume"]
    assert (made["bytes"], again["bytes"]) == (GIB, 2 * GIB)
    with there.connected() as connection:
        pool = open_pool(connection, "default")
        assert download(connection, pool.storageVolLookupByName(base["volume"])) == content
        assert download(connection, pool.storageVolLookupByName(again["volume"]), 0, len(content)) == content
    server = there.booted(name="web", state="paused", userdata=f"#!/bin/sh\necho {kind}\n")
    assert act(there, "attach", "data")
    assert [use["device"] for use in volume(there, "data")["volume"]["attachments"]] == ["vdb"]
    assert there.booted(name="web", state="paused")["id"] == server["id"]
    there.server(name="web", state="absent")
    remove(there, "again", "monday", "data")
    remove_image(there, "noise")
    assert there.holdings() == before
