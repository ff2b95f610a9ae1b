# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests in the compute API's form: a ``POST /servers`` body at a microversion."""

from __future__ import annotations

from typing import Unpack

from .checked import Checked
from .problems import Problems
from .quota import read_quota
from .request_api import body_table, read_api_body
from .request_table import parse_microversion
from .server import Planned, only_servers, plan_wishes
from .server_world import Catalogues, make_world
from .shapes import Server


def validate_api_request(
    body: object,
    *,
    microversion: str | None = None,
    quota: object = None,
    usage: object = None,
    field: str = "api_request",
    **catalogues: Unpack[Catalogues],
) -> Checked[list[Server]]:
    """The servers that a body asks for, as Nova would take it at ``microversion`` (default: the latest)."""
    return only_servers(plan_api_request(body, microversion=microversion, quota=quota, usage=usage, field=field, **catalogues))


def plan_api_request(
    body: object,
    *,
    microversion: str | None = None,
    quota: object = None,
    usage: object = None,
    field: str = "api_request",
    **catalogues: Unpack[Catalogues],
) -> Checked[list[Planned]]:
    """``body`` is ``{"server": ..., "os:scheduler_hints": ...}``; a name from a catalogue may stand wherever its id may."""
    problems = Problems()
    minor = parse_microversion(microversion, "microversion", problems)
    world = make_world(catalogues, read_quota(quota, usage, problems), minor)
    table = body_table(minor, frozenset(world.images.entries), frozenset(world.network.networks.entries))
    wish = read_api_body(body, field, table, minor, problems)
    return plan_wishes([wish], world, problems)
