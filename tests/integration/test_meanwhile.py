# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What other runs, guests and virtlogd do between two calls of ours."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import libvirt
import pytest

from ansible_collections.kilonova.compute.plugins.module_utils._errors import HypervisorError
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt import base_image, storage, volume_task
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.attachment import Attachments
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.claiming import Watch
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.logs import ConsoleReader
from tests.unit.libvirt.gap import Gap

from .test_attach import act
from .test_volumes import known, remove, volume
from .world import GIB, PATIENCE_S, World

pytestmark = pytest.mark.lab

VDB = {"dev": "vdb", "bus": "virtio"}


def is_refused(watch: Watch) -> bool:
    try:
        watch.refuse()
    except HypervisorError as exc:
        return exc.symbol == "VIR_ERR_OPERATION_INVALID"
    return False


def settled(watch: Watch) -> bool:
    """Once libvirt has written what it had in hand."""
    end = time.monotonic() + PATIENCE_S
    while is_refused(watch):
        assert time.monotonic() < end
        time.sleep(0.2)
    return True


def test_a_stream_that_fills_a_volume_is_seen_by_others(world: World) -> None:
    """libvirt tells nobody of it; data and holes both show, and so does that nothing comes any more."""
    with world.connected() as theirs, world.connected() as ours:
        pool = storage.open_pool(theirs, "default")
        filled = storage.create_volume(pool, {"name": "filled", "capacity": 8 << 20, "format": "raw"})
        watch = Watch(storage.open_pool(ours, "default"), "filled")
        stream = theirs.newStream(0)
        filled.upload(stream, 0, 8 << 20, libvirt.VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM)
        for more in (lambda: stream.send(b"a" * 65536), lambda: stream.sendHole(1 << 20, 0), lambda: stream.sendHole(1, 0)):
            assert settled(watch)
            more()
            end = time.monotonic() + PATIENCE_S
            while not is_refused(watch):
                assert time.monotonic() < end
                time.sleep(0.1)
        assert settled(watch)
        stream.abort()
        storage.delete_volume(pool, "filled")
        assert not is_refused(watch)


def append(world: World, name: str, data: bytes) -> None:
    with world.host.path("/var/lib/libvirt/images", name).open("ab") as log:
        log.write(data)


def test_a_console_is_read_to_its_end_however_it_comes(world: World) -> None:
    """In pieces that end within a character, and past the moment when virtlogd begins a new file."""
    append(world, "a_console.log", b"caf\xc3")
    with world.connected() as connection:
        reader = ConsoleReader(connection, "default", "a_console.log")
        assert reader.read() == "caf"
        append(world, "a_console.log", b"\xa9 is open\nand")
        assert reader.read() == "\u00e9 is open\nand"
        append(world, "a_console.log", b" then")
        log = world.host.path("/var/lib/libvirt/images/a_console.log")
        log.rename(log.with_name("a_console.log.0"))
        append(world, "a_console.log", b" more\n")
        assert reader.read() == " then more\n"
        log.unlink()
        assert reader.read() == ""
    log.with_name("a_console.log.0").unlink()


def attachments(connection: Any, **gap: Any) -> Attachments:
    """Of the server `web`, whose domain does what ``gap`` says."""
    found = Attachments(connection, "web", attempts=1, timeout_s=1)
    found._domain = Gap(found.domain, **{when: {call: does(found.domain)} for when, (call, does) in gap.items()})
    return found


def has(connection: Any) -> tuple[bool, bool]:
    """Whether the running domain has the volume, and its definition."""
    domain = connection.lookupByName("web")
    return "volume.data.raw" in domain.XMLDesc(0), "volume.data.raw" in domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)


def start_paused(domain: Any) -> Callable[[], Any]:
    return lambda: domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)


def test_volumes_come_and_go_though_the_guest_ends_or_starts_just_then(world: World) -> None:
    volume(world, "data", size=1)
    world.booted(name="web", state="paused")
    with world.connected() as connection:
        domain = connection.lookupByName("web")
        ending = {"before": ("attachDeviceFlags", lambda found: found.destroy)}
        assert attachments(connection, **ending).attach("data", VDB)
        assert (has(connection), domain.isActive()) == ((True, True), 0)
        assert act(world, "detach", "data")
        starting = {"before": ("attachDeviceFlags", start_paused)}
        assert attachments(connection, **starting).attach("data", VDB)
        assert (has(connection), domain.isActive()) == ((True, True), 1)
        # The guest does not answer, and ends while it is asked.
        threading.Timer(0.3, domain.destroy).start()
        assert attachments(connection).detach("data")
        assert has(connection) == (False, False)
        assert [entry["status"] for entry in known(world)] == ["available"]
    world.booted(name="web", state="absent")
    remove(world, "data")


def test_a_guest_that_ends_before_it_is_asked_gives_its_disk_up(world: World) -> None:
    volume(world, "data", size=1)
    world.booted(name="web", state="paused")
    assert act(world, "attach", "data")
    with world.connected() as connection:
        domain = connection.lookupByName("web")
        found = attachments(connection)
        # The first request is for the definition, the second one for the guest.
        found._domain = Gap(domain, after={"detachDeviceFlags": lambda: setattr(found, "_domain", ending)})
        ending = Gap(domain, before={"detachDeviceFlags": domain.destroy})
        assert found.detach("data")
        assert ending.happened
        assert has(connection) == (False, False)
    world.booted(name="web", state="absent")
    remove(world, "data")


def test_two_runs_note_their_volumes_beside_each_other(world: World) -> None:
    volume(world, "data", size=1)
    volume(world, "theirs", size=1)
    world.booted(name="web", state="stopped")
    with world.connected() as connection:
        first, second = Attachments(connection, "web"), Attachments(connection, "web")
        assert first.attach("data", VDB, delete_on_termination=True)
        assert second.attach("theirs", VDB | {"dev": "vdc"}, delete_on_termination=True)
        assert first.detach("data")
    server = world.booted(name="web", state="stopped")
    assert [entry["name"] for entry in server["volumes"] if entry["role"] == "volume"] == ["volume.theirs.raw"]
    world.booted(name="web", state="absent")
    assert [entry["name"] for entry in known(world)] == ["data"]
    remove(world, "data")


def test_a_volume_grows_though_its_guest_ends_just_then(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    volume(world, "data", size=1)
    world.booted(name="web", state="paused")
    assert act(world, "attach", "data")
    plain = volume_task.find_domain
    gaps = []

    def ending(connection: Any, uuid: str) -> Any:
        domain = plain(connection, uuid)
        assert domain is not None
        gaps.append(Gap(domain, before={"blockResize": domain.destroy}))
        return gaps[0]

    with monkeypatch.context() as patch:
        patch.setattr(volume_task, "find_domain", ending)
        assert volume(world, "data", size=2)["changed"]
    assert gaps[0].happened
    assert volume(world, "data", size=2)["volume"]["bytes"] == 2 * GIB
    world.booted(name="web", state="absent")
    remove(world, "data")


def test_an_image_is_there_all_the_time_while_its_record_is_written_anew(world: World) -> None:
    """Two runs write it again and again; a third one that looks finds the earlier one or the later."""
    stop = threading.Event()
    wrong: list[Any] = []

    def look() -> None:
        with world.connected() as connection:
            pool = storage.open_pool(connection, "default")
            while not stop.is_set():
                names = [base["name"] for base in base_image.list_bases(connection, pool)]
                if "tiny" not in names:
                    wrong.append(names)

    def write(properties: dict[str, str]) -> None:
        with world.connected() as connection:
            pool = storage.open_pool(connection, "default")
            [tiny] = [base for base in base_image.list_bases(connection, pool) if base["name"] == "tiny"]
            for number in range(20):
                told = tiny | {"properties": {key: f"{value} {number}" for key, value in properties.items()}}
                base_image.write_record(connection, pool, told, created=tiny["created"])
            base_image.write_record(connection, pool, tiny, created=tiny["created"])

    looker = threading.Thread(target=look)
    looker.start()
    try:
        writers = [threading.Thread(target=write, args=({"os_type": "linux" * times},)) for times in (1, 9)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
    finally:
        stop.set()
        looker.join()
    assert wrong == []
