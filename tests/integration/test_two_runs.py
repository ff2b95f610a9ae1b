# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs that are both alive and find the same server half built: one of them builds it, and nothing of it is lost."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.module_utils._libvirt import build
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.spawn import spawn

from .world import World

pytestmark = pytest.mark.lab

WISH: dict[str, Any] = {"name": "twice", "state": "paused"}


def overtaken(world: World, *, pool: str | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """The answers of a run, and of one that takes its server over while it makes the volumes. ``pool`` breaks the first one,
    in the middle of a volume."""
    second: list[dict[str, Any]] = []

    def spawner(plan: dict[str, Any]) -> list[dict[str, Any]]:
        def hook(_server: str, step: str) -> None:
            if step == "volumes" and not pool:
                second.append(world.server(**WISH))

        with world.connected() as connection:
            return spawn(connection, plan, on_step=hook)

    with pytest.MonkeyPatch.context() as patch:
        plain = build.make_local

        def breaking(connection: Any, volume: dict[str, Any], on_copy: Any) -> None:
            patch.setattr(build, "make_local", plain)
            second.append(world.server(**WISH))
            plain(connection, volume | {"pool": pool}, on_copy)

        if pool:
            patch.setattr(build, "make_local", breaking)
        first = world.server(spawner=spawner, **WISH)
    return first, second[0]


def test_the_run_that_is_overtaken_leaves_the_server_to_the_other(world: World) -> None:
    first, second = overtaken(world)
    [one], [other] = first["servers"], second["servers"]
    assert (one["id"], one["status"], one["error"]) == (other["id"], "PAUSED", {})
    assert "start" not in one["phases"]
    assert "drive" not in one["phases"]
    assert world.starts("twice") == 1
    assert not world.server(**WISH)["changed"]
    world.booted(name="twice", state="absent")


def test_the_run_that_is_overtaken_and_fails_removes_nothing(world: World) -> None:
    first, second = overtaken(world, pool="nowhere")
    assert first["failed"]
    assert "another run builds this server now, so nothing was removed" in first["msg"]
    [other] = second["servers"]
    [found] = world.server(**WISH)["servers"]
    assert (found["id"], found["status"], found["changed"]) == (other["id"], "PAUSED", False)
    assert [volume["role"] for volume in found["volumes"]] == ["disk", "disk.config", "console.log"]
    world.booted(name="twice", state="absent")
