# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One test host: its files, its processes, its addresses."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from .cgroups import Cgroups
from .claim import Claim
from .pki import make_host_certificate
from .process import LabError, birth, is_alive, kill, listens, tool, wait_until
from .setup import LIBVIRTD_CONF, SSHD_CONFIG, first_commands, network_xml, pool_xml

SCRIPT = Path(__file__).with_name("host.sh")


@dataclass(frozen=True)
class HostOptions:
    """What a host is like. `init="none"`: the packages' own configuration and no daemon at all, a host yet to be set up.

    `kvm_node` makes /dev/kvm with that mode (for example 0o600); None hides it. `network` and `pool` make and start what is
    called `default`; a host with `init="none"` gets neither.
    """

    init: str = "libvirtd"
    network: bool = True
    pool: bool = True
    kvm_node: int | None = None


@dataclass(eq=False)
class Host:
    """Host `index` (0, 1, ...) of a lab."""

    claim: Claim
    index: int
    options: HostOptions
    _launcher: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        return f"{self.claim.name}-{self.index + 1}"

    @property
    def address(self) -> str:
        return self.claim.address(11 + self.index)

    @property
    def guest_net(self) -> str:
        """First three numbers of the subnet of the network `default`, different on every host of a lab."""
        return f"192.168.{101 + self.index}"

    @property
    def directory(self) -> Path:
        return Path(self.claim.directory, self.name)

    @property
    def pki(self) -> Path:
        return Path(self.claim.directory, "pki")

    @property
    def socket(self) -> Path:
        """libvirt's socket as it is seen from the machine; inside it is at the usual place."""
        return self.directory / "sock" / "libvirt-sock"

    @property
    def uri_unix(self) -> str:
        return f"qemu+unix:///system?socket={self.socket}"

    @property
    def uri_tcp(self) -> str:
        return f"qemu+tcp://{self.address}/system"

    @property
    def uri_tls(self) -> str:
        return f"qemu+tls://{self.address}/system?pkipath={self.pki}"

    @property
    def uri_ssh(self) -> str:
        return f"qemu+ssh://root@{self.address}/system?keyfile={self.pki}/id&no_verify=1&command={self.pki}/ssh"

    @property
    def uuid(self) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"kilonova-lab:{self.claim.directory}/{self.name}"))

    @cached_property
    def cgroups(self) -> Cgroups:
        return Cgroups(self.claim.cgroup(self.index))

    @property
    def pid(self) -> int:
        """The machine's number of the process that is PID 1 of the host; LabError when the host is down."""
        with suppress(FileNotFoundError):
            pid, born = self._identity.read_text().split()
            if is_alive(int(pid), born):
                return int(pid)
        raise LabError(f"host {self.name} is down")

    @property
    def is_running(self) -> bool:
        with suppress(LabError):
            return bool(self.pid)
        return False

    def path(self, *parts: str) -> Path:
        """Where the machine sees a file of the host: the host's own directories are elsewhere, all else is shared.

        `host.path("/var/log/libvirt/qemu/x.log")` is below the lab's directory, `host.path("/etc/os-release")` is itself.
        """
        wanted = Path("/", *parts)
        own = {"/etc/libvirt": "etc", "/run/libvirt": "sock", "/var/run/libvirt": "sock", "/var/lib/swtpm-localca": "swtpm"}
        own.update({"/var/lib/libvirt": "lib", "/var/cache/libvirt": "cache", "/var/log": "log"})
        for inside, outside in own.items():
            if wanted.is_relative_to(inside):
                return self.directory / outside / wanted.relative_to(inside)
        return wanted

    def run(
        self,
        argv: Sequence[str],
        check: bool = True,
        input: str | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str = "/",
        timeout: float | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command inside; with `check`, LabError with its standard error when it fails. `env` adds to the caller's."""
        done = subprocess.run(
            ["bash", str(SCRIPT), "enter", *argv],
            **({"stdin": subprocess.DEVNULL} if input is None else {"input": input}),
            env={**self.environment(cwd), **(env or {})},
            check=False, capture_output=True, text=True, timeout=timeout,
        )  # fmt: skip
        if check and done.returncode:
            words = (done.stderr or done.stdout).strip()
            raise LabError(f"{self.name}: {' '.join(argv)}: exit code {done.returncode}: {words}")
        return done

    def virsh(self, *argv: str, check: bool = True, input: str | None = None) -> str:
        """Standard output of virsh inside; XML may come by `input` and the file name /dev/stdin."""
        return self.run(["virsh", "-q", "-c", "qemu:///system", *argv], check=check, input=input).stdout

    def start(self) -> None:
        """Boots the host. After a crash this is a reboot: definitions are there, autostarted things start, /run is empty."""
        if self.is_running:
            raise LabError(f"host {self.name} is up already")
        is_new = not self.directory.exists()
        self._prepare()
        self.cgroups.create()
        self._launcher = self._launch()
        try:
            self._settle(self._launcher)
            if is_new and self.options.init == "libvirtd":
                self._define_defaults()
        except BaseException:
            self.crash()
            raise

    def start_daemons(self) -> None:
        """Starts virtlogd, libvirtd and sshd in a host with `init="none"`, with the configuration that is there by now."""
        self.run(["bash", str(SCRIPT), "daemons"])
        self._await_daemons()

    def crash(self) -> None:
        """Takes the host down at once with all that runs in it; its disks and definitions stay."""
        with suppress(FileNotFoundError):
            pid, born = self._identity.read_text().split()
            kill(int(pid), born)
            self._identity.unlink()
        tool("ip", "link", "del", self.claim.port(self.index), check=False)
        self.cgroups.remove()
        self.reap()

    def reap(self) -> None:
        """Collects the launcher of a host that is down, when this process has started it."""
        if self._launcher:
            self._launcher.wait()
            self._launcher = None

    def environment(self, cwd: str = "/") -> dict[str, str]:
        """The caller's environment with the variables of host.sh; LAB_PID is empty while the host is down."""
        kvm = self.options.kvm_node
        return {
            **os.environ,
            "LAB_DIR": str(self.directory),
            "LAB_HOST": self.name,
            "LAB_UUID": self.uuid,
            "LAB_INIT": self.options.init,
            "LAB_PKI": str(self.pki),
            "LAB_ADDRESS": self.address,
            "LAB_GATEWAY": self.claim.address(1),
            "LAB_GUEST_NET": self.guest_net,
            "LAB_KVM_NODE": "" if kvm is None else f"{kvm:03o}",
            "LAB_CGROUPS": " ".join(map(str, self.cgroups.directories)),
            "LAB_CGROUP_VERSION": str(self.cgroups.version),
            "LAB_PID": str(self.pid) if self.is_running else "",
            "LAB_CWD": cwd,
        }

    @property
    def _identity(self) -> Path:
        return self.directory / "identity"

    @property
    def _log(self) -> Path:
        return self.directory / "host.log"

    def _prepare(self) -> None:
        shutil.rmtree(self.directory / "sock", ignore_errors=True)  # libvirt remembers there what it has autostarted
        for name in ("etc", "lib", "log", "cache", "swtpm", "mdevctl", "sock"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        for directory in (self.directory, self.directory / "sock"):  # whatever the umask: guests run as another user
            directory.chmod(0o755)
        for name in ("pid", "ready"):
            (self.directory / name).unlink(missing_ok=True)
        if not (self.pki / f"{self.name}.crt").exists():
            make_host_certificate(self.pki, self.name, self.address)
        values = {"address": self.address, "uuid": self.uuid, "pki": str(self.pki), "name": self.name}
        (self.directory / "libvirtd.conf").write_text(LIBVIRTD_CONF.format(**values))
        (self.directory / "sshd_config").write_text(SSHD_CONFIG.format(**values))

    def _launch(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:  # a session of its own: Ctrl-C is for us to handle
            return subprocess.Popen(
                ["bash", str(SCRIPT), "start"],
                env=self.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/",
            )  # fmt: skip

    def _settle(self, process: subprocess.Popen[bytes]) -> None:
        """Waits until the host has its namespaces, gives it its network card, waits until it is up."""

        def appears(path: Path) -> bool:
            if process.poll() is not None:
                raise LabError(f"host {self.name} does not start: {self._log.read_text(errors='replace').strip()[-2000:]}")
            return path.exists()

        wait_until(lambda: appears(self.directory / "pid"), f"host {self.name} does not start, see {self._log}")
        pid = int((self.directory / "pid").read_text())
        self._identity.write_text(f"{pid} {birth(pid)}")
        port = self.claim.port(self.index)
        # a fixed address, else neighbours keep a stale ARP entry over a crash
        mac = f"02:00:00:{self.claim.number:02x}:99:{self.index + 1:02x}"
        tool("ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "address", mac, "netns", str(pid))
        tool("ip", "link", "set", port, "master", self.claim.bridge, "up")
        wait_until(lambda: appears(self.directory / "ready"), f"host {self.name} does not get up, see {self._log}")
        if self.options.init == "libvirtd":
            self._await_daemons()

    def _await_daemons(self) -> None:
        wait_until(self.socket.exists, f"libvirtd of host {self.name} makes no socket, see {self._log}")
        wait_until(lambda: listens(self.address, 22), f"sshd of host {self.name} does not answer, see {self._log}")

    def _define_defaults(self) -> None:
        (self.directory / "network.xml").write_text(network_xml(self.guest_net))
        (self.directory / "pool.xml").write_text(pool_xml())
        commands = first_commands(self.directory, self.options.network, self.options.pool)
        if commands:
            self.virsh("; ".join(commands))
