# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images from everywhere: fetched, resumed, unpacked, checked, refused, kept once, taken away."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import random
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.kilonova.compute.plugins.module_utils import _fetch
from ansible_collections.kilonova.compute.plugins.module_utils._argspec import image_spec
from ansible_collections.kilonova.compute.plugins.module_utils._errors import KilonovaError
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.base_image import content_name
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.image import ensure_image
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.image_removal import (
    prune_images,
    read_images,
    remove_image,
)
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.storage import create_volume

from .pools import own_pool
from .web import serve
from .world import READY, World

pytestmark = pytest.mark.lab

WORK = {"present": ensure_image, "absent": remove_image, "pruned": prune_images}
RAW = b"\xeb\x3c\x90 a small disk".ljust(3 * 1024 * 1024, b"\0") + b"its end".ljust(1024 * 1024, b"\0")


def image(world: World, name: str | None = "it", *, check: bool = False, **options: Any) -> dict[str, Any]:
    """What the module image does on the host, in this process."""
    validated = ArgumentSpecValidator(image_spec()).validate({"name": name} | options if name else options)
    assert not validated.error_messages, validated.error_messages
    params = validated.validated_parameters
    with world.connected() as connection:
        found: dict[str, Any] = WORK[params["state"]](connection, params, check_mode=check)
    return found


def refused(world: World, **options: Any) -> str:
    before = world.holdings()
    with pytest.raises(KilonovaError) as caught:
        image(world, **options)
    assert world.holdings() == before
    return caught.value.message


def remove(world: World, name: str = "it", **options: Any) -> None:
    assert image(world, name, state="absent", **options)["changed"]


def sha256(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another attempt at once."""
    monkeypatch.setattr(_fetch.fetch, "__kwdefaults__", _fetch.fetch.__kwdefaults__ | {"sleep": lambda _seconds: None})


def test_a_broken_download_is_resumed(world: World) -> None:
    """Three breaks and a busy server later the image is there, and every byte was sent once."""
    with serve(disk=RAW) as web:
        web.breaks, web.break_after, web.errors = 3, len(RAW) // 5, [503]
        found = image(world, url=f"{web.url}/disk")
        assert found["image"]["sha256"] == sha256(RAW)[7:]
        assert web.sent == len(RAW)
        assert [request.split()[2] for request in web.requests[2:]] == [f"bytes={n * (len(RAW) // 5)}-" for n in (1, 2, 3)]
        asked = len(web.requests)
        assert not image(world, url=f"{web.url}/disk")["changed"]
        assert not image(world, url=f"{web.url}/disk", check=True)["changed"]
        assert (web.sent, len(web.requests)) == (len(RAW), asked + 2)
        web.files["/disk"] = RAW[::-1]
        assert image(world, url=f"{web.url}/disk", check=True)["changed"]
        assert image(world, url=f"{web.url}/disk")["changed"]
    assert len(image(world, state="absent")["removed"]) == 2


def test_a_download_that_never_ends_leaves_nothing(world: World) -> None:
    with serve(disk=RAW) as web:
        web.breaks, web.break_after = 100, 1
        assert f"{web.url}/disk cannot be fetched" in refused(world, url=f"{web.url}/disk")
        assert "the server answers 404" in refused(world, url=f"{web.url}/nowhere")
    assert "only http and https can" in refused(world, url="file:///etc/shadow")


def zstd(content: bytes) -> bytes:
    return subprocess.run(["zstd", "-cq"], input=content, check=True, capture_output=True).stdout


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstd], ids=["gz", "bz2", "xz", "zst"])
def test_packed_images_are_unpacked_once(world: World, pack: Callable[[bytes], bytes]) -> None:
    packed = pack(RAW)
    with serve(disk=packed) as web:
        found = image(world, url=f"{web.url}/disk", checksum=sha256(packed), disk_format="raw")
        assert found["image"]["sha256"] == sha256(RAW)[7:]
        sent = web.sent
        assert not image(world, url=f"{web.url}/disk", checksum=sha256(packed))["changed"]
        assert web.sent == sent
        web.files["/disk"] = packed[: len(packed) // 2]
        assert "file is damaged" in refused(world, name="half", url=f"{web.url}/disk")
    remove(world)


def test_checksums_from_a_file_of_the_distribution(world: World) -> None:
    good = hashlib.sha512(RAW).hexdigest()
    with serve(disk=RAW, SUMS=f"{'0' * 128}  ./other\n{good} *pool/disk\n".encode()) as web:
        assert image(world, url=f"{web.url}/disk", checksum=f"{web.url}/SUMS")["changed"]
        assert not image(world, url=f"{web.url}/disk", checksum=f"{web.url}/SUMS")["changed"]
        web.files["/SUMS"] = f"SHA512 (disk) = {'0' * 128}\n".encode()
        assert f"declared sha512:{'0' * 128}, found sha512:{good}" in refused(
            world, name="lie", url=f"{web.url}/disk", checksum=f"{web.url}/SUMS"
        )
        assert "say nothing of gone" in refused(world, url=f"{web.url}/gone", checksum=f"{web.url}/SUMS")
    remove(world)


def test_what_is_refused(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk, overlay = tmp_path / "disk", tmp_path / "overlay"
    disk.write_bytes(RAW)
    argv = ["qemu-img", "create", "-q", "-f", "qcow2", "-b", disk, "-F", "raw", overlay]
    subprocess.run(argv, check=True)
    vmdk = tmp_path / "vmdk"
    vmdk.write_bytes(b"KDMV".ljust(4096, b"\0"))
    assert "declared as qcow2, but its content is raw" in refused(world, path=str(disk), disk_format="qcow2")
    assert "it has a backing file" in refused(world, path=str(overlay))
    assert "is vmdk: only qcow2, raw, iso are built yet" in refused(world, path=str(vmdk))
    assert "does not fit" in refused(world, path=str(disk), checksum="sha256:" + "0" * 64)
    assert "does not exist on this host" in refused(world, path=str(tmp_path / "nowhere"))
    packed = tmp_path / "packed"
    packed.write_bytes(zstd(RAW))
    monkeypatch.setattr(shutil, "which", lambda _program: None)
    if sys.version_info < (3, 14):
        assert "install the package zstd, or unpack it first" in refused(world, path=str(packed))


def test_a_full_pool_keeps_nothing_half(world: World, lab: Any, tmp_path: Path) -> None:
    disk, packed = tmp_path / "disk", tmp_path / "disk.gz"
    disk.write_bytes(RAW)
    packed.write_bytes(gzip.compress(RAW))
    with own_pool(world, lab.shared / "small", size="2m") as pool:
        assert f"has {len(RAW)} bytes, and the pool small has room for 2097152" in refused(world, path=str(disk), pool=pool)
        assert "unpacks to more than 2097152 bytes" in refused(world, path=str(packed), pool=pool)


def test_what_a_killed_transfer_left_takes_no_room_from_the_next(world: World, lab: Any, tmp_path: Path) -> None:
    noise = tmp_path / "noise"
    noise.write_bytes(random.Random(3).randbytes(4 << 20))
    with own_pool(world, lab.shared / "small", size="6m") as pool:
        with world.connected() as connection:
            name = content_name(hashlib.sha256(noise.read_bytes()).hexdigest())
            half = {"name": name, "capacity": 4 << 20, "format": "raw", "sparse": False}
            create_volume(connection.storagePoolLookupByName(pool), half)
        assert image(world, path=str(noise), pool=pool)["changed"]
        remove(world, pool=pool)


def test_a_full_temporary_folder_is_one_message(world: World, tmp_path: Path) -> None:
    """What is fetched or unpacked is kept there before it is checked: files of this process end at 1 MiB meanwhile."""
    packed = gzip.compress(random.Random(2).randbytes(2 << 20) + bytes(64 << 10))
    path = tmp_path / "packed"
    path.write_bytes(packed)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with serve(disk=RAW) as web:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
        try:
            assert f"{web.url}/disk cannot be kept in the temporary folder: File too large" in refused(
                world, url=f"{web.url}/disk"
            )
            assert "the image it cannot be unpacked in the temporary folder" in refused(world, name="it", path=str(path))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert len([line for line in web.requests if line.startswith("GET")]) == 1


def test_properties_travel_and_change(world: World, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(RAW)
    wish: dict[str, Any] = {"path": str(disk), "properties": {"os_type": "linux"}, "min_disk": 1}
    assert image(world, **wish)["image"]["properties"] == {"os_type": "linux"}
    assert not image(world, **wish)["changed"]
    changed = image(world, **wish | {"properties": {"os_type": "windows"}})
    assert (changed["changed"], changed["image"]["min_disk"]) == (True, 1)
    with world.connected() as connection:
        (listed,) = read_images(connection, {"name": "it"})
    assert (listed["properties"], listed["users"]) == ({"os_type": "windows"}, [])
    remove(world)


def test_a_base_that_servers_need_is_neither_deleted_nor_pruned(world: World, tmp_path: Path) -> None:
    """Pruning notes what is unused, waits, and takes away nothing that anything stands on."""
    disk = tmp_path / "disk"
    disk.write_bytes(RAW)
    image(world, path=str(disk))
    world.booted(name="web", state="stopped")
    assert "is needed by default/" in refused(world, name="tiny", state="absent")
    first = image(world, None, state="pruned", unused_for=3600)
    assert (first["changed"], first["removed"], [entry["name"] for entry in first["unused"]]) == (False, [], ["it"])
    foretold = image(world, None, state="pruned", unused_for=0, check=True)
    assert [entry["name"] for entry in foretold["removed"]] == ["it"]
    pruned = image(world, None, state="pruned", unused_for=0)
    assert (pruned["changed"], [entry["name"] for entry in pruned["removed"]]) == (True, ["it"])
    assert not image(world, None, state="pruned", unused_for=0)["changed"]
    world.server(name="web", state="absent")


def test_a_server_boots_a_kernel_of_its_own(world: World) -> None:
    """Kernel and ramdisk are images too; the server gets copies, which go with it (guest DSK-07, OS-11). Here the request names
    the kernel, as EC2's may, and the image the rest."""
    folder = world.image.parent
    before = world.holdings()
    tasks = [
        {"kilonova.compute.image": {"name": "vmlinuz", "src": str(folder / "vmlinuz"), "disk_format": "aki"}},
        {"kilonova.compute.image": {"name": "initrd", "src": str(folder / "initrd.gz"), "disk_format": "ari"}},
    ]
    played = world.play(*tasks)
    assert played.code == 0, played.output
    with_base = world.holdings()
    properties = {"kernel_id": "vmlinuz", "ramdisk_id": "initrd", "os_command_line": "console=ttyS0 told=by-nova"}
    images: dict[str, Any] = {
        "tiny": {"src": "tiny.qcow2", "properties": properties},
        "vmlinuz": {"src": "vmlinuz", "disk_format": "aki", "container_format": "aki"},
        "initrd": {"src": "initrd.gz", "disk_format": "ari", "container_format": "ari"},
    }
    missing = images | {"nowhere": images["vmlinuz"]}
    missing["tiny"] = {"src": "tiny.qcow2", "properties": properties | {"kernel_id": "nowhere"}}
    (problem,) = world.server(name="web", images=missing)["problems"]
    assert (problem["code"], problem["field"]) == ("ImageNotFound", "image.properties.kernel_id")
    images["tiny"]["properties"] = properties | {"kernel_id": "initrd"}
    request = {"display_name": "web", "image_id": "tiny", "instance_type": "tiny", "kernel_id": "vmlinuz"}
    server = world.booted(ec2_request=request, images=images, wait_for="console", console_pattern=READY)
    assert "told=by-nova" in world.guest(server).one("kernel")["cmdline"]
    world.server(name="web", state="absent")
    assert world.holdings() == with_base
    remove(world, "vmlinuz")
    remove(world, "initrd")
    assert world.holdings() == before


def test_the_controller_fetches_for_a_host_without_a_way_out(world: World) -> None:
    """Through ansible-playbook over ssh; the second time nothing is fetched."""
    content = gzip.compress(RAW)
    with serve(disk=content) as web:
        task = {
            "kilonova.compute.image": {
                "name": "it", "url": f"{web.url}/disk", "fetch_on": "controller", "checksum": sha256(content),
            }
        }  # fmt: skip
        played = world.play(task, task)
        assert played.code == 0, played.output
        assert [result["changed"] for result in played.results] == [True, False]
        assert web.sent == len(content)
    remove(world)


def test_two_runs_bring_one_image(world: World, tmp_path: Path) -> None:
    """Its holes, more than libvirt 10.0 can have in one stream, take no space."""
    disk = tmp_path / "disk"
    disk.write_bytes(RAW * 4)
    with ThreadPoolExecutor(max_workers=2) as pool:
        runs = [pool.submit(image, world, path=str(disk)) for _ in range(2)]
        answers = [run.result() for run in runs]
    assert {answer["image"]["sha256"] for answer in answers} == {sha256(RAW * 4)[7:]}
    assert sorted(answer["changed"] for answer in answers) == [False, True]
    with world.connected() as connection:
        (listed,) = read_images(connection, {"name": "it"})
    kept = world.host.path(listed["path"])
    assert kept.read_bytes() == RAW * 4
    assert kept.stat().st_blocks * 512 < len(RAW) * 2
    remove(world)


def test_a_boot_on_a_changed_or_vanished_base_is_refused(world: World, tmp_path: Path) -> None:
    """An overlay remembers its base's hash: a base that was only touched is read once more, one that changed is refused."""
    disk = tmp_path / "disk"
    disk.write_bytes(world.image.read_bytes() + b"\0" * 512)
    base = world.host.path(image(world, name="own", path=str(disk))["image"]["path"])
    wish: dict[str, Any] = {"name": "web", "image": "own", "images": {"own": {"src": "own.qcow2"}}}
    world.booted(**wish, state="stopped")
    content = base.read_bytes()
    base.touch()
    world.booted(**wish, state="paused", wait_for="console", console_pattern="a paused guest says nothing")
    world.booted(**wish, state="stopped")
    base.write_bytes(content[:-1] + b"\1")
    for options in (wish | {"state": "running"}, wish | {"name": "second"}):
        failed = world.server(**options)
        assert f"the base image default/{base.name} that its disk stands on has changed" in failed["msg"]
    base.unlink()
    gone = world.server(**wish | {"state": "running"})
    assert f"the base image default/{base.name} that its disk stands on is gone" in gone["msg"]
    base.write_bytes(content)
    base.chmod(0o644)
    world.booted(**wish, state="paused")
    world.server(name="web", state="absent")
    remove(world, "own")


def test_who_waits_is_told_how_far_it_is(world: World, lab: Any) -> None:
    """A slow transfer on the host, over ssh; the second half of the file comes later than a look. On a busy machine the module
    may begin after the first looks, and the next ones are farther apart."""
    with serve(world.host.claim.address(1), disk=RAW) as web:
        for web.pause_s in (6, 25, 60):
            played = world.play({"kilonova.compute.image": {"name": "it", "url": f"{web.url}/disk"}}, **world.over_ssh(lab))
            assert played.code == 0, played.output
            remove(world)
            if "target: the image it is being fetched" in played.stdout:
                break
        assert "target: the image it is being fetched: 2.0 MiB of 4.0 MiB (50%)" in played.stdout
