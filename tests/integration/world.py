# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test host with a base image, and the ways to work on it: by ansible-playbook, in this process, by a run that is killed."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import libvirt
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.kilonova.compute.plugins.module_utils._argspec import request_spec, server_spec
from ansible_collections.kilonova.compute.plugins.module_utils._errors import KilonovaError
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.connection import open_connection
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.hypervisor import hypervisor_facts
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.spawn import spawn
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.storage import clear_volume, refresh
from ansible_collections.kilonova.compute.plugins.plugin_utils._plan.server_task import ServerTask
from tests.guest.facts import parse_console
from tests.lab import Host, Lab

from .play import Played, Task, play

CHECKOUT = Path(__file__).parents[2]
MIB = 1 << 20
GIB = 1 << 30
READY = "KILONOVA-GUEST ready"

CATALOGUES: dict[str, Any] = {
    "flavors": {"tiny": {"vcpus": 1, "ram": 128, "disk": 1}, "small": {"vcpus": 2, "ram": 160, "disk": 2}},
    "images": {"tiny": {"src": "tiny.qcow2"}},
    "keypairs": {"admin": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3o0Hpp1yVRPHbMhDS2nHcUVd6pRpLLqwbiqTjp1v8H me@here"},
}
# A translation cache of 1 GiB, QEMU's default, is more than these guests need.
HOST_OPTIONS = {"libvirt": {"tb_cache_size": 32}}
SERVER = "kilonova.compute.server"
# How long a guest is waited for where the test is not about that: many times what it needs, for a slow and busy machine.
PATIENCE_S = 600

Spawn = Callable[[dict[str, Any]], list[dict[str, Any]]]


def request(**options: Any) -> dict[str, Any]:
    return {"flavor": "tiny", "image": "tiny"} | options


def server_task(**options: Any) -> Task:
    """A task of the module server with catalogues; a single request gets flavor and image unless it gives them."""
    if options.get("state") == "absent":
        return {SERVER: options}
    single = {} if "servers" in options else request()
    return {SERVER: CATALOGUES | {"host_options": HOST_OPTIONS, "timeout": PATIENCE_S} | single | options}


@dataclass
class World:
    host: Host
    image: Path
    uri: str = field(init=False)

    def __post_init__(self) -> None:
        self.uri = self.host.uri_unix

    @contextmanager
    def connected(self) -> Iterator[Any]:
        with open_connection(self.uri, events=True) as connection:
            yield connection

    def play(self, *tasks: Task, options: tuple[str, ...] = (), **variables: Any) -> Played:
        """ansible-playbook with these tasks, by default local and through the host's unix socket."""
        settings = {"ansible_connection": "local", "uri": self.uri} | variables
        defaults = {"uri": "{{ uri }}"}
        ours = "kilonova.compute."
        given = [{name: defaults | value if name.startswith(ours) else value for name, value in task.items()} for task in tasks]
        return play(given, settings, *options)

    def over_ssh(self, lab: Lab) -> dict[str, Any]:
        """Variables of the usual remote set-up: modules run on the host and talk to its own socket."""
        return {
            "uri": "qemu:///system",
            "ansible_connection": "ssh",
            "ansible_host": self.host.address,
            "ansible_user": "root",
            "ansible_ssh_common_args": f"-F {lab.directory}/pki/ssh_config -i {lab.ssh_key}",
            "ansible_python_interpreter": sys.executable,
        }

    def server(
        self, *, check: bool = False, diff: bool = False, spawner: Spawn | None = None, **options: Any
    ) -> dict[str, Any]:
        """The same task without Ansible around it: controller half and host half in this process, one trip each."""
        with self.connected() as connection:
            return _task(connection, server_task(uri=self.uri, **options)[SERVER], spawner, check=check, diff=diff)

    def booted(self, **options: Any) -> dict[str, Any]:
        """The only server of a task that must not fail."""
        answer = self.server(**options)
        assert not answer.get("failed"), answer["msg"]
        (server,) = answer["servers"]
        found: dict[str, Any] = server
        return found

    def kill(self, point: str, **options: Any) -> None:
        """Runs a task whose host half dies at that point; see killed.py."""

        def spawner(plan: dict[str, Any]) -> list[dict[str, Any]]:
            argv = [sys.executable, "-m", "tests.integration.killed", self.uri, point]
            done = subprocess.run(argv, input=json.dumps(plan), cwd=CHECKOUT, check=False, capture_output=True, text=True)
            assert done.returncode == -signal.SIGKILL, (point, done.returncode, done.stderr)
            raise Killed("the host half was killed, as was wanted")

        self.server(spawner=spawner, **options)

    def holdings(self) -> dict[str, list[str]]:
        """Everything on the host that a server could leave behind."""
        with self.connected() as connection:
            volumes = []
            for pool in connection.listAllStoragePools(libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE):
                refresh(pool)  # libvirt may still be busy with what a killed run asked for
                volumes += [f"{pool.name()}/{name}" for name in pool.listVolumes()]
            return {
                "domains": sorted(domain.name() for domain in connection.listAllDomains()),
                "volumes": sorted(volumes),
                "pools": sorted(pool.name() for pool in connection.listAllStoragePools()),
                "secrets": sorted(secret.usageID() for secret in connection.listAllSecrets()),
                "nvram": sorted(path.name for path in self.host.path("/var/lib/libvirt/qemu/nvram").glob("*")),
                "processes": self.host.run(["pgrep", "-c", "qemu-system"], check=False).stdout.split(),
            }

    def wipe(self) -> None:
        """Removes every domain and secret, QEMU's logs, and all but base images of the pool `default`, the hard way."""
        with self.connected() as connection:
            for domain in connection.listAllDomains():
                persistent = domain.isPersistent()
                if domain.isActive():
                    domain.destroy()
                if persistent:
                    domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_NVRAM)
            for secret in connection.listAllSecrets():
                secret.undefine()
            pool = connection.storagePoolLookupByName("default")
            for volume in pool.listAllVolumes():
                if not volume.name().startswith("base_"):
                    clear_volume(pool, volume.name())
        for log in self.host.path("/var/log/libvirt/qemu").glob("*.log"):
            log.unlink()

    def volume_file(self, server: dict[str, Any], role: str) -> Path:
        (path,) = [volume["path"] for volume in server["volumes"] if volume["role"] == role]
        return self.host.path(path)

    def console(self, server: dict[str, Any]) -> bytes:
        return self.volume_file(server, "console.log").read_bytes()

    def guest(self, server: dict[str, Any]) -> Guest:
        return Guest(self.console(server))

    def starts(self, domain: str) -> int:
        """How often QEMU was started for a domain of that name."""
        return self.host.path(f"/var/log/libvirt/qemu/{domain}.log").read_text(errors="replace").count("starting up libvirt")


class Killed(KilonovaError):
    """Stands in for the host half's answer that never came."""


class Guest:
    """What a guest said on its console in its last boot."""

    def __init__(self, console: bytes) -> None:
        found = parse_console(console)
        self.boots = max((fact.boot for fact in found), default=0)
        self._facts = [fact for fact in found if fact.boot == self.boots]

    def all(self, name: str) -> list[dict[str, Any]]:
        return [fact.data for fact in self._facts if fact.name == name]

    def one(self, name: str) -> dict[str, Any]:
        (found,) = self.all(name)
        return found

    def disk(self, name: str) -> dict[str, Any]:
        (found,) = [disk for disk in self.all("disk") if disk["name"] == name]
        return found

    def file(self, path: str) -> dict[str, Any]:
        (found,) = [file for file in self.all("file") if file["path"] == path]
        return found

    def meta_data(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(_text(self.file("openstack/latest/meta_data.json")))
        return document


def _text(file: dict[str, Any]) -> bytes:
    return file["text"].encode() if "text" in file else base64.b64decode(file["base64"])


def _task(connection: Any, options: dict[str, Any], spawner: Spawn | None, *, check: bool, diff: bool) -> dict[str, Any]:
    validated = ArgumentSpecValidator(server_spec()).validate(options)
    assert not validated.error_messages, validated.error_messages

    def run_on_host(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if name == "hypervisor_info":
            return {"hypervisor": hypervisor_facts(connection, node_devices=arguments["node_devices"])}
        plan = json.loads(zlib.decompress(base64.b64decode(arguments["plan"])))
        if check:
            plan["servers"] = [entry | {"check": True} for entry in plan["servers"]]
        return {"servers": spawner(plan) if spawner else spawn(connection, plan)}

    task = ServerTask(
        params=validated.validated_parameters,
        request_options=tuple(request_spec()),
        run_on_host=run_on_host,
        read_file=lambda path: Path(path).read_bytes(),
        check_mode=check,
        diff_mode=diff,
    )
    try:
        return task.run()
    except KilonovaError as exc:
        return exc.to_result() | {"failed": True, "msg": exc.message}
