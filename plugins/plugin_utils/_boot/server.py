# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The request contract: from requests in any form to the servers to build, with every problem of all of them at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Unpack

from .checked import Checked, checked
from .network_choice import choose_nics
from .problems import NoEffect, Problems, join_path
from .quota import read_quota
from .request_options import read_options
from .request_wish import Wish
from .server_again import is_normalised, read_again
from .server_build import build_servers, check_group_members, claim_names, fit_quota
from .server_devices import choose_devices
from .server_lookup import look_up
from .server_pair import boot_image, check_pair
from .server_rules import check_rules, read_placement
from .server_world import Catalogues, World, make_world
from .shapes import Server
from .types import shown
from .unread import unread_wishes


@dataclass(frozen=True, slots=True)
class Planned:
    """A server to build and the wish that it comes from, which holds the secrets that the server shows as digests only."""

    server: Server
    wish: Wish


def validate_servers(
    servers: object,
    *,
    quota: object = None,
    usage: object = None,
    field: str = "servers",
    **catalogues: Unpack[Catalogues],
) -> Checked[list[Server]]:
    """Requests in our own option form: one entry per server to build, with the problems of all requests (see plan_servers)."""
    return only_servers(plan_servers(servers, quota=quota, usage=usage, field=field, **catalogues))


def only_servers(planned: Checked[list[Planned]]) -> Checked[list[Server]]:
    """The part of a plan that may be shown."""
    return Checked([one.server for one in planned.value], planned.problems, planned.no_effect)


def plan_servers(
    servers: object,
    *,
    quota: object = None,
    usage: object = None,
    field: str = "servers",
    **catalogues: Unpack[Catalogues],
) -> Checked[list[Planned]]:
    """``servers`` is a list of requests with the options of openstack.cloud.server (and Nova's beyond them).

    A flavor, image or network is named by name or id; user data is plain text. A network that the catalogue does not list is
    taken as the libvirt network of that name, unless it is a uuid. Without a network in the request the only network of
    the catalogue is taken, or libvirt's ``default`` where the catalogue is empty. Quotas that are not given are unlimited.
    """
    problems = Problems()
    world = make_world(catalogues, read_quota(quota, usage, problems))
    if not isinstance(servers, (list, tuple)):
        problems.add("ValidationError", "REQ", field, shown(servers), {"type": "array"}, f"{field} must be a list of requests")
        return checked([], problems)
    no_effect: list[NoEffect] = []
    planned: list[Planned] = []
    for index, request in enumerate(servers):
        path = join_path(field, index)
        if is_normalised(request):
            planned += _plan_again(request, path, index, world, problems)
            continue
        wish = read_options(request, path, index, problems)
        planned += plan_wish(wish, world, problems)
        no_effect += wish.no_effect
    return checked(planned, problems, no_effect)


def _plan_again(request: Mapping[Any, Any], path: str, index: int, world: World, problems: Problems) -> list[Planned]:
    """One normalised server, which takes its own place in the quota and keeps its name for itself."""
    server = read_again(request, path, world, problems)
    if server is None:
        return []
    wish = Wish(index, path, name=server["name"])
    claim_names([server], wish, world, problems)
    fit_quota(wish, server["flavor"], server["networks"], world, problems)
    return [Planned(server, wish)]


def plan_wishes(wishes: list[Wish], world: World, problems: Problems) -> Checked[list[Planned]]:
    """The servers of all requests in their order, which is the order in which they take from the quota."""
    planned = [one for wish in wishes for one in plan_wish(wish, world, problems)]
    no_effect: list[NoEffect] = [entry for wish in wishes for entry in wish.no_effect]
    return checked(planned, problems, no_effect)


def plan_wish(wish: Wish, world: World, problems: Problems) -> list[Planned]:
    """The servers of one request; whatever is wrong with it, every later check still runs on what could be read."""
    check_rules(wish, problems)
    wish.no_effect += unread_wishes(wish)
    placement = read_placement(wish, problems)
    parts = look_up(wish, placement, world, problems)
    nics = choose_nics(wish, world.network, problems, minor=world.minor)
    devices = choose_devices(wish, parts.flavor, parts.image, world, problems)
    parts.boot_image = boot_image(wish, devices["block_device_mapping"], world, problems)
    if parts.flavor is None:
        return []
    if parts.image is not None or wish.image is None:
        image = parts.image or parts.boot_image
        check_pair(wish, parts.flavor, image, devices["block_device_mapping"], world, problems)
    count = fit_quota(wish, parts.flavor, nics, world, problems)
    check_group_members(wish, parts.hints, count, world, problems)
    servers = build_servers(wish, parts, placement, nics, devices, count)
    claim_names(servers, wish, world, problems)
    return [Planned(server, wish) for server in servers]
