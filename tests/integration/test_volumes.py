# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes and snapshots: made, grown, copied, deleted, and given to servers."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.kilonova.compute.plugins.module_utils._argspec import volume_spec
from ansible_collections.kilonova.compute.plugins.module_utils._errors import KilonovaError
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt import volume_record
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.volume_task import read_volumes, volume_task
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import identity

from .world import GIB, READY, World

pytestmark = pytest.mark.lab


def volume(world: World, name: str, *, check: bool = False, **options: Any) -> dict[str, Any]:
    """What the module volume does on the host, in this process."""
    validated = ArgumentSpecValidator(volume_spec()).validate({"name": name} | options)
    assert not validated.error_messages, validated.error_messages
    with world.connected() as connection:
        found: dict[str, Any] = volume_task(connection, validated.validated_parameters, check_mode=check)
    return found


def refused(world: World, name: str, **options: Any) -> str:
    with pytest.raises(KilonovaError) as caught:
        volume(world, name, **options)
    return caught.value.message


def remove(world: World, *names: str) -> None:
    for name in names:
        assert volume(world, name, state="absent")["changed"], name


def info(world: World, path: str) -> dict[str, Any]:
    argv = ["qemu-img", "info", "-U", "--output=json", world.host.path(path)]
    found: dict[str, Any] = json.loads(subprocess.run(argv, check=True, capture_output=True).stdout)
    return found


def test_the_module_keeps_a_volume(world: World) -> None:
    """Made, the same again, grown, listed, gone; check mode foretells each."""
    wish = {"name": "data", "size": 1}
    tasks = [
        {"kilonova.compute.volume": wish, "check_mode": True},
        {"kilonova.compute.volume": wish},
        {"kilonova.compute.volume": wish},
        {"kilonova.compute.volume": wish | {"size": 2}, "check_mode": True},
        {"kilonova.compute.volume": wish | {"size": 2}},
        {"kilonova.compute.volume_info": {"name": "data"}},
        {"kilonova.compute.volume": {"name": "data", "state": "absent"}},
        {"kilonova.compute.volume": {"name": "data", "state": "absent"}},
    ]
    played = world.play(*tasks)
    assert played.code == 0, played.output
    assert [result["changed"] for result in played.results] == [True, True, False, True, True, False, True, False]
    assert {result["volume"]["id"] for result in played.results[:5]} == {identity("volume", "default/data")}
    (listed,) = played.results[5]["volumes"]
    assert (listed["bytes"], listed["size"], listed["status"], listed["format"]) == (2 * GIB, 2, "available", "raw")


def test_volumes_from_everything(world: World) -> None:
    """An image, a snapshot of the volume made of it, a volume of that, and a copy: each with the same content."""
    image = volume(world, "root", source_image="tiny")["volume"]
    assert (image["size"], image["bootable"], image["source"]["kind"]) == (1, True, "image")
    snapshot = volume(world, "root-monday", snapshot_of="root")["volume"]
    assert (snapshot["kind"], snapshot["format"], snapshot["volume_id"]) == ("snapshot", "qcow2", image["id"])
    volume(world, "test", source_snapshot="root-monday", size=2)
    copy = volume(world, "copy", source_volume="root", format="qcow2")["volume"]
    assert copy["bootable"]
    base = world.image
    for name, volume_format, size in (("root", "raw", GIB), ("test", "raw", 2 * GIB), ("copy", "qcow2", GIB)):
        path = world.host.path(volume_record.content_name(name, volume_format)).name
        with world.connected() as connection:
            (found,) = read_volumes(connection, {"name": name})
        assert found["path"].endswith(path)
        assert info(world, found["path"])["virtual-size"] == size
        argv = ["qemu-img", "compare", "-U", base, world.host.path(found["path"])]
        assert subprocess.run(argv, check=False, capture_output=True).returncode == 0, name
    assert not volume(world, "root-monday", snapshot_of="root")["changed"]
    remove(world, "copy", "test", "root-monday", "root")


def test_what_a_volume_refuses(world: World) -> None:
    before = world.holdings()
    assert "needs a size" in refused(world, "data")
    assert "the image nothing is not in the pool default (there are: tiny)" in refused(world, "data", source_image="nothing")
    assert "cannot be a volume's name" in refused(world, "../data", size=1)
    volume(world, "data", size=2)
    assert f"has {2 * GIB} bytes and is never made smaller, to {GIB}" in refused(world, "data", size=1)
    assert "is raw, not qcow2" in refused(world, "data", format="qcow2")
    assert f"cannot be {GIB} bytes: its source, the volume data, has {2 * GIB}" in refused(
        world, "small", source_volume="data", size=1
    )
    assert "has a volume data already" in refused(world, "data", snapshot_of="data")
    remove(world, "data")
    assert world.holdings() == before


def test_a_guest_cannot_make_its_volume_point_at_a_file_of_the_host(world: World) -> None:
    """A qcow2 header with a foreign backing file, written into a raw volume as a guest could: never read by a copy."""
    made = volume(world, "evil", size=1)["volume"]
    secret = world.host.path("/var/lib/libvirt/images/secret")
    secret.write_bytes(b"secret" * 1000)
    file = world.host.path(made["path"])
    overlay = file.with_name("overlay")
    argv = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", "/var/lib/libvirt/images/secret", overlay, "1G"]
    subprocess.run([*argv, "-u"], check=True)
    with file.open("r+b") as device:
        device.write(overlay.read_bytes())
    for options in ({"source_volume": "evil"}, {"snapshot_of": "evil"}):
        assert "is raw, but its content looks like qcow2" in refused(world, "stolen", **options)
    overlay.unlink()
    secret.unlink()
    remove(world, "evil")
    assert "stolen" not in str(world.holdings())


def test_a_half_made_volume_is_made_again(world: World) -> None:
    """Killed between content and record: content alone is no volume, and the next run replaces it."""
    with world.connected() as connection:
        pool = connection.storagePoolLookupByName("default")
        pool.createXML(f"<volume><name>{volume_record.content_name('half', 'raw')}</name><capacity>4096</capacity></volume>")
        assert read_volumes(connection, {"name": "half"}) == []
    made = volume(world, "half", size=1)
    assert made["changed"]
    assert made["volume"]["bytes"] == GIB
    remove(world, "half")


def device(source: str, *, uuid: str | None = None, **options: Any) -> dict[str, Any]:
    found = {"source_type": source, "destination_type": "volume", "boot_index": -1} | options
    return found if uuid is None else found | {"uuid": uuid}


def test_boots_from_a_volume_with_volumes_of_every_kind(world: World) -> None:
    """Root made from the image, a volume that is there, a blank one, one from a snapshot; the guest names each by its id."""
    before = world.holdings()
    data = volume(world, "data", size=1)["volume"]
    volume(world, "other", size=1)
    volume(world, "other-monday", snapshot_of="other")
    remove(world, "other")
    devices = [
        device("image", uuid="tiny", boot_index=0, volume_size=1, delete_on_termination=True),
        device("volume", uuid="data"),
        device("blank", volume_size=2, delete_on_termination=True),
        device("snapshot", uuid="other-monday", volume_size=3),
    ]
    wish = {"name": "web", "image": None, "block_device_mapping": devices, "wait_for": "console", "console_pattern": READY}
    server = world.booted(**wish)
    guest = world.guest(server)
    ids = {
        v["recorded_as"]: identity("volume", f"default/{v['recorded_as']}") for v in server["volumes"] if v["role"] == "volume"
    }
    names = [f"{server['id']}-vol0", "data", f"{server['id']}-vol2", f"{server['id']}-vol3"]
    assert list(ids) == names
    seen = [(guest.disk(f"vd{letter}")["bytes"], guest.disk(f"vd{letter}")["serial"]) for letter in "abcd"]
    # Nova names blank volumes last; virtio-blk hands out the first 20 characters of a serial.
    wanted = zip((1, 1, 3, 2), (names[0], names[1], names[3], names[2]), strict=True)
    assert seen == [(size * GIB, ids[name][:20]) for size, name in wanted]
    assert guest.disk("vda")["label"] == "TINYBOOT"
    again = world.server(**wish)
    assert not again["changed"], again
    assert again["servers"][0]["drift"] == []
    assert "is in use by web (vdb): it is not deleted" in refused(world, "data", state="absent")
    assert "which is running: a copy of it would be torn" in refused(world, "torn", snapshot_of="data")
    grown = volume(world, "data", size=4)
    assert (grown["changed"], info(world, data["path"])["virtual-size"]) == (True, 4 * GIB)
    refusal = world.server(**wish | {"name": "second"})
    assert [problem["code"] for problem in refusal["problems"]] == ["InvalidVolume"]
    gone = world.server(name="web", state="absent")["servers"][0]["removed"]
    assert gone["kept"] == ["default/volume.data.raw", f"default/volume.{server['id']}-vol3.raw"]
    assert not volume(world, "data", size=4)["changed"]
    remove(world, "data", f"{server['id']}-vol3", "other-monday")
    assert world.holdings() == before


def test_boots_from_a_volume_that_is_there(world: World) -> None:
    """It goes with the server when delete_on_termination says so; a boot that fails leaves it alone."""
    before = world.holdings()
    volume(world, "root", source_image="tiny", size=1)
    root = device("volume", uuid="root", boot_index=0, delete_on_termination=True)
    wish = {"name": "web", "image": None, "block_device_mapping": [root]}
    failed = world.server(**wish, wait_for="console", console_pattern="never printed", timeout=1)
    assert failed["failed"]
    assert [v["name"] for v in known(world)] == ["root"]
    server = world.booted(**wish, wait_for="console", console_pattern=READY)
    assert world.guest(server).disk("vda")["bytes"] == GIB
    world.server(name="web", state="absent")
    assert world.holdings() == before


def test_volumes_are_judged_before_anything_is_touched(world: World) -> None:
    before = world.holdings()
    asked = [
        device("volume", uuid="nowhere", boot_index=0),
        device("snapshot", uuid="never"),
        device("blank", volume_size=1, volume_type="fast"),
    ]
    types = {"fast": {"pool": "ssd"}}
    found = world.server(name="web", image=None, block_device_mapping=asked, volume_types=types)
    assert [(p["code"], p["field"]) for p in found["problems"]] == [
        ("InvalidBDMVolume", "block_device_mapping[0].uuid"),
        ("InvalidBDMSnapshot", "block_device_mapping[1].uuid"),
    ]
    devices = [device("image", uuid="tiny", boot_index=0, volume_size=1), asked[2]]
    found = world.server(name="web", volume_types=types, block_device_mapping=devices)
    wrong = [(p["code"], p["field"]) for p in found["problems"]]
    assert wrong == [("StoragePoolNotFound", "block_device_mapping[1].volume_type")]
    assert world.holdings() == before


def known(world: World) -> list[dict[str, Any]]:
    with world.connected() as connection:
        return read_volumes(connection, {})


@pytest.mark.parametrize("options", [{"size": 1}, {"source_image": "tiny"}], ids=["blank", "image"])
def test_two_runs_make_one_volume(world: World, options: dict[str, Any]) -> None:
    with ThreadPoolExecutor(max_workers=3) as pool:
        runs = [pool.submit(volume, world, "shared", **options) for _ in range(3)]
        answers = [run.result() for run in runs]
    assert {answer["volume"]["bytes"] for answer in answers} == {GIB}
    assert not volume(world, "shared", **options)["changed"]
    remove(world, "shared")
