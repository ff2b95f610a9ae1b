# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network interfaces of a guest: libvirt's own networks, or ports of a network service (guest section 8)."""

from __future__ import annotations

from ..device_model import Interface, PciHostdev
from ..identity import mac_address
from ..metadata_model import NovaIp, NovaPort
from ..resources import Vif
from .context import Context
from .interface_base import interface
from .port_interfaces import port_interface


def design_interfaces(context: Context) -> tuple[Interface | PciHostdev, ...]:
    vifs = context.resources.vifs
    if vifs is None:
        return tuple(_network_interface(context, index) for index in range(len(context.server["networks"])))
    found = []
    for index, vif in enumerate(vifs):
        nic = port_interface(context, vif, vif.get("mac") or _mac(context, index), context.field(f"networks[{index}]"))
        found += [] if nic is None else [nic]
    return tuple(found)


def _mac(context: Context, index: int) -> str:
    """A domain that is defined anew keeps the addresses that it has."""
    earlier = context.resources.earlier.macs if context.resources.earlier is not None else ()
    return earlier[index] if index < len(earlier) else mac_address(context.uuid, index)


def _network_interface(context: Context, index: int) -> Interface:
    """libvirt's own network: it knows the bridge and the MTU, so nothing of that stands here."""
    network = context.server["networks"][index]["network"]
    source = (("network", network["libvirt_network"]),) if network is not None else ()
    return interface(context, "network", _mac(context, index), source=source)


def design_ports(context: Context) -> tuple[NovaPort, ...]:
    """One per NIC, as Nova's metadata lists them (guest META-12); a NIC without a port id shows its network's."""
    if context.resources.vifs is not None:
        return tuple(_port_of(vif) for vif in context.resources.vifs)
    return tuple(
        NovaPort(
            uuid=nic["port"] or (nic["network"]["id"] if nic["network"] else ""),
            ips=() if nic["fixed_ip"] is None else (_ip(nic["fixed_ip"]),),
        )
        for nic in context.server["networks"]
    )


def _port_of(vif: Vif) -> NovaPort:
    return NovaPort(uuid=vif.get("port_id", ""), ips=tuple(_ip(entry["address"]) for entry in vif.get("ips") or ()))


def _ip(address: str) -> NovaIp:
    return NovaIp(type="fixed", address=address, ip_version="6" if ":" in address else "4")
