# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The platform of a guest: domain type, architecture, machine type, SMBIOS (guest sections 1, 2.2 and 3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..domain_model import Smbios
from ..host_options import HostOptions
from ..hypervisor_facts import Hypervisor
from ..version import VERSION
from .context import Context

_MACHINE = re.compile(r"[A-Za-z0-9_.-]+")
# Guest OS-06.
_DEFAULT_MACHINES = {
    "x86_64": "pc",
    "i686": "pc",
    "aarch64": "virt",
    "armv7l": "virt",
    "ppc64le": "pseries",
    "s390": "s390-ccw-virtio",
    "s390x": "s390-ccw-virtio",
}


def choose_virt_type(options: HostOptions, hypervisor: Hypervisor) -> str:
    """``auto`` is what the host's facts say (kvm only where the host can really run it)."""
    wanted = options.text("libvirt", "virt_type") or "auto"
    return hypervisor["virt_type"]["name"] if wanted == "auto" else wanted


def choose_arch(properties: Mapping[str, Any], hypervisor: Hypervisor) -> str:
    """Guest OS-02."""
    return str(properties.get("hw_emulation_architecture") or host_arch(properties, hypervisor))


def host_arch(properties: Mapping[str, Any], hypervisor: Hypervisor) -> str:
    """What the image wants of the host; for this Nova finds a machine type, also where the guest is to emulate another."""
    return str(properties.get("hw_architecture") or hypervisor["arch"])


def choose_machine(properties: Mapping[str, Any], options: HostOptions, arch: str) -> str | None:
    """Guest OS-04 to OS-06: the image's, else the host option's, else by architecture."""
    wanted = properties.get("hw_machine_type")
    if wanted:
        return str(wanted)
    for entry in options.items("libvirt", "hw_machine_type"):
        name, equals, machine = entry.partition("=")
        if equals and name.strip() == arch:
            return machine.strip()
    return _DEFAULT_MACHINES.get(arch)


def check_machine(context: Context) -> None:
    """Guest OS-07: the host must list the machine type for the architecture, as far as its facts tell; libvirt's schema knows
    these characters only."""
    machines = [guest["machines"] for guest in context.hypervisor["guests"] if guest["arch"] == context.arch]
    known = sorted({machine for listed in machines for machine in listed})
    if context.machine is not None and ((known and context.machine not in known) or not _MACHINE.fullmatch(context.machine)):
        message = f"the host has no machine type {context.machine} for {context.arch}"
        field = context.property_field("hw_machine_type")
        context.refuse("InvalidMachineType", "OS-07", field, context.machine, known, message)


def check_arch(context: Context) -> None:
    """The host must have an emulator for the architecture, as far as its facts tell."""
    known = sorted({guest["arch"] for guest in context.hypervisor["guests"]})
    if known and context.arch not in known:
        message = f"the host has no emulator for {context.arch}"
        emulated = context.properties.get("hw_emulation_architecture")
        field = context.property_field("hw_emulation_architecture" if emulated else "hw_architecture")
        context.refuse("UnsupportedHardware", "OS-02", field, context.arch, known, message)


def design_smbios(context: Context) -> Smbios | None:
    """Guest SMB-01 to SMB-09: images and tools know Nova's guests by these words, so they stay Nova's."""
    if not context.is_x86:
        return None
    return Smbios(
        manufacturer="OpenStack Foundation",
        product="OpenStack Nova",
        version=VERSION,
        serial=_serial(context),
        uuid=context.uuid,
        family="Virtual Machine",
    )


def _serial(context: Context) -> str | None:
    """Guest SMB-03 to SMB-07. The machine id is a file of the host, which its facts may carry."""
    wanted = context.options.text("libvirt", "sysinfo_serial")
    machine_id = context.hypervisor.get("machine_id")
    if wanted == "unique":
        return context.uuid
    if wanted == "none":
        return None
    if wanted == "hardware" or (wanted == "auto" and not machine_id):
        return context.hypervisor["uuid"]
    if machine_id:
        digits = machine_id.replace("-", "")
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    message = "the host's facts say nothing of a machine id, so sysinfo_serial cannot be os"
    context.refuse("Invalid", "SMB-05", "host_options.libvirt.sysinfo_serial", wanted, ["hardware", "unique", "none"], message)
    return None
