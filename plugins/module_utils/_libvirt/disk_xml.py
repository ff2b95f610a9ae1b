# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks as elements of domain XML."""

from __future__ import annotations

from typing import Any, Dict
from xml.etree import ElementTree


def disk_element(source: Dict[str, Any], volume_format: str, **driver: str) -> ElementTree.Element:
    """A disk with ``source`` as ``_pool_kinds.disk_source`` says it; more attributes of its driver by name."""
    disk = ElementTree.Element("disk", type=source["type"], device="disk")
    ElementTree.SubElement(disk, "driver", {"name": "qemu", "type": volume_format, **driver})
    element = ElementTree.SubElement(disk, "source", source["attributes"])
    for host in source["hosts"]:
        ElementTree.SubElement(element, "host", {key: value for key, value in host.items() if value})
    if source["initiator"]:
        ElementTree.SubElement(ElementTree.SubElement(element, "initiator"), "iqn", name=source["initiator"])
    auth = source["auth"]
    if auth:
        place = ElementTree.SubElement(element, "auth", username=auth["username"] or "")
        known = {name: auth.get("secret_" + name) for name in ("uuid", "usage")}
        ElementTree.SubElement(place, "secret", {"type": auth["type"], **{k: v for k, v in known.items() if v}})
    return disk
