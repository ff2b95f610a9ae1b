# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot work is said in one clear message before anything is made."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from .play import Played
from .world import GIB, MIB, World, server_task

pytestmark = pytest.mark.lab

IMAGE = "kilonova.compute.image"


def assert_one_message(played: Played, number: int = 0) -> dict[str, Any]:
    """The failed task's result: one message, shown to the user, and nothing that looks like a crash."""
    result = played.results[number]
    assert played.statuses[number] == "failed"
    assert result["msg"]
    assert not result["changed"] if "changed" in result else True
    assert "Traceback" not in played.output
    assert "defect of kilonova" not in played.output
    assert "exception" not in result
    return result


def only_problem(answer: dict[str, Any]) -> dict[str, Any]:
    assert answer["failed"]
    (problem,) = answer["problems"]
    assert problem["message"] in answer["msg"]
    found: dict[str, Any] = problem
    return found


def test_no_libvirt_binding(world: World, tmp_path: Path) -> None:
    python = tmp_path / "python3"
    python.write_text(f'#!/bin/sh\nexec {sys._base_executable} -S "$@"\n')  # type: ignore[attr-defined]
    python.chmod(0o755)
    played = world.play(server_task(name="web"), ansible_python_interpreter=str(python))
    result = assert_one_message(played)
    assert "libvirt's Python binding is missing for" in result["msg"]
    assert "python3-libvirt" in result["msg"]
    assert result["error"]["code"] == "HypervisorError"


@pytest.mark.parametrize(
    "uri", ["qemu+unix:///system?socket=/nowhere/libvirt-sock", "qemu+tcp://{address}:9/system", "nonsense:///"]
)
def test_no_connection(world: World, uri: str) -> None:
    uri = uri.format(address=world.host.address)
    played = world.play(server_task(name="web", uri=uri), {IMAGE: {"name": "tiny", "path": "/etc/hosts", "uri": uri}})
    for number in (0, 1):
        result = assert_one_message(played, number)
        assert f"could not connect to {uri}" in result["msg"]
        assert result["error"]["action"] == f"connect to {uri}"
        assert result["error"]["libvirt"]["symbol"].startswith("VIR_ERR_")


@contextmanager
def virsh_object(world: World, kind: str, xml: str, name: str) -> Iterator[None]:
    """A pool or network that is defined and not active."""
    world.host.virsh(f"{kind}-define", "/dev/stdin", input=xml)
    try:
        yield
    finally:
        world.host.virsh(f"{kind}-undefine", name)


def test_pools_that_cannot_be_used(world: World, lab: Any) -> None:
    missing = only_problem(world.server(name="web", pool="nowhere"))
    assert (missing["field"], missing["given"], missing["allowed"]) == ("pool", "nowhere", ["default"])
    xml = f"<pool type='dir'><name>idle</name><target><path>{lab.shared}</path></target></pool>"
    with virsh_object(world, "pool", xml, "idle"):
        idle = only_problem(world.server(name="web", pool="idle"))
        played = world.play(
            {IMAGE: {"name": "tiny", "src": str(world.image), "pool": "idle"}},
            {IMAGE: {"name": "tiny", "src": str(world.image), "pool": "nowhere"}},
        )
    assert "pool-start idle" in idle["message"]
    assert "the storage pool idle is not active" in assert_one_message(played, 0)["msg"]
    assert "there is no storage pool nowhere on this host (there are: default, idle)" in assert_one_message(played, 1)["msg"]


def test_networks_that_cannot_be_used(world: World) -> None:
    networks: dict[str, Any] = {"lost": {}, "idle": {}}
    missing = only_problem(world.server(name="web", network="lost", networks=networks))
    assert missing["code"] == "NetworkNotFound"
    assert missing["given"] == "lost"
    assert missing["field"] == "networks[0]"
    with virsh_object(world, "net", "<network><name>idle</name></network>", "idle"):
        idle = only_problem(world.server(name="web", network="idle", networks=networks))
    assert "net-start idle" in idle["message"]


def test_an_image_that_is_not_on_the_host(world: World) -> None:
    images = {"other": {"src": "other.qcow2"}}
    problem = only_problem(world.server(name="web", image="other", images=images))
    assert (problem["code"], problem["field"], problem["given"]) == ("ImageNotFound", "image", "other")


def test_all_problems_come_at_once_and_by_their_place(world: World) -> None:
    answer = world.server(
        servers=[
            {"name": "a", "flavor": "huge", "image": "tiny"},
            {"name": "b", "flavor": "tiny", "image": "none", "surprise": 1},
        ]
    )
    assert [problem["field"] for problem in answer["problems"]] == [
        "servers[0].flavor",
        "servers[1].image",
        "servers[1].surprise",
    ]
    assert answer["msg"].startswith("The request is refused, 3 problems:")


def qemu_img(*argv: str) -> None:
    subprocess.run(["qemu-img", *argv], check=True, capture_output=True)


def test_images_that_are_not_what_they_should_be(world: World, tmp_path: Path) -> None:
    raw, overlay, lying = tmp_path / "disk.raw", tmp_path / "overlay.qcow2", tmp_path / "lying.raw"
    raw.write_bytes(bytes(MIB))
    qemu_img("create", "-q", "-f", "qcow2", "-b", str(raw), "-F", "raw", str(overlay))
    qemu_img("create", "-q", "-f", "qcow2", str(lying), "1M")
    wrong = "sha256:" + hashlib.sha256(b"something else").hexdigest()
    wishes: list[tuple[dict[str, Any], str]] = [
        ({"src": str(tmp_path / "none.qcow2")}, "does not exist on the controller"),
        ({"path": str(tmp_path / "none.qcow2")}, "does not exist on this host"),
        ({"src": str(raw), "checksum": wrong}, wrong.removeprefix("sha256:")),
        ({"path": str(raw), "checksum": wrong}, wrong.removeprefix("sha256:")),
        ({"src": str(raw), "checksum": "sha256:short"}, "neither sha256:"),
        ({"src": str(lying), "disk_format": "raw"}, "is declared as raw, but its content is qcow2"),
        ({"src": str(raw), "disk_format": "qcow2"}, "is declared as qcow2, but its content is raw"),
        ({"src": str(overlay)}, "backing file"),
    ]
    played = world.play(*[{IMAGE: {"name": "odd"} | options} for options, _text in wishes])
    for number, (_options, text) in enumerate(wishes):
        result = assert_one_message(played, number)
        assert text in result["msg"], result["msg"]
        assert result["error"]["message"] == result["msg"]


def test_a_disk_smaller_than_its_image(world: World, tmp_path: Path) -> None:
    big = tmp_path / "big.qcow2"
    qemu_img("create", "-q", "-f", "qcow2", str(big), "2G")
    kept = world.holdings()["volumes"]
    images = {"big": {"src": str(big)}}
    assert world.play({IMAGE: {"name": "big", "src": str(big)}}).code == 0
    problem = only_problem(world.server(name="web", image="big", images=images))
    assert problem["code"] == "FlavorDiskSmallerThanImage"
    assert problem["given"] == GIB
    assert problem["allowed"] == {"minimum": 2 * GIB}
    fitting = world.booted(name="web", image="big", images=images, flavor="small", state="stopped")
    assert fitting["status"] == "SHUTOFF"
    world.server(name="web", state="absent")
    with world.connected() as connection:
        pool = connection.storagePoolLookupByName("default")
        for volume in pool.listAllVolumes():
            if f"default/{volume.name()}" not in kept:
                volume.delete()


def test_a_domain_that_is_not_ours(world: World) -> None:
    xml = "<domain type='qemu'><name>alien</name><memory>65536</memory><os><type arch='x86_64'>hvm</type></os></domain>"
    world.host.virsh("define", "/dev/stdin", input=xml)
    held = world.holdings()
    problem = only_problem(world.server(name="alien"))
    assert (problem["code"], problem["field"]) == ("InstanceExists", "name")
    assert "was not made by kilonova.compute" in problem["message"]
    gone = world.server(name="alien", state="absent")
    assert gone["failed"]
    assert not gone["changed"]
    assert "was not made by kilonova.compute and is left alone" in gone["msg"]
    assert world.holdings() == held
    world.host.virsh("undefine", "alien")


def test_absent_takes_a_name_and_nothing_else(world: World) -> None:
    answer = world.server(servers=[{"name": "a", "flavor": "tiny"}, {"flavour": "x"}], state="absent")
    assert [problem["field"] for problem in answer["problems"]] == [
        "servers[0].flavor",
        "servers[1].flavour",
        "servers[1].name",
    ]
