# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a domain's metadata says about its server: Nova's element and ours, as data."""

from __future__ import annotations

from dataclasses import dataclass

KILONOVA_NAMESPACE = "urn:kilonova:compute:1"
NOVA_NAMESPACE = "http://openstack.org/xmlns/libvirt/nova/1.1"


@dataclass(frozen=True, kw_only=True)
class NovaImage:
    """The values of the four children are None where nobody knows them; ``properties`` are (name, value) pairs."""

    uuid: str
    container_format: str | None
    disk_format: str | None
    min_disk: int | None
    min_ram: int | None
    properties: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class NovaFlavor:
    name: str
    id: str
    memory: int
    disk: int
    swap: int
    ephemeral: int
    vcpus: int
    extra_specs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class NovaIp:
    type: str
    address: str
    ip_version: str


@dataclass(frozen=True, kw_only=True)
class NovaPort:
    uuid: str
    ips: tuple[NovaIp, ...]


@dataclass(frozen=True, kw_only=True)
class NovaOwner:
    user: str
    user_id: str
    project: str
    project_id: str


@dataclass(frozen=True, kw_only=True)
class NovaInstance:
    """``creation_time`` is UTC, ``YYYY-MM-DD HH:MM:SS`` (guest META-03)."""

    package: str
    name: str
    creation_time: str
    flavor: NovaFlavor
    image: NovaImage
    owner: NovaOwner
    root_type: str
    root_uuid: str
    ports: tuple[NovaPort, ...]


@dataclass(frozen=True, kw_only=True)
class KilonovaServer:
    """Our own element: ``request`` and ``volumes`` are JSON texts."""

    schema: int
    version: str
    state: str
    request: str
    volumes: str


@dataclass(frozen=True, kw_only=True)
class Metadata:
    nova: NovaInstance
    kilonova: KilonovaServer
