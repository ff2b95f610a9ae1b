# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of networks, and the ports that exist on them (design: shapes and identity; rules NET-12, NET-14..16)."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any, TypedDict

from .checked import Checked, checked
from .problems import Problems, join_path
from .request_catalogue import catalogue_entries
from .shapes import SCHEMA, Network, identity
from .types import NAME, ValueType, text

# Carries every request that names no network while the catalogue is empty: what libvirt itself sets up.
DEFAULT_LIBVIRT_NETWORK = "default"


class Port(TypedDict):
    """A NIC that was made before the server: ``fixed_ips`` are its addresses, ``device_id`` the server that has it now."""

    id: str
    network: Network
    fixed_ips: list[str]
    device_id: str
    ip_allocation: str
    resource_request: bool


def libvirt_network(name: str) -> Network:
    """The network that libvirt knows by this name and the catalogue does not list."""
    return Network(schema=SCHEMA, name=name, id=identity("network", name), libvirt_network=name, mode=None, cidr=None)


def _read_cidr(value: object) -> str | None:
    if not isinstance(value, str) or "/" not in value or "%" in value:
        return None
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        return None
    return value


_CIDR: ValueType[str] = ValueType(_read_cidr, {"type": "cidr"}, "a network in CIDR form, such as 192.0.2.0/24")
_ID = text(1, 255)


def validate_networks(networks: object, *, field: str = "networks") -> Checked[dict[str, Network]]:
    """A catalogue: a list of networks, or an object by name; a plain text stands for the libvirt network.

    Read are ``name``, ``id``, ``libvirt_network`` (default: the name), ``mode`` and ``cidr``. The other keys of an entry are
    the options of module ``network``, which checks them when it makes the network.
    """
    problems = Problems()
    found: dict[str, Network] = {}
    for path, entry in catalogue_entries(networks, field, problems, "NET-12", bare="libvirt_network"):
        value = _read(entry, path, problems)
        if value["name"] in found:
            where = join_path(path, "name")
            problems.add("NoUniqueMatch", "NET-12", where, value["name"], "unique names", f"{where} names another network too")
        found[value["name"]] = value
    return checked(found, problems)


def _read(entry: Mapping[str, Any], path: str, problems: Problems) -> Network:
    def part(key: str, kind: ValueType[str]) -> str | None:
        value = entry.get(key)
        return None if value is None else kind.check(value, problems, join_path(path, key), "NET-12")

    name = NAME.check(entry.get("name"), problems, join_path(path, "name"), "NET-12") or ""
    return Network(
        schema=SCHEMA,
        name=name,
        id=part("id", _ID) or identity("network", name),
        libvirt_network=part("libvirt_network", NAME) or name,
        mode=part("mode", NAME),
        cidr=part("cidr", _CIDR),
    )
