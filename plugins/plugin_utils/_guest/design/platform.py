# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The platform of a guest: domain type, architecture, machine type, SMBIOS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..domain_model import Smbios
from ..host_options import HostOptions
from ..hypervisor_facts import Hypervisor
from ..version import VERSION
from .context import Context

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


def choose_arch(_properties: Mapping[str, Any], hypervisor: Hypervisor) -> str:
    return hypervisor["arch"]


def choose_machine(_properties: Mapping[str, Any], _options: HostOptions, arch: str) -> str | None:
    return _DEFAULT_MACHINES.get(arch)


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
    wanted = context.options.text("libvirt", "sysinfo_serial")
    if wanted == "unique":
        return context.uuid
    return None if wanted == "none" else context.hypervisor["uuid"]
