# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all network interfaces of a guest have in common: model, driver, bandwidth (guest section 8.1)."""

from __future__ import annotations

from typing import Any

from ..device_model import Bandwidth, Interface, InterfaceDriver
from .context import Context

# Guest VIF-18: the device is the guest's own, so nothing is emulated.
DIRECT_VNIC_TYPES = (
    "direct",
    "direct-physical",
    "accelerator-direct",
    "accelerator-direct-physical",
    "vdpa",
    "remote-managed",
)
_MODELS = ("virtio", "ne2k_pci", "pcnet", "rtl8139", "e1000", "e1000e", "spapr-vlan", "vmxnet3", "igb")
_IGB = 9003000
_WITH_MTU = ("ethernet", "bridge")
# Their backends are not the host's own, which take no size for what they send.
_WITH_QUEUE_SIZES = ("vhostuser", "vdpa")


def interface(
    context: Context,
    net_type: str,
    mac: str,
    *,
    vnic_type: str = "normal",
    model: str | None = None,
    driver: str | None = None,
    bandwidth: bool = True,
    mtu: int | None = None,
    **fields: Any,
) -> Interface:
    """An interface with model and driver by the common rules. ``model`` and ``driver`` force one; ``fields`` are those of the
    model class that the type adds."""
    chosen = None if vnic_type in DIRECT_VNIC_TYPES else interface_model(context)
    found = _driver(context, net_type, chosen, emulated=vnic_type not in DIRECT_VNIC_TYPES, forced=driver)
    return Interface(
        type=net_type,
        mac=mac,
        model=model or chosen,
        driver=found if found != InterfaceDriver() else None,
        mtu=mtu if net_type in _WITH_MTU else None,
        bandwidth=_bandwidth(context) if bandwidth else (),
        **fields,
    )


def interface_model(context: Context) -> str | None:
    """Guest VIF-01, VIF-02."""
    wanted = context.text_property("hw_vif_model")
    if wanted is None:
        default = "virtio" if context.options.flag("libvirt", "use_virtio_for_bridges") else None
        return context.resources.os_models.get("vif_model", default)
    known = (*_MODELS, "lan9118") if context.virt_type == "qemu" else _MODELS
    if wanted not in known:
        message = f"a {context.virt_type} guest has no network model {wanted}"
        _refuse_model(context, wanted, list(known), message)
    elif wanted == "igb" and context.hypervisor["libvirt_version"] < _IGB:
        _refuse_model(context, wanted, None, "the network model igb needs libvirt 9.3.0 on the host")
    return wanted


def _refuse_model(context: Context, wanted: str, allowed: list[str] | None, message: str) -> None:
    field = context.property_field("hw_vif_model")
    context.refuse("UnsupportedHardware", "VIF-02", field, wanted, allowed, message)


def _driver(
    context: Context, net_type: str, model: str | None, *, emulated: bool, forced: str | None
) -> InterfaceDriver | None:
    """Guest VIF-03 to VIF-10; None where no name or ring asks for one. vhost-user brings its own backend, so it has no name."""
    packed = "on" if context.combination.virtio_packed_ring else None
    rx_size = context.options.number_or_none("libvirt", "rx_queue_size")
    queued = net_type in _WITH_QUEUE_SIZES
    name, queues = _backend(context, rx_size) if model == "virtio" else (None, None)
    name = None if net_type == "vhostuser" else forced or name
    if name is None and packed is None and net_type != "vhostuser":
        return None
    return InterfaceDriver(
        name=name,
        queues=queues,
        rx_queue_size=rx_size if emulated or queued else None,
        tx_queue_size=context.options.number_or_none("libvirt", "tx_queue_size") if queued else None,
        packed=packed,
    )


def _backend(context: Context, rx_size: int | None) -> tuple[str | None, int | None]:
    """Name and queues. Without the name qemu, QEMU would be given a vhost descriptor, which emulation has no use for."""
    if context.virt_type == "qemu":
        return "qemu", None
    queues = _queues(context) if context.virt_type == "kvm" else None
    return ("vhost" if queues is not None or rx_size is not None else None), queues


def _queues(context: Context) -> int | None:
    """A queue for each CPU, as far as the host's tap devices go (guest VIF-05, VIF-06)."""
    vcpus = context.server["flavor"]["vcpus"]
    if not context.combination.vif_multiqueue or vcpus < 2:
        return None
    limit = context.options.number_or_none("libvirt", "max_queues") or _kernel_limit(context)
    return vcpus if limit is None else min(vcpus, limit)


def _kernel_limit(context: Context) -> int | None:
    major = context.hypervisor.get("kernel", "").partition(".")[0]
    return {"2": 1, "3": 8, "4": 256}.get(major)


def _bandwidth(context: Context) -> tuple[Bandwidth, ...]:
    """Peak and burst mean nothing without an average (guest VIF-11)."""
    found = []
    for direction in ("inbound", "outbound"):
        given = {name: context.specs.get(f"quota:vif_{direction}_{name}") for name in ("average", "peak", "burst")}
        if given["average"]:
            limits = tuple((name, value) for name, value in given.items() if value)
            found.append(Bandwidth(direction=direction, limits=limits))
    return tuple(found)
