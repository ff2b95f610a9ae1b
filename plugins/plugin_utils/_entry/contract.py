# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the validating modules call the contract: catalogues in, requests in, every problem of all of them out at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.kilonova.compute.plugins.module_utils._errors import ContractError
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.checked import Checked
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.flavor import validate_flavors
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.image import validate_images
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.keypair import validate_keypairs
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.network import validate_networks
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import NoEffect, Problem, Problems, path_order
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.security_group import validate_security_groups
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server import Planned, plan_servers
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server_api import plan_api_request
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server_argv import files_of, plan_nova_boot
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server_ec2 import plan_ec2_request
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server_group import validate_server_groups
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.volume_type import VolumeType, validate_volume_types

# Reads a file of the controller; None where it cannot be read.
ReadFile = Callable[[str], bytes | None]

_READERS: dict[str, Callable[..., Checked[Any]]] = {
    "flavors": validate_flavors,
    "images": validate_images,
    "networks": validate_networks,
    "keypairs": validate_keypairs,
    "security_groups": validate_security_groups,
    "server_groups": validate_server_groups,
    "volume_types": validate_volume_types,
}


@dataclass(frozen=True)
class Catalogues:
    """Normalised, by name."""

    values: dict[str, Any]
    problems: tuple[Problem, ...]
    no_effect: tuple[NoEffect, ...]


def read_catalogues(params: Mapping[str, Any]) -> Catalogues:
    values: dict[str, Any] = {}
    problems = Problems()
    no_effect: list[NoEffect] = []
    for name, read in _READERS.items():
        answer = read(params.get(name) or {})
        values[name] = answer.value
        problems.extend(answer.problems)
        no_effect.extend(answer.no_effect)
    if params.get("ec2_ids") is not None:
        values["ec2_ids"] = params["ec2_ids"]
    return Catalogues(values, tuple(problems), tuple(no_effect))


@dataclass(frozen=True)
class Requests:
    """What is to be built, with the secrets in the wishes, and what plain libvirt has no use for."""

    planned: list[Planned]
    no_effect: list[NoEffect]
    images: Mapping[str, Any]
    volume_types: Mapping[str, VolumeType]


def read_requests(
    params: Mapping[str, Any],
    *,
    single: bool = False,
    read_file: ReadFile = lambda path: None,
    world: Mapping[str, Any] | None = None,
) -> Requests:
    """The requests of whichever form ``params`` holds: servers, api_request, nova_boot or ec2_request.

    ``world`` is what else the rules know: ``volumes``, ``snapshots``, options of the host. Raises ContractError with
    every problem of catalogues and requests. The fields of a single request have no index."""
    catalogues = read_catalogues(params)
    answer = _plan(params, catalogues.values | dict(world or {}), read_file)
    problems = Problems()
    problems.extend(catalogues.problems)
    problems.extend(answer.problems)
    refuse(problems, single=single)
    return Requests(
        list(answer.value),
        _fields(answer.no_effect, single) + list(catalogues.no_effect),
        catalogues.values["images"],
        catalogues.values["volume_types"],
    )


def _plan(params: Mapping[str, Any], catalogues: dict[str, Any], read_file: ReadFile) -> Checked[list[Planned]]:
    options = catalogues | {"quota": params.get("quota"), "usage": params.get("usage")}
    if params.get("api_request") is not None:
        return plan_api_request(params["api_request"], microversion=params.get("microversion"), **options)
    if params.get("nova_boot") is not None:
        found = {path: read_file(path) for path in files_of(params["nova_boot"])}
        files = {path: content for path, content in found.items() if content is not None}
        return plan_nova_boot(params["nova_boot"], files=files, **options)
    if params.get("ec2_request") is not None:
        return plan_ec2_request(params["ec2_request"], **options)
    return plan_servers(params["servers"], **options)


def refuse(problems: Iterable[Problem], *, single: bool = False) -> None:
    """Raises ContractError where there are any."""
    found = [problem.to_dict() for problem in problems]
    if not found:
        return
    if single:
        for problem in found:
            problem["message"] = problem["message"].replace(_PREFIX, "")
            problem["field"] = problem["field"].removeprefix(_PREFIX)
        found.sort(key=lambda problem: path_order(problem["field"]))
    raise ContractError(found)


_PREFIX = "servers[0]."


def _fields(entries: Iterable[NoEffect], single: bool) -> list[NoEffect]:
    if not single:
        return list(entries)
    return [NoEffect(field=entry["field"].removeprefix(_PREFIX), reason=entry["reason"]) for entry in entries]
