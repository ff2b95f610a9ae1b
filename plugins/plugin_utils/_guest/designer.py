# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The designer: from a normalised server and its host to the domain and the volumes that it needs. All policy starts here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.kilonova.compute.plugins.module_utils._pool_kinds import KINDS, has_files, kind_of
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.combination import Combination, check_flavor_image
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import NoEffect, Problem, Problems
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import BlockDevice, Server

from .base_image import BaseImage
from .design.boot import design_os
from .design.consoles import console_volume
from .design.context import Context
from .design.cpu import design_cpu
from .design.definable import refuse_undefinable
from .design.devices import design_devices
from .design.disks import DiskDesign, design_disks
from .design.features import design_clock, design_features
from .design.firmware import design_firmware
from .design.host_devices import design_max_memory
from .design.interfaces import design_ports
from .design.mdevs import design_mdevs
from .design.memory import design_launch_security, design_memory_backing
from .design.numa import NumaDesign, design_numa
from .design.perf import design_perf_events
from .design.platform import check_arch, check_machine, choose_arch, choose_machine, choose_virt_type, design_smbios, host_arch
from .design.support import refuse_unsupported
from .design.tags import tag_devices
from .device_model import Devices
from .domain_model import Domain
from .host_devices.mdev import ChosenMdev
from .host_options import HostOptions
from .hypervisor_facts import Hypervisor, StoragePool
from .identity import domain_name
from .image_facts import image_facts, image_properties
from .metadata import design_metadata
from .resources import Resources
from .volume_plan import VolumePlan


@dataclass(frozen=True)
class Design:
    """``domain`` and ``volumes`` are for use only when there are no problems. The config drive's volume has no content yet.
    ``dedicated_cpus`` are the host CPUs that only this guest runs on, ``dedicated_vcpus`` the guest's CPUs that have them.
    ``tagged_devices`` is what the drive says of devices with a tag. ``mdevs`` are the guest's, with those yet to be made."""

    domain: Domain
    volumes: tuple[VolumePlan, ...]
    problems: tuple[Problem, ...]
    no_effect: tuple[NoEffect, ...]
    dedicated_cpus: tuple[int, ...] = ()
    dedicated_vcpus: tuple[int, ...] = ()
    tagged_devices: tuple[dict[str, Any], ...] = ()
    mdevs: tuple[ChosenMdev, ...] = ()


def design_server(
    server: Server,
    *,
    uuid: str,
    hypervisor: Hypervisor,
    options: HostOptions,
    pool: StoragePool,
    base_image: BaseImage | None,
    clock: datetime,
    file_pool: StoragePool | None = None,
    resources: Resources | None = None,
    path: str = "",
    definable: bool = True,
) -> Design:
    """What is to be built for one server on one host; a pure function of its arguments.

    ``clock`` is an aware datetime; ``file_pool`` has base images, drives and logs where it is not ``pool``;
    ``resources`` is what the server is given beside its request (volumes, ports, devices);
    ``path`` stands before the fields of problems (``servers[3]``). Whatever the host cannot give, and whatever is not honoured
    yet (code ``NotBuilt``), is a problem that names its field. What Nova would write and libvirt cannot define is fitted to
    libvirt, or a problem too; ``definable`` off leaves it as Nova writes it.
    """
    given = resources if resources is not None else Resources()
    problems = Problems()
    properties = image_properties(server)
    arch = choose_arch(properties, hypervisor)
    earlier = given.earlier.machine if given.earlier is not None else None
    combination = _combine(server, problems, path)
    context = Context(
        server=server,
        uuid=uuid,
        name=given.name or domain_name(server["name"], uuid),
        hypervisor=hypervisor,
        options=options,
        pool=pool,
        file_pool=pool if file_pool is None else file_pool,
        base_image=base_image,
        clock=clock,
        virt_type=choose_virt_type(options, hypervisor),
        arch=arch,
        machine=earlier or choose_machine(properties, options, arch if definable else host_arch(properties, hypervisor)),
        combination=combination,
        combination_fits=not problems,
        problems=problems,
        resources=given,
        path=path,
        definable=definable,
    )
    return _design(context)


def _combine(server: Server, problems: Problems, path: str) -> Combination:
    """What flavor and image come to; the contract's own rules, whose problems join the others."""
    devices = server["block_device_mapping"]
    prefix = f"{path}." if path else ""
    found = check_flavor_image(
        server["flavor"],
        image_facts(server),
        root=next((device for device in devices if _is_root(device)), None),
        field_flavor=f"{prefix}flavor",
        field_image=f"{prefix}image",
    )
    problems.extend(found.problems)
    return found.value


def _is_root(device: BlockDevice) -> bool:
    return device["boot_index"] == 0


def _design(context: Context) -> Design:
    refuse_unsupported(context)
    _check_place(context)
    check_arch(context)
    check_machine(context)
    storage = design_disks(context)
    volumes = (*storage.volumes, *context.resources.volume_plans, console_volume(context))
    numa = design_numa(context)
    mdevs = design_mdevs(context)
    tagged = tag_devices(context, design_devices(context, storage, numa, mdevs), storage.mapping)
    domain = _design_domain(context, storage, volumes, numa, tagged.devices)
    if context.definable:
        refuse_undefinable(context, domain)
    return Design(
        domain=domain,
        volumes=volumes,
        problems=tuple(context.problems),
        no_effect=tuple(context.no_effect),
        dedicated_cpus=numa.dedicated_host_cpus,
        dedicated_vcpus=tuple(sorted(cpu for cell in context.combination.numa_cells or () for cpu in cell.dedicated_cpus)),
        tagged_devices=tagged.entries,
        mdevs=mdevs,
    )


def _check_place(context: Context) -> None:
    if not has_files(context.file_pool):
        name = context.file_pool["name"]
        message = f"the pool {name} is none of files, which drives and logs of servers need: give file_pool"
        context.refuse("Invalid", "IMG-01", context.field("file_pool"), name, "a pool of files", message)
    kind = kind_of(context.pool)
    if kind is None or not kind.makes:
        name, what = context.pool["name"], context.pool["type"]
        message = (
            f"the pool {name} is of the type {what}: no disks of servers are made there, but its volumes can be given to them"
        )
        context.refuse("Invalid", "IMG-01", context.field("pool"), name, sorted(k for k in KINDS if KINDS[k].makes), message)
    image = context.server["image"]
    from_volume = any(_is_root(device) and device["destination_type"] == "volume" for device in _devices(context))
    if context.base_image is None and image is not None and not from_volume:
        name = context.file_pool["name"]
        message = f"the image {image['name']} is not in the pool {name} of the host (module image brings it there)"
        context.refuse("ImageNotFound", "DSK-01", context.field("image"), image["name"], None, message)


def _devices(context: Context) -> list[BlockDevice]:
    return context.server["block_device_mapping"]


def _design_domain(
    context: Context, storage: DiskDesign, volumes: tuple[VolumePlan, ...], numa: NumaDesign, devices: Devices
) -> Domain:
    server = context.server
    firmware = design_firmware(context)
    return Domain(
        type=context.domain_type,
        uuid=context.uuid,
        name=context.name,
        memory=server["flavor"]["ram"] * 1024,
        max_memory=design_max_memory(context, devices.nvdimms),
        vcpus=server["flavor"]["vcpus"],
        vcpu_cpuset=numa.vcpu_cpuset,
        os=design_os(context, storage.mapping["mapping"], firmware),
        features=design_features(context, smm=firmware.smm, iommu=devices.iommu is not None),
        clock=design_clock(context),
        cpu=design_cpu(context, numa.cells),
        cpu_tune=numa.cpu_tune,
        numa_tune=numa.numa_tune,
        memory_backing=design_memory_backing(context, numa),
        smbios=design_smbios(context),
        perf_events=design_perf_events(context),
        launch_security=design_launch_security(context),
        devices=devices,
        metadata=design_metadata(server, uuid=context.uuid, volumes=volumes, ports=design_ports(context), clock=context.clock),
    )
