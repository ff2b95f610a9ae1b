# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make boot` does once there is an environment: hypervisor, guest image, boot, summary."""

from __future__ import annotations

import getpass
import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent.parent
LOGS = CHECKOUT / ".cache" / "boot"
STAMP = CHECKOUT / ".venv" / ".kilonova-requirements"
SOCKET = Path("/run/libvirt/libvirt-sock")
NAME = "kilonova-demo"
_MISSING = re.compile(r"missing packages:(.*)")
_CHANGED = re.compile(r"^\S+ +: ok=\d+ +changed=(\d+)", re.MULTILINE)
_FAILED = re.compile(r"^(?:fatal|failed): \[.*?\].*? => (\{.*\})$", re.MULTILINE)
_ERROR = re.compile(r"^\[?ERROR\]?: (.*)$", re.MULTILINE)


class BootError(Exception):
    """One sentence for the user."""


def main(begin: float) -> None:
    LOGS.mkdir(parents=True, exist_ok=True)
    took = {"environment": time.time() - begin}
    changed = int(STAMP.stat().st_mtime >= begin)
    say("environment", took["environment"])
    report = LOGS / "server.json"
    report.unlink(missing_ok=True)
    image: list[Path] = []
    steps: dict[str, Callable[[], int]] = {
        "hypervisor": set_up,
        "guest image": lambda: build_guest(image),
        "boot": lambda: boot(image[0], report),
    }
    for name, step in steps.items():
        start = time.monotonic()
        changed += step()
        took[name] = time.monotonic() - start
        say(name, took[name])
    print("\n" + summary(json.loads(report.read_text()), took, changed))


def say(step: str, seconds: float) -> None:
    print(f"{step:<12} {seconds:6.1f} s", flush=True)


def set_up() -> int:
    arguments = ["playbooks/hypervisor.yml"]
    if os.geteuid():
        arguments += ["-e", json.dumps({"hypervisor_users": [getpass.getuser()]}), *_ask_for_password()]
    return play("hypervisor", arguments)


def _ask_for_password() -> list[str]:
    if subprocess.run(["sudo", "-n", "true"], check=False, capture_output=True).returncode == 0:
        return []
    if not sys.stdin.isatty():
        raise BootError("sudo wants a password and there is no terminal to ask for it")
    return ["--ask-become-pass"]


def build_guest(image: list[Path]) -> int:
    """Appends the path of the image. What the build misses is installed, and only then."""
    begin, changed = time.time(), 0
    done = _build()
    missing = _MISSING.search(done.stderr)
    if done.returncode and missing:
        changed += install(missing[1].split())
        done = _build()
    (LOGS / "guest.log").write_text(done.stderr)
    if done.returncode:
        raise BootError(f"the guest image cannot be built: {_one_line(done.stderr)}")
    image.append(Path(done.stdout.splitlines()[-1]))
    return changed + (image[0].stat().st_mtime >= begin)


def _build() -> subprocess.CompletedProcess[str]:
    return subprocess.run(["tests/guest/build.sh"], cwd=CHECKOUT, check=False, capture_output=True, text=True)


def install(packages: list[str]) -> int:
    as_root = ["sudo"] if os.geteuid() else []
    environment = ["env", "DEBIAN_FRONTEND=noninteractive"]
    # A broken foreign source must not stop us: the installation itself says whether anything is missing.
    subprocess.run([*as_root, "apt-get", "update", "-qq"], check=False, capture_output=True)
    command = [*as_root, *environment, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise BootError(f"apt-get could not install {' '.join(packages)}: {_one_line(done.stderr)}")
    return len(packages)


def boot(image: Path, report: Path) -> int:
    demo = {"demo_image": str(image), "demo_report": str(report)}
    return play("boot", ["tools/boot/demo.yml", "-e", "@docs/examples/demo.yml", "-e", json.dumps(demo)])


def play(name: str, arguments: list[str]) -> int:
    """Runs a playbook against this machine and answers how many tasks changed something; its output goes to a log."""
    log = LOGS / f"{name}.log"
    command = [str(CHECKOUT / ".venv/bin/ansible-playbook"), *arguments, "-e", "kilonova_hosts=localhost"]
    if os.geteuid() and SOCKET.exists() and not os.access(SOCKET, os.W_OK):
        command = ["sg", "libvirt", "-c", shlex.join(command)]  # a membership counts from the next login on
    with log.open("w") as output:
        done = subprocess.run(command, cwd=CHECKOUT, env=_environment(), check=False, stdout=output, stderr=subprocess.STDOUT)
    text = log.read_text(errors="replace")
    if done.returncode:
        raise BootError(f"{_reason(text)} (all of it: {log.relative_to(CHECKOUT)})")
    return sum(int(count) for count in _CHANGED.findall(text))


def _environment() -> dict[str, str]:
    """The user's own settings of Ansible stay out of it."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
    kept.pop("LIBVIRT_DEFAULT_URI", None)
    return {**kept, "ANSIBLE_CONFIG": str(HERE / "ansible.cfg")}


def _reason(log: str) -> str:
    """The message of the task that failed."""
    for found in reversed(_FAILED.findall(log)):
        try:
            result = json.loads(found)
        except ValueError:
            continue
        if isinstance(result.get("msg"), str):
            return _one_line(f"{result['msg']} {result.get('stderr') or ''}")
    errors = _ERROR.findall(log)
    return errors[-1] if errors else _one_line("\n".join(log.splitlines()[-3:]))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def summary(answer: dict[str, Any], took: dict[str, float], changed: int) -> str:
    server = answer["servers"][0]
    networks = server["addresses"].items()
    addresses = ", ".join(f"{entry['addr']} ({network})" for network, entries in networks for entry in entries) or "none"
    steps = ", ".join(f"{name} {ms / 1000:.2f} s" for name, ms in server["phases"].items()) or "nothing, it was there already"
    virt_type = answer["virt_type"]
    lines = {
        "server": f"{server['name']}, {server['status']}",
        "host": server["host"],
        "power state": server["power_state"],
        "addresses": addresses,
        "virt type": f"{virt_type['name']}: {virt_type['reason']}",
        "took": ", ".join(f"{name} {seconds:.1f} s" for name, seconds in took.items()),
        "server took": steps,
        "look at it": f"virsh -c qemu:///system console {server['domain']}   (leave with Ctrl-])",
        "list": ".venv/bin/ansible-playbook kilonova.compute.list",
        "delete it": f".venv/bin/ansible-playbook kilonova.compute.delete -e delete_name={server['name']}",
        "changes": f"changed={changed}",
    }
    if not os.access(SOCKET, os.W_OK):
        lines["before that"] = "log in again: only then are you a member of the group libvirt, which may talk to it"
    differs = [f"{entry['field']} is {entry['current']}, wanted is {entry['wanted']}" for entry in server["drift"]]
    if differs:
        lines["differs"] = "; ".join(differs)
    return "\n".join(f"{title:<12} {text}" for title, text in lines.items())


if __name__ == "__main__":
    try:
        main(float(sys.argv[1]))
    except BootError as exc:
        sys.exit(f"make boot: {exc}")
    except KeyboardInterrupt:
        sys.exit("make boot: interrupted; the same command again goes on from here")
