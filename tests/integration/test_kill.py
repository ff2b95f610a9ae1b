# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever kills a run, and whenever: the same task again finishes, deleting removes, nothing runs twice, nothing is left."""

from __future__ import annotations

import hashlib
import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pycdlib
import pytest

from ansible_collections.kilonova.compute.plugins.module_utils._libvirt import base_image, storage
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.image import ensure_image

from .world import MIB, World, request, server_task

pytestmark = pytest.mark.lab

STEPS = ("define", "volumes", "half-drive", "drive", "start", "mark", "wait")
TRANSIENT_STEPS = (*STEPS[:5], "undefine", *STEPS[5:])
DELETING = ("removal.destroy#1", "removal.remove_volumes#1", "ended.delete_volume#1", "ended.delete_volume#3")
DELETING_PERSISTENT = (*DELETING, "removal.undefine#1")
DELETING_TRANSIENT = (*DELETING, "ended.delete_ended_record#1")


def name_of(point: str) -> str:
    return "at-" + point.replace("#", "-").replace("_", "-")


def kill_all(world: World, points: tuple[str, ...], **options: Any) -> None:
    """One killed run for each point, each of a server of its own."""
    with ThreadPoolExecutor(max_workers=3) as pool:
        runs = [pool.submit(world.kill, point, name=name_of(point), **options) for point in points]
        for run in runs:
            run.result()


def assert_whole(world: World, points: tuple[str, ...], servers: list[dict[str, Any]], before: dict[str, list[str]]) -> None:
    """Every server is there once and paused, was started once, and has exactly the volumes that it says."""
    assert [server["name"] for server in servers] == [name_of(point) for point in points]
    assert {server["power_state"] for server in servers} == {"paused"}
    assert {server["status"] for server in servers} == {"PAUSED"}
    assert {point: world.starts(name_of(point)) for point in points} == dict.fromkeys(points, 1)
    volumes = {f"{volume['pool']}/{volume['name']}" for server in servers for volume in server["volumes"]}
    held = set(world.holdings()["volumes"]) - set(before["volumes"])
    records = {name for name in held if name.endswith("_server.json")}
    assert held - records == volumes
    assert len(volumes) == 3 * len(points)
    assert [drive_name(world, server) for server in servers] == [server["name"] for server in servers]


def drive_name(world: World, server: dict[str, Any]) -> str:
    """What the config drive on the host calls the server: half a drive could not be read."""
    iso, content = pycdlib.PyCdlib(), io.BytesIO()
    iso.open(str(world.volume_file(server, "disk.config")))
    iso.get_file_from_iso_fp(content, rr_path="/openstack/latest/meta_data.json")
    iso.close()
    name: str = json.loads(content.getvalue())["name"]
    return name


@pytest.mark.parametrize(("persistent", "points"), [(True, STEPS), (False, TRANSIENT_STEPS)], ids=["persistent", "transient"])
def test_killed_while_building(world: World, persistent: bool, points: tuple[str, ...]) -> None:
    before = world.holdings()
    wish: dict[str, Any] = {"state": "paused", "persistent": persistent}
    kill_all(world, points, **wish)
    requests = [request(name=name_of(point)) for point in points]
    finished = world.server(servers=requests, **wish)
    assert not finished.get("failed"), finished["msg"]
    unfinished = [name_of(point) for point in points if point != "wait"]  # all was done but the wait
    assert [server["name"] for server in finished["servers"] if server["changed"]] == unfinished
    assert_whole(world, points, finished["servers"], before)
    again = world.server(servers=requests, **wish)
    assert not again["changed"]
    assert [server["drift"] for server in again["servers"]] == [[]] * len(points)
    world.server(state="absent", servers=[{"name": name_of(point)} for point in points])
    assert world.holdings() == before


@pytest.mark.parametrize(("persistent", "points"), [(True, STEPS), (False, TRANSIENT_STEPS)], ids=["persistent", "transient"])
def test_killed_while_building_then_deleted(world: World, persistent: bool, points: tuple[str, ...]) -> None:
    before = world.holdings()
    kill_all(world, points, state="paused", persistent=persistent)
    wishes = [{"name": name_of(point)} for point in points]
    gone = world.server(state="absent", servers=wishes)
    assert not gone.get("failed"), gone["msg"]
    assert [server["changed"] for server in gone["servers"]] == [point != "define" for point in points]
    assert world.holdings() == before
    assert not world.server(state="absent", servers=wishes)["changed"]


@pytest.mark.parametrize(
    ("persistent", "points"), [(True, DELETING_PERSISTENT), (False, DELETING_TRANSIENT)], ids=["persistent", "transient"]
)
def test_killed_while_deleting(world: World, persistent: bool, points: tuple[str, ...]) -> None:
    """Deleting again finishes; so does booting again, with a new server."""
    before = world.holdings()
    requests = [request(name=name_of(point)) for point in points]
    for follow_up in ("absent", "paused"):
        booted = world.server(servers=requests, state="paused", persistent=persistent)
        assert not booted.get("failed"), booted["msg"]
        kill_all(world, points, state="absent")
        if follow_up == "paused":
            again = world.server(servers=requests, state="paused", persistent=persistent)
            assert not again.get("failed"), again["msg"]
            assert {server["power_state"] for server in again["servers"]} == {"paused"}
        gone = world.server(state="absent", servers=[{"name": name_of(point)} for point in points])
        assert not gone.get("failed"), gone["msg"]
        assert world.holdings() == before


def test_ansible_killed_with_its_module(world: World) -> None:
    """The same through ansible-playbook: finished by the same playbook, which then changes nothing."""
    world.kill("start", name="web", state="paused")
    task = server_task(name="web", state="paused")
    played = world.play(task, task, server_task(name="web", state="absent"))
    assert played.code == 0, played.output
    assert [result["changed"] for result in played.results] == [True, False, True]
    assert played.results[0]["servers"][0]["id"] == played.results[1]["servers"][0]["id"]
    assert world.starts("web") == 1


def test_half_an_image_is_never_used(world: World, tmp_path: Path) -> None:
    """A killed transfer leaves content without its record; the next run replaces it."""
    image = tmp_path / "whole.raw"
    image.write_bytes(b"whole" + bytes(MIB))
    sha256 = hashlib.sha256(image.read_bytes()).hexdigest()
    before = world.holdings()
    params = {"name": "whole", "path": str(image), "pool": "default", "checksum": None, "disk_format": "raw"}
    with world.connected() as connection:
        pool = storage.open_pool(connection, "default")
        half = storage.create_volume(pool, {"name": base_image.content_name(sha256), "capacity": 4, "format": "raw"})
        storage.upload(connection, half, io.BytesIO(b"half"), 4)
        assert sha256 not in [base["sha256"] for base in base_image.list_bases(connection, pool)]
        stored = ensure_image(connection, params, check_mode=False)
        assert stored["changed"]
        assert world.host.path(stored["image"]["path"]).read_bytes() == image.read_bytes()
        assert not ensure_image(connection, params, check_mode=False)["changed"]
        for name in storage.volume_names(pool):
            if sha256 in name:
                storage.delete_volume(pool, name)
    assert world.holdings() == before
