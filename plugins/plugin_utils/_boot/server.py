# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The request contract: from requests in any form to the servers to build, with every problem of all of them at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .checked import Checked, checked
from .network import Port
from .network_choice import choose_nics
from .problems import NoEffect, Problems, join_path
from .quota import read_quota
from .request_options import read_options
from .request_wish import Wish
from .server_build import build_servers, claim_names, fit_quota
from .server_devices import plain_devices, refuse_devices
from .server_group import ServerGroup
from .server_lookup import look_up
from .server_rules import check_rules, read_placement
from .server_world import World, make_world
from .shapes import Flavor, Image, KeyPair, Network, Server
from .types import shown


@dataclass(frozen=True, slots=True)
class Planned:
    """A server to build and the wish that it comes from, which holds the secrets that the server shows as digests only."""

    server: Server
    wish: Wish


def validate_servers(servers: object, **catalogues: Any) -> Checked[list[Server]]:
    """Requests in our own option form, one entry per server to build; the keyword arguments are those of plan_servers."""
    planned = plan_servers(servers, **catalogues)
    return Checked([one.server for one in planned.value], planned.problems, planned.no_effect)


def plan_servers(
    servers: object,
    *,
    flavors: Mapping[str, Flavor],
    images: Mapping[str, Image],
    networks: Mapping[str, Network],
    keypairs: Mapping[str, KeyPair],
    security_groups: Iterable[str] | Mapping[str, Any] = (),
    server_groups: Mapping[str, ServerGroup] | None = None,
    ports: Mapping[str, Port] | None = None,
    zones: Iterable[str] | None = None,
    certificates: Iterable[str] = (),
    quota: object = None,
    usage: object = None,
    field: str = "servers",
) -> Checked[list[Planned]]:
    """``servers`` is a list of requests with the options of openstack.cloud.server (and Nova's beyond them).

    A flavor, image or network is named by name or id; user data is plain text. A network that the catalogue does not list is
    taken as the libvirt network of that name, unless it is a uuid. Without a network in the request the only network of
    the catalogue is taken, or libvirt's ``default`` where the catalogue is empty. Quotas that are not given are unlimited.
    """
    problems = Problems()
    world = make_world(
        flavors=flavors,
        images=images,
        networks=networks,
        keypairs=keypairs,
        security_groups=security_groups,
        server_groups=server_groups,
        ports=ports,
        zones=zones,
        certificates=certificates,
        quota=read_quota(quota, usage, problems),
    )
    if not isinstance(servers, (list, tuple)):
        problems.add("ValidationError", "REQ", field, shown(servers), {"type": "array"}, f"{field} must be a list of requests")
        return checked([], problems)
    planned: list[Planned] = []
    no_effect: list[NoEffect] = []
    for index, request in enumerate(servers):
        wish = read_options(request, join_path(field, index), index, problems)
        planned += plan_wish(wish, world, problems)
        no_effect += wish.no_effect
    return checked(planned, problems, no_effect)


def plan_wish(wish: Wish, world: World, problems: Problems) -> list[Planned]:
    """The servers of one request; whatever is wrong with it, every later check still runs on what could be read."""
    check_rules(wish, problems)
    placement = read_placement(wish, problems)
    parts = look_up(wish, placement, world, problems)
    nics = choose_nics(wish, world.network, problems, minor=world.minor)
    if wish.devices:
        refuse_devices(wish, problems)
    if parts.flavor is None:
        return []
    devices = [] if parts.image is None else plain_devices(parts.flavor, parts.image)
    count = fit_quota(wish, parts.flavor, nics, world, problems)
    servers = build_servers(wish, parts, placement, nics, devices, None, count)
    claim_names(servers, wish, world, problems)
    return [Planned(server, wish) for server in servers]
