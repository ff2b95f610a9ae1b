# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is secret reaches the guest's drive and nothing else, however loud the run and however it ends."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest

from .world import World, request, server_task

pytestmark = pytest.mark.lab

SECRETS = {
    "userdata": "#!/bin/sh\n# user-data-4f1d9c\necho quite-secret\n",
    "admin_pass": "admin-pass-77e2b0",
    "file": "file-content-c90a1e",
}
PERSONALITY = [{"path": "/etc/secret", "contents": base64.b64encode(SECRETS["file"].encode()).decode()}]
WISH: dict[str, Any] = {
    "userdata": SECRETS["userdata"],
    "admin_pass": SECRETS["admin_pass"],
    "personality": PERSONALITY,
}
REFUSED_BY_QEMU = {"vnc": {"server_listen": "192.0.2.1"}}


def spellings(secret: str) -> list[str]:
    """The secret as it is, as JSON writes it, in base64, in hexadecimal, and each of its telling parts."""
    data = secret.encode()
    parts = [line for line in secret.splitlines() if "-" in line]
    return [secret, json.dumps(secret)[1:-1], base64.b64encode(data).decode().rstrip("="), data.hex(), *parts]


def leaks(text: str) -> list[str]:
    return [name for name, secret in SECRETS.items() if any(spelling in text for spelling in spellings(secret))]


def test_the_search_finds_what_it_should() -> None:
    assert leaks("x" + base64.b64encode(SECRETS["userdata"].encode()).decode()) == ["userdata"]
    assert leaks("... admin-pass-77e2b0 and # user-data-4f1d9c") == ["userdata", "admin_pass"]
    assert leaks("nothing") == []


def test_no_secret_is_shown_or_kept(world: World) -> None:
    single = {"name": "web", "state": "paused", **WISH}
    bulk = {"servers": [request(name="bulk", **WISH)], "state": "paused"}
    played = world.play(
        server_task(**single) | {"check_mode": True, "diff": True},
        server_task(**single) | {"diff": True},
        server_task(**single | {"metadata": {"a": "b"}}),
        server_task(**bulk) | {"diff": True},
        server_task(**single | {"name": "broken", "host_options": REFUSED_BY_QEMU}),
        server_task(**single | {"name": "wrong", "flavor": "none"}),
        server_task(servers=[request(name="wrong", surprise=1, **WISH)]),
        {"kilonova.compute.server_info": {}},
        {"kilonova.compute.hypervisor_info": {}},
        {"ansible.builtin.debug": {"msg": "the end"}},
        options=("-vvvv", "--diff"),
    )
    assert played.statuses == ["ok", "ok", "ok", "ok", "failed", "failed", "failed", "ok", "ok", "ok"]
    assert leaks(played.output) == []
    assert leaks(json.dumps(played.results)) == []
    for result, name in ((played.results[1], "web"), (played.results[3], "bulk")):
        (server,) = result["servers"]
        assert server["name"] == name  # and nothing that is no secret was blotted out
        assert server["image"] == "tiny"
        xml = world.host.virsh("dumpxml", "--security-info", name)
        assert leaks(xml) == []
        assert hashlib.sha256(SECRETS["userdata"].encode()).hexdigest() in xml
        assert leaks(world.volume_file(server, "disk.config").read_text("latin-1")) == ["userdata", "admin_pass", "file"]
    log = world.host.path("/var/log/libvirt/qemu/web.log").read_text(errors="replace")
    assert leaks(log) == []
    world.server(state="absent", servers=[{"name": "web"}, {"name": "bulk"}])


def test_drives_are_readable_by_root_and_the_guests_user_only(world: World) -> None:
    server = world.booted(name="web", state="stopped", **WISH)
    assert world.volume_file(server, "disk.config").stat().st_mode & 0o077 == 0
    world.server(state="absent", name="web")
