# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What fails on the host is told in one message with what was being done, and leaves nothing that the run made."""

from __future__ import annotations

import io
import random
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import libvirt
import pytest

from ansible_collections.kilonova.compute.plugins.module_utils._errors import HypervisorError, KilonovaError
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt import image as image_module
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.storage import create_volume, open_pool, upload

from .daemon import restart
from .pools import own_pool
from .test_images import image, refused
from .test_volumes import volume
from .world import PATIENCE_S, World, request, server_task

pytestmark = pytest.mark.lab

ALIEN = "<domain type='qemu'><name>{}</name><memory>65536</memory><os><type arch='x86_64'>hvm</type></os></domain>"
NEVER: dict[str, Any] = {"wait_for": "console", "console_pattern": "this is never printed"}
REFUSED_BY_QEMU = {"vnc": {"server_listen": "192.0.2.1"}}  # no machine has this address


def only_error(answer: dict[str, Any]) -> dict[str, Any]:
    """The error of the only server of a failed task; the task's message tells it."""
    assert answer["failed"]
    assert not answer["changed"]
    (server,) = answer["servers"]
    assert server["status"] == "ERROR"
    error: dict[str, Any] = server["error"]
    assert error["message"] in answer["msg"]
    return error


@pytest.mark.parametrize(
    ("size", "action"), [("160k", "make the volume {id}_disk "), ("260k", "make the volume {id}_disk.config")]
)
def test_no_space_left(world: World, lab: Any, tmp_path: Path, size: str, action: str) -> None:
    """First for an image, then for a server: a disk takes 192 KiB, and a drive of about 145 kB beside it has no room."""
    little = tmp_path / "little.raw"
    little.write_bytes(bytes(4096))
    image = "kilonova.compute.image"
    images = {"little": {"src": str(little)}}
    with own_pool(world, lab.shared / "small", size=size):
        played = world.play(
            {image: {"name": "big", "src": str(world.image), "pool": "small"}},
            {image: {"name": "little", "src": str(little), "disk_format": "raw", "pool": "small"}},
        )
        assert played.statuses == ["failed", "ok"]
        assert "and the pool small has room for" in played.results[0]["msg"]
        assert "Traceback" not in played.output
        before = world.holdings()
        assert len([name for name in before["volumes"] if name.startswith("small/")]) == 2
        answer = world.server(name="web", image="little", images=images, pool="small")
        error = only_error(answer)
        assert "No space left on device" in error["message"]
        assert error["action"].startswith(action.format(id=answer["servers"][0]["id"]))
        assert world.holdings() == before


def test_a_full_disk_is_noticed_where_libvirt_says_nothing(world: World, lab: Any) -> None:
    """libvirt ends an upload well that it could not write to its end."""
    content = bytes(range(256)) * 400
    with own_pool(world, lab.shared / "small", size="64k"), world.connected() as connection:
        pool = open_pool(connection, "small")
        volume = create_volume(pool, {"name": "thin", "capacity": len(content), "format": "raw"})
        with pytest.raises(HypervisorError, match=r"could not fill the volume thin: .*(Is the pool full|No space left)"):
            upload(connection, volume, io.BytesIO(content), len(content))


def test_qemu_refuses_to_start(world: World) -> None:
    for persistent in (True, False):
        error = only_error(world.server(name="web", host_options=REFUSED_BY_QEMU, persistent=persistent))
        assert error["code"] == "VIR_ERR_INTERNAL_ERROR"
        assert error["libvirt"] == {"number": libvirt.VIR_ERR_INTERNAL_ERROR, "symbol": "VIR_ERR_INTERNAL_ERROR"}
        assert "Failed to bind socket" in error["message"]
        assert "Failed to bind socket" in error["logs"]["qemu"]
        assert "-device" not in error["logs"]["qemu"]
        assert error["domain"] == "web"
    played = world.play(server_task(name="web", host_options=REFUSED_BY_QEMU))
    assert played.statuses == ["failed"]
    assert "web: could not start the domain web" in played.only["msg"]
    assert "--- the end of its qemu log ---" in played.only["msg"]
    assert "Traceback" not in played.output


def test_an_existing_server_that_fails_to_start_stays(world: World) -> None:
    """It is not this run's to remove."""
    server = world.booted(name="web", state="stopped")
    drive = world.volume_file(server, "disk")
    content = drive.read_bytes()
    drive.write_bytes(b"no qcow2 at all" + bytes(1000))
    error = only_error(world.server(name="web", state="running"))
    assert error["action"] == "start the domain web"
    drive.write_bytes(content)
    assert world.booted(name="web", state="paused", **NEVER)["id"] == server["id"]  # a paused guest says nothing
    world.server(name="web", state="absent")


def test_the_console_never_says_it(world: World) -> None:
    for timeout in (8, 64, 512):  # until it has said anything
        answer = world.server(name="web", timeout=timeout, **NEVER)
        error = only_error(answer)
        assert error["outcome"] == "timeout"
        assert f"was not seen to print /this is never printed/ on its console within {timeout} s" in error["message"]
        if "console" in error["logs"]:
            break
    assert error["logs"]["console"].strip()
    assert "--- the end of its console log ---\n" in answer["msg"]


@pytest.mark.parametrize("persistent", [True, False], ids=["persistent", "transient"])
def test_the_guest_powers_itself_off(world: World, persistent: bool) -> None:
    answer = world.server(name="web", persistent=persistent, userdata="#!/bin/sh\nsync; poweroff -f\n", **NEVER)
    error = only_error(answer)
    assert error["outcome"] == ("shutoff" if persistent else "vanished")
    assert "KILONOVA-GUEST" in error["logs"]["console"]
    assert "KILONOVA-GUEST" in answer["msg"]


def destroy_when_it_runs(world: World, name: str) -> None:
    """Somebody with virsh, as soon as the domain is waited for."""
    with world.connected() as connection:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            for domain in connection.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE):
                if domain.name() == name and "state='active'" in domain.XMLDesc().replace('"', "'"):
                    domain.undefine()
                    domain.destroy()
                    return
            time.sleep(0.05)


def test_the_guest_is_removed_by_somebody_else(world: World) -> None:
    vandal = threading.Thread(target=destroy_when_it_runs, args=(world, "web"))
    vandal.start()
    error = only_error(world.server(name="web", **NEVER))
    vandal.join()
    assert error["outcome"] == "vanished"
    assert "the server web is gone" in error["message"]


def stale_facts(world: World) -> dict[str, Any]:
    facts: dict[str, Any] = world.play({"kilonova.compute.hypervisor_info": {}}).only["hypervisor"]
    return facts


@contextmanager
def alien(world: World, name: str) -> Iterator[None]:
    world.host.virsh("define", "/dev/stdin", input=ALIEN.format(name))
    try:
        yield
    finally:
        world.host.virsh("undefine", name)


def test_a_name_that_was_taken_meanwhile(world: World) -> None:
    facts = stale_facts(world)
    with alien(world, "web"):
        before = world.holdings()
        error = only_error(world.server(name="web", hypervisor=facts))
        assert "the name web was taken meanwhile by the domain" in error["message"]
        assert error["code"] == "VIR_ERR_OPERATION_FAILED"
        assert world.holdings() == before


def test_one_of_many_fails(world: World) -> None:
    """Above the minimum the others stay and the task warns; below it what this run made goes again, and the task fails."""
    facts = stale_facts(world)
    count: dict[str, Any] = {"name": "many", "max_count": 3, "state": "paused", "hypervisor": facts}
    other = {"name": "other", "flavor": "tiny", "image": "tiny"}
    with alien(world, "many-2"):
        before = world.holdings()
        kept = world.server(min_count=2, **count)
        assert not kept.get("failed")
        assert [server["status"] for server in kept["servers"]] == ["PAUSED", "ERROR", "PAUSED"]
        assert any("many-2" in warning for warning in kept["warnings"])
        world.server(state="absent", servers=[{"name": "many-1"}, {"name": "many-3"}])
        assert world.holdings() == before
        bulk = [request(name="many", min_count=3, max_count=3), other]
        lost = world.server(servers=bulk, state="paused", hypervisor=facts)
        assert lost["failed"]
        assert [server["status"] for server in lost["servers"]] == ["ERROR", "ERROR", "ERROR", "PAUSED"]
        assert "its request got 2 of at least 3 servers" in lost["servers"][0]["error"]["message"]
        assert lost["changed"]  # the other request's server stays
        world.server(state="absent", name="other")
        assert world.holdings() == before


def test_the_same_request_twice_at_the_same_time(world: World) -> None:
    """One server, started once, whoever is quicker; who is slower has it too or says so, and breaks nothing."""
    before = world.holdings()
    for persistent in (True, False):
        name = f"twice-{persistent}"
        for _round in range(3):
            with ThreadPoolExecutor(2) as pool:
                wish: dict[str, Any] = {"name": name, "state": "paused", "persistent": persistent}
                answers = [run.result() for run in [pool.submit(world.server, **wish) for _ in range(2)]]
            assert any(not answer.get("failed") for answer in answers), answers
            for answer in answers:
                assert not answer.get("failed") or "another run was quicker" in answer["msg"], answer
            settled = world.server(**wish)
            assert not settled["changed"]
            assert settled["servers"][0]["status"] == "PAUSED"
            assert world.starts(name) == 1
            world.server(name=name, state="absent")
            world.host.path(f"/var/log/libvirt/qemu/{name}.log").unlink()
    assert world.holdings() == before


def test_a_pool_that_fills_up_meanwhile(world: World, lab: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else takes the room while an image is written, a volume is copied, and a server's raw disk is: nothing half
    stays, each says it once, and what was there before works on."""
    noise = random.Random(1).randbytes(2 << 20)
    fits, large, too_large = tmp_path / "fits.raw", tmp_path / "large.raw", tmp_path / "large.qcow2"
    fits.write_bytes(noise)
    large.write_bytes(noise[::-1] * 2)
    subprocess.run(["qemu-img", "convert", "-O", "qcow2", large, too_large], check=True)
    with own_pool(world, lab.shared / "small", size="3m") as pool:
        image(world, "fits", path=str(fits), pool=pool)
        monkeypatch.setattr(image_module, "_room", lambda _connection, _pool: 1 << 40)
        assert "No space left on device" in refused(world, name="large", path=str(too_large), pool=pool)
        before = world.holdings()
        with pytest.raises(KilonovaError, match=r"could not copy the volume base_.*No space left on device"):
            volume(world, "data", source_image="fits", pool=pool)
        assert world.holdings() == before
        wish: dict[str, Any] = {"name": "web", "image": "fits", "images": {"fits": {"src": "fits.raw"}}, "pool": pool}
        error = only_error(world.server(**wish, host_options={"libvirt": {"images_type": "raw"}}))
        assert "No space left on device" in error["message"]
        assert world.holdings() == before
        world.booted(**wish, config_drive=False, state="paused")
        world.server(name="web", state="absent")
        assert world.holdings() == before


def test_a_pool_that_fills_up_while_an_image_with_holes_is_sent(
    world: World, lab: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its room is not taken first. libvirt 10.0 and 11.3 do not survive that, and end a moment later: each is started anew, and
    the same works when there is room."""
    source = tmp_path / "large.raw"
    source.write_bytes(random.Random(1).randbytes(4 << 20) + bytes(1 << 20))
    with own_pool(world, lab.shared / "small", size="3m") as pool:
        monkeypatch.setattr(image_module, "_room", lambda _connection, _pool: 1 << 40)
        with pytest.raises(KilonovaError, match="could not fill the volume base_"):
            image(world, "large", path=str(source), pool=pool)
        restart(world)
        world.host.run(["mount", "-o", "remount,size=9m", str(lab.shared / pool)])
        assert image(world, "large", path=str(source), pool=pool)["changed"]
        assert not image(world, "large", path=str(source), pool=pool)["changed"]


def test_two_boots_race_on_one_image(world: World) -> None:
    """Copies of one base are made side by side by two runs: libvirt's pool is busy for each of them, and both wait."""
    before = world.holdings()
    wish: dict[str, Any] = {"state": "paused", "host_options": {"libvirt": {"images_type": "raw"}}}
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(world.server, name=name, max_count=2, **wish) for name in ("one", "two")]
        answers = [run.result() for run in runs]
    for answer in answers:
        assert [server["status"] for server in answer["servers"]] == ["PAUSED"] * 2, answer.get("msg")
    disks = [world.volume_file(server, "disk") for answer in answers for server in answer["servers"]]
    argvs = [["qemu-img", "compare", "-U", "-f", "qcow2", "-F", "raw", world.image, disk] for disk in disks]
    assert [subprocess.run(argv, check=False, capture_output=True).returncode for argv in argvs] == [0] * 4
    for name in ("one", "two"):
        world.server(state="absent", servers=[{"name": f"{name}-{number}"} for number in (1, 2)])
    assert world.holdings() == before
