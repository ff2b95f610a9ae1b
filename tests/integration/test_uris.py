# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way to reach a host works the same: image, boot and delete through each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .play import Task
from .world import MIB, World, server_task

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
