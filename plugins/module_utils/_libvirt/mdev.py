# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mediated devices that are made for a server: its uuid decides theirs, so that whoever removes it knows them.

libvirt asks mdevctl, which keeps them over a restart of the host (nova.virt.libvirt.driver ``_create_mdev``)."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Dict, List
from xml.etree import ElementTree

from .._claims import host_devices
from .._errors import HypervisorError
from .._volume_name import mdev_id
from .binding import libvirt
from .errors import is_error, translate_errors
from .node_devices import uuid_of
from .servers import parse_domain

# More than a host can have for one server.
_MOST = 256


def ensure_mdevs(connection: Any, server: str, wanted: List[Dict[str, Any]]) -> None:
    """``wanted``: {uuid, type, parent, made} of all that the server has; those ``made`` for it are defined where they are not
    there yet. What an earlier run made of others goes."""
    listed = _list(connection)
    keep = {mdev["uuid"] for mdev in wanted}
    _remove(connection, {uuid: device for uuid, device in _made_for(server, listed).items() if uuid not in keep})
    for mdev in wanted:
        device = listed.get(mdev["uuid"])
        if device is None and mdev["made"]:
            with translate_errors("make a mediated device of the type %s on %s" % (mdev["type"], mdev["parent"])):
                device = connection.nodeDeviceDefineXML(_xml(mdev), 0)
            with suppress(libvirt.libvirtError):  # whoever starts the server later starts its devices too
                device.setAutostart(1)
        if device is not None:
            _start(mdev["uuid"], device)


def start_mdevs(connection: Any, domain: ElementTree.Element) -> None:
    """After a restart of the host those of a server that is to be started may be defined only."""
    wanted = {address.get("uuid") or "" for address in domain.findall("devices/hostdev[@type='mdev']/source/address")}
    for uuid, device in (_list(connection) if wanted else {}).items():
        if uuid in wanted:
            _start(uuid, device)


def _start(uuid: str, device: Any) -> None:
    with translate_errors("start the mediated device %s" % uuid):
        if not _says(device.isActive, otherwise=True):
            device.create()


def remove_mdevs(connection: Any, server: str) -> None:
    """Those that were made for this server, but for one that another domain has meanwhile."""
    _remove(connection, _made_for(server, _list(connection)))


def _made_for(server: str, listed: Dict[str, Any]) -> Dict[str, Any]:
    ours = {mdev_id(server, index) for index in range(_MOST)} if listed else set()
    return {uuid: device for uuid, device in listed.items() if uuid in ours}


def _list(connection: Any) -> Dict[str, Any]:
    """Every mediated device by its uuid, active or not; none where the driver of the host knows of no devices, or a host with
    a daemon for each driver has none for devices."""
    found = {}
    try:
        with translate_errors("list the mediated devices of the host"):
            devices = connection.listAllDevices(libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_MDEV)
    except HypervisorError as exc:
        if not is_error(exc, "VIR_ERR_NO_SUPPORT", "VIR_ERR_NO_CONNECT", "VIR_ERR_SYSTEM_ERROR"):
            raise
        return {}
    for device in devices:
        try:
            with translate_errors("read a mediated device"):
                found[uuid_of(ElementTree.fromstring(device.XMLDesc(0)))] = device
        except HypervisorError as exc:
            if not is_error(exc, "VIR_ERR_NO_NODE_DEVICE"):
                raise
    return found


def _remove(connection: Any, devices: Dict[str, Any]) -> None:
    taken = _taken(connection) if devices else set()
    for uuid, device in devices.items():
        if uuid in taken:
            continue
        try:
            with translate_errors("remove the mediated device %s" % uuid):
                if _says(device.isActive, otherwise=True):
                    device.destroy()
                if _says(device.isPersistent, otherwise=False):
                    device.undefine(0)
        except HypervisorError as exc:
            if not is_error(exc, "VIR_ERR_NO_NODE_DEVICE"):
                raise


def _says(ask: Any, *, otherwise: bool) -> bool:
    """A driver whose devices are active or not there at all cannot be asked."""
    try:
        return bool(ask())
    except libvirt.libvirtError as exc:
        if exc.get_error_code() != libvirt.VIR_ERR_NO_SUPPORT:
            raise
        return otherwise


def _taken(connection: Any) -> Any:
    """What running domains have: such a device cannot go, whoever made it."""
    found = set()
    with translate_errors("list the domains"):
        domains = connection.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE)
    for domain in domains:
        try:
            found.update(host_devices(parse_domain(domain)))
        except HypervisorError as exc:
            if not is_error(exc, "VIR_ERR_NO_DOMAIN"):
                raise
    return found


def _xml(mdev: Dict[str, str]) -> str:
    device = ElementTree.Element("device")
    ElementTree.SubElement(device, "parent").text = mdev["parent"]
    capability = ElementTree.SubElement(device, "capability", type="mdev")
    ElementTree.SubElement(capability, "type", id=mdev["type"])
    ElementTree.SubElement(capability, "uuid").text = mdev["uuid"]
    return ElementTree.tostring(device, encoding="unicode")
