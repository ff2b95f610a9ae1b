# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The normalised values of the contract: what validation returns, results carry and designers read.

All of them are JSON-like dicts. ``schema`` says that a value is normalised: it is valid input again and comes back unchanged.
Units: ram and swap MiB, disk, ephemeral and volume_size GiB (a swap device: MiB), min_ram MiB, min_disk GiB, size bytes.
"""

from __future__ import annotations

import uuid
from typing import Any, Literal, NotRequired, TypedDict

SCHEMA = 1

# One namespace for all uuid5 identities of the collection; it must never change, playbooks depend on the ids.
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:kilonova:compute:1")

Kind = Literal["flavor", "image", "network", "keypair", "security_group", "server_group", "volume", "snapshot", "volume_type"]


def identity(kind: Kind, name: str) -> str:
    """The id of a catalogue entry that names none: uuid5 of kind and name."""
    return str(uuid.uuid5(_NAMESPACE, f"{kind}/{name}"))


class Flavor(TypedDict):
    schema: int
    name: str
    id: str
    vcpus: int
    ram: int
    disk: int
    ephemeral: int
    swap: int
    rxtx_factor: float
    extra_specs: dict[str, str]
    is_public: bool
    disabled: bool
    description: str | None


class Image(TypedDict):
    """``properties`` are typed and under their current names; ``block_device_mapping``, ``mappings``, ``root_device_name`` and
    the other raw legacy keys that later rules read stay as they came. One of src, path and url is set at most."""

    schema: int
    name: str
    id: str
    src: str | None
    path: str | None
    url: str | None
    checksum: str | None
    disk_format: str | None
    container_format: str | None
    min_disk: int
    min_ram: int
    size: int
    status: str
    properties: dict[str, Any]


class Network(TypedDict):
    """``libvirt_network`` is the name of the libvirt network that carries it; ``cidr`` and ``mode`` as the catalogue says."""

    schema: int
    name: str
    id: str
    libvirt_network: str
    mode: str | None
    cidr: str | None


class KeyPair(TypedDict):
    schema: int
    name: str
    public_key: str
    type: str


class Digest(TypedDict):
    """Stands for a secret or a file in everything that is shown or stored. ``size`` in bytes of the decoded content."""

    size: int
    sha256: str


class FileDigest(Digest):
    path: str


class BlockDevice(TypedDict):
    """One device, v2 (rules BDM-01..16), as stored: ``<source>_id`` instead of uuid, normalised device name."""

    source_type: str | None
    destination_type: str | None
    boot_index: int | None
    device_name: str | None
    device_type: str | None
    disk_bus: str | None
    guest_format: str | None
    volume_size: int | None
    volume_type: str | None
    delete_on_termination: bool
    image_id: str | None
    volume_id: str | None
    snapshot_id: str | None
    no_device: bool
    tag: str | None


class NetworkRequest(TypedDict):
    """One NIC, in guest order. ``network`` is None where the port decides it."""

    network: Network | None
    port: str | None
    fixed_ip: str | None
    tag: str | None


class RequestRef(TypedDict):
    """Which request a server belongs to. ``count`` is what is to be built of it, after quota lowered ``max_count``."""

    index: int
    launch_index: int
    count: int
    min_count: int
    max_count: int


class Server(TypedDict):
    """One server to build. ``hostname`` is None where it can only be said once the uuid is known (rules NAM-05)."""

    schema: int
    name: str
    hostname: str | None
    description: str | None
    request: RequestRef
    flavor: Flavor
    image: Image | None
    block_device_mapping: list[BlockDevice]
    root_device_name: str | None
    networks: list[NetworkRequest]
    key_pair: KeyPair | None
    metadata: dict[str, str]
    tags: list[str]
    security_groups: list[str]
    config_drive: bool
    user_data: Digest | None
    personality: list[FileDigest]
    admin_pass: Digest | None
    availability_zone: str | None
    host: str | None
    hypervisor_hostname: str | None
    scheduler_hints: dict[str, Any]
    extra: NotRequired[dict[str, Any]]
