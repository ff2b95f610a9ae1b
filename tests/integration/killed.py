# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries out a build plan and kills itself at a given point: ``python -m tests.integration.killed URI POINT < plan``.

POINT: a step of the build (``start``: just before it), ``half-drive``, or a function and the number of the call of it that
never happens (``removal.undefine#1``)."""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from typing import Any

from ansible_collections.kilonova.compute.plugins.module_utils._libvirt import build
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.connection import open_connection
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.spawn import spawn

PACKAGE = build.__name__.rpartition(".")[0]


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    signal.pause()


class HalfRead:
    """Gives the first half of a file, and then dies."""

    def __init__(self, source: Any, length: int) -> None:
        self._source = source
        self._half = length // 2

    def seek(self, position: int) -> int:
        return int(self._source.seek(position))

    def read(self, _size: int) -> bytes:
        if not self._half:
            die()
        data: bytes = self._source.read(self._half)
        self._half = 0
        return data


def die_in_the_drive() -> None:
    real = vars(build)["upload"]

    def half(connection: Any, volume: Any, source: Any, length: int) -> None:
        real(connection, volume, HalfRead(source, length), length)

    vars(build)["upload"] = half


def die_at_call(point: str) -> None:
    place, number = point.split("#")
    module_name, name = place.split(".")
    module = importlib.import_module(f"{PACKAGE}.{module_name}")
    real = getattr(module, name)
    calls = iter(range(1, 1000))

    def counted(*args: Any, **options: Any) -> Any:
        if next(calls) == int(number):
            die()
        return real(*args, **options)

    setattr(module, name, counted)


def main(uri: str, point: str) -> None:
    plan = json.load(sys.stdin)
    if point == "half-drive":
        die_in_the_drive()
    elif "#" in point:
        die_at_call(point)
    with open_connection(uri, events=True) as connection:
        spawn(connection, plan, on_step=lambda _server, step: die() if step == point else None)
    sys.exit("the point was never reached")


if __name__ == "__main__":
    main(*sys.argv[1:])
