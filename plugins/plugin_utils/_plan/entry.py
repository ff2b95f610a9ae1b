# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One server's entry of the build plan: designed, rendered, with its drive."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from ansible_collections.kilonova.compute.plugins.module_utils._claims import claim, release
from ansible_collections.kilonova.compute.plugins.module_utils._volume_name import tpm_secret_id
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import NoEffect, Problems
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.request_wish import Wish
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import Image, Server
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.volume_type import VolumeType
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.base_image import BaseImage
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.config_drive import build_drive, drive_files
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.designer import Design
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.drive_documents import GuestFacts
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.explanation.inputs import DesignInputs
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.host_options import HostOptions
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.hypervisor_facts import Hypervisor
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.image_facts import image_facts, image_properties
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.resources import (
    CLONES,
    KERNELS,
    LOCAL_DISKS,
    PREALLOCATION,
    VFAT_DRIVES,
    Earlier,
    Resources,
)
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.shape import PLAIN, Shape
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.volume_plan import VolumePlan

from .base_image import find_base, find_named_base
from .fill import Fills, check_tools
from .not_built import refuse_not_built
from .planning import Minting, Planned
from .pools import Pools
from .volumes import VolumeSources

# What the host half makes of storage.
ABILITIES = frozenset((CLONES, KERNELS, LOCAL_DISKS, PREALLOCATION, VFAT_DRIVES))


class Place:
    """Where servers are to be built: the host's facts, its options, the pools."""

    def __init__(
        self,
        hypervisor: Hypervisor,
        options: HostOptions,
        pools: Pools,
        images: Mapping[str, Image] | None = None,
        shape: Shape = PLAIN,
        volume_types: Mapping[str, VolumeType] | None = None,
    ) -> None:
        self.shape = shape
        self.hypervisor = hypervisor
        self.sources = VolumeSources(hypervisor, pools.disks, pools.files, images or {}, volume_types or {})
        self.options = options
        self.pool = pools.disks
        self.file_pool = pools.files

    def seen_by(self, item: Planned) -> Hypervisor:
        """The host's facts without what an earlier half of the same server claims of it."""
        facts: Any = self.hypervisor
        for uuid in (item.uuid, item.replaces):
            facts = facts if uuid is None else release(facts, uuid)
        found: Hypervisor = facts
        return found

    def claim(self, item: Planned, domain: str, xml: str) -> None:
        """The servers of one task must not take the same CPUs, pages or ports: define is the claim, and comes later."""
        facts: Any = claim(dict(self.seen_by(item)), item.uuid, domain, xml)
        self.hypervisor = facts

    def inputs_of(self, item: Planned, minting: Minting, path: str, problems: Problems) -> DesignInputs:
        """Everything that the design of this server is made of."""
        hypervisor = self.seen_by(item)
        resources = self.resources_of(item.server, item.uuid, path, problems)
        return DesignInputs(
            server=item.server,
            uuid=item.uuid,
            hypervisor=hypervisor,
            options=self.options,
            pool=self.pool,
            file_pool=self.file_pool,
            base_image=self.base_of(item.server),
            clock=minting.clock,
            resources=replace(resources, ports_in_use=frozenset(hypervisor.get("ports_in_use", ())), **self.earlier_of(item)),
            shape=self.shape,
        )

    def earlier_of(self, item: Planned) -> dict[str, Any]:
        """What of the server's definition stays. A machine type that the image names is compared on the host, which knows what
        an alias stands for; any other is what the server began with (guest OS-08)."""
        existing = item.existing
        if existing is None or existing["state"] != "active" or "definition" not in existing:
            return {}
        definition = existing["definition"]
        named = image_properties(item.server).get("hw_machine_type")
        earlier = Earlier(
            macs=tuple(definition["macs"]),
            machine=None if named else definition["machine"],
            serial_ports=tuple(definition["ports"]),
        )
        return {"name": existing["domain"], "earlier": earlier}

    def base_of(self, server: Server) -> BaseImage | None:
        image = server["image"]
        found = None if image is None else find_base(image, self.hypervisor["images"], self.file_pool["name"])
        return None if found is None else _base(found)

    def resources_of(self, server: Server, uuid: str, path: str, problems: Problems) -> Resources:
        volumes = self.sources.of_server(server, uuid, path, problems)
        return Resources(
            volumes=volumes.connections,
            made_volumes=volumes.made,
            volume_plans=tuple(volumes.plans),
            tpm_secret=tpm_secret_id(uuid) if _host_keeps_tpm(server) else None,
            abilities=ABILITIES,
            kernel=self._boot_file(server, "kernel_id", path, problems),
            ramdisk=self._boot_file(server, "ramdisk_id", path, problems),
        )

    def _boot_file(self, server: Server, key: str, path: str, problems: Problems) -> BaseImage | None:
        """The kernel or ramdisk that the request or its image names; None with a problem where the host does not have it."""
        wanted = image_properties(server).get(key)
        if not wanted:
            return None
        bases, pool = self.hypervisor["images"], self.file_pool["name"]
        entry = self.sources.image(str(wanted))
        found = find_named_base(str(wanted), bases, pool) if entry is None else find_base(entry, bases, pool)
        if found is None:
            image = image_facts(server)
            field = f"image.properties.{key}" if image is not None and key in image["properties"] else key
            where = f"{path}.{field}" if path else field
            here = sorted({base["name"] for base in bases if base["pool"] == pool})
            message = f"{where}: the image {wanted} is not on the host (the module image brings it there)"
            problems.add("ImageNotFound", "DSK-07", where, wanted, here, message)
        return None if found is None else _base(found)


def _host_keeps_tpm(server: Server) -> bool:
    """Guest TPM-05. Nova's default is ``user``; no key manager could keep the secret for one, so ours is ``host``."""
    return server["flavor"]["extra_specs"].get("hw:tpm_secret_security", "host") == "host"


def _base(found: Mapping[str, Any]) -> BaseImage:
    return BaseImage(
        name=found["volume"],
        path=found["path"],
        format="qcow2" if found["disk_format"] == "qcow2" else "raw",
        virtual_size=found["virtual_size"],
        sha256=found["sha256"],
    )


def check_networks(server: Server, hypervisor: Hypervisor, path: str, problems: Problems) -> None:
    """Every NIC's network must be there and active on this host; both are found out before anything is made."""
    known = {network["name"]: network for network in hypervisor["networks"]}
    for index, nic in enumerate(server["networks"]):
        network = nic["network"]
        if network is None:
            continue
        name = network["libvirt_network"]
        where = f"{path}.networks[{index}]" if path else f"networks[{index}]"
        host = hypervisor["hostname"]
        if name not in known:
            message = f"{where}: the host {host} has no libvirt network {name}"
            problems.add("NetworkNotFound", "NET-12", where, name, sorted(known), message)
        elif not known[name]["active"]:
            message = f"{where}: the libvirt network {name} of the host {host} is not active (virsh net-start {name})"
            problems.add("NetworkNotFound", "NET-12", where, name, sorted(n for n in known if known[n]["active"]), message)


def design(item: Planned, place: Place, minting: Minting, path: str, problems: Problems, no_effect: list[NoEffect]) -> Design:
    """The design of one server. Its uuid decides a host name that its name cannot give (rules NAM-05)."""
    item.server = _with_hostname(item.server, item.uuid)
    found = place.inputs_of(item, minting, path, problems).design(path=path)
    refuse_not_built(item.server, path, problems)
    check_tools(found.volumes, path, problems)
    check_networks(item.server, place.hypervisor, path, problems)
    problems.extend(found.problems)
    no_effect.extend(found.no_effect)
    return found


def _with_hostname(server: Server, uuid: str) -> Server:
    if server["hostname"] is not None:
        return server
    named = server.copy()
    named["hostname"] = f"Server-{uuid}"
    return named


def build_entry(item: Planned, wish: Wish, designed: Design, xml: str, minting: Minting, fills: Fills) -> dict[str, Any]:
    """What the host half gets: which volumes, which bytes, which XML, what to wait for."""
    volumes = [_to_host(volume, item, wish, designed, minting, fills) for volume in designed.volumes]
    console = next((volume for volume in designed.volumes if volume.role == "console.log"), None)
    return {
        "action": "create",
        "name": item.server["name"],
        "uuid": item.uuid,
        "replaces": item.replaces,
        "domain": designed.domain.name,
        "request": item.server["request"]["index"],
        "xml": xml,
        "volumes": volumes,
        "fills": fills.packed,
        "tpm": designed.domain.devices.tpm is not None,
        "mdevs": [asdict(mdev) for mdev in designed.mdevs],
        "console": None if console is None else {"pool": console.pool, "name": console.name},
        "wanted": item.intent.power or "running",
        "persistent": item.intent.persistent,
        "wait": item.intent.wait,
        "timeout": item.intent.timeout,
        "console_pattern": item.intent.console_pattern,
    }


def power_entry(item: Planned) -> dict[str, Any]:
    existing = item.existing or {}
    console = next((v for v in existing.get("volumes", []) if v["role"] == "console.log"), None)
    return {
        "action": "power",
        "name": item.server["name"],
        "uuid": item.uuid,
        "domain": existing.get("domain"),
        "request": item.server["request"]["index"],
        "console": None if console is None else {"pool": console["pool"], "name": console["name"]},
        "wanted": item.intent.power,
        "wait": item.intent.wait,
        "timeout": item.intent.timeout,
        "console_pattern": item.intent.console_pattern,
    }


def _to_host(volume: VolumePlan, item: Planned, wish: Wish, designed: Design, minting: Minting, fills: Fills) -> dict[str, Any]:
    """A volume of the plan, with what it is to hold."""
    shown = volume.to_dict()
    if volume.record is not None:
        shown["record"] = dict(volume.record)
    if volume.role == "disk.config":
        facts = _drive_facts(item, wish, designed, minting)
        if volume.file_system is not None:
            shown["fill"] = fills.add_drive(volume, item.uuid, dict(drive_files(item.server, facts)))
        else:
            content = build_drive(item.server, facts, minting.clock)
            shown.update(capacity=len(content), content=base64.b64encode(zlib.compress(content, 6)).decode("ascii"))
    elif volume.file_system is not None:
        shown["fill"] = fills.add_formatted(volume, item.uuid, designed.domain.os.arch or "x86_64")
    elif volume.preallocate and volume.backing is not None:
        shown["fill"] = fills.add_overlay(volume)
    return shown


def _drive_facts(item: Planned, wish: Wish, designed: Design, minting: Minting) -> GuestFacts:
    return GuestFacts(
        uuid=item.uuid,
        user_data=None if wish.user_data is None else wish.user_data.data,
        files={file.path: file.content.data for file in wish.files},
        admin_pass=wish.admin_pass,
        random_seed=minting.random(512),
        devices=designed.tagged_devices,
        dedicated_cpus=designed.dedicated_vcpus,
    )
