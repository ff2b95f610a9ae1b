# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks as the module server does: its argument spec first, then the contract."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.kilonova.compute.plugins.module_utils._argspec import REQUEST_FORMS, request_spec, server_spec
from ansible_collections.kilonova.compute.plugins.module_utils._errors import ContractError
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.action import plain
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.contract import Requests, read_requests

IMAGE_ID = "4f905f38-0000-43d2-b6ec-754a13ffb529"
NETWORK_ID = "34605f38-0000-45d2-b6ec-754a13ffb723"
GROUP_ID = "f5c8c61a-0000-400a-8ed2-3b023c190a7f"
VOLUMES = {
    "0b5f4b83-0000-4a2b-8f3e-000000000001": {"name": "photos", "size": 5, "status": "available"},
    "0b5f4b83-0000-4a2b-8f3e-000000000002": {"name": "music", "size": 5, "status": "available"},
}
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA me@example.com"
CATALOGUES: dict[str, Any] = {
    "flavors": {
        "small": {"id": "4", "vcpus": 1, "ram": 2048, "disk": 10},
        "Performance": {"id": "101", "vcpus": 4, "ram": 8192, "disk": 80},
        "plain": {"vcpus": 2, "ram": 4096, "disk": 40},
    },
    "images": {
        "ubuntu": {"id": IMAGE_ID, "disk_format": "qcow2", "container_format": "bare"},
        "ubuntu (deprecated)": {"disk_format": "qcow2"},
    },
    "networks": {"front": {"id": NETWORK_ID}, "another_network": {}},
    "keypairs": {"ansible_key": KEY},
    "server_groups": {"apart": {"id": GROUP_ID, "policy": "anti-affinity"}},
}


class Unsupported(Exception):
    """The argument spec refuses the task; its words name the options."""


def ask(options: dict[str, Any], **more: Any) -> Requests:
    """Raises Unsupported or ContractError."""
    given = {"network": "front", **options} if not {"nics", "network", *REQUEST_FORMS} & set(options) else options
    validator = ArgumentSpecValidator(server_spec(), mutually_exclusive=[["name", *REQUEST_FORMS]])
    result = validator.validate({**CATALOGUES, **given, **more})
    if result.error_messages:
        raise Unsupported("; ".join(result.error_messages))
    params = plain(result.validated_parameters)
    single = all(params[form] is None for form in REQUEST_FORMS)
    if single:
        names = [name for name in request_spec() if params.get(name) is not None]
        params["servers"] = [{name: params[name] for name in names}]
    world = {"volumes": VOLUMES, "snapshots": {}}
    return read_requests(params, single=single, read_file={"script": b"#!/bin/sh\n"}.get, world=world)


def refused(options: dict[str, Any], **more: Any) -> list[tuple[str, str]]:
    """Code and field of every problem."""
    try:
        ask(options, **more)
    except ContractError as error:
        return [(problem["code"], problem["field"]) for problem in error.problems]
    return []
