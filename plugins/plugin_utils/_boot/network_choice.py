# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the networks that a request names to the NICs of its servers (rules NET-01..17, NET-28)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .network import DEFAULT_LIBVIRT_NETWORK, Port, libvirt_network
from .problems import Problems
from .request_catalogue import Catalogue
from .request_wish import Nic, Wish
from .shapes import Network, NetworkRequest
from .types import read_uuid


@dataclass(slots=True)
class NetworkWorld:
    """What NICs may be made of; ``taken`` remembers the addresses that requests of this call have asked for."""

    networks: Catalogue[Network]
    ports: Mapping[str, Port] = field(default_factory=dict)
    taken: set[tuple[str, str]] = field(default_factory=set)


def choose_nics(wish: Wish, world: NetworkWorld, problems: Problems, *, minor: int) -> list[NetworkRequest]:
    """The NICs in guest order; given ports and networks are looked up, ``auto`` takes the only network there is."""
    if wish.nics == "none":
        return []
    if wish.nics == "auto" or not wish.nics:
        return _only_network(wish, world, problems)
    found = [_nic(nic, wish, world, problems, minor) for nic in wish.nics]
    return [nic for nic in found if nic is not None]


def _only_network(wish: Wish, world: NetworkWorld, problems: Problems) -> list[NetworkRequest]:
    where = wish.where("nics")
    if len(world.networks) > 1:
        known = world.networks.known()
        problems.add(
            "NetworkAmbiguous", "NET-09", where, wish.nics, known, f"{where} must name a network, since there are several"
        )
        return []
    if len(world.networks) == 1:
        return [_request(next(iter(world.networks.entries.values())))]
    # Without any network Nova would make one for the project; libvirt's own network is that one here.
    return [_request(libvirt_network(DEFAULT_LIBVIRT_NETWORK))] if wish.nics == "auto" else []


def _request(network: Network | None, nic: Nic | None = None, port: Port | None = None) -> NetworkRequest:
    if port is not None:
        address = port["fixed_ips"][0] if port["fixed_ips"] else None
        return NetworkRequest(network=port["network"], port=port["id"], fixed_ip=address, tag=nic.tag if nic else None)
    return NetworkRequest(network=network, port=None, fixed_ip=nic.fixed_ip if nic else None, tag=nic.tag if nic else None)


def _nic(nic: Nic, wish: Wish, world: NetworkWorld, problems: Problems, minor: int) -> NetworkRequest | None:
    if nic.port is not None:
        port = world.ports.get(nic.port)
        if port is None:
            _add(problems, "PortNotFound", "NET-14", nic, nic.port, sorted(world.ports)[:20], "is not a known port", "port")
            return None
        _check_port(port, nic, problems, minor)
        return _request(None, nic, port)
    if nic.network is None:
        return None
    network = world.networks.find(nic.network)
    if network is None:
        if wish.strict_networks or read_uuid(nic.network) is not None:
            known = world.networks.known()
            _add(problems, "NetworkNotFound", "NET-12", nic, nic.network, known, "is not a known network", "network")
            return None
        network = libvirt_network(nic.network)
    _check_address(nic, network, world, problems)
    return _request(network, nic)


def _check_port(port: Port, nic: Nic, problems: Problems, minor: int) -> None:
    if port["device_id"]:
        _add(problems, "PortInUse", "NET-15", nic, nic.port, "a free port", f"is in use by {port['device_id']}", "port")
    if not port["fixed_ips"] and port["ip_allocation"] not in ("deferred", "none"):
        _add(problems, "PortRequiresFixedIP", "NET-16", nic, nic.port, "a port with an address", "has no fixed IP", "port")
    if port["resource_request"] and minor < 72:
        code = "CreateWithPortResourceRequestOldVersion"
        _add(problems, code, "REQ-74", nic, nic.port, "microversion 2.72", "has a resource request", "port")


def _check_address(nic: Nic, network: Network, world: NetworkWorld, problems: Problems) -> None:
    if nic.fixed_ip is None:
        return
    address = (network["id"], nic.fixed_ip)
    if address in world.taken:
        message = "is asked for by another NIC on this network"
        _add(problems, "FixedIpAlreadyInUse", "NET-17", nic, nic.fixed_ip, "a free address", message, "fixed_ip")
    world.taken.add(address)


def _add(problems: Problems, code: str, rule: str, nic: Nic, given: object, allowed: Any, message: str, part: str) -> None:
    where = nic.where(part)
    problems.add(code, rule, where, given, allowed, f"{where} {message}")
