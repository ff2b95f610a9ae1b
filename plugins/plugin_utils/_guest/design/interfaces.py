# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network interfaces of a guest (guest section 8)."""

from __future__ import annotations

from ..device_model import Interface, InterfaceDriver
from ..identity import mac_address
from ..metadata_model import NovaIp, NovaPort
from .context import Context


def design_interfaces(context: Context) -> tuple[Interface, ...]:
    return tuple(_network_interface(context, index) for index, _ in enumerate(context.server["networks"]))


def _network_interface(context: Context, index: int) -> Interface:
    """libvirt's own network: it knows the bridge and the MTU, so nothing of that stands here."""
    network = context.server["networks"][index]["network"]
    return Interface(
        type="network",
        mac=mac_address(context.uuid, index),
        model="virtio",
        # Without a name QEMU would be given a vhost descriptor, which emulation has no use for (guest VIF-03).
        driver=InterfaceDriver(name="qemu") if context.virt_type == "qemu" else None,
        source=(("network", network["libvirt_network"]),) if network is not None else (),
    )


def design_ports(context: Context) -> tuple[NovaPort, ...]:
    """One per NIC, as Nova's metadata lists them (guest META-12); a NIC without a port id shows its network's."""
    return tuple(
        NovaPort(uuid=nic["port"] or (nic["network"]["id"] if nic["network"] else ""), ips=_ips(nic["fixed_ip"]))
        for nic in context.server["networks"]
    )


def _ips(address: str | None) -> tuple[NovaIp, ...]:
    if address is None:
        return ()
    return (NovaIp(type="fixed", address=address, ip_version="6" if ":" in address else "4"),)
