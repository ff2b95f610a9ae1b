# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools, volumes and logs."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.module_utils._errors import HypervisorError
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt import ended, logs, storage

SPEC = {"name": "v <1>", "capacity": 5, "format": "raw"}


def test_an_unknown_pool_is_told_with_those_that_are_there(connection: Any) -> None:
    with pytest.raises(HypervisorError, match=r"no storage pool x on this host \(there are: default-pool\)"):
        storage.open_pool(connection, "x")


def test_a_stopped_pool_is_told_with_what_helps(connection: Any) -> None:
    connection.storagePoolLookupByName("default-pool").destroy()
    with pytest.raises(HypervisorError, match="virsh pool-start default-pool"):
        storage.open_pool(connection, "default-pool")


def test_a_volume_is_made_once_and_deleted_once(connection: Any) -> None:
    pool = storage.open_pool(connection, "default-pool")
    first = storage.create_volume(pool, SPEC)
    with pytest.raises(HypervisorError, match="could not make the volume v <1> in the pool default-pool: "):
        storage.create_volume(pool, SPEC)
    assert storage.volume_names(pool) == ["v <1>"]
    assert storage.volume_size(first) == 5
    assert storage.delete_volume(pool, "v <1>")
    assert not storage.delete_volume(pool, "v <1>")
    assert storage.find_volume(pool, "v <1>") is None


def test_volume_xml_says_format_space_mode_and_backing() -> None:
    overlay = storage.volume_xml(
        {"name": "a&b", "capacity": 9, "format": "qcow2", "backing_path": "/p/<base>", "backing_format": "raw", "mode": "0644"}
    )
    assert overlay == (
        '<volume><name>a&amp;b</name><capacity unit="bytes">9</capacity><allocation unit="bytes">0</allocation>'
        '<target><format type="qcow2" /><permissions><mode>0644</mode></permissions></target>'
        '<backingStore><path>/p/&lt;base&gt;</path><format type="raw" /></backingStore></volume>'
    )
    whole = storage.volume_xml({"name": "a", "capacity": 9, "format": "raw", "sparse": False})
    assert '<allocation unit="bytes">9</allocation>' in whole


def test_a_busy_pool_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "_BUSY_PAUSES", (0, 0, 0))
    answers = [HypervisorError("pool 'p' has asynchronous jobs running."), HypervisorError("asynchronous jobs running"), None]

    def call() -> str:
        answer = answers.pop(0)
        if answer:
            raise answer
        return "done"

    assert storage.when_idle(call) == "done"
    assert answers == []


def test_a_volume_that_another_run_is_making_is_removed_when_it_is_made(
    connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = storage.open_pool(connection, "default-pool")
    storage.create_volume(pool, SPEC)
    monkeypatch.setattr(storage, "_BUSY_PAUSES", (0, 0, 0))
    building = [HypervisorError("volume 'v' is still being allocated.", symbol="VIR_ERR_OPERATION_INVALID")] * 2
    plain = storage.delete_volume

    def delete(*given: Any) -> bool:
        if building:
            raise building.pop()
        return plain(*given)

    monkeypatch.setattr(storage, "delete_volume", delete)
    storage.clear_volume(pool, SPEC["name"])
    assert storage.volume_names(pool) == []


def test_other_errors_and_endless_jobs_come_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "_BUSY_PAUSES", (0, 0))
    calls = []

    def call(message: str) -> None:
        calls.append(message)
        raise HypervisorError(message)

    with pytest.raises(HypervisorError, match="no space"):
        storage.when_idle(lambda: call("no space"))
    assert len(calls) == 1
    with pytest.raises(HypervisorError, match="asynchronous jobs"):
        storage.when_idle(lambda: call("asynchronous jobs running"))
    assert len(calls) == 4


def test_a_host_without_records_has_no_ended_servers(connection: Any) -> None:
    storage.create_volume(storage.open_pool(connection, "default-pool"), SPEC)
    assert ended.list_records(connection) == []
    assert ended.host_uuid(connection) == ""  # the test driver has none


def test_an_ended_server_answers_to_three_names() -> None:
    record = {"name": "web <1>", "domain": "web-1-0a0b", "uuid": "u"}
    assert [ended.is_named(record, key) for key in ("web <1>", "web-1-0a0b", "u", "web")] == [True, True, True, False]


def test_console_output_is_made_safe_for_a_terminal() -> None:
    assert logs._text(b"a\r\nb\rc\x1b[2J\x07\t\xff\xc3\xa9") == "a\nb\nc\ufffd[2J\ufffd\t\ufffd\xe9"


def test_of_qemus_log_only_what_it_said_is_told() -> None:
    log = "date: starting up libvirt\nLC_ALL=C \\\n/usr/bin/qemu \\\n-name x\nold words\n"
    again = "2: starting up libvirt\nLC_ALL=C \\\n/usr/bin/qemu \\\n-name x\nqemu: bad address\n2: shutting down"
    assert logs.without_command_line(log + again) == "qemu: bad address\n2: shutting down"
    assert logs.without_command_line("qemu: words") == "qemu: words"
    assert len(logs.without_command_line("x" * 10000)) == 4096
