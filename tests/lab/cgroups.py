# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One cgroup per test host in every hierarchy of the machine (version 1), or in the only one (version 2)."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .process import LabError, wait_until

ROOT = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Cgroups:
    """The cgroups of one name. Two libvirtd in one tree could give two guests the same scope, hence one each."""

    name: str

    @property
    def version(self) -> int:
        return 2 if (ROOT / "cgroup.controllers").exists() else 1

    @property
    def directories(self) -> list[Path]:
        return [mount / self.name for mount in _hierarchies()]

    def create(self) -> None:
        for directory in self.directories:
            if self.version == 2:
                _delegate(ROOT)
            directory.mkdir(exist_ok=True)
            for setting in ("cpuset.cpus", "cpuset.mems"):  # version 1: empty until set, and then nothing may enter
                if self.version == 1 and (directory / setting).exists():
                    (directory / setting).write_text((directory.parent / setting).read_text())
        if self.version == 2:
            (self.directories[0] / "init").mkdir(exist_ok=True)

    def remove(self) -> None:
        """Kills whatever still lives in them first: a lab can be removed without knowing its processes."""
        self.kill()
        for directory in self.directories:
            wait_until(lambda directory=directory: _remove_tree(directory), f"{directory} still holds processes")  # type: ignore[misc]

    def kill(self) -> None:
        def is_empty() -> bool:
            pids = {int(pid) for top in self.directories for pid in _processes(top)}
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return not pids

        wait_until(is_empty, f"processes in the cgroup {self.name} ignore SIGKILL")


def leftovers(prefix: str) -> list[str]:
    """Names of cgroups that begin so."""
    return sorted({entry.name for mount in _hierarchies() for entry in mount.glob(f"{prefix}*") if entry.is_dir()})


def _hierarchies() -> list[Path]:
    if (ROOT / "cgroup.controllers").exists():
        return [ROOT]
    fields = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    found = [Path(field[1]) for field in fields if field[2] == "cgroup"]
    if not found:
        raise LabError(f"no cgroup hierarchy is mounted below {ROOT}")
    return found


def _delegate(directory: Path) -> None:
    """Lets the children of a version 2 cgroup have each controller that can be had; some refuse, which is fine."""
    for controller in (directory / "cgroup.controllers").read_text().split():
        try:
            (directory / "cgroup.subtree_control").write_text(f"+{controller}")
        except OSError:
            continue


def _processes(directory: Path) -> list[str]:
    found: list[str] = []
    for listing in directory.rglob("cgroup.procs"):
        with suppress(OSError):
            found += [pid for pid in listing.read_text().split() if pid != "0"]
    return found


def _remove_tree(directory: Path) -> bool:
    for path, _, _ in os.walk(directory, topdown=False):
        try:
            os.rmdir(path)
        except FileNotFoundError:
            continue
        except OSError:
            return False
    return not directory.exists()
