# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A set of test hosts on one bridge, and the removal of sets that nobody owns any more."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from .cgroups import Cgroups, leftovers
from .claim import LABS, Claim, claim, claims, interfaces, let_go, release, release_strays, sweep_lock
from .host import Host, HostOptions
from .pki import make_pki
from .process import LabError, missing_tools, tool

_MAX_HOSTS = 100
_TOOLS = ("ip", "unshare", "nsenter", "libvirtd", "virtlogd", "virsh", "sshd", "ssh-keygen", "openssl", "sysctl", "qemu-img")


class Lab:
    """Test hosts for the length of a `with` block; afterwards nothing of them is left, whatever happened inside.

    `hosts` is their number, or one HostOptions each. `workdir` must be new or empty, and everybody must be able to pass
    through the directories above it (guests run as another user). `stay=True` is for a lab that outlives this process.
    """

    def __init__(
        self,
        name: str | None = None,
        hosts: int | Sequence[HostOptions] = 2,
        workdir: str | os.PathLike[str] | None = None,
        stay: bool = False,
    ) -> None:
        self._wanted = [HostOptions()] * hosts if isinstance(hosts, int) else list(hosts)
        self._name = name
        self._workdir = None if workdir is None else str(Path(workdir).absolute())
        self._stay = stay
        self._claim: Claim | None = None
        self.hosts: list[Host] = []
        if name is not None and not re.fullmatch(r"[a-z][a-z0-9-]{0,20}", name):
            raise LabError(f"lab name {name!r}: 1 to 21 lower-case letters, digits and dashes, a letter first")
        if not 1 <= len(self._wanted) <= _MAX_HOSTS:
            raise LabError(f"a lab has 1 to {_MAX_HOSTS} hosts")

    @classmethod
    def load(cls, name: str) -> Lab:
        """A lab that another process has made."""
        for made in claims():
            if made.name == name:
                state = json.loads(Path(made.directory, "lab.json").read_text())
                lab = cls(name, [HostOptions(**options) for options in state], made.directory, stay=True)
                lab._take(made)
                return lab
        raise LabError(f"there is no lab {name}")

    def __enter__(self) -> Lab:
        self.up()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.down()

    @property
    def claim(self) -> Claim:
        if self._claim is None:
            raise LabError("the lab is not up")
        return self._claim

    @property
    def name(self) -> str:
        return self.claim.name

    @property
    def directory(self) -> Path:
        return Path(self.claim.directory)

    @property
    def shared(self) -> Path:
        """A directory that all hosts and the machine see under the same path."""
        return self.directory / "shared"

    @property
    def ssh_key(self) -> Path:
        return self.directory / "pki" / "id"

    def up(self) -> None:
        check_machine()
        sweep()
        if self._workdir:
            _check_directory(Path(self._workdir))
        self._take(claim(self._name, self._workdir))
        try:
            self._make_directory()
            if self._stay:
                self._take(let_go(self.claim))
            for host in self.hosts:
                host.start()
        except BaseException:
            self.down()
            raise

    def down(self) -> None:
        """Removes everything; may be called twice. A Ctrl-C waits until it is done."""
        if self._claim is None:
            return
        with _undisturbed():
            _remove(self._claim)
            for host in self.hosts:
                host.reap()
            self._claim = None

    def _take(self, made: Claim) -> None:
        self._claim = made
        self.hosts = [Host(made, index, options) for index, options in enumerate(self._wanted)]

    def _make_directory(self) -> None:
        self.directory.mkdir(exist_ok=True)
        self.shared.mkdir()
        for directory in (self.directory, self.shared):
            directory.chmod(0o755)
        lines = ["127.0.0.1 localhost", "::1 localhost", *(f"{host.address} {host.name}" for host in self.hosts)]
        (self.directory / "hosts").write_text("\n".join(lines) + "\n")
        make_pki(self.directory / "pki")
        (self.directory / "pki").chmod(0o755)
        (self.directory / "lab.json").write_text(json.dumps([asdict(options) for options in self._wanted]))


def sweep() -> list[str]:
    """Removes labs whose owner is gone (killed), and what a lost register leaves; the names of what was removed."""
    with sweep_lock():
        removed = []
        for made in claims():
            if made.is_abandoned():
                _remove(made)
                removed.append(made.name)
        # Looked for before the claims are read: whatever is made has been claimed before.
        cgroups, directories = leftovers("kilonova-lab-"), list(LABS.glob("kilonova-lab-*"))
        known = claims()
        for name in cgroups:
            if not name.startswith(tuple(f"kilonova-lab-{made.number}-" for made in known)):
                Cgroups(name).remove()
                removed.append(name)
        removed += release_strays()
        for directory in directories:
            if str(directory) not in {made.directory for made in known}:
                shutil.rmtree(directory, ignore_errors=True)
                removed.append(str(directory))
        return removed


def check_machine() -> None:
    """LabError in one line when this machine cannot carry test hosts."""
    if os.geteuid() != 0:
        raise LabError("test hosts need root")
    missing = missing_tools(_TOOLS)
    if missing:
        raise LabError(f"missing: {', '.join(missing)}; install the packages of tests/lab/packages.txt")


def _check_directory(directory: Path) -> None:
    if directory.exists() and any(directory.iterdir()):
        raise LabError(f"{directory} is not empty")
    closed = [parent for parent in directory.parents if parent.exists() and not parent.stat().st_mode & 0o001]
    if closed:
        raise LabError(f"{directory}: guests run as another user and cannot pass through {closed[0]}")
    if len(str(directory)) > 60:
        raise LabError(f"{directory}: too long a path for sockets below it")


def _remove(made: Claim) -> None:
    """Needs no more than the claim: it works after any accident."""
    for name in leftovers(f"kilonova-lab-{made.number}-"):
        Cgroups(name).remove()
    for port in interfaces():
        if port.startswith(f"kl{made.number}p"):
            tool("ip", "link", "del", port, check=False)
    shutil.rmtree(made.directory, ignore_errors=True)
    with suppress(FileNotFoundError):
        shutil.rmtree(made.directory)  # a daemon's last words: now everything is dead, and an error is one
    release(made)


@contextmanager
def _undisturbed() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
