# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The answer in the asker's form: the compute API's body, the fields that a client prints, the EC2 set of instances."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .shapes import Server

_RESERVATION = re.compile(r"r-[a-z0-9]{8}")
RESERVATION_ALPHABET = string.ascii_lowercase + string.digits
_NO_IMAGE = "Attempt to boot from volume - no image supplied"
# EC2's names and numbers for what the server result calls its status.
_EC2_STATES = {
    "BUILD": (0, "pending"),
    "ACTIVE": (16, "running"),
    "PAUSED": (16, "running"),
    "SUSPENDED": (80, "stopped"),
    "SHUTOFF": (80, "stopped"),
}
_EC2_OTHER = (48, "terminated")


@dataclass(frozen=True, slots=True)
class Built:
    """A server that exists: its uuid, Nova's status, and the password, which only the one who asked may see.

    ``hostname`` is the final one; ``host`` where it runs.
    """

    server: Server
    id: str
    status: str = "BUILD"
    hostname: str | None = None
    host: str | None = None
    admin_pass: str | None = None


def is_reservation_id(text: object) -> bool:
    """Whether it has the form that ``server`` mints: ``r-`` and eight lower-case letters or digits (REQ-21)."""
    return isinstance(text, str) and _RESERVATION.fullmatch(text) is not None


def api_reply(built: Sequence[Built], *, reservation_id: str, base_url: str = "") -> dict[str, Any]:
    """The body of the 202: the first server, or the reservation id alone where it was asked for."""
    if not built or _wants_reservation(built):
        return {"reservation_id": reservation_id}
    first = built[0]
    body: dict[str, Any] = {
        "id": first.id,
        "links": [
            {"rel": "self", "href": f"{base_url}/v2.1/servers/{first.id}"},
            {"rel": "bookmark", "href": f"{base_url}/servers/{first.id}"},
        ],
        "OS-DCF:diskConfig": _disk_config(first.server),
        "security_groups": [{"name": name} for name in first.server["security_groups"]],
    }
    if first.admin_pass is not None:
        body["adminPass"] = first.admin_pass
    return {"server": body}


def client_reply(client: str, built: Sequence[Built], *, reservation_id: str) -> dict[str, Any]:
    """What ``nova boot`` or ``openstack server create`` prints, by field, sorted (rules CLI-16, CLI-31)."""
    if not built or _wants_reservation(built):
        return {"reservation_id": reservation_id}
    first = built[0]
    fields = _openstack_fields(first) if client == "openstack" else _nova_fields(first)
    if first.admin_pass is not None:
        fields["adminPass"] = first.admin_pass
    return dict(sorted(fields.items()))


def _common_fields(one: Built) -> dict[str, Any]:
    server = one.server
    extra = server.get("extra", {})
    return {
        "OS-DCF:diskConfig": _disk_config(server),
        "OS-EXT-AZ:availability_zone": server["availability_zone"] or "",
        "OS-EXT-SRV-ATTR:host": one.host,
        "OS-EXT-SRV-ATTR:hostname": one.hostname or server["hostname"],
        "accessIPv4": extra.get("access_ip_v4", ""),
        "accessIPv6": extra.get("access_ip_v6", ""),
        "config_drive": "True" if server["config_drive"] else "",
        "description": server["description"],
        "id": one.id,
        "key_name": server["key_pair"]["name"] if server["key_pair"] else None,
        "name": server["name"],
        "status": one.status,
    }


def _nova_fields(one: Built) -> dict[str, Any]:
    server = one.server
    image, flavor = server["image"], server["flavor"]
    return {
        **_common_fields(one),
        "image": _NO_IMAGE if image is None else f"{image['name']} ({image['id']})",
        "flavor:original_name": flavor["name"],
        "flavor:vcpus": flavor["vcpus"],
        "flavor:ram": flavor["ram"],
        "flavor:disk": flavor["disk"],
        "flavor:ephemeral": flavor["ephemeral"],
        "flavor:swap": flavor["swap"],
        "metadata": server["metadata"],
        "security_groups": ", ".join(server["security_groups"]),
        "tags": server["tags"],
    }


def _openstack_fields(one: Built) -> dict[str, Any]:
    server = one.server
    image, flavor = server["image"], server["flavor"]
    return {
        **_common_fields(one),
        "image": "N/A (booted from volume)" if image is None else f"{image['name']} ({image['id']})",
        "flavor": f"{flavor['name']} ({flavor['id']})",
        "properties": server["metadata"],
        "security_groups": [{"name": name} for name in server["security_groups"]],
        "tags": server["tags"],
    }


def ec2_reply(built: Sequence[Built], *, reservation_id: str, owner_id: str = "") -> dict[str, Any]:
    """The reservation with its set of instances, in launch order."""
    groups = built[0].server["security_groups"] if built else []
    return {
        "reservationId": reservation_id,
        "ownerId": owner_id,
        "groupSet": [{"groupId": name} for name in groups],
        "instancesSet": [_instance(one) for one in built],
    }


def _instance(one: Built) -> dict[str, Any]:
    server = one.server
    code, state = _EC2_STATES.get(one.status, _EC2_OTHER)
    root = next((device for device in server["block_device_mapping"] if device["boot_index"] == 0), None)
    from_volume = root is not None and root["destination_type"] == "volume"
    extra = server.get("extra", {})
    instance = {
        "instanceId": ec2_id("i", one.id),
        "imageId": ec2_id("ami", server["image"]["id"]) if server["image"] else "",
        "instanceState": {"code": code, "name": state},
        "privateDnsName": one.hostname or server["hostname"] or "",
        "keyName": server["key_pair"]["name"] if server["key_pair"] else None,
        "amiLaunchIndex": server["request"]["launch_index"],
        "instanceType": server["flavor"]["name"],
        "placement": {"availabilityZone": server["availability_zone"] or ""},
        "rootDeviceName": server["root_device_name"],
        "rootDeviceType": "ebs" if from_volume else "instance-store",
    }
    for key, kind in (("kernel", "aki"), ("ramdisk", "ari")):
        if key in extra:
            instance[f"{key}Id"] = ec2_id(kind, extra[key]["id"])
    return instance


def ec2_id(kind: str, identity: str) -> str:
    """An EC2 id that follows from the uuid, since no database numbers things here: eight hexadecimal digits of it."""
    digits = "".join(char for char in identity.lower() if char in string.hexdigits)
    return f"{kind}-{digits[:8]:0>8}"


def _wants_reservation(built: Sequence[Built]) -> bool:
    return bool(built[0].server.get("extra", {}).get("return_reservation_id"))


def _disk_config(server: Server) -> str:
    return "AUTO" if server.get("extra", {}).get("auto_disk_config") else "MANUAL"
