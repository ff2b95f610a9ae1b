# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make boot` and the role hypervisor, on hosts that nobody has set up yet: no daemon runs, and /dev/kvm is root's alone."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.guest.facts import facts
from tests.integration.play import BIN
from tests.lab import Host, HostOptions, Lab

pytestmark = pytest.mark.lab

CHECKOUT = Path(__file__).parents[2]
HYPERVISOR = [str(BIN / "ansible-playbook"), "kilonova.compute.hypervisor"]
ENVIRONMENT = {"ANSIBLE_NOCOLOR": "1"}


@pytest.fixture
def bare() -> Iterator[Host]:
    with Lab(hosts=[HostOptions(init="none", kvm_node=0o600)]) as lab:
        # There is no way to a name server from inside; with none configured nobody waits for it.
        lab.hosts[0].run(["mount", "--bind", "/dev/null", "/etc/resolv.conf"])
        yield lab.hosts[0]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh clone of what is committed. `make boot` begins with these two steps; a test host has no way to the packages."""
    folder = tmp_path_factory.mktemp("clone") / "compute"
    subprocess.run(["git", "clone", "-q", str(CHECKOUT), str(folder)], check=True, capture_output=True)
    subprocess.run(["make", "env", "guest"], cwd=folder, check=True, capture_output=True)
    return folder


def changes(output: str) -> int:
    found = re.search(r"\bchanged=(\d+)", output)
    assert found, output
    return int(found[1])


def kvm_mode(host: Host) -> str:
    return host.run(["stat", "-c", "%a %G", "/dev/kvm"]).stdout.strip()


def set_up(host: Host, *options: str) -> str:
    return host.run([*HYPERVISOR, *options], env=ENVIRONMENT, timeout=1800).stdout


def test_the_role_hypervisor_mends_a_host_once(bare: Host) -> None:
    """The subnet of libvirt's network is in use already, and nobody knows the host's own name."""
    subnet = f"{bare.guest_net}.77/24"
    bare.run(["ip", "address", "add", subnet, "dev", "eth0"])
    bare.run(["sh", "-c", "echo 127.0.0.1 localhost > /etc/hosts"])

    predicted = set_up(bare, "--check")
    assert changes(predicted) > 0
    assert kvm_mode(bare) == "600 root"
    assert bare.run(["pgrep", "-c", "libvirtd|virtlogd"], check=False).stdout.strip() == "0"

    assert "virt type " in set_up(bare)
    assert kvm_mode(bare) == "660 kvm"
    assert bare.name in bare.run(["getent", "hosts", bare.name]).stdout
    network, pool = bare.virsh("net-info", "default"), bare.virsh("pool-info", "default")
    assert re.search(r"Active: +yes", network)
    assert re.search(r"Autostart: +yes", network)
    assert f"'{bare.guest_net}." not in bare.virsh("net-dumpxml", "default")
    assert re.search(r"State: +running", pool)
    assert re.search(r"Autostart: +yes", pool)

    assert changes(set_up(bare)) == 0
    assert changes(set_up(bare, "--check")) == 0


def test_the_role_hypervisor_brings_killed_daemons_back(bare: Host, tmp_path: Path) -> None:
    """Also where a process that is none of this host's daemons has the name of one, as those of containers have."""
    set_up(bare)
    bare.run(["pkill", "-KILL", "-x", "libvirtd|virtlogd"])
    bystander = tmp_path / "virtlogd"
    shutil.copy("/bin/sleep", bystander)
    bare.run(["sh", "-c", f"{bystander} 600 >/dev/null 2>&1 &"])
    assert changes(set_up(bare)) == 2
    bare.run(["pkill", "-f", str(bystander)])
    assert bare.run(["pgrep", "-x", "virtlogd"]).stdout.split()
    assert "default" in bare.virsh("net-list", "--name")
    assert changes(set_up(bare)) == 0


def lines_of(output: str) -> dict[str, str]:
    """The summary by title."""
    return {line[:12].strip(): line[13:].strip() for line in output.partition("\n\n")[2].splitlines()}


def test_make_boot_from_a_fresh_clone(bare: Host, clone: Path) -> None:
    first = bare.run(["make", "boot"], cwd=str(clone), timeout=1800).stdout
    summary = lines_of(first)
    assert summary["server"] == "kilonova-demo, ACTIVE"
    assert (summary["host"], summary["power state"]) == (bare.name, "running")
    assert changes(first) > 0
    for phase in ("environment", "hypervisor", "guest image", "boot"):
        assert phase in summary["took"]

    (log,) = bare.path("/var/lib/libvirt/images").glob("*_console.log")
    console = log.read_bytes()
    assert facts(console, "ready")
    assert b"hello from kilonova-demo" in console
    (lease,) = facts(console, "lease")
    assert summary["addresses"] == f"{lease['ip']} (default)"

    second = bare.run(["make", "boot"], cwd=str(clone), timeout=1800).stdout
    assert lines_of(second)["changes"] == "changed=0"
    assert lines_of(second)["addresses"] == summary["addresses"]

    assert bare.virsh("dominfo", summary["look at it"].split("console ")[1].split()[0])
    bare.run(summary["delete it"].split(), cwd=str(clone))
    assert bare.virsh("list", "--all", "--name").split() == []
    volumes = [path.name for path in bare.path("/var/lib/libvirt/images").iterdir()]
    assert [name for name in volumes if not name.startswith("base_")] == []


def test_make_boot_says_in_one_line_what_is_wrong(bare: Host, clone: Path) -> None:
    demo = clone / "docs" / "examples" / "demo.yml"
    sound = demo.read_text()
    demo.write_text(sound.replace("flavor: demo.tiny", "flavor: gone"))
    try:
        failed = bare.run(["make", "boot"], cwd=str(clone), check=False, timeout=1800)
    finally:
        demo.write_text(sound)
    assert failed.returncode != 0
    (line,) = [line for line in failed.stderr.splitlines() if line.startswith("make boot:")]
    assert "there is no flavor gone [FlavorNotFound]" in line
    assert "Traceback" not in failed.stdout + failed.stderr
    assert bare.virsh("list", "--all", "--name").split() == []


def test_make_boot_needs_root_or_sudo() -> None:
    """As a user who has nothing of the kind: the path leads to what the script itself needs, and to no sudo."""
    with tempfile.TemporaryDirectory() as folder:  # not below pytest's own, which nobody else may pass through
        programs, tools = Path(folder, "programs"), Path(folder, "tools")
        for directory in (programs, tools):
            directory.mkdir()
        Path(folder).chmod(0o755)
        shutil.copy(CHECKOUT / "tools" / "boot.sh", tools)
        for name in ("dirname", "id"):
            (programs / name).symlink_to(f"/usr/bin/{name}")
        script = ["env", f"PATH={programs}", "/bin/sh", f"{tools}/boot.sh"]
        done = subprocess.run(["setpriv", "--reuid=65534", *script], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "make boot: needs root or sudo, to install packages and to start libvirt\n"
