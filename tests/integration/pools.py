# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools of a test's own, over a folder or a file system of a given size."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .world import World


@contextmanager
def own_pool(world: World, folder: Path, *, size: str = "64m") -> Iterator[str]:
    """A pool, named as its folder, on a file system of that size that is mounted inside the host only. Gives the name."""
    folder.mkdir(parents=True)
    name = folder.name
    world.host.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)])
    xml = f"<pool type='dir'><name>{name}</name><target><path>{folder}</path></target></pool>"
    world.host.virsh("pool-create", "/dev/stdin", input=xml)
    try:
        yield name
    finally:
        world.host.virsh("pool-destroy", name)
        world.host.run(["umount", "-l", str(folder)])
        folder.rmdir()
