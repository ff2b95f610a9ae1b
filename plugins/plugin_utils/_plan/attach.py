# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""As which disk a server gets a volume: worked out by the contract from what its host says of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.device_name import match_device
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.device_name_bus import Machine
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.disk_mapping import one_more_disk
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import NoEffect, Problems
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.contract import refuse
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.host_options import HostOptions, check_host_options


def read_options(params: Mapping[str, Any]) -> tuple[HostOptions, list[NoEffect]]:
    """Raises ContractError for host options that do not exist, and for a device name that is none (rules DEV-04)."""
    found = check_host_options(params["host_options"])
    problems = Problems()
    problems.extend(found.problems)
    no_effect = list(found.no_effect)
    device = params["device"]
    if device is not None:
        no_effect.append({"field": "device", "reason": "libvirt's driver chooses the name itself, in Nova too"})
        if match_device(device) is None:
            message = "device must be a device path like /dev/vdc"
            problems.add("ValidationError", "DEV-04", "device", device, {"example": "/dev/vdc"}, message)
    refuse(problems)
    return found.value, no_effect


def attach_target(guest: Mapping[str, Any], options: HostOptions) -> dict[str, Any]:
    """{bus, dev} of the disk. ``guest`` is what the host half says of a server. Raises ContractError where none fits."""
    machine = Machine(
        virt_type=guest["virt_type"],
        image_properties=guest["image_properties"],
        arch=guest["arch"],
        machine_type=guest["machine_type"],
        disk_prefix=options.text("libvirt", "disk_prefix"),
        max_disk_devices=options.number("compute", "max_disk_devices_to_attach"),
    )
    found = one_more_disk(machine, guest["taken"], field="volume")
    refuse(found.problems)
    return {"bus": found.value["bus"], "dev": found.value["dev"]}
