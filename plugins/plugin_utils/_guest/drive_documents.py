# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents of a config drive: what a guest reads about itself (rules section 14)."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import Server

from .identity import mac_address

DEFAULT_DOMAIN = "novalocal"
_UNKNOWN = "N/A"


@dataclass(frozen=True, kw_only=True)
class GuestFacts:
    """What the documents say beside the normalised server. Secrets pass through here and are kept nowhere.

    ``files``: path in the guest -> content. ``devices``: tagged devices in the form of MDJ-09. ``random_seed`` is 512 bytes.
    ``network_data``: the whole document, None for one made from the server's networks.
    """

    uuid: str
    user_data: bytes | None
    files: Mapping[str, bytes]
    admin_pass: str | None
    random_seed: bytes
    devices: Sequence[Mapping[str, Any]] = ()
    dedicated_cpus: Sequence[int] = ()
    network_data: Mapping[str, Any] | None = None
    vendor_data: Mapping[str, Any] | None = None
    reservation_id: str | None = None
    dhcp_domain: str = DEFAULT_DOMAIN


def host_name(server: Server, facts: GuestFacts) -> str:
    """Rules NAM-05 and NAM-16."""
    name = server["hostname"] or f"Server-{facts.uuid}"
    return f"{name}.{facts.dhcp_domain}" if facts.dhcp_domain else name


def meta_data(server: Server, facts: GuestFacts, version: str) -> dict[str, Any]:
    """``meta_data.json`` as of one version of the format (rules MDJ-01 to MDJ-10)."""
    document: dict[str, Any] = {
        "uuid": facts.uuid,
        "hostname": host_name(server, facts),
        "name": server["name"],
        "launch_index": server["request"]["launch_index"],
        "availability_zone": server["availability_zone"] or "nova",
    }
    if server["metadata"]:
        document["meta"] = dict(server["metadata"])
    if facts.files:
        document["files"] = [{"path": path, "content_path": f"/content/{index:04d}"} for index, path in enumerate(facts.files)]
    document.update(_keys(server))
    if facts.admin_pass is not None:
        document["admin_pass"] = facts.admin_pass
    document.update(_since(server, facts, version))
    return document


def _keys(server: Server) -> dict[str, Any]:
    key = server["key_pair"]
    if key is None:
        return {}
    return {
        "public_keys": {key["name"]: key["public_key"]},
        "keys": [{"name": key["name"], "type": key["type"], "data": key["public_key"]}],
    }


def _since(server: Server, facts: GuestFacts, version: str) -> dict[str, Any]:
    """What later versions of the format added; the names of versions sort by time, ``latest`` last."""
    added: dict[str, Any] = {}
    if version >= "2013-04-04":
        added["random_seed"] = base64.b64encode(facts.random_seed).decode()
    if version >= "2015-10-15":
        added["project_id"] = _UNKNOWN
    if version >= "2016-06-30":
        added["devices"] = [dict(device) for device in facts.devices]
    if version >= "2020-10-14":
        added["dedicated_cpus"] = sorted(facts.dedicated_cpus)
    return added


def network_data(server: Server, facts: GuestFacts) -> dict[str, Any]:
    """``network_data.json`` (rules NWD-01 to NWD-06): libvirt's networks hand out their addresses by DHCP."""
    if facts.network_data is not None:
        return dict(facts.network_data)
    if not server["networks"]:
        return {}
    links, networks = [], []
    for index, nic in enumerate(server["networks"]):
        link = f"interface{index}"
        network = nic["network"]
        identity = network["id"] if network is not None else None
        mac = mac_address(facts.uuid, index)
        links.append({"id": link, "vif_id": nic["port"] or identity, "type": "phy", "mtu": None, "ethernet_mac_address": mac})
        networks.append({"id": f"network{index}", "type": "ipv4_dhcp", "link": link, "network_id": identity})
    return {"links": links, "networks": networks, "services": []}


def ec2_meta_data(server: Server, facts: GuestFacts) -> dict[str, Any]:
    """``meta-data.json`` of EC2 version 2009-04-04 (rules EC2M-01 to EC2M-03).

    EC2's numbers came from Nova's database; here they are the first eight digits of the uuids that they stand for.
    """
    name = host_name(server, facts)
    address = next((nic["fixed_ip"] for nic in server["networks"] if nic["fixed_ip"]), None)
    document: dict[str, Any] = {
        "ami-id": _short("ami", server["image"]["id"]) if server["image"] is not None else "",
        "ami-launch-index": server["request"]["launch_index"],
        "ami-manifest-path": "FIXME",  # the literal text that Nova writes there (rules EC2M-01)
        "block-device-mapping": _ec2_devices(server),
        "hostname": name,
        "instance-action": "none",
        "instance-id": _short("i", facts.uuid),
        "instance-type": server["flavor"]["name"],
        "local-hostname": name,
        "local-ipv4": address or "",
        "placement": {"availability-zone": server["availability_zone"] or "nova"},
        "public-hostname": name,
        "public-ipv4": "",
        "reservation-id": facts.reservation_id or _short("r", facts.uuid),
        "security-groups": list(server["security_groups"]),
    }
    key = server["key_pair"]
    if key is not None:
        document["public-keys"] = {"0": {"_name": f"0={key['name']}", "openssh-key": key["public_key"]}}
    return document


def _short(prefix: str, identity: str) -> str:
    return f"{prefix}-{identity.replace('-', '')[:8]}"


def _ec2_devices(server: Server) -> dict[str, str]:
    root = server["root_device_name"] or "/dev/vda"
    return {"ami": root.removeprefix("/dev/"), "root": root}
