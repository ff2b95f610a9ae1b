# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports of a network service as interfaces, one function per type of port (guest section 8.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..device_model import Interface, PciAddress, PciHostdev, VirtualPort
from ..resources import Vif
from .context import Context
from .host_devices import parse_pci_address
from .interface_base import interface

_DEVICE_NAME_LENGTH = 14
_OFFLOADED = ("direct", "virtio-forwarder")
Nic = Interface | PciHostdev | None


def port_interface(context: Context, vif: Vif, mac: str, field: str) -> Nic:
    """The interface of one port; None after a problem. ``field`` names the port in problems."""
    designer = _TYPES.get(vif.get("type") or "")
    if designer is None:
        message = f"a port of the type {vif.get('type')} cannot be plugged"
        code = "NovaException" if vif.get("type") else "InternalError"
        context.refuse(code, "VT-17", f"{field}.type", vif.get("type"), sorted(_TYPES), message)
        return None
    return designer(context, vif, mac, field)


def _details(vif: Vif) -> Mapping[str, Any]:
    return vif.get("details") or {}


def _vnic(vif: Vif) -> str:
    return vif.get("vnic_type") or "normal"


def _named(prefix: str, vif: Vif) -> str:
    return (prefix + vif.get("port_id", ""))[:_DEVICE_NAME_LENGTH]


def _target(vif: Vif) -> str:
    """Guest VIF-14."""
    return vif.get("target_dev") or _named("nic", vif)


def _bridge(context: Context, vif: Vif, mac: str, field: str) -> Nic:
    """Guest VT-01: what older releases of Nova wrote, and still the plain way to a Linux bridge."""
    return _on_bridge(context, vif, mac, vif.get("bridge", ""))


def _on_bridge(context: Context, vif: Vif, mac: str, bridge: str, virtual_port: VirtualPort | None = None) -> Nic:
    return interface(
        context,
        "bridge",
        mac,
        vnic_type=_vnic(vif),
        mtu=vif.get("mtu"),
        source=(("bridge", bridge),),
        target_dev=_target(vif),
        virtual_port=virtual_port,
    )


def _hybrid(context: Context, vif: Vif, mac: str) -> Nic:
    """Guest VT-05: a Linux bridge of the port's own stands between guest and switch."""
    return _on_bridge(context, vif, mac, _named("qbr", vif))


def _ovs(context: Context, vif: Vif, mac: str, field: str) -> Nic:
    """Guest VT-02 to VT-05, VT-14, VT-15."""
    details = _details(vif)
    if _vnic(vif) == "vdpa":
        device = details.get("vdpa_device") or (vif.get("profile") or {}).get("vdpa_device", "")
        return interface(context, "vdpa", mac, vnic_type="vdpa", bandwidth=False, source=(("dev", device),))
    if _vnic(vif) in ("direct", "remote-managed"):
        return _pci_interface(context, vif, mac, field, bandwidth=False)
    if details.get("ovs_hybrid_plug"):
        return _hybrid(context, vif, mac)
    if details.get("ovs_create_tap"):
        return _ethernet(context, vif, mac, target_managed="no")
    if vif.get("delegate_create"):
        return _ethernet(context, vif, mac)
    bridge = vif.get("bridge") or details.get("bridge_name") or "br-int"
    port = VirtualPort(type="openvswitch", parameters=((("interfaceid", vif.get("port_id", "")),),))
    return _on_bridge(context, vif, mac, bridge, port)


def _ivs(context: Context, vif: Vif, mac: str, field: str) -> Nic:
    return _hybrid(context, vif, mac) if _details(vif).get("ovs_hybrid_plug") else _ethernet(context, vif, mac)


def _vrouter(context: Context, vif: Vif, mac: str, field: str) -> Nic:
    if _vnic(vif) == "normal":
        return _ethernet(context, vif, mac)
    if _vnic(vif) in _OFFLOADED:
        return _offloaded(context, vif, mac, field)
    message = f"a port of the type vrouter cannot be of the vnic type {_vnic(vif)}"
    context.refuse("NotImplementedError", "VT-17", f"{field}.vnic_type", _vnic(vif), ["normal", *_OFFLOADED], message)
    return None


def _agilio(context: Context, vif: Vif, mac: str, field: str) -> Nic:
    return (_offloaded if _vnic(vif) in _OFFLOADED else _ovs)(context, vif, mac, field)


def _offloaded(context: Context, vif: Vif, mac: str, field: str) -> Nic:
    """A card switches the port's packets: the guest has a function of it, or speaks with it through a socket."""
    if _vnic(vif) == "direct":
        return _pci_interface(context, vif, mac, field, bandwidth=False)
    return _vhost_user(context, vif, mac, field)


def _ethernet(context: Context, vif: Vif, mac: str, **fields: Any) -> Nic:
    """``fields`` replace what most ports of this kind have."""
    return interface(
        context,
        "ethernet",
        mac,
        **{"vnic_type": _vnic(vif), "mtu": vif.get("mtu"), "target_dev": _target(vif), **fields},
    )


def _tap(context: Context, vif: Vif, mac: str, field: str) -> Nic:
    """Guest VT-07."""
    return _ethernet(context, vif, mac, target_dev=vif.get("target_dev"), target_managed="no", bandwidth=False)


def _plain(context: Context, vif: Vif, mac: str, field: str) -> Nic:
    """Guest VT-16: neither MTU nor a name that is made up."""
    bandwidth = vif.get("type") != "midonet"
    return _ethernet(context, vif, mac, mtu=None, target_dev=vif.get("target_dev"), bandwidth=bandwidth)


def _vhost_user(context: Context, vif: Vif, mac: str, field: str) -> Nic:
    """Guest VT-06."""
    path = _details(vif).get("vhostuser_socket")
    if not path:
        message = "a vhost-user port needs the path of its socket"
        field = f"{field}.details.vhostuser_socket"
        context.refuse("VifDetailsMissingVhostuserSockPath", "VT-06", field, None, None, message)
        return None
    return interface(
        context,
        "vhostuser",
        mac,
        vnic_type=_vnic(vif),
        bandwidth=False,
        source=(("type", "unix"), ("mode", _details(vif).get("vhostuser_mode") or "server"), ("path", path)),
        target_dev=_named("vhu", vif) if _details(vif).get("vhostuser_ovs_plug") else _target(vif),
    )


def _macvtap(context: Context, vif: Vif, mac: str, field: str) -> Nic:
    """Guest VT-08."""
    details = _details(vif)
    missing = [name for name in ("macvtap_source", "macvtap_mode", "physical_interface") if not details.get(name)]
    if missing:
        message = f"a macvtap port needs {', '.join(missing)}"
        code = "VifDetailsMissingMacvtapParameters"
        context.refuse(code, "VT-08", f"{field}.details.{missing[0]}", None, None, message)
        return None
    source = (("dev", details["macvtap_source"]), ("mode", details["macvtap_mode"]))
    return interface(context, "direct", mac, vnic_type=_vnic(vif), model="virtio", source=source)


def _pci_address(context: Context, vif: Vif, field: str) -> PciAddress | None:
    slot = (vif.get("profile") or {}).get("pci_slot", "")
    address = parse_pci_address(slot)
    if address is None:
        message = "the port needs the address of its PCI device, such as 0000:0a:00.1"
        context.refuse("PciDeviceWrongAddressFormat", "VT-09", f"{field}.profile.pci_slot", slot, None, message)
    return address


def _pci_interface(
    context: Context,
    vif: Vif,
    mac: str,
    field: str,
    *,
    vlan: int | None = None,
    virtual_port: VirtualPort | None = None,
    bandwidth: bool = True,
) -> Nic:
    address = _pci_address(context, vif, field)
    if address is None:
        return None
    return interface(
        context,
        "hostdev",
        mac,
        vnic_type="direct",
        managed="yes",
        pci_source=address,
        vlan=vlan,
        virtual_port=virtual_port,
        bandwidth=bandwidth,
    )


def _netdev(context: Context, vif: Vif, mac: str, *, vlan: int | None = None, port: VirtualPort | None = None) -> Nic:
    """A virtual function by its network device (guest VT-10)."""
    device = (vif.get("profile") or {}).get("netdev") or _details(vif).get("netdev", "")
    source = (("dev", device), ("mode", "passthrough"))
    return interface(context, "direct", mac, driver="vhost", source=source, vlan=vlan, virtual_port=port)


def _hw_veb(context: Context, vif: Vif, mac: str, field: str) -> Nic:
    """Guest VT-09, VT-10."""
    text = str(_details(vif).get("vlan") or "")
    vlan = int(text) if text.isdigit() else None
    if _vnic(vif) in ("direct", "accelerator-direct"):
        return _pci_interface(context, vif, mac, field, vlan=vlan)
    return _netdev(context, vif, mac, vlan=vlan)


def _qbh(context: Context, vif: Vif, mac: str, field: str) -> Nic:
    """Guest VT-11."""
    port = VirtualPort(type="802.1Qbh", parameters=((("profileid", str(_details(vif).get("profileid", ""))),),))
    if _vnic(vif) == "direct":
        return _pci_interface(context, vif, mac, field, virtual_port=port)
    return _netdev(context, vif, mac, port=port)


def _qbg(context: Context, vif: Vif, mac: str, field: str) -> Nic:
    """Guest VT-12: one parameters element per value."""
    details = _details(vif)
    names = ("managerid", "typeid", "typeidversion", "instanceid")
    port = VirtualPort(type="802.1Qbg", parameters=tuple(((name, str(details.get(name, ""))),) for name in names))
    source = (("dev", str(details.get("interface", ""))), ("mode", "vepa"))
    return interface(context, "direct", mac, vnic_type=_vnic(vif), source=source, virtual_port=port)


def _physical(context: Context, vif: Vif, mac: str, field: str) -> Nic:
    """A whole device, not an interface of ours (guest VT-13)."""
    address = _pci_address(context, vif, field)
    return None if address is None else PciHostdev(source=address)


_TYPES: dict[str, Callable[[Context, Vif, str, str], Nic]] = {
    "bridge": _bridge,
    "ovs": _ovs,
    "vhostuser": _vhost_user,
    "tap": _tap,
    "macvtap": _macvtap,
    "hw_veb": _hw_veb,
    "802.1qbh": _qbh,
    "802.1qbg": _qbg,
    "hostdev_physical": _physical,
    "ib_hostdev": _physical,
    "iovisor": _plain,
    "midonet": _plain,
    "ivs": _ivs,
    "vrouter": _vrouter,
    "agilio_ovs": _agilio,
}
