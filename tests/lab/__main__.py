# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line: python3 -m tests.lab up 2."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from .claim import claims
from .host import SCRIPT, Host, HostOptions
from .lab import Lab, check_machine, sweep
from .process import LabError


def main(argv: list[str]) -> int:
    arguments = _parser().parse_args(argv)
    try:
        check_machine()
        return int(arguments.act(arguments) or 0)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description="Independent libvirt hosts on this machine, for tests.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, text in (("up", "start a lab of N hosts that stays until `down`"), ("one", "the same with one host")):
        up = commands.add_parser(name, help=text)
        up.set_defaults(act=_up, hosts=1)
        if name == "up":
            up.add_argument("hosts", type=int, nargs="?", default=2, metavar="N")
        up.add_argument("--workdir", help="default: /var/tmp/kilonova-lab-NAME")
        up.add_argument("--init", choices=["libvirtd", "none"], default="libvirtd", help="none: a host without daemons")
        up.add_argument("--no-network", action="store_true", help="do not start a network `default`")
        up.add_argument("--no-pool", action="store_true", help="do not start a pool `default`")
        up.add_argument("--kvm-node", type=lambda mode: int(mode, 8), metavar="MODE", help="make /dev/kvm with this octal mode")
        _add_name(up)
    for name, act, text in (
        ("sh", _sh, "run a command (default: a shell) in host I"),
        ("crash", _crash, "take host I down at once"),
        ("start", _start, "start host I again"),
    ):
        command = commands.add_parser(name, help=text)
        _add_name(command)
        command.add_argument("host", type=int, metavar="I", help="1, 2, ...")
        command.set_defaults(act=act)
        if act is _sh:
            command.add_argument("command", nargs=argparse.REMAINDER, metavar="CMD")
    down = commands.add_parser("down", help="remove a lab")
    _add_name(down)
    down.add_argument("--all-stale", action="store_true", help="remove what killed test runs have left")
    down.set_defaults(act=_down)
    commands.add_parser("list", help="show labs and hosts").set_defaults(act=_list)
    return parser


def _add_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", help="which lab; needed only when there are several")


def _up(arguments: argparse.Namespace) -> None:
    options = HostOptions(arguments.init, not arguments.no_network, not arguments.no_pool, arguments.kvm_node)
    lab = Lab(arguments.name, [options] * arguments.hosts, arguments.workdir, stay=True)
    lab.up()
    for host in lab.hosts:
        _show(host)


def _sh(arguments: argparse.Namespace) -> int:
    host = _host(arguments)
    if not host.is_running:
        raise LabError(f"host {host.name} is down")
    command = arguments.command or ["bash"]
    return subprocess.call(["bash", str(SCRIPT), "enter", *command], env=host.environment(os.getcwd()))


def _crash(arguments: argparse.Namespace) -> None:
    _host(arguments).crash()


def _start(arguments: argparse.Namespace) -> None:
    _host(arguments).start()


def _down(arguments: argparse.Namespace) -> None:
    if arguments.all_stale:
        for name in sweep():
            print(f"removed {name}")
        return
    Lab.load(_lab_name(arguments)).down()


def _list(_: argparse.Namespace) -> None:
    for claim in claims():
        for host in Lab.load(claim.name).hosts:
            _show(host)


def _show(host: Host) -> None:
    state = f"pid {host.pid}" if host.is_running else "down"
    print(f"{host.name} {host.address} {state} {host.uri_unix} {host.uri_tcp} {host.uri_tls} {host.uri_ssh}")


def _host(arguments: argparse.Namespace) -> Host:
    hosts = Lab.load(_lab_name(arguments)).hosts
    number: int = arguments.host
    if not 1 <= number <= len(hosts):
        raise LabError(f"there are hosts 1 to {len(hosts)}")
    return hosts[number - 1]


def _lab_name(arguments: argparse.Namespace) -> str:
    if arguments.name:
        return str(arguments.name)
    names = [claim.name for claim in claims()]
    if len(names) != 1:
        raise LabError(f"say which lab by --name: {', '.join(names)}" if names else "there is no lab")
    return names[0]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
