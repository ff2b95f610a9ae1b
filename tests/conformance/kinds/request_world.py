# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Catalogues that know what a case's body names, so that acceptance is a matter of the body alone."""

from __future__ import annotations

import uuid
from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.network import Port, libvirt_network
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server_group import ServerGroup
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server_world import Catalogues
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import SCHEMA, Flavor, Image, KeyPair, Network

FLAVOR = "1"
IMAGE = "155d900f-4e14-4e4c-a73d-069cbf4541e6"


def flavor(flavor_id: str) -> Flavor:
    return Flavor(
        schema=SCHEMA,
        name=f"flavor {flavor_id}",
        id=flavor_id,
        vcpus=1,
        ram=512,
        disk=10,
        ephemeral=10,
        swap=1024,
        rxtx_factor=1.0,
        extra_specs={},
        is_public=True,
        disabled=False,
        description=None,
    )


def image(image_id: str, properties: dict[str, Any] | None = None) -> Image:
    return Image(
        schema=SCHEMA,
        name=f"image {image_id}",
        id=image_id,
        src=None,
        path=None,
        url=None,
        checksum=None,
        disk_format="qcow2",
        container_format="bare",
        min_disk=0,
        min_ram=0,
        size=0,
        status="active",
        properties=properties or {},
    )


def network(network_id: str) -> Network:
    return {**libvirt_network(f"network {network_id}"), "id": network_id}


def port(port_id: str, **parts: Any) -> Port:
    free = Port(
        id=port_id,
        network=network("of ports"),
        fixed_ips=["192.0.2.9"],
        device_id="",
        ip_allocation="immediate",
        resource_request=False,
    )
    return {**free, **parts}  # type: ignore[typeddict-item]


def is_uuid(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(uuid.UUID(value))
    except ValueError:
        return False


def catalogues_for(server: dict[str, Any], hints: Any = None) -> Catalogues:
    """One entry for each id that the body names in the form that Nova takes it, none for anything else."""
    devices = [device for device in _list(server.get("block_device_mapping_v2")) if isinstance(device, dict)]
    images = [server.get("imageRef"), *(device.get("uuid") for device in devices if device.get("source_type") == "image")]
    nics = [nic for nic in _list(server.get("networks")) if isinstance(nic, dict)]
    groups = [group["name"] for group in _list(server.get("security_groups")) if isinstance(group, dict) and "name" in group]
    group = hints.get("group") if isinstance(hints, dict) else None
    keys = [server["key_name"]] if isinstance(server.get("key_name"), str) else []
    certificates = [name for name in _list(server.get("trusted_image_certificates")) if isinstance(name, str)]
    flavor_id = str(server.get("flavorRef", FLAVOR)).split("?")[0].rpartition("/")[2]
    return Catalogues(
        flavors={"of the case": flavor(flavor_id)},
        images={f"image {one}": image(str(one)) for one in images if is_uuid(one)},
        networks={f"network {nic['uuid']}": network(nic["uuid"]) for nic in nics if is_uuid(nic.get("uuid"))},
        ports={nic["port"]: port(nic["port"]) for nic in nics if is_uuid(nic.get("port"))},
        keypairs={name: KeyPair(schema=SCHEMA, name=name, public_key="", type="ssh") for name in keys},
        security_groups=[name for name in groups if isinstance(name, str)],
        server_groups={str(one): _group(str(one)) for one in (group if isinstance(group, list) else [group]) if is_uuid(one)},
        certificates=certificates,
    )


def _group(group_id: str) -> ServerGroup:
    return ServerGroup(schema=SCHEMA, name=group_id, id=group_id, policy="affinity", rules={}, members=[])


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def network_choice_input(case: dict[str, Any]) -> tuple[Any, Catalogues] | None:
    """The networks of a request, and catalogues in which they have the states that their names say; None for others."""
    catalogues = catalogues_for({"imageRef": IMAGE, "flavorRef": FLAVOR})
    available = [str(uuid.UUID(int=number + 1)) for number in range(case["available"])]
    known: dict[str, Network] = {name: network(name) for name in available}
    ports: dict[str, Port] = {}
    if not isinstance(case["networks"], list):
        return case["networks"], {**catalogues, "networks": known}
    entries: list[dict[str, Any]] = []
    for number, entry in enumerate(case["networks"]):
        state = entry["port"] if isinstance(entry, dict) else entry
        if "subnet" in state:
            return None
        identity = str(uuid.UUID(int=number + 1000))
        entries.append({"port": identity} if isinstance(entry, dict) else {"uuid": identity})
        if any(word in state for word in ("missing", "unknown")):
            continue
        if isinstance(entry, dict):
            ports[identity] = _port_in_state(identity, state)
        else:
            known[identity] = network(identity)
    return entries, {**catalogues, "networks": known, "ports": ports}


def _port_in_state(port_id: str, state: str) -> Port:
    in_use = any(word in state for word in ("use", "attached", "bound", "taken"))
    allocation = next((word for word in ("deferred", "none") if state.endswith(word)), "immediate")
    addresses = [] if "without-address" in state else ["192.0.2.9"]
    return port(port_id, device_id="other" if in_use else "", ip_allocation=allocation, fixed_ips=addresses)
