# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test hosts themselves: they answer, they carry a guest, they crash and come back, they leave nothing."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.guest.facts import facts
from tests.guest.image import tiny_image, wait_for_fact
from tests.lab import Host, HostOptions, Lab, LabError, sweep
from tests.lab import lab as lab_module
from tests.lab.cgroups import leftovers
from tests.lab.claim import claims, interfaces
from tests.lab.pki import make_pki
from tests.lab.process import birth

pytestmark = pytest.mark.lab

CHECKOUT = Path(__file__).parents[2]
USER_DATA = '#!/bin/sh\necho "user data runs on $(hostname)"\nexit 3\n'
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI test@lab"
DOMAIN = """\
<domain type='qemu'><name>{name}</name><uuid>{uuid}</uuid><memory unit='MiB'>128</memory><vcpu>2</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type></os>
<features><acpi/><tcg><tb-cache unit='MiB'>32</tb-cache></tcg></features>
<devices>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{disk}'/>
  <target dev='vda' bus='virtio'/><serial>root-1</serial></disk>
<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><source file='{drive}'/>
  <target dev='hda' bus='ide'/><readonly/></disk>
<interface type='network'><mac address='52:54:00:00:00:11'/><source network='default'/><model type='virtio'/></interface>
<serial type='pty'><log file='/var/log/libvirt/{name}.log' append='off'/></serial><console type='pty'/>
<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
</devices></domain>
"""
LATER_KILLED = """
import time
from tests.lab import Lab
lab = Lab(hosts=1)
lab.up()
print(lab.directory, lab.claim.number, flush=True)
time.sleep(600)
"""
UUID = "6f1c2e4a-0b5d-4c8e-9a77-3d2b1a0c9e8f"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(hosts=2) as made:
        yield made


def traces(directory: str, number: int) -> dict[str, list[str]]:
    """Everything on this machine that belongs to one lab."""
    processes = []
    for proc in Path("/proc").glob("[0-9]*"):
        try:
            words = (proc / "cmdline").read_bytes() + (proc / "cgroup").read_bytes()
        except OSError:
            continue
        is_ours = f"kilonova-lab-{number}-".encode() in words or f"{directory}/".encode() in words
        if is_ours and birth(int(proc.name)):  # a zombie of an adopted process is the machine's to reap
            processes.append(proc.name)
    return {
        "processes": processes,
        "interfaces": [name for name in interfaces() if name == f"klbr{number}" or name.startswith(f"kl{number}p")],
        "cgroups": leftovers(f"kilonova-lab-{number}-"),
        "directories": [directory] if Path(directory).exists() else [],
        "claims": [claim.name for claim in claims() if claim.number == number],
        "mounts": [line for line in Path("/proc/self/mounts").read_text().splitlines() if directory in line],
    }


def virsh(uri: str, *argv: str) -> str:
    return subprocess.run(["virsh", "-q", "-c", uri, *argv], check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize("scheme", ["unix", "tcp", "tls", "ssh"])
def test_every_uri_reaches_its_own_host(lab: Lab, scheme: str) -> None:
    assert [virsh(getattr(host, f"uri_{scheme}"), "hostname") for host in lab.hosts] == [host.name for host in lab.hosts]


def test_hosts_are_different_machines(lab: Lab) -> None:
    uuids = {host.run(["virsh", "-q", "capabilities"]).stdout.partition("<uuid>")[2][:36] for host in lab.hosts}
    assert uuids == {host.uuid for host in lab.hosts}
    assert [host.run(["hostname"]).stdout.strip() for host in lab.hosts] == [host.name for host in lab.hosts]
    assert len({host.run(["cat", "/etc/machine-id"]).stdout for host in lab.hosts}) == 2
    assert not any(host.run(["test", "-e", "/dev/kvm"], check=False).returncode == 0 for host in lab.hosts)


def test_run_passes_input_environment_and_errors(lab: Lab) -> None:
    host = lab.hosts[0]
    assert (
        host.run(["sh", "-c", 'cat; echo "$GREETING $PWD"'], input="in\n", env={"GREETING": "hi"}, cwd="/usr").stdout
        == "in\nhi /usr\n"
    )
    assert host.run(["false"], check=False).returncode == 1
    with pytest.raises(LabError, match="exit code 7: gone wrong"):
        host.run(["sh", "-c", "echo gone wrong >&2; exit 7"])


def test_run_shares_no_processes_with_the_machine(lab: Lab) -> None:
    assert lab.hosts[0].run(["cat", "/proc/1/cmdline"]).stdout.startswith("bash\0")
    assert "libvirtd" in lab.hosts[0].run(["ps", "-eo", "comm"]).stdout
    assert lab.hosts[0].run(["ps", "-eo", "comm"]).stdout.count("libvirtd") == 1


def test_guests_may_read_what_the_hosts_share(lab: Lab) -> None:
    (lab.shared / "probe").write_text("x")
    (lab.shared / "probe").chmod(0o644)
    assert (
        lab.hosts[1].run(["setpriv", "--reuid", "libvirt-qemu", "--clear-groups", "cat", str(lab.shared / "probe")]).stdout
        == "x"
    )


def make_drive(directory: Path) -> tuple[Path, bytes]:
    """A config drive as an ISO image, and the bytes of its meta data."""
    tree = directory / "drive" / "openstack" / "latest"
    tree.mkdir(parents=True)
    meta = json.dumps({"uuid": UUID, "hostname": "guest-1.example.org", "public_keys": {"test": KEY}}).encode()
    (tree / "meta_data.json").write_bytes(meta)
    (tree / "user_data").write_text(USER_DATA)
    image = directory / "drive.iso"
    command = ["xorriso", "-as", "mkisofs", "-quiet", "-V", "config-2", "-r", "-J", "-o", str(image), str(directory / "drive")]
    subprocess.run(command, check=True, capture_output=True)
    return image, meta


def start_guest(host: Host, directory: Path, drive: Path) -> Path:
    """Defines and starts the guest `g1`; its console log as the machine sees it."""
    disk = directory / "g1.qcow2"
    base = str(shutil.copy(tiny_image(), directory))  # guests cannot look into every checkout: homes are closed to others
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", str(disk), "128M"], check=True)
    host.virsh("define", "/dev/stdin", input=DOMAIN.format(name="g1", uuid=UUID, disk=disk, drive=drive))
    host.virsh("start", "g1")
    return host.path("/var/log/libvirt/g1.log")


def test_guest_boots_and_tells_what_it_sees(lab: Lab) -> None:
    host = lab.hosts[0]
    drive, meta = make_drive(lab.shared)
    console = start_guest(host, lab.shared, drive)
    wait_for_fact(console, "ready")
    lease = wait_for_fact(console, "lease")
    text = console.read_bytes()
    assert lease["ip"].startswith(f"{host.guest_net}.")
    assert lease["gateway"] == f"{host.guest_net}.1"
    assert lease["ip"] in host.virsh("net-dhcp-leases", "default")
    assert [nic["mac"] for nic in facts(text, "nic")] == ["52:54:00:00:00:11"]
    disks = {disk["name"]: disk for disk in facts(text, "disk")}
    assert (disks["vda"]["serial"], disks["vda"]["bytes"]) == ("root-1", 128 * 1024**2)
    assert disks["sr0"]["label"] == "config-2"
    assert facts(text, "config_drive") == [{"found": True, "device": "/dev/sr0", "label": "config-2", "fstype": "iso9660"}]
    files = {file["path"]: file for file in facts(text, "file")}
    assert files["openstack/latest/user_data"]["text"] == USER_DATA
    assert files["openstack/latest/meta_data.json"]["sha256"] == hashlib.sha256(meta).hexdigest()
    assert facts(text, "key")[0]["authorized_keys_sha256"] == hashlib.sha256(f"{KEY}\n".encode()).hexdigest()
    assert facts(text, "hostname") == [{"hostname": "guest-1.example.org", "source": "config_drive"}]
    assert b"user data runs on guest-1.example.org" in text
    assert facts(text, "user_data")[0]["exit_code"] == 3
    assert facts(text, "dmi")[0]["uuid"] == UUID
    assert facts(text, "cpu")[0]["count"] == 2
    assert facts(text, "firmware") == [{"type": "bios", "secure_boot": False}]
    assert facts(text, "agent")[0]["running"] is False
    host.virsh("shutdown", "--mode", "acpi", "g1")
    assert wait_for_fact(console, "poweroff")["by"] == "acpi"
    host.run(["sh", "-c", "while virsh -q domstate g1 | grep -q running; do sleep 0.1; done"], timeout=600)
    assert host.virsh("domstate", "g1").strip() == "shut off"


def test_crashed_host_takes_its_guests_down_and_comes_back(lab: Lab) -> None:
    host, other = lab.hosts
    host.virsh("autostart", "g1")
    host.virsh("start", "g1")
    host.crash()
    assert not host.is_running
    with pytest.raises(LabError, match="is down"):
        _ = host.pid
    assert subprocess.run(["virsh", "-c", host.uri_unix, "hostname"], check=False, capture_output=True).returncode != 0
    assert virsh(other.uri_tcp, "hostname") == other.name
    host.start()
    assert virsh(host.uri_tcp, "hostname") == host.name
    assert "default" in host.virsh("net-list", "--name")
    host.run(["sh", "-c", "until virsh -q domstate g1 | grep -q running; do sleep 0.1; done"], timeout=600)
    host.virsh("destroy", "g1")
    host.virsh("undefine", "g1")


def test_nothing_is_left_even_after_a_failure() -> None:
    made = Lab(hosts=[HostOptions(network=False, pool=False, kvm_node=0o600)])
    seen: list[tuple[str, int]] = []

    def fail() -> None:
        with made:
            seen.append((str(made.directory), made.claim.number))
            assert made.hosts[0].run(["stat", "-c", "%a", "/dev/kvm"]).stdout == "600\n"
            assert made.hosts[0].virsh("pool-list", "--all", "--name").strip() == ""
            alive = traces(*seen[0])
            assert all(alive[kind] for kind in alive if kind != "mounts")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert not any(traces(*seen[0]).values())


def test_two_labs_stand_side_by_side(lab: Lab) -> None:
    with Lab(hosts=[HostOptions(network=False, pool=False)]) as other:
        assert other.hosts[0].address != lab.hosts[0].address
        assert virsh(other.hosts[0].uri_tls, "hostname") == other.hosts[0].name
        with pytest.raises(LabError, match="already"):
            Lab(name=other.name).up()
    assert virsh(lab.hosts[0].uri_tls, "hostname") == lab.hosts[0].name


def test_killed_test_run_is_swept_up() -> None:
    with subprocess.Popen([sys.executable, "-c", LATER_KILLED], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        directory, number = owner.stdout.readline().split()
        assert all(traces(directory, int(number))[kind] for kind in ("processes", "interfaces", "cgroups", "directories"))
        os.kill(owner.pid, signal.SIGKILL)
    sweep()  # or another run beside this one has done it
    assert directory not in [claim.directory for claim in claims()]
    assert not Path(directory).exists()


def test_a_lab_that_is_being_made_is_not_swept_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run begins just then: the new lab has no owner to stay, and little to show."""
    swept: list[str] = []

    def meanwhile(directory: Path) -> None:
        swept.extend(sweep())
        make_pki(directory)

    monkeypatch.setattr(lab_module, "make_pki", meanwhile)
    made = Lab(hosts=[HostOptions(init="none")], stay=True)
    made.up()
    try:
        assert made.name not in swept
        assert [claim.owner for claim in claims() if claim.name == made.name] == [0]
        assert made.name not in sweep()
    finally:
        made.down()


def test_bare_host_waits_for_its_daemons() -> None:
    with Lab(hosts=[HostOptions(init="none")]) as made:
        host = made.hosts[0]
        assert "libvirtd" not in host.run(["ps", "-eo", "comm"]).stdout
        assert host.run(["cat", "/etc/libvirt/libvirtd.conf"]).stdout == Path("/etc/libvirt/libvirtd.conf").read_text()
        host.start_daemons()
        assert virsh(host.uri_ssh, "hostname") == host.name
        assert "default" in host.virsh("net-list", "--all", "--name")


def test_command_line_makes_and_removes_a_lab() -> None:
    def command(*argv: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "tests.lab", *argv], cwd=CHECKOUT, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    try:
        assert "cli-1 " in command("one", "--name", "cli", "--no-network", "--no-pool")
        assert command("sh", "--name", "cli", "1", "hostname") == "cli-1\n"
        command("down", "--all-stale")
        command("crash", "--name", "cli", "1")
        assert " down " in next(line for line in command("list").splitlines() if line.startswith("cli-1 "))
        command("start", "--name", "cli", "1")
        assert command("sh", "--name", "cli", "1", "virsh", "-q", "hostname").strip() == "cli-1"
    finally:
        command("down", "--name", "cli")
    assert "cli-1" not in command("list")
