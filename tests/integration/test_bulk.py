# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many servers are one task, at most two trips, and are worked on side by side."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.spawn import spawn
from ansible_collections.kilonova.compute.plugins.module_utils._progress import Steps

from .world import PATIENCE_S, World, request, server_task

pytestmark = pytest.mark.lab


def trips(output: str) -> list[int]:
    """How many modules each task ran on the host."""
    return [text.count("Using module file") for text in output.split("\nTASK [")[1:]]


def names(result: dict[str, Any], changed: bool | None = None) -> list[str]:
    return [server["name"] for server in result["servers"] if changed in (None, server.get("changed"))]


def test_counts_and_trips(world: World) -> None:
    before = world.holdings()
    paused = {"state": "paused"}
    fleet = {"name": "fleet", **paused}
    bulk = {"servers": [request(name="one"), request(name="pair", min_count=2, max_count=2)], **paused}
    everything = ["one", "pair-1", "pair-2", "fleet-1", "fleet-2", "fleet-3"]
    played = world.play(
        server_task(**bulk) | {"check_mode": True},
        server_task(**bulk),
        server_task(**bulk),
        server_task(min_count=1, max_count=2, **fleet),
        {"kilonova.compute.hypervisor_info": {}, "register": "host"},
        server_task(min_count=3, max_count=3, hypervisor="{{ host.hypervisor }}", **fleet),
        server_task(min_count=1, max_count=2, **fleet),
        {"kilonova.compute.server_info": {}},
        server_task(servers=[{"name": name} for name in [*everything, "never-was"]], state="absent"),
        options=("-vvv",),
    )
    assert played.code == 0, played.output
    predicted, first, again, two, _facts, three, fewer, info, gone = played.results
    assert names(predicted, changed=True) == names(first, changed=True) == ["one", "pair-1", "pair-2"]
    assert names(again, changed=False) == ["one", "pair-1", "pair-2"]
    assert names(two, changed=True) == ["fleet-1", "fleet-2"]
    assert (names(three), names(three, changed=True)) == (["fleet-1", "fleet-2", "fleet-3"], ["fleet-3"])
    assert (names(fewer), fewer["changed"], fewer["extra"]) == (["fleet-1", "fleet-2"], False, ["fleet-3"])
    assert three["extra"] == []
    assert sorted(names(info)) == sorted(everything)
    assert names(gone, changed=True) == everything
    assert trips(played.stdout) == [1, 2, 1, 2, 1, 1, 1, 1, 1]
    assert world.holdings() == before


class Watched:
    """Notes how many servers are between two of their steps at once; the first ones wait for each other."""

    def __init__(self, together: int) -> None:
        self._barrier = threading.Barrier(together)
        self._lock = threading.Lock()
        self._busy: set[str] = set()
        self._met: set[str] = set()
        self.most = 0

    def on_step(self, server: str, step: str) -> None:
        with self._lock:
            self._busy.add(server)
            self.most = max(self.most, len(self._busy))
            waits = step == "volumes" and len(self._met) < self._barrier.parties
            if waits:
                self._met.add(server)
            if step == Steps.DONE:
                self._busy.discard(server)
        if waits:
            self._barrier.wait(timeout=PATIENCE_S)


@pytest.mark.parametrize("concurrency", [1, 3])
def test_servers_are_built_side_by_side(world: World, concurrency: int) -> None:
    """That many at a time: fewer would never meet at the barrier, more would be counted."""
    watched = Watched(concurrency)

    def spawner(plan: dict[str, Any]) -> list[dict[str, Any]]:
        with world.connected() as connection:
            return spawn(connection, plan, on_step=watched.on_step)

    answer = world.server(name="many", min_count=4, max_count=4, state="paused", concurrency=concurrency, spawner=spawner)
    assert names(answer, changed=True) == ["many-1", "many-2", "many-3", "many-4"]
    assert watched.most == concurrency
    gone = world.server(state="absent", servers=[{"name": name} for name in names(answer)])
    assert len(names(gone, changed=True)) == 4
