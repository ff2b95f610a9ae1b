# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make boot` and the role hypervisor, on hosts that nobody has set up yet: no daemon runs, and /dev/kvm is root's alone."""

from __future__ import annotations

import re
import subprocess
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
        yield lab.hosts[0]


def changes(output: str) -> int:
    found = re.search(r"\bchanged=(\d+)", output)
    assert found, output
    return int(found[1])


def kvm_mode(host: Host) -> str:
    return host.run(["stat", "-c", "%a %G", "/dev/kvm"]).stdout.strip()


def set_up(host: Host, *options: str) -> str:
    return host.run([*HYPERVISOR, *options], env=ENVIRONMENT, timeout=300).stdout


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


def test_the_role_hypervisor_brings_a_killed_libvirtd_back(bare: Host) -> None:
    set_up(bare)
    bare.run(["pkill", "-KILL", "-x", "libvirtd"])
    assert changes(set_up(bare)) == 1
    assert "default" in bare.virsh("net-list", "--name")


def lines_of(output: str) -> dict[str, str]:
    """The summary by title."""
    return {line[:12].strip(): line[13:].strip() for line in output.partition("\n\n")[2].splitlines()}


def test_make_boot_from_a_fresh_clone(bare: Host, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(CHECKOUT), str(clone)], check=True, capture_output=True)
    first = bare.run(["make", "boot"], cwd=str(clone), timeout=900).stdout
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

    second = bare.run(["make", "boot"], cwd=str(clone), timeout=300).stdout
    assert lines_of(second)["changes"] == "changed=0"
    assert lines_of(second)["addresses"] == summary["addresses"]

    assert bare.virsh("dominfo", summary["look at it"].split("console ")[1].split()[0])
    bare.run(summary["delete it"].split(), cwd=str(clone))
    assert bare.virsh("list", "--all", "--name").split() == []
    volumes = [path.name for path in bare.path("/var/lib/libvirt/images").iterdir()]
    assert [name for name in volumes if not name.startswith("base_")] == []


def test_make_boot_says_in_one_line_what_is_wrong(bare: Host, tmp_path: Path) -> None:
    """A broken checkout: the guest's image is no disk image."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(CHECKOUT), str(clone)], check=True, capture_output=True)
    (clone / "docs/examples/demo.yml").write_text('kilonova_servers: [{name: kilonova-demo, flavor: gone, image: ""}]\n')
    failed = bare.run(["make", "boot"], cwd=str(clone), check=False, timeout=900)
    assert failed.returncode != 0
    (line,) = [line for line in failed.stderr.splitlines() if line.startswith("make boot:")]
    assert "there is no flavor gone [FlavorNotFound]" in line
    assert "Traceback" not in failed.stdout + failed.stderr
    assert bare.virsh("list", "--all", "--name").split() == []
