# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What requests are checked against: catalogues, quota and options of one call, indexed once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NotRequired, Protocol, TypedDict

from .block_device import BlockDeviceMapping
from .checked import Checked
from .network import Port
from .network_choice import NetworkWorld
from .problems import Problems
from .quota import Quota
from .request_catalogue import Catalogue
from .request_table import LATEST_MINOR
from .server_group import ServerGroup
from .shapes import Flavor, Image, KeyPair, Network
from .volume_type import VolumeType, type_names

Records = Mapping[str, Mapping[str, Any]]
# Nova's default: root, ephemeral disks and swap all count.
MAX_LOCAL_BLOCK_DEVICES = 3


class Validator(Protocol):
    """A function that validates one flavor or image."""

    def __call__(self, value: object, /, *, field: str) -> Checked[Any]: ...


class Catalogues(TypedDict):
    """The keyword arguments of every validating function: normalised catalogues, by name.

    ``security_groups`` are names and ids, or an object by name. ``zones`` are the availability zones where they are known.
    ``volumes``, ``snapshots`` and ``volume_types``, by id or name, are not looked into where they are not given; ``ec2_ids``
    are their ids by EC2 id. ``ports`` (by id) and ``certificates`` exist for what Nova accepts; no module here makes either.
    """

    flavors: Mapping[str, Flavor]
    images: Mapping[str, Image]
    networks: Mapping[str, Network]
    keypairs: Mapping[str, KeyPair]
    security_groups: NotRequired[Iterable[str] | Mapping[str, Any]]
    server_groups: NotRequired[Mapping[str, ServerGroup] | None]
    ports: NotRequired[Mapping[str, Port] | None]
    zones: NotRequired[Iterable[str] | None]
    certificates: NotRequired[Iterable[str]]
    volumes: NotRequired[Records | None]
    snapshots: NotRequired[Records | None]
    volume_types: NotRequired[Mapping[str, VolumeType] | None]
    ec2_ids: NotRequired[Mapping[str, str] | None]
    max_local_block_devices: NotRequired[int]
    disk_prefix: NotRequired[str | None]


@dataclass(slots=True)
class World:
    """``zones`` is None where nobody knows the zones yet (placing finds out); ``names`` are those given out in this call."""

    flavors: Catalogue[Flavor]
    images: Catalogue[Image]
    network: NetworkWorld
    keypairs: Mapping[str, KeyPair]
    security_groups: frozenset[str]
    server_groups: Catalogue[ServerGroup]
    quota: Quota
    zones: frozenset[str] | None = None
    certificates: frozenset[str] = frozenset()
    minor: int = LATEST_MINOR
    volumes: Records | None = None
    snapshots: Records | None = None
    volume_types: Mapping[str, str] | None = None
    ec2_ids: Mapping[str, str] | None = None
    max_local_block_devices: int = MAX_LOCAL_BLOCK_DEVICES
    disk_prefix: str | None = None
    names: dict[str, str] = field(default_factory=dict)
    plain_devices: dict[tuple[int, int], Checked[BlockDeviceMapping]] = field(default_factory=dict)
    group_members: dict[str, int] = field(default_factory=dict)

    validated: dict[str, Any] = field(default_factory=dict)
    good_pairs: dict[tuple[object, ...], tuple[Flavor, Image | None]] = field(default_factory=dict)

    def again(self, value: object, path: str, validate: Validator, problems: Problems) -> Any:
        """A part of a normalised server, validated once per distinct value, as many servers share their flavor and image."""
        key = json.dumps([validate.__module__, value], sort_keys=True, default=repr)
        if key not in self.validated:
            answer = validate(value, field=path)
            if answer.problems:
                problems.extend(answer.problems)
                return None
            self.validated[key] = answer.value
        return self.validated[key]


def make_world(catalogues: Catalogues, quota: Quota, minor: int = LATEST_MINOR) -> World:
    """Indexes the catalogues of one call."""
    zones = catalogues.get("zones")
    types = catalogues.get("volume_types")
    return World(
        flavors=Catalogue(catalogues["flavors"]),
        images=Catalogue(catalogues["images"]),
        network=NetworkWorld(Catalogue(catalogues["networks"]), catalogues.get("ports") or {}),
        keypairs=catalogues["keypairs"],
        security_groups=_group_names(catalogues.get("security_groups") or ()),
        server_groups=Catalogue(catalogues.get("server_groups") or {}),
        quota=quota,
        zones=None if zones is None else frozenset(zones),
        certificates=frozenset(catalogues.get("certificates") or ()),
        minor=minor,
        volumes=catalogues.get("volumes"),
        snapshots=catalogues.get("snapshots"),
        volume_types=None if types is None else type_names(types),
        ec2_ids=catalogues.get("ec2_ids"),
        max_local_block_devices=catalogues.get("max_local_block_devices", MAX_LOCAL_BLOCK_DEVICES),
        disk_prefix=catalogues.get("disk_prefix"),
    )


def _group_names(groups: Iterable[Any] | Mapping[str, Any]) -> frozenset[str]:
    names = {"default"}
    entries: Iterable[Any] = groups.values() if isinstance(groups, Mapping) else groups
    if isinstance(groups, Mapping):
        names.update(groups)
    for entry in entries:
        if isinstance(entry, Mapping):
            names.update(str(entry[key]) for key in ("name", "id") if entry.get(key))
        elif isinstance(entry, str):
            names.add(entry)
    return frozenset(names)
