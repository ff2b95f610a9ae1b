# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The designer: from a normalised server and its host to the domain and the volumes that it needs. All policy starts here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import NoEffect, Problem, Problems
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import Server

from .base_image import BaseImage
from .design.consoles import console_volume, design_serials
from .design.context import Context
from .design.cpu import design_cpu
from .design.disks import design_disks
from .design.features import design_clock, design_features
from .design.graphics import design_graphics, design_inputs, design_video
from .design.interfaces import design_interfaces, design_ports
from .design.platform import choose_arch, choose_machine, choose_virt_type, design_smbios
from .design.small_devices import design_memballoon, design_rng, design_usb_controller
from .design.support import refuse_unsupported
from .device_model import Devices, Disk
from .domain_model import Domain, Os
from .host_options import HostOptions
from .hypervisor_facts import Hypervisor, StoragePool
from .identity import domain_name
from .metadata import design_metadata
from .volume_plan import VolumePlan


@dataclass(frozen=True)
class Design:
    """``domain`` and ``volumes`` are for use only when there are no problems. The config drive's volume has no content yet."""

    domain: Domain
    volumes: tuple[VolumePlan, ...]
    problems: tuple[Problem, ...]
    no_effect: tuple[NoEffect, ...]


def design_server(
    server: Server,
    *,
    uuid: str,
    hypervisor: Hypervisor,
    options: HostOptions,
    pool: StoragePool,
    base_image: BaseImage | None,
    clock: datetime,
    path: str = "",
) -> Design:
    """What is to be built for one server on one host; a pure function of its arguments.

    ``clock`` is an aware datetime; ``path`` stands before the fields of problems (``servers[3]``). Whatever the host cannot
    give, and whatever is not honoured yet (code ``NotBuilt``), is a problem that names its field.
    """
    arch = choose_arch({}, hypervisor)
    context = Context(
        server=server,
        uuid=uuid,
        name=domain_name(server["name"], uuid),
        hypervisor=hypervisor,
        options=options,
        pool=pool,
        base_image=base_image,
        clock=clock,
        virt_type=choose_virt_type(options, hypervisor),
        arch=arch,
        machine=choose_machine({}, options, arch),
        problems=Problems(),
        path=path,
    )
    return _design(context)


def _design(context: Context) -> Design:
    refuse_unsupported(context)
    _check_place(context)
    storage = design_disks(context)
    volumes = (*storage.volumes, console_volume(context))
    domain = _design_domain(context, storage.disks, volumes)
    return Design(domain, volumes, tuple(context.problems), tuple(context.no_effect))


def _check_place(context: Context) -> None:
    if context.pool["path"] is None:
        name = context.pool["name"]
        message = f"the pool {name} has no directory; disks of servers need a pool of files"
        context.refuse("Invalid", "IMG-01", context.field("pool"), name, "a pool of files", message)
    if context.base_image is None and context.server["image"] is not None:
        message = f"the base image of {context.server['image']['name']} is not on the host"
        context.refuse("ImageNotFound", "DSK-01", context.field("image"), context.server["image"]["name"], None, message)


def _design_domain(context: Context, disks: tuple[Disk, ...], volumes: tuple[VolumePlan, ...]) -> Domain:
    server = context.server
    return Domain(
        type=context.virt_type,
        uuid=context.uuid,
        name=context.name,
        memory=server["flavor"]["ram"] * 1024,
        vcpus=server["flavor"]["vcpus"],
        os=_design_os(context, disks),
        features=design_features(context),
        clock=design_clock(context),
        cpu=design_cpu(context),
        smbios=design_smbios(context),
        devices=_design_devices(context, disks),
        metadata=design_metadata(server, uuid=context.uuid, volumes=volumes, ports=design_ports(context), clock=context.clock),
    )


def _design_os(context: Context, disks: tuple[Disk, ...]) -> Os:
    boot = ("hd",) if disks else ()
    return Os(type="hvm", arch=context.arch, machine=context.machine, boot=boot, smbios=context.is_x86)


def _design_devices(context: Context, disks: tuple[Disk, ...]) -> Devices:
    graphics = design_graphics(context)
    inputs = design_inputs(context, graphics)
    return Devices(
        disks=disks,
        interfaces=design_interfaces(context),
        serials=design_serials(context),
        graphics=graphics,
        video=design_video(context, graphics),
        inputs=inputs,
        rng=design_rng(context),
        usb_controller=design_usb_controller(context, disks, inputs),
        memballoon=design_memballoon(context),
    )
