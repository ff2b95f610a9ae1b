# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kind request: ``POST /servers`` bodies, and the rules on quotas, key pairs, groups and networks beneath them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.checked import Checked
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.keypair import validate_keypair
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import Problems
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.quota import (
    NOVA_DEFAULTS,
    Quota,
    check_injected_files,
    check_metadata_count,
    fit_ports,
    fit_servers,
)
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.request_values import (
    read_disk_config,
    stored_config_drive,
)
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server import Planned
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server_api import plan_api_request
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server_group import validate_server_group
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server_lookup import disk_config, kernel_and_ramdisk
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.user_data import Content, InjectedFile
from tests.conformance.kinds.request_world import FLAVOR, IMAGE, catalogues_for, image, network_choice_input
from tests.conformance.outcome import Outcome

_PUBLIC_KEY = "ssh-ed25519 " + base64.b64encode(
    b"".join(len(part).to_bytes(4, "big") + part for part in (b"ssh-ed25519", bytes(32)))
).decode("ascii")


def run(case: dict[str, Any]) -> Outcome | None:
    op = case.get("op")
    if op is None:
        return _body(case)
    return _OPS[op](case) if op in _OPS else None


def _outcome(problems: Any, values: dict[str, Any] | None = None) -> Outcome:
    return Outcome(not problems, values or {}, tuple(f"{p.code} {p.message}" for p in problems))


def _body(case: dict[str, Any]) -> Outcome:
    body: dict[str, Any] = {"server": case["server"], **case.get("extra_top_level", {})}
    if "scheduler_hints" in case:
        body["os:scheduler_hints"] = case["scheduler_hints"]
    answer: Checked[list[Planned]] = plan_api_request(
        body, microversion=case["microversion"], **catalogues_for(case["server"], case.get("scheduler_hints"))
    )
    return _outcome(answer.problems, _values(answer.value[0]) if answer.value and not answer.problems else {})


def _values(planned: Planned) -> dict[str, Any]:
    server, wish = planned.server, planned.wish
    extra = server.get("extra", {})
    hints = server["scheduler_hints"]
    nics = server["networks"]
    volumes = [device for device in server["block_device_mapping"] if device["source_type"] == "volume"]
    data = None if wish.user_data is None else wish.user_data.data
    return {
        **hints,
        "hints_after_cleaning": hints,
        "flavor_id": server["flavor"]["id"],
        "image_id": server["image"]["id"] if server["image"] else "",
        "name": wish.name,
        "description": server["description"],
        "hostname": wish.hostname,
        "legacy_format": wish.device_format == "v1",
        "devices": len(wish.devices),
        "delete_on_termination": volumes[0]["delete_on_termination"] if volumes else None,
        "min_count": server["request"]["min_count"],
        "max_count": server["request"]["max_count"],
        "reservation_only": extra.get("return_reservation_id", False),
        "allocate": bool(nics),
        "ports": [nic["port"] for nic in nics if nic["port"]],
        "networks": [nic["network"]["id"] for nic in nics if nic["network"]],
        "fixed_ip": nics[0]["fixed_ip"] if nics else None,
        "tag": nics[0]["tag"] if nics else None,
        "metadata": server["metadata"],
        "tags": server["tags"],
        "files": len(server["personality"]),
        "user_data": None if data is None else data.decode("utf-8", "replace"),
        "user_data_decoded_length": None if data is None else len(data),
        "key_name": server["key_pair"]["name"] if server["key_pair"] else None,
        "config_drive": server["config_drive"],
        "zone": server["availability_zone"],
        "forced_host": extra.get("forced_host"),
        "forced_node": extra.get("forced_node"),
        "requested_host": server["host"],
        "requested_node": server["hypervisor_hostname"],
        "admin_password": wish.admin_pass,
        "auto_disk_config": extra.get("auto_disk_config", False),
        "access_ip_v4": extra.get("access_ip_v4"),
        "access_ip_v6": extra.get("access_ip_v6"),
        "trusted_certs": wish.trusted_certs,
        "security_groups": server["security_groups"],
    }


def _quota(case: dict[str, Any]) -> Outcome:
    flavor = case["flavor"]
    quota = Quota(case["limits"], case["used"])
    fit = fit_servers(quota, flavor["vcpus"], flavor["ram"], case["min_count"], case["max_count"])
    return Outcome(fit.count > 0, {"build": fit.count}, fit.exceeded)


def _port_quota(case: dict[str, Any]) -> Outcome:
    quota = Quota({"ports": case["port_quota"]}, {"ports": case["ports_existing"]})
    fit = fit_ports(quota, case["networks"], case["min_count"], case["max_count"])
    return Outcome(fit.count > 0, {"max_count": fit.count}, fit.exceeded)


def _injected_files(case: dict[str, Any]) -> Outcome:
    problems = Problems()
    files = [
        InjectedFile(file.get("path") or "p" * file["path_length"], Content(b"", file["contents_length"]))
        for file in case["files"]
    ]
    check_injected_files(files, Quota(NOVA_DEFAULTS), "personality", problems)
    return _outcome(problems)


def _metadata_count(case: dict[str, Any]) -> Outcome:
    problems = Problems()
    check_metadata_count(case["items"], Quota(NOVA_DEFAULTS), "metadata", problems)
    return _outcome(problems)


def _keypair(case: dict[str, Any]) -> Outcome:
    """The key's own content is not judged, so a key that parses stands in for any text."""
    keypair = dict(case["keypair"])
    if isinstance(keypair.get("public_key"), str):
        keypair["public_key"] = _PUBLIC_KEY
        keypair.update({} if keypair.get("type") != "x509" else {"type": "ssh"})
    answer = validate_keypair(keypair, microversion=case["microversion"])
    return _outcome(answer.problems, dict(answer.value))


def _server_group(case: dict[str, Any]) -> Outcome:
    answer = validate_server_group(case["server_group"], microversion=case.get("microversion"))
    return _outcome(answer.problems, dict(answer.value))


def _config_drive_stored(case: dict[str, Any]) -> Outcome:
    problems = Problems()
    stored = stored_config_drive(case["value"], "config_drive", problems)
    return _outcome(problems, {"stored": stored})


def _disk_config(case: dict[str, Any]) -> Outcome:
    problems = Problems()
    request = case.get("request")
    asked = None if request is None else read_disk_config(request, "disk_config", problems)
    says = case.get("image_auto_disk_config")
    of_image = image(IMAGE, {} if says is None else {"auto_disk_config": says})
    decided = disk_config(asked, of_image, "disk_config", problems)
    return _outcome(problems, {"auto_disk_config": decided})


def _kernel_ramdisk(case: dict[str, Any]) -> Outcome:
    kernel, ramdisk = kernel_and_ramdisk(case.get("kernel_id"), case.get("ramdisk_id"), case["image_properties"])
    return Outcome(True, {"kernel_id": kernel, "ramdisk_id": ramdisk})


def _network_choice(case: dict[str, Any]) -> Outcome | None:
    given = network_choice_input(case)
    if given is None:
        return None
    networks, catalogues = given
    server = {"name": "srv", "imageRef": IMAGE, "flavorRef": FLAVOR, "networks": networks}
    answer = plan_api_request({"server": server}, **catalogues)
    return _outcome(answer.problems, {"nics": len(answer.value[0].server["networks"]) if answer.value else 0})


_OPS: dict[str, Callable[[dict[str, Any]], Outcome | None]] = {
    "quota": _quota,
    "port_quota": _port_quota,
    "injected_files": _injected_files,
    "metadata_count": _metadata_count,
    "keypair": _keypair,
    "server_group": _server_group,
    "config_drive_stored": _config_drive_stored,
    "disk_config": _disk_config,
    "kernel_ramdisk": _kernel_ramdisk,
    "network_choice": _network_choice,
}
