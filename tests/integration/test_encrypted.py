# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encrypted volumes and volume types: what the guest sees is plain, what lies in the pool is not, and nothing tells the key."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.module_utils._libvirt import volume_making
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.volume_key import keep_key
from ansible_collections.kilonova.compute.plugins.module_utils._volume_name import secret_id

from .test_attach import act, wait_for_console
from .test_kill import name_of
from .test_secrets import spellings
from .test_volumes import device, info, known, refused, remove, volume
from .world import GIB, HOST_OPTIONS, READY, World, request

pytestmark = pytest.mark.lab

LUKS = {"provider": "luks", "cipher": "aes-xts-plain64", "key_size": 256}
TYPES = {"safe": {"encryption": {"provider": "luks"}}, "safe-qcow2": {"format": "qcow2", "encryption": {}}, "plain": {}}
PASSPHRASE = "correct-horse-battery-71f0"


def head(file: Path) -> bytes:
    with file.open("rb") as content:
        return content.read(4)


def test_the_module_keeps_an_encrypted_volume(world: World) -> None:
    """Made by a type, shown, the same again, grown, copied, refused as another, gone; the key stands nowhere."""
    before = world.holdings()
    wish = {"name": "ledger", "size": 1, "type": "safe", "volume_types": TYPES, "encryption_passphrase": PASSPHRASE}
    module = "kilonova.compute.volume"
    played = world.play(
        {module: wish, "check_mode": True},
        {module: wish, "diff": True},
        {module: wish},
        {module: wish | {"size": 2}, "diff": True},
        {module: wish | {"type": "plain"}},
        {module: wish | {"format": "qcow2", "type": "safe-qcow2", "pool": "nowhere"}},
        {module: wish | {"type": "none"}},
        {module: {"name": "copy", "source_volume": "ledger"}},
        {"kilonova.compute.volume_info": {}},
        {"kilonova.compute.hypervisor_info": {}},
        options=("-vvvv", "--diff"),
    )
    assert played.statuses == ["ok", "ok", "ok", "ok", "failed", "failed", "failed", "ok", "ok", "ok"], played.output
    assert [played.results[index]["changed"] for index in range(4)] == [True, True, False, True]
    made = played.results[3]["volume"]
    secret = secret_id("default", "volume.ledger.raw")
    assert (made["volume_type"], made["encryption"], made["bytes"]) == ("safe", LUKS | {"secret": secret}, 2 * GIB)
    assert "is of the type safe, not plain" in played.results[4]["msg"]
    assert "there is no storage pool nowhere" in played.results[5]["msg"]
    assert played.results[6]["problems"][0]["code"] == "VolumeTypeNotFound"
    copy = played.results[7]["volume"]
    assert (copy["volume_type"], copy["encryption"]["secret"] != secret) == ("safe", True)
    assert (head(world.host.path(made["path"])), head(world.host.path(copy["path"]))) == (b"LUKS", b"LUKS")
    assert not [spelling for spelling in spellings(PASSPHRASE) if spelling in played.output + json.dumps(played.results)]
    assert_untold(world, PASSPHRASE)
    remove(world, "ledger", "copy")
    assert world.holdings() == before


def assert_untold(world: World, passphrase: str) -> None:
    """No file of the host holds it but libvirt's own of its secrets, which writes it in base64."""
    told = set()
    for folder in ("/var/lib/libvirt", "/var/log/libvirt", "/etc/libvirt", "/run/libvirt", "/var/cache/libvirt"):
        for file in world.host.path(folder).rglob("*"):
            if file.is_file() and file.stat().st_size < 1 << 22:
                text = file.read_bytes().decode("latin-1")
                told.update(file.parent.name for spelling in spellings(passphrase) if spelling in text)
    assert told == {"secrets"}


# The guest writes a marker to each of these disks, in the clear as it sees them.
MARKER = "MARK-IN-THE-CLEAR-5d2a"
MARK = f"""#!/bin/sh
for disk in vdb vdc; do echo {MARKER} | dd of=/dev/$disk bs=4096 seek=16 conv=notrunc 2>/dev/null; done; sync
(while [ $(cat /sys/block/vdb/size) -lt {2 * GIB // 512} ]; do sleep 0.2; done
echo "GROWN $(cat /sys/block/vdb/size)" > /dev/console) &
"""


def test_a_guest_sees_plain_disks(world: World) -> None:
    """Boots from an encrypted copy of the image, with one volume that is there and a new one inside qcow2; grows one while it
    runs, gives up and gets one, starts again after the host lost its power. What goes with the server takes its key along."""
    before = world.holdings()
    volume(world, "ledger", size=1, volume_type="safe", encryption=LUKS, encryption_passphrase=PASSPHRASE)
    devices = [
        device("image", uuid="tiny", boot_index=0, volume_size=1, volume_type="safe", delete_on_termination=True),
        device("volume", uuid="ledger"),
        device("blank", volume_size=1, volume_type="safe-qcow2", delete_on_termination=True),
    ]
    wish = {"name": "web", "image": None, "block_device_mapping": devices, "volume_types": TYPES, "user_data": MARK}
    server = world.booted(**wish, wait_for="console", console_pattern=READY)
    guest = world.guest(server)
    assert {name: guest.disk(name)["bytes"] for name in ("vda", "vdb", "vdc")} == dict.fromkeys(("vda", "vdb", "vdc"), GIB)
    assert guest.disk("vda")["label"] == "TINYBOOT"
    files = [world.host.path(entry["path"]) for entry in server["volumes"] if entry["role"] == "volume"]
    assert [head(file) for file in files] == [b"LUKS", b"LUKS", b"QFI\xfb"]
    assert volume(world, "ledger", size=2)["changed"]
    wait_for_console(world, server, b"GROWN %d" % (2 * GIB // 512))
    assert known(world)[-1]["bytes"] == 2 * GIB
    assert not any(MARKER.encode() in file.read_bytes() for file in files)
    xml = world.host.virsh("dumpxml", "--security-info", "web")
    assert xml.count("<encryption format='luks'") == 3
    assert not [spelling for spelling in spellings(PASSPHRASE) if spelling in xml + str(server)]
    world.host.crash()
    world.host.start()
    assert not volume(world, "ledger", size=2)["changed"]
    server = world.booted(**wish, state="running")
    wait_for_console(world, server, READY.encode())
    assert world.guest(server).disk("vdb")["bytes"] == 2 * GIB
    assert act(world, "detach", "ledger")
    assert act(world, "attach", "ledger")
    assert not act(world, "attach", "ledger")
    world.server(name="web", state="absent")
    assert world.holdings()["secrets"] == ["/var/lib/libvirt/images/volume.ledger.raw"]
    remove(world, "ledger")
    assert world.holdings() == before


def slowly(function: Callable[..., None]) -> Callable[..., None]:
    def wait(*given: Any) -> None:
        time.sleep(2)
        function(*given)

    return wait


def test_a_volume_and_its_key_are_made_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs at once, which are slow between content and record; and what is refused. That a volume grows proves that its
    key fits: QEMU opens it for that."""
    before = world.holdings()
    with monkeypatch.context() as patch, ThreadPoolExecutor(max_workers=2) as pool:
        patch.setattr(volume_making, "write_record", slowly(volume_making.write_record))
        given = {"size": 1, "encryption": LUKS}
        runs = [pool.submit(volume, world, "shared", encryption_passphrase=f"{PASSPHRASE}-{n}", **given) for n in "ab"]
        answers = [run.result() for run in runs]
    assert sorted(answer["changed"] for answer in answers) == [False, True]
    wish = {"size": 2, "encryption": LUKS}
    assert volume(world, "shared", **wish)["volume"]["bytes"] == 2 * GIB
    mine = next(name for name, answer in zip("ab", answers, strict=True) if answer["changed"])
    with world.connected() as connection:
        connection.secretLookupByUUIDString(secret_id("default", "volume.shared.raw")).undefine()
    assert "secret" in refused(world, "shared", size=3)
    again = volume(world, "shared", size=3, encryption_passphrase=f"{PASSPHRASE}-{mine}")
    assert (again["changed"], again["volume"]["bytes"]) == (True, 3 * GIB)
    assert "the encryption of the volume shared is luks" in refused(world, "shared", encryption=LUKS | {"key_size": 128})
    assert "is not encrypted: the volume shared is" in refused(world, "copy", source_volume="shared", volume_type="plain")
    assert "libvirt takes no space for such a one" in refused(world, "full", size=1, encryption=LUKS, preallocate=True)
    assert "is not to be encrypted" in refused(world, "plain", size=1, encryption_passphrase=PASSPHRASE)
    remove(world, "shared")
    assert world.holdings() == before


KILLED = ("volume_key.set_secret#1", "volume_key.keep_key#1", "volume_making.write_record#1")


def test_a_killed_run_leaves_no_volume_without_its_key(world: World) -> None:
    """Nor a key without its volume: the next run finishes both, and deleting takes both, though it is killed as well."""
    before = world.holdings()
    disk = device("blank", volume_size=1, volume_type="safe", delete_on_termination=True)
    root = device("image", uuid="tiny", destination_type="local", boot_index=0, delete_on_termination=True)
    devices = {"block_device_mapping": [root, disk]}
    names = [name_of(point) for point in KILLED]
    for point, name in zip(KILLED, names, strict=True):
        world.kill(point, name=name, state="stopped", volume_types=TYPES, **devices)
    servers = [request(name=name, **devices) for name in names]
    finished = world.server(servers=servers, state="stopped", volume_types=TYPES)
    assert not finished.get("failed"), finished["msg"]
    assert len(world.holdings()["secrets"]) == len(names)
    made = [entry["recorded_as"] for server in finished["servers"] for entry in server["volumes"] if entry["role"] == "volume"]
    assert volume(world, made[0], size=2)["volume"]["bytes"] == 2 * GIB  # its key fits
    world.kill("ended.undefine_secret#2", name=names[0], state="absent")
    gone = world.server(state="absent", servers=[{"name": name} for name in names])
    assert not gone.get("failed"), gone["msg"]
    assert world.holdings() == before


def test_a_volume_that_was_never_finished_is_deleted_with_its_key(world: World) -> None:
    before = world.holdings()
    with world.connected() as connection:
        pool = connection.storagePoolLookupByName("default")
        keep_key(connection, secret_id("default", "volume.half.raw"), f"{pool.name()}/half", PASSPHRASE)
    assert volume(world, "half", state="absent", check=True)["changed"]
    assert volume(world, "half", state="absent")["changed"]
    assert not volume(world, "half", state="absent")["changed"]
    assert world.holdings() == before


def test_the_state_of_a_tpm_is_kept_with_a_secret_of_the_host(world: World) -> None:
    before = world.holdings()
    specs = {"hw:tpm_version": "2.0", "hw:tpm_secret_security": "user"}
    flavors = {"trusted": {"vcpus": 1, "ram": 128, "disk": 1, "extra_specs": specs}}
    options = {"libvirt": {**HOST_OPTIONS["libvirt"], "swtpm_enabled": True}}
    wish = {"name": "web", "flavor": "trusted", "flavors": flavors, "host_options": options}
    refusal = world.server(**wish)
    assert [(one["code"], one["allowed"]) for one in refusal["problems"]] == [("NotBuilt", ["host"])]
    del specs["hw:tpm_secret_security"]
    server = world.booted(**wish, wait_for="console", console_pattern=READY)
    assert world.guest(server).one("tpm") == {"version": "2"}
    assert world.holdings()["secrets"] == [server["id"]]
    world.booted(**wish, state="stopped")
    world.booted(**wish, state="running")
    world.server(name="web", state="absent")
    assert world.holdings() == before


def test_local_disks_are_encrypted_each_with_its_key(world: World) -> None:
    """The root over its plain base, an ephemeral disk with its file system, swap (guest SPN-01, IMG-20); after a killed run."""
    before = world.holdings()
    specs = {"hw:ephemeral_encryption": "true"}
    flavors = {"private": {"vcpus": 1, "ram": 128, "disk": 1, "ephemeral": 1, "swap": 16, "extra_specs": specs}}
    images = {"tiny": {"src": "tiny.qcow2", "properties": {"os_type": "linux"}}}
    wish = {"name": "web", "flavor": "private", "flavors": flavors, "images": images}
    world.kill("making._filled#1", **wish)
    server = world.booted(**wish, wait_for="console", console_pattern=READY)
    guest = world.guest(server)
    seen = {name: [guest.disk(name)[key] for key in ("bytes", "label", "fstype")] for name in ("vda", "vdb", "vdc")}
    assert seen["vda"][:2] == [GIB, "TINYBOOT"]
    assert seen["vdb"] == [GIB, "ephemeral0", "ext4"]
    assert seen["vdc"][2] == "swap"
    secrets = set(world.holdings()["secrets"])
    for role in ("disk", "disk.eph0", "disk.swap"):
        file = world.volume_file(server, role)
        assert info(world, f"/var/lib/libvirt/images/{file.name}")["encrypted"]
        assert b"ephemeral0" not in file.read_bytes()
        secrets.remove(f"/var/lib/libvirt/images/{file.name}")
    assert secrets == set()
    world.server(name="web", state="absent")
    assert world.holdings() == before


def test_a_type_means_another_pool(world: World) -> None:
    """The image is in the pool `default`, volumes made of it by the module and for a server are in the type's."""
    before = world.holdings()
    folder = world.host.path("/var/lib/libvirt/images") / "ssd"
    folder.mkdir()
    xml = "<pool type='dir'><name>ssd</name><target><path>/var/lib/libvirt/images/ssd</path></target></pool>"
    world.host.virsh("pool-define", "/dev/stdin", input=xml)
    world.host.virsh("pool-start", "ssd")
    types = {"fast": {"pool": "ssd", "format": "qcow2"}, "fast-safe": {"pool": "ssd", "encryption": {}}}
    played = world.play(
        {"kilonova.compute.volume": {"name": "root", "source_image": "tiny", "type": "fast", "volume_types": types}}
    )
    made = played.only["volume"]
    assert (made["pool"], made["format"], made["volume_type"]) == ("ssd", "qcow2", "fast")
    assert compare(world, made["path"]) == 0
    devices = [
        device("image", uuid="tiny", boot_index=0, volume_size=1, volume_type="fast", delete_on_termination=True),
        device("blank", volume_size=1, volume_type="fast-safe", delete_on_termination=True),
    ]
    server = world.booted(name="web", image=None, block_device_mapping=devices, volume_types=types, state="stopped")
    mine = {entry["path"]: entry for entry in server["volumes"] if entry["role"] == "volume"}
    assert {(entry["pool"], entry["format"], "encryption" in entry) for entry in mine.values()} == {
        ("ssd", "qcow2", False), ("ssd", "raw", True),
    }  # fmt: skip
    assert compare(world, next(path for path in mine if path.endswith("qcow2"))) == 0
    world.server(name="web", state="absent")
    assert volume(world, "root", pool="ssd", state="absent")["changed"]
    assert list(folder.iterdir()) == []
    for action in ("pool-destroy", "pool-undefine"):
        world.host.virsh(action, "ssd")
    folder.rmdir()
    assert world.holdings() == before


def compare(world: World, path: str) -> int:
    argv = ["qemu-img", "compare", world.image, world.host.path(path)]
    return subprocess.run(argv, check=False, capture_output=True).returncode
