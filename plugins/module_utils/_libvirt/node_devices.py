# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The devices of a host that servers can be given: PCI devices, and mediated devices with what can make more of them.

One listing, and a call for each device."""

from __future__ import annotations

from typing import Any, Dict, List, Optional
from xml.etree import ElementTree

from .._errors import HypervisorError
from .binding import libvirt
from .errors import is_error, translate_errors

Facts = Dict[str, Any]


def node_device_facts(connection: Any) -> Dict[str, List[Facts]]:
    """{pci: [...], mdev_parents: [...], mdevs: [...]}; see the documentation of hypervisor_info for their members."""
    kinds = (
        libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_PCI_DEV
        | libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_MDEV_TYPES
        | libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_MDEV
        | libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_VDPA
    )
    trees = []
    with translate_errors("list the devices of the host"):
        devices = connection.listAllDevices(kinds)
    for device in devices:
        try:
            with translate_errors("read a device of the host"):
                trees.append(ElementTree.fromstring(device.XMLDesc(0)))
        except HypervisorError as exc:
            if not is_error(exc, "VIR_ERR_NO_NODE_DEVICE"):  # unplugged since
                raise
    vdpa = {tree.findtext("parent") for tree in trees if tree.find("capability[@type='vdpa']") is not None}
    parents = [_mdev_parent(tree) for tree in trees if tree.find(".//capability[@type='mdev_types']/type") is not None]
    mdevs = [_mdev(tree) for tree in trees if tree.find("capability[@type='mdev']") is not None]
    pci = [_pci(tree, capability, vdpa) for tree in trees for capability in tree.findall("capability[@type='pci']")]
    return {
        "pci": sorted(pci, key=lambda device: device["address"]),
        "mdev_parents": sorted(parents, key=lambda device: device["name"]),
        "mdevs": sorted(mdevs, key=lambda device: device["uuid"]),
    }


def _pci(tree: ElementTree.Element, capability: ElementTree.Element, vdpa: Any) -> Facts:
    """Its type by Nova's names (``_get_pcidev_info``): a function that can have virtual ones is a PF."""
    parent = capability.find("capability[@type='phys_function']/address")
    kind = "type-PCI"
    if parent is not None:
        kind = "vdpa" if tree.findtext("name") in vdpa else "type-VF"
    elif capability.find("capability[@type='virt_functions']") is not None:
        kind = "type-PF"
    node, group = capability.find("numa"), capability.find("iommuGroup")
    return {
        "address": _address(capability),
        "vendor_id": _id(capability.find("vendor")),
        "product_id": _id(capability.find("product")),
        "type": kind,
        "parent": None if parent is None else _address_of(dict(parent.attrib)),
        "numa_node": None if node is None else int(node.get("node") or 0),
        "iommu_group": None if group is None else int(group.get("number") or 0),
        "driver": tree.findtext("driver/name"),
    }


def _address(capability: ElementTree.Element) -> str:
    return _address_of({part: capability.findtext(part) or "0" for part in ("domain", "bus", "slot", "function")})


def _address_of(parts: Dict[str, str]) -> str:
    """libvirt writes its own parts in decimal digits, and those of other devices in hexadecimal ones with their prefix."""
    return "%04x:%02x:%02x.%x" % tuple(int(parts[part], 0) for part in ("domain", "bus", "slot", "function"))


def _id(element: Optional[ElementTree.Element]) -> str:
    return "%04x" % int((None if element is None else element.get("id")) or "0", 0)


def _mdev_parent(tree: ElementTree.Element) -> Facts:
    """A PCI device, or a virtual one such as ``mtty_mtty``, which has no address. ``types``: name -> how many more fit."""
    capability = tree.find("capability[@type='pci']")
    types = tree.findall(".//capability[@type='mdev_types']/type")
    return {
        "name": tree.findtext("name"),
        "address": None if capability is None else _address(capability),
        "types": {kind.get("id"): int(kind.findtext("availableInstances") or 0) for kind in types},
    }


def _mdev(tree: ElementTree.Element) -> Facts:
    kind = tree.find("capability[@type='mdev']/type")
    return {
        "uuid": uuid_of(tree),
        "type": None if kind is None else kind.get("id"),
        "parent": tree.findtext("parent"),
    }


def uuid_of(tree: ElementTree.Element) -> str:
    """Older versions of libvirt have it in the name alone: ``mdev_c60cc781_7620_4d03_9f28_0cbb0d7a0001``."""
    said = tree.findtext("capability[@type='mdev']/uuid")
    return (said or "-".join((tree.findtext("name") or "").split("_")[1:6])).lower()
