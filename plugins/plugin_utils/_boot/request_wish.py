# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one request wishes, in one vocabulary for every form it may come in; nothing in it is looked up yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from .problems import NoEffect
from .user_data import Content, InjectedFile

DeviceFormat = Literal["v1", "v2", "ec2", "auto"]


@dataclass(slots=True)
class Nic:
    """One entry of a list of networks; ``network`` and ``port`` are references, ``path`` and ``at`` where they stood."""

    path: str
    at: dict[str, str] = field(default_factory=dict)
    network: str | None = None
    port: str | None = None
    fixed_ip: str | None = None
    tag: str | None = None

    def where(self, part: str) -> str:
        return self.at.get(part, self.path)


# No list was given (None), one of the two words, or the list.
Nics = list[Nic] | Literal["auto", "none"] | None


@dataclass(slots=True)
class Wish:
    """A request that could be read. An attribute that was not given, or could not be read, has its default.

    ``path`` is where the request stands and ``at`` where each attribute stood, so that a problem found later still names what
    the user wrote. ``device_paths``: where devices stood that were made of other options; empty where all stand in one list.
    ``source_refused``: why there is nothing to boot from is said already. ``strict_networks``: a network that the catalogue
    does not list is unknown rather than libvirt's.
    """

    index: int
    path: str
    at: dict[str, str] = field(default_factory=dict)
    strict_networks: bool = False
    source_refused: bool = False
    name: str | None = None
    hostname: str | None = None
    description: str | None = None
    flavor: str | None = None
    flavor_ram: int | None = None
    flavor_include: str | None = None
    image: str | None = None
    image_exclude: str | None = None
    min_count: int = 1
    max_count: int = 1
    nics: Nics = None
    metadata: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    security_groups: list[str] = field(default_factory=list)
    key_name: str | None = None
    config_drive: bool | None = None
    user_data: Content | None = None
    files: list[InjectedFile] = field(default_factory=list)
    admin_pass: str | None = None
    availability_zone: str | None = None
    host: str | None = None
    hypervisor_hostname: str | None = None
    hints: dict[str, Any] = field(default_factory=dict)
    disk_config: bool | None = None
    trusted_certs: list[str] | None = None
    devices: list[Any] = field(default_factory=list)
    device_format: DeviceFormat = "v2"
    device_paths: list[str] = field(default_factory=list)
    kernel: str | None = None
    ramdisk: str | None = None
    reservation_only: bool = False
    extra: dict[str, Any] = field(default_factory=dict)
    no_effect: list[NoEffect] = field(default_factory=list)

    def where(self, attribute: str) -> str:
        """The path of an attribute; of the request where the attribute was not given."""
        return self.at.get(attribute, self.path)
