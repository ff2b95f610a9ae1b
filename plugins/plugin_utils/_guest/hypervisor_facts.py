# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of a host that designing a guest needs, as ``hypervisor_info`` returns them."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class VirtType(TypedDict):
    """``name`` is what ``auto`` takes on this host, ``reason`` one sentence why."""

    name: str
    reason: str


class PoolSource(TypedDict):
    """Where a pool comes from. ``auth``: {type, username, secret_uuid, secret_usage}, never the secret itself."""

    name: str | None
    hosts: list[dict[str, Any]]
    device: str | None
    initiator: str | None
    auth: dict[str, Any] | None


class StoragePool(TypedDict):
    """``path`` is where libvirt finds its volumes on the host, None where they are reached over the network. Sizes in bytes.
    ``faults``: what keeps QEMU from its files, each {path, user, reason, command}; only where there are any."""

    name: str
    type: str
    active: bool
    autostart: bool
    path: str | None
    capacity: int
    allocation: int
    available: int
    faults: NotRequired[list[dict[str, str]]]
    source: NotRequired[PoolSource]


class HostNetwork(TypedDict):
    name: str
    uuid: str
    active: bool
    autostart: bool
    bridge: str | None
    mode: str | None


class GuestArch(TypedDict):
    """One ``guest`` of the capabilities: domain types, and the machine types with canonical name by alias."""

    arch: str
    emulator: str
    domain_types: list[str]
    machines: list[str]


class Hypervisor(TypedDict):
    """``libvirt_version`` and ``hypervisor_version`` are libvirt's numbers (9.0.0 is 9000000). ``memory`` in MiB.

    ``domain_capabilities``: firmware (list), loader_secure (bool), cpu_modes (list), cpu_models (list), loader_stateless (bool)
    and hyperv (list) where libvirt tells, and for each device kind of libvirt's domain capabilities its enums, as lists.
    ``cpu_flags``: the feature names of the host CPU.
    ``numa_cells``: [{id, memory (MiB), cpus: [{id, socket, core, siblings}], pages: [{size (KiB), total, free}]}].
    ``images``: the base images in its pools, as the module ``image`` returns them; ``volumes`` as ``volume_info`` does.
    A cell also says what domains have taken of it: ``pinned_cpus`` (ids), ``memory_used`` (MiB), ``cpu_used`` (vCPUs).
    ``servers``: our domains, as ``server_info`` returns them; ``domains``: name and uuid of every domain, and its ``claims``
    where it takes a part of a cell, a device or of ``ports_in_use``, the TCP ports of serial consoles.
    ``node_devices``: the host's PCI and mediated devices, where they were asked for; see the module hypervisor_info.
    ``home_devices`` are those of a server that is designed anew and is to keep them: there are no others then.

    The rest is known only where somebody looked at the host itself, and what is not there counts as Nova's normal case:
    ``machine_id``, the ``kernel`` release, whether the ``cpu`` controller works (``cgroup_cpu``), whether the pool's files open
    with O_DIRECT (``o_direct``), AMD SEV models, ``missing_paths`` that options name, the flags of named CPU models.
    """

    schema: int
    uri: str
    hostname: str
    uuid: str
    driver: str
    libvirt_version: int
    hypervisor_version: int
    arch: str
    vcpus: int
    memory: int
    cpu_model: str | None
    cpu_flags: list[str]
    virt_type: VirtType
    guests: list[GuestArch]
    domain_capabilities: dict[str, Any]
    numa_cells: list[dict[str, Any]]
    pools: list[StoragePool]
    images: list[dict[str, Any]]
    volumes: NotRequired[list[dict[str, Any]]]
    networks: list[HostNetwork]
    usage: dict[str, int]
    domains: list[dict[str, Any]]
    servers: list[dict[str, Any]]
    ports_in_use: NotRequired[list[int]]
    node_devices: NotRequired[dict[str, list[dict[str, Any]]]]
    home_devices: NotRequired[list[str]]
    machine_id: NotRequired[str]
    kernel: NotRequired[str]
    cgroup_cpu: NotRequired[bool]
    o_direct: NotRequired[bool]
    sev_models: NotRequired[list[str]]
    missing_paths: NotRequired[list[str]]
    cpu_model_flags: NotRequired[dict[str, list[str]]]
    perf_events: NotRequired[list[str]]
