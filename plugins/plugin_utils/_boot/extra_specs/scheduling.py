# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Extra specs that choose hosts: aggregates, capabilities, resources, traits, PCI aliases, accelerators, and VMware's
(rules ESP-20..23, ESP-63, ESP-72..75)."""

from __future__ import annotations

from .resource_classes import RESOURCE_CLASSES
from .spec import Spec, anything, matching, number, words
from .traits import TRAITS

# What stands between the word and the colon in resources1:VCPU.
GROUP = "([a-zA-Z0-9_-]{1,64})?"

_HOST_FIELDS = """
    id uuid service_id host vcpus memory_mb local_gb vcpus_used memory_mb_used local_gb_used hypervisor_type
    hypervisor_version hypervisor_hostname free_ram_mb free_disk_gb current_workload running_vms disk_available_least
    host_ip mapped cpu_allocation_ratio ram_allocation_ratio disk_allocation_ratio total_usable_ram_mb
    total_usable_disk_gb disk_mb_used free_disk_mb vcpus_total num_instances num_io_ops failed_builds aggregates
    cell_uuid updated
"""
_NESTED_FIELDS = """
    cpu_info metrics stats numa_topology supported_hv_specs pci_device_pools nodename pci_stats supported_instances
    limits instances
"""
_VMWARE_ONLY = "only Nova's VMware driver reads it"
_FILTER = "schedule: host filter"

SPECS: tuple[Spec, ...] = (
    Spec("accel:device_profile", "ESP-20", anything(), no_effect="there is no accelerator service that could know the profile"),
    Spec(
        "aggregate_instance_extra_specs:<key>",
        "ESP-21",
        anything(),
        _FILTER,
        pattern=r"aggregate_instance_extra_specs:.+",
    ),
    *(Spec(f"capabilities:{name}", "ESP-22", anything(), _FILTER) for name in _HOST_FIELDS.split()),
    Spec(
        "capabilities:<field>[:<word>]",
        "ESP-23",
        anything(),
        _FILTER,
        pattern=rf"capabilities:({'|'.join(_NESTED_FIELDS.split())})(:\w+)*",
    ),
    Spec(
        "pci_passthrough:alias",
        "ESP-63",
        matching(r"[^:]+:[0-9]+( *, *[^:]+:[0-9]+)*", "alias:count, several separated by commas"),
        "domain: hostdev",
    ),
    Spec(
        "resources<group>:<class>",
        "ESP-72",
        number(),
        "schedule: amounts a host must have; VCPU and PCPU decide the CPU policy",
        pattern=rf"resources{GROUP}:(?P<name>[A-Z0-9_]+)",
        names=frozenset(RESOURCE_CLASSES),
    ),
    Spec("resources<group>:CUSTOM_<name>", "ESP-73", number(), _FILTER, pattern=rf"resources{GROUP}:CUSTOM_[A-Z0-9_]+"),
    Spec(
        "trait<group>:<trait>",
        "ESP-74",
        words("required", "forbidden"),
        _FILTER,
        pattern=rf"trait{GROUP}:(?P<name>[A-Z0-9_]+)",
        names=frozenset(TRAITS),
    ),
    Spec(
        "trait<group>:CUSTOM_<name>",
        "ESP-74",
        words("required", "forbidden"),
        _FILTER,
        pattern=rf"trait{GROUP}:CUSTOM_[A-Z0-9_]+",
    ),
    Spec("vmware:hw_version", "ESP-75", anything(), no_effect=_VMWARE_ONLY),
    Spec("vmware:storage_policy", "ESP-75", anything(), no_effect=_VMWARE_ONLY),
)
