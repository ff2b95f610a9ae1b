# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both metadata elements of a domain: Nova's, which exporters read, and ours, which holds what we need to go on later."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.image_table import TYPED
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import Flavor, Image, Server

from .image_facts import image_facts
from .libraries import etree
from .metadata_model import (
    KILONOVA_NAMESPACE,
    KilonovaServer,
    Metadata,
    NovaFlavor,
    NovaImage,
    NovaInstance,
    NovaOwner,
    NovaPort,
)
from .render import render_server_element
from .version import VERSION
from .volume_plan import VolumePlan

NAMESPACE = KILONOVA_NAMESPACE
SCHEMA = 1
BUILDING = "building"


@dataclass(frozen=True)
class ServerElement:
    """What ``kilonova:server`` says: the normalised server, its volumes as dicts, the state and the writer's version."""

    schema: int
    version: str
    state: str
    server: Server
    volumes: list[dict[str, Any]]


def design_metadata(
    server: Server, *, uuid: str, volumes: Sequence[VolumePlan], ports: Sequence[NovaPort], clock: datetime
) -> Metadata:
    return Metadata(
        nova=_nova_instance(server, uuid=uuid, ports=ports, clock=clock),
        kilonova=_kilonova_server(server, [volume.to_dict() for volume in volumes], BUILDING),
    )


def server_element(server: Server, volumes: Sequence[VolumePlan | Mapping[str, Any]], state: str) -> str:
    """The ``kilonova:server`` element alone, for replacing it when the state changes."""
    as_dicts = [volume.to_dict() if isinstance(volume, VolumePlan) else dict(volume) for volume in volumes]
    return render_server_element(_kilonova_server(server, as_dicts, state))


def parse_server_element(text: str) -> ServerElement | None:
    """Reads the element out of itself, of a metadata element or of a whole domain; None where there is none.

    Raises ValueError where the element is there and cannot be understood.
    """
    try:
        root = etree.fromstring(text, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise ValueError(f"the metadata is not XML: {error}") from error
    tag = f"{{{NAMESPACE}}}server"
    element = root if root.tag == tag else next(root.iter(tag), None)
    if element is None:
        return None
    return ServerElement(
        schema=int(element.get("schema", "0")),
        version=element.get("version", ""),
        state=element.get("state", ""),
        server=_json_of(element, "request", {}),
        volumes=_json_of(element, "volumes", []),
    )


def _json_of(element: etree._Element, name: str, empty: Any) -> Any:
    text = element.findtext(f"{{{NAMESPACE}}}{name}")
    return json.loads(text) if text else empty


def _kilonova_server(server: Server, volumes: Sequence[Mapping[str, Any]], state: str) -> KilonovaServer:
    return KilonovaServer(schema=SCHEMA, version=VERSION, state=state, request=_compact(server), volumes=_compact(volumes))


def _compact(value: object) -> str:
    """ASCII only, so that any text survives, whatever XML thinks of its characters."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _nova_instance(server: Server, *, uuid: str, ports: Sequence[NovaPort], clock: datetime) -> NovaInstance:
    """Guest META-01 to META-14."""
    image_id = _root_image_id(server)
    return NovaInstance(
        package=VERSION,
        name=server["name"] or uuid,
        creation_time=clock.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
        flavor=_nova_flavor(server["flavor"]),
        image=_nova_image(image_facts(server), image_id, disk=server["flavor"]["disk"]),
        owner=_owner(server),
        root_type="image" if image_id else "volume",
        root_uuid=image_id,
        ports=tuple(ports),
    )


def _owner(server: Server) -> NovaOwner:
    """Users and projects are plain labels here; without any, what Nova writes for unknown ones (guest META-10)."""
    extra = server.get("extra", {})
    user, project = extra.get("user", "N/A"), extra.get("project", "N/A")
    return NovaOwner(user=user, user_id=user, project=project, project_id=project)


def _root_image_id(server: Server) -> str:
    """Empty for a server that boots from a volume (guest META-07, META-11)."""
    boots_from_volume = any(
        device["boot_index"] == 0 and device["destination_type"] == "volume" for device in server["block_device_mapping"]
    )
    return "" if boots_from_volume or server["image"] is None else server["image"]["id"]


def _nova_flavor(flavor: Flavor) -> NovaFlavor:
    return NovaFlavor(
        name=flavor["name"],
        id=flavor["id"],
        memory=flavor["ram"],
        disk=flavor["disk"],
        swap=flavor["swap"],
        ephemeral=flavor["ephemeral"],
        vcpus=flavor["vcpus"],
        extra_specs=tuple(sorted(flavor["extra_specs"].items())),
    )


def _nova_image(image: Image | None, image_id: str, *, disk: int) -> NovaImage:
    """Guest META-07 to META-09: what is known of the image once a server was made of it, which has a disk of ``disk`` GiB."""
    if image is None:
        return NovaImage(uuid="", container_format=None, disk_format=None, min_disk=None, min_ram=None, properties=())
    return NovaImage(
        uuid=image_id,
        container_format=image["container_format"],
        disk_format=image["disk_format"],
        min_disk=max(image["min_disk"], disk),
        min_ram=image["min_ram"],
        properties=tuple(sorted((name, _property_text(value)) for name, value in image["properties"].items() if name in TYPED)),
    )


def _property_text(value: Any) -> str:
    """Typed values as Nova writes them: booleans as Python's words, lists as JSON."""
    return json.dumps(value, sort_keys=True) if isinstance(value, (list, dict)) else str(value)
