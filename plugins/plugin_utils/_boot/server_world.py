# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What requests are checked against: catalogues, quota and options of one call, indexed once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NotRequired, TypedDict

from .network import Port
from .network_choice import NetworkWorld
from .quota import Quota
from .request_catalogue import Catalogue
from .request_table import LATEST_MINOR
from .server_group import ServerGroup
from .shapes import Flavor, Image, KeyPair, Network


class Catalogues(TypedDict):
    """The keyword arguments of every validating function: normalised catalogues, by name.

    ``security_groups`` are names and ids, or an object by name. ``zones`` are the availability zones where they are known.
    ``ports`` (by id) and ``certificates`` exist for what Nova accepts; no module of this collection makes either.
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
    names: dict[str, str] = field(default_factory=dict)
    group_members: dict[str, int] = field(default_factory=dict)


def make_world(catalogues: Catalogues, quota: Quota, minor: int = LATEST_MINOR) -> World:
    """Indexes the catalogues of one call."""
    zones = catalogues.get("zones")
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
