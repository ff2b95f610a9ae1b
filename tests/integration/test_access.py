# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has no right to what is found before a boot, or told in the same words after it; the command that is named mends it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from .daemon import restart
from .pools import own_pool
from .test_failures import only_error
from .test_images import image, refused
from .world import World

pytestmark = pytest.mark.lab

WISH: dict[str, Any] = {"name": "web", "image": "little", "pool": "shut", "state": "paused"}


@pytest.fixture
def little(tmp_path: Path) -> Path:
    path = tmp_path / "little.raw"
    path.write_bytes(b"little".ljust(4096, b"\0"))
    return path


@contextmanager
def shut_pool(world: World, lab: Any, little: Path) -> Iterator[Path]:
    """A pool with an image, below a folder that nobody has closed yet."""
    above = lab.shared / "above"
    with own_pool(world, above / "shut"):
        image(world, "little", path=str(little), pool="shut")
        yield above
    above.rmdir()


def mend(world: World, command: str) -> None:
    """What a user does with the command of a message."""
    world.host.run(["sh", "-c", command])


def test_folders_that_qemu_cannot_search_are_found_before_anything_is_made(world: World, lab: Any, little: Path) -> None:
    """The pool's own folder and one above it, both at once; check mode says the same."""
    images = {"images": {"little": {"src": "little.raw"}}}
    with shut_pool(world, lab, little) as above:
        above.chmod(0o700)
        world.host.run(["chmod", "700", str(above / "shut")])
        world.host.virsh("pool-refresh", "shut")
        before = world.holdings()
        for check in (True, False):
            refusal = world.server(check=check, **WISH, **images)
            problems = refusal["problems"]
            assert [(p["code"], p["given"]) for p in problems] == [
                ("PathNotAccessible", str(above)),
                ("PathNotAccessible", str(above / "shut")),
            ]
            assert [p["allowed"] for p in problems] == [f"chmod o+x {above}", f"chmod o+x {above / 'shut'}"]
            assert "QEMU's user (libvirt-qemu, uid " in problems[0]["message"] or "QEMU's user (uid " in problems[0]["message"]
        assert world.holdings() == before
        for problem in problems:
            mend(world, problem["allowed"])
        world.booted(**WISH, **images)
        above.chmod(0o700)  # what runs has come through: nothing is looked at, and QEMU itself would tell
        assert world.server(**WISH | {"name": "second"}, **images, check=True)["changed"]
        above.chmod(0o755)
        world.server(name="web", state="absent")
        assert world.holdings() == before


def test_a_folder_that_may_have_an_access_list_is_named_by_the_failed_start(world: World, lab: Any, little: Path) -> None:
    """Mode 0750 may be open to QEMU by an access list, which libvirt does not tell. The start tells, and all goes again."""
    images = {"images": {"little": {"src": "little.raw"}}}
    with shut_pool(world, lab, little) as above:
        above.chmod(0o750)
        before = world.holdings()
        for persistent in (True, False):
            error = only_error(world.server(**WISH, **images, persistent=persistent))
            assert error["fault"]["path"] == str(above)
            assert error["fault"]["command"] == f"chmod o+x {above}"
            assert f"Run on the host: chmod o+x {above}" in error["message"]
            assert world.holdings() == before
        raw = {"host_options": {"libvirt": {"images_type": "raw"}}}
        assert only_error(world.server(**WISH, **images, **raw))["fault"]["path"] == str(above)
        mend(world, error["fault"]["command"])
        world.booted(**WISH, **images)
        world.server(name="web", state="absent")
        assert world.holdings() == before


def test_a_closed_folder_behind_a_link_is_mended_too(world: World, lab: Any, little: Path) -> None:
    """The path that libvirt knows names other folders than the kernel goes through."""
    wish = WISH | {"images": {"little": {"src": "little.raw"}}, "pool": "way"}
    with shut_pool(world, lab, little) as above:
        link = lab.shared / "way"
        link.symlink_to(above / "shut")
        world.host.virsh("pool-create-as", "way", "dir", "--target", str(link))
        above.chmod(0o700)
        before = world.holdings()
        error = only_error(world.server(**wish))
        assert "leads through a symbolic link" in error["message"]
        assert world.holdings() == before
        mend(world, error["fault"]["command"])
        world.booted(**wish)
        world.server(name="web", state="absent")
        assert world.holdings() == before
        world.host.virsh("pool-destroy", "way")
        link.unlink()


def test_a_read_only_pool_is_named(world: World, lab: Any, little: Path) -> None:
    images = {"images": {"little": {"src": "little.raw"}}}
    with shut_pool(world, lab, little) as above:
        folder = above / "shut"
        world.host.run(["mount", "-o", "remount,ro", str(folder)])
        before = world.holdings()
        error = only_error(world.server(**WISH, **images))
        assert error["fault"]["path"] == str(folder)
        assert f"he file system of {folder} is mounted read-only" in error["message"]
        assert world.holdings() == before
        played = world.play({"kilonova.compute.volume": {"name": "data", "size": 1, "pool": "shut"}})
        assert played.only["error"]["fault"]["command"] == error["fault"]["command"]
        assert "Read-only file system" in refused(world, name="other", path=str(world.image), pool="shut")
        mend(world, error["fault"]["command"])
        world.booted(**WISH, **images)
        world.server(name="web", state="absent")
        assert world.holdings() == before


@contextmanager
def daemon_with(world: World, line: str) -> Iterator[None]:
    """libvirtd with another line in its qemu.conf, for a while; guests run on."""
    path = world.host.path("/etc/libvirt/qemu.conf")
    original = path.read_text()
    path.write_text(f"{original}\n{line}\n")
    restart(world)
    try:
        yield
    finally:
        path.write_text(original)
        restart(world)


def test_files_that_libvirt_does_not_give_to_qemu_are_named(world: World, little: Path) -> None:
    image(world, "little", path=str(little))
    wish = WISH | {"pool": "default", "images": {"little": {"src": "little.raw"}}}
    before = world.holdings()
    with daemon_with(world, "dynamic_ownership = 0"):
        error = only_error(world.server(**wish))
        assert "libvirt does not give it away (dynamic_ownership)" in error["message"]
        assert error["fault"]["path"].endswith("_disk")
        assert "dynamic_ownership = 1" in error["fault"]["command"]
        assert world.holdings() == before
    image(world, "little", state="absent")
