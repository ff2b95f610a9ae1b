# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work of the module `domain_xml`."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import NoEffect, Problems
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import Server
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.contract import ReadFile, read_requests, refuse
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.explanation.explain import explain
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.host_options import check_host_options

from .entry import Place, design
from .planning import Intent, Minting, match
from .pools import find_pools
from .shaping import read_shape, render_shaped
from .volumes import names_volumes, volume_tables

# Nothing is minted for a look: the uuid follows from the name, and the clock stands still, so that the answer does too.
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:kilonova:compute:1/server")
_CLOCK = datetime(2000, 1, 1, tzinfo=UTC)
_INTENT = Intent("present", persistent=True, wait=False, timeout=1, console_pattern=None)


def show_domains(params: Mapping[str, Any], read_file: ReadFile) -> dict[str, Any]:
    """{domains: [{name, uuid, xml}], no_effect}. Raises ContractError with every problem."""
    options = check_host_options(params["host_options"])
    world: dict[str, Any] = options.value.of_requests()
    requests = read_requests(params, read_file=read_file, world=world)
    hypervisor: Any = params["hypervisor"]
    servers = [request.server for request in requests.planned]
    if names_volumes(servers):
        world |= volume_tables(hypervisor, params["pool"], servers)
        requests = read_requests(params, read_file=read_file, world=world)
    problems = Problems()
    no_effect: list[NoEffect] = list(requests.no_effect)
    problems.extend(options.problems)
    no_effect.extend(options.no_effect)
    pools = find_pools(hypervisor, params, options.value, problems)
    shape = read_shape(params, problems)
    refuse(problems)
    place = Place(hypervisor, options.value, pools, requests.images, shape, requests.volume_types)
    explained = bool(params.get("explain"))
    domains = [_show(request.server, place, problems, no_effect, explained=explained) for request in requests.planned]
    refuse(problems)
    return {"changed": False, "domains": domains, "no_effect": no_effect}


def _show(server: Server, place: Place, problems: Problems, no_effect: list[NoEffect], *, explained: bool) -> dict[str, Any]:
    minting = Minting(lambda: str(uuid.uuid5(_NAMESPACE, server["name"])), _CLOCK, bytes)
    [item] = match([(server, _INTENT)], place.hypervisor, minting, problems)
    path = f"servers[{server['request']['index']}]"
    designed = design(item, place, minting, path, problems, no_effect)
    xml = render_shaped(designed.domain, place.shape, problems) if not problems else ""
    if not xml:
        return {}
    found: dict[str, Any] = {"name": designed.domain.name, "uuid": item.uuid, "xml": xml}
    if explained:
        found["explanation"] = explain(place.inputs_of(item, minting, path, problems), designed)
    place.claim(item, designed.domain.name, xml)
    return found
