# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Claims a subnet for one lab by making its bridge, and keeps the register of the labs on this machine."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from .process import LabError, birth, is_alive, tool

REGISTER = Path("/run/kilonova-lab")
LABS = Path("/var/tmp")


@dataclass(frozen=True)
class Claim:
    """A lab's place on the machine: subnet 10.99.<number>.0/24, directory, and the process that will remove it (0: by hand)."""

    number: int
    name: str
    directory: str
    owner: int
    owner_birth: str

    @property
    def bridge(self) -> str:
        return f"klbr{self.number}"

    @property
    def entry(self) -> Path:
        return REGISTER / f"{self.number}.json"

    def address(self, last: int) -> str:
        return f"10.99.{self.number}.{last}"

    def port(self, index: int) -> str:
        """The machine's end of the cable to host `index` (0, 1, ...)."""
        return f"kl{self.number}p{index + 1}"

    def cgroup(self, index: int) -> str:
        return f"kilonova-lab-{self.number}-{index + 1}"

    def is_abandoned(self) -> bool:
        """True when its owner is gone; a lab made to stay (`up`) is abandoned when its directory is."""
        if not self.owner:
            return not Path(self.directory, "lab.json").exists()
        return not is_alive(self.owner, self.owner_birth)


@contextmanager
def register_lock() -> Iterator[None]:
    """Serialises claiming against sweeping, so that a bridge without an entry is always a leftover."""
    with _locked(REGISTER.parent):
        REGISTER.mkdir(exist_ok=True)
        yield
        if not any(REGISTER.iterdir()):
            REGISTER.rmdir()


@contextmanager
def sweep_lock() -> Iterator[None]:
    """One sweeps at a time: a second one would go on to remove what is gone, and has been claimed anew by then."""
    with _locked(LABS):
        yield


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Locks a directory that stays: a lock file could not be removed without a race."""
    lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def claims() -> list[Claim]:
    found = []
    for entry in sorted(REGISTER.glob("*.json")):
        with suppress(FileNotFoundError):  # released meanwhile
            found.append(Claim(**json.loads(entry.read_text())))
    return found


def write(made: Claim) -> None:
    """In one step: others read it at any time."""
    new = made.entry.with_suffix(".new")
    new.write_text(json.dumps(asdict(made)))
    new.rename(made.entry)


def claim(name: str | None, directory: str | None) -> Claim:
    """Takes the first free subnet; making a bridge fails when it exists, which makes the claim atomic. The owner is this
    process: a lab that is to stay is let go when it is made."""
    with register_lock():
        if name and any(other.name == name for other in claims()):
            raise LabError(f"there is a lab {name} already: `lab list` shows it, `lab down --all-stale` removes leftovers")
        number = _free_subnet()
        taken = name or f"lab{number}"
        owner = os.getpid()
        made = Claim(number, taken, directory or str(LABS / f"kilonova-lab-{taken}"), owner, birth(owner) or "")
        write(made)
    tool("ip", "addr", "add", f"{made.address(1)}/24", "dev", made.bridge)
    tool("ip", "link", "set", made.bridge, "up")
    return made


def let_go(made: Claim) -> Claim:
    """The same, of nobody: it stays until it is removed by hand."""
    free = replace(made, owner=0, owner_birth="")
    with register_lock():
        write(free)
    return free


def release(made: Claim) -> None:
    """Removes bridge and entry."""
    with register_lock():
        tool("ip", "link", "del", made.bridge, check=False)
        made.entry.unlink(missing_ok=True)


def release_strays() -> list[str]:
    """Removes bridges and cables of ours that no entry speaks of; their names."""
    with register_lock():
        known = {made.number for made in claims()}
        strays = [name for name in interfaces() if int(name[2:].lstrip("br").partition("p")[0]) not in known]
        for name in strays:
            tool("ip", "link", "del", name, check=False)
    return strays


def interfaces() -> list[str]:
    """The interfaces of all labs: bridges klbrN and cables klNpI."""
    names = sorted(entry.name for entry in Path("/sys/class/net").glob("kl*"))
    return [name for name in names if name[2:].removeprefix("br").replace("p", "", 1).isdigit()]


def _free_subnet() -> int:
    routes = tool("ip", "-4", "route", "show", "table", "all").stdout
    for number in range(255):
        if f"10.99.{number}." in routes:
            continue
        if tool("ip", "link", "add", f"klbr{number}", "type", "bridge", check=False).returncode == 0:
            return number
    raise LabError("no subnet below 10.99.0.0/16 is free, or bridges cannot be made (are we root?)")
