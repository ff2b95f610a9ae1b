# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Local disks of every kind, as the guest sees them: ephemeral, swap, raw roots, preallocated, vfat drives."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.module_utils._errors import KilonovaError
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.image_removal import remove_image
from ansible_collections.kilonova.compute.plugins.plugin_utils._plan import file_system

from .world import GIB, HOST_OPTIONS, MIB, READY, World

pytestmark = pytest.mark.lab

FLAVORS = {"roomy": {"vcpus": 1, "ram": 128, "disk": 1, "ephemeral": 2, "swap": 64}}
LINUX = {"tiny": {"src": "tiny.qcow2", "properties": {"os_type": "linux"}}}


def wish(**options: Any) -> dict[str, Any]:
    return {"name": "web", "flavors": FLAVORS, "images": LINUX, "flavor": "roomy", "wait_for": "console"} | options


def info_of(path: Path) -> dict[str, Any]:
    argv = ["qemu-img", "info", "--force-share", "--output=json", path]
    found: dict[str, Any] = json.loads(subprocess.run(argv, check=True, capture_output=True).stdout)
    return found


def with_options(**groups: dict[str, Any]) -> dict[str, Any]:
    return {"host_options": {"libvirt": HOST_OPTIONS["libvirt"] | groups.pop("libvirt", {})} | groups}


def test_ephemerals_and_swap_are_formatted_and_labelled(world: World) -> None:
    """Two ephemerals of the flavor's 2 GiB, one of a format of its own, and swap (guest DSK-03, DSK-04, DSK-09)."""
    before = world.holdings()
    disks = [
        {"source_type": "image", "destination_type": "local", "boot_index": 0, "uuid": "tiny", "delete_on_termination": True},
        {"source_type": "blank", "destination_type": "local", "volume_size": 1, "delete_on_termination": True},
        {
            "source_type": "blank", "destination_type": "local", "volume_size": 1, "guest_format": "ext3",
            "delete_on_termination": True,
        },
    ]  # fmt: skip
    task = wish(
        image="tiny",
        block_device_mapping=disks,
        console_pattern=READY,
        **with_options(DEFAULT={"max_local_block_devices": 4}),
    )
    server = world.booted(**task)
    guest = world.guest(server)
    seen = {name: {key: guest.disk(name)[key] for key in ("bytes", "label", "fstype")} for name in ("vdb", "vdc", "vdd")}
    assert seen == {
        "vdb": {"bytes": GIB, "label": "ephemeral0", "fstype": "ext4"},
        "vdc": {"bytes": GIB, "label": "ephemeral1", "fstype": "ext3"},
        "vdd": {"bytes": 64 * MIB, "label": None, "fstype": "swap"},
    }
    checked = {}
    for role in ("disk.eph0", "disk.eph1", "disk.swap"):
        file = world.volume_file(server, role)
        assert info_of(file)["format"] == "qcow2"
        checked[role] = subprocess.run(["qemu-img", "check", "-U", file], check=False, capture_output=True).returncode
    assert checked == dict.fromkeys(checked, 0)
    assert not world.server(**task)["changed"]
    world.server(name="web", state="absent")
    assert world.holdings() == before


def test_raw_disks_vfat_drive_and_all_space_at_once(world: World) -> None:
    """images_type raw copies the base and grows it; preallocate_images takes the space first (guest IMG-02, IMG-10)."""
    before = world.holdings()
    options = with_options(
        libvirt={"images_type": "raw"}, DEFAULT={"config_drive_format": "vfat", "preallocate_images": "space"}
    )
    flavors = {"roomy": {"vcpus": 1, "ram": 128, "disk": 1, "ephemeral": 1, "swap": 16}}
    images = {"tiny": {"src": "tiny.qcow2"}}
    server = world.booted(**wish(flavors=flavors, images=images, console_pattern=READY, **options))
    guest = world.guest(server)
    assert (guest.disk("vda")["bytes"], guest.disk("vda")["label"]) == (GIB, "TINYBOOT")
    assert {key: guest.disk("vdb")[key] for key in ("bytes", "label", "fstype")} == {
        "bytes": GIB, "label": "ephemeral0", "fstype": "vfat",
    }  # fmt: skip
    assert (guest.disk("vdc")["bytes"], guest.disk("vdc")["fstype"]) == (16 * MIB, "swap")
    assert guest.one("config_drive") == {"found": True, "device": "/dev/vdd", "label": "config-2", "fstype": "vfat"}
    assert guest.meta_data()["name"] == "web"
    for role, size in (("disk", GIB), ("disk.eph0", GIB), ("disk.swap", 16 * MIB)):
        status = world.volume_file(server, role).stat()
        assert (status.st_size, status.st_blocks * 512 >= size) == (size, True), role
    world.server(name="web", state="absent")
    assert world.holdings() == before


def test_overlays_take_all_their_space_at_once(world: World) -> None:
    """preallocate_images reaches qcow2 too: the disk over its base, and what is formatted (guest IMG-10)."""
    before = world.holdings()
    options = with_options(DEFAULT={"preallocate_images": "space"})
    server = world.booted(**wish(image="tiny", console_pattern=READY, **options))
    guest = world.guest(server)
    assert (guest.disk("vda")["bytes"], guest.disk("vda")["label"]) == (GIB, "TINYBOOT")
    assert (guest.disk("vdb")["bytes"], guest.disk("vdb")["label"]) == (2 * GIB, "ephemeral0")
    for role, size in (("disk", GIB), ("disk.eph0", 2 * GIB)):
        file = world.volume_file(server, role)
        assert file.stat().st_blocks * 512 >= size, role
        world.host.run(["qemu-img", "check", "-U", f"/var/lib/libvirt/images/{file.name}"])
    found = info_of(world.volume_file(server, "disk"))
    assert (found["virtual-size"], found["backing-filename-format"]) == (GIB, "qcow2")
    with pytest.raises(KilonovaError, match="is needed by"), world.connected() as connection:
        remove_image(connection, {"name": "tiny", "pool": "default"}, check_mode=False)
    assert not world.server(**wish(image="tiny", console_pattern=READY, **options))["changed"]
    world.server(name="web", state="absent")
    assert world.holdings() == before


def test_a_missing_tool_is_named_before_anything_is_touched(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    before = world.holdings()
    monkeypatch.setitem(file_system._TOOLS, "xfs", ("mkfs.nowhere", (), "-L", "xfsprogs"))
    found = world.server(**wish(**with_options(DEFAULT={"default_ephemeral_format": "xfs"})))
    assert found["failed"]
    (problem,) = found["problems"]
    assert problem["code"] == "ToolNotFound"
    assert "mkfs.nowhere on the controller (package xfsprogs)" in problem["message"]
    assert world.holdings() == before


def test_an_empty_disk_costs_no_more_than_its_file_system(world: World) -> None:
    """A formatted disk of 200 GiB takes a few MiB of the pool, and no more was written."""
    flavors = {"roomy": {"vcpus": 1, "ram": 128, "disk": 1, "ephemeral": 200}}
    server = world.booted(**wish(flavors=flavors, state="stopped", wait_for="running"))
    file = world.volume_file(server, "disk.eph0")
    assert info_of(file)["virtual-size"] == 200 * GIB
    assert file.stat().st_size < 64 * MIB
    world.server(name="web", state="absent")
