# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an existing domain keeps when it is defined anew: uuid, machine type, MACs, addresses, aliases, firmware files, NVRAM,
what libvirt filled in, and what tools wrote into its metadata. The XML decides wherever it says something.

Plain XML; libvirt is not asked. The result says all that libvirt will, so that it can be compared with the definition."""

from __future__ import annotations

import copy
import re
from typing import Dict, List, Set, Tuple
from xml.etree import ElementTree

from .kept import Canonical, board, keep_cpu, keep_firmware, keep_machine, keep_metadata
from .parts import Element, paired
from .settled import settle

# Attributes that libvirt fills in where the XML is silent, by the place of their element. `device` is any device.
_ATTRIBUTES: Dict[str, Tuple[str, ...]] = {
    "vcpu": ("placement",),
    "os.nvram": ("template",),
    "features.hyperv": ("mode",),
    "cpu.model": ("fallback",),
    "cpu.topology": ("dies", "clusters"),
    "cpu.numa.cell": ("id", "unit"),
    "numatune.memory": ("mode",),
    "numatune.memnode": ("mode",),
    "clock": ("basis", "adjustment"),
    "device": ("device", "index", "model", "port", "autoport", "action", "bus", "managed", "accessmode", "display"),
    "device.driver": ("name", "type"),
    "device.target": ("bus", "type", "port"),
    "device.model": ("type", "vram", "vram64", "ram", "vgamem", "heads", "primary"),
    "device.backend": ("version",),
    "device.rate": ("period",),
    "device.log": ("append",),
    "device.virtualport": ("type",),
    "device.virtualport.parameters": ("interfaceid", "instanceid"),
    "device.iotune": ("unit",),
}
# Children, the same way. Of devices: whatever is not a choice of the user's.
_CHILDREN: Dict[str, Tuple[str, ...]] = {
    "": ("uuid",),
    "features": ("gic",),
    "device": ("address", "mac", "model", "target", "alias", "listen", "protocol", "audio", "backend"),
    "device.target": ("model",),
    "device.virtualport": ("parameters",),
}
# Devices that libvirt adds to a domain, or makes of another device. A controller stays where its devices have addresses.
_ADDED = ("emulator", "controller", "memballoon", "audio", "panic")
_OF_THE_BOARD = ("pci", "isa", "ccw", "spapr-vio")
# Devices whose address does not depend on their model: the guest knows an interface by its slot, and VGA has one of its own.
_ANY_MODEL = ("interface", "video")
_NO_SLOT = ("none", "ramfb")


def keep(wanted: Element, before: Element, canonical: Canonical) -> Element:
    """The definition that ``wanted`` comes to where ``before`` (libvirt's own, inactive) is defined already.

    ``canonical`` gives the aliases of machine types with what they stand for today; it is asked only where it matters."""
    result = settle(wanted)
    old = settle(before)
    keep_machine(result, old, canonical)
    same_board = board(result) == board(old)
    _fill(result, old, "", same_board)
    keep_firmware(result, old)
    keep_cpu(result, old)
    keep_metadata(result, old)
    if board(result)[0] == board(old)[0]:
        _add_devices(result, old, same_board)
    _drop_clashes(result, settle(wanted))
    return result


def _fill(new: Element, old: Element, path: str, same_board: bool) -> None:
    if path == "device" and new.tag == "disk" and new.find("driver") is None and old.find("driver") is not None:
        ElementTree.SubElement(new, "driver")
    for name in _ATTRIBUTES.get(path, ()):
        if new.get(name) is None and old.get(name) is not None:
            new.set(name, old.get(name, ""))
    if path.startswith("features.") and old.get("state") == "on" and new.get("state") is None and not len(new):
        new.set("state", "on")
    for before, after in paired(list(old), list(new), path):
        if after is None and before is not None:
            if before.tag in _CHILDREN.get(path, ()) and _stays(before, new, old, same_board):
                new.append(copy.deepcopy(before))
        elif before is not None and after is not None:
            below = "%s.%s" % (path, after.tag) if path else after.tag
            _fill(after, before, "device" if path == "devices" else below, same_board)


def _stays(child: Element, new: Element, old: Element, same_board: bool) -> bool:
    """Whether this part of a device is still right for what the device is now."""
    if child.tag == "alias":
        return (child.get("name") or "").startswith("ua-")
    if child.tag == "address":
        return (same_board or child.get("type") not in _OF_THE_BOARD) and _fits(new, old)
    if child.tag in ("target", "model") and new.tag == "controller":
        return same_board and _model(new) == _model(old)
    return not (child.tag == "model" and new.tag in ("memory", "cpu"))


def _fits(new: Element, old: Element) -> bool:
    """Whether the device can stay at its address."""
    if _model(new) in _NO_SLOT:
        return False
    if new.tag in _ANY_MODEL:
        return True
    return _model(new) == _model(old) and _bus(new) == _bus(old)


def _model(device: Element) -> str:
    model = device.find("model")
    return device.get("model") or (model.get("type") if model is not None else None) or ""


def _bus(device: Element) -> str:
    target = device.find("target")
    return device.get("bus") or (target.get("bus") if target is not None else None) or ""


def _add_devices(new: Element, old: Element, same_board: bool) -> None:
    wanted, had = new.find("devices"), old.find("devices")
    if wanted is None or had is None:
        return
    added = list(_ADDED)
    if wanted.find("graphics") is not None:
        added.append("video")
    for before, after in paired(list(had), list(wanted), "devices"):
        if after is None and before is not None and _is_added(before, wanted, added, same_board):
            wanted.append(_moved(before, same_board))
    _mirror_console(wanted, had)


def _is_added(device: Element, wanted: Element, added: List[str], same_board: bool) -> bool:
    """Whether libvirt has added this device by itself, or would."""
    if device.tag == "controller":
        return same_board
    if device.tag == "serial":
        return wanted.find("serial") is None and wanted.find("console") is not None
    if device.tag == "input":
        return device.get("bus") == "ps2"
    if device.tag == "watchdog":  # the one of q35's chipset, which newer libvirt shows beside any other
        return same_board and device.get("model") == "itco" and wanted.find("watchdog[@model='itco']") is None
    return device.tag in added and wanted.find(device.tag) is None


def _moved(device: Element, same_board: bool) -> Element:
    found = copy.deepcopy(device)
    address = found.find("address")
    if address is not None and not same_board and address.get("type") in _OF_THE_BOARD:
        found.remove(address)
    return found


def _mirror_console(wanted: Element, had: Element) -> None:
    """libvirt shows the first serial device as a console too."""
    console, serial = had.find("console"), wanted.find("serial")
    if console is None or serial is None or wanted.find("console") is not None:
        return
    mirror = copy.deepcopy(serial)
    mirror.tag = "console"
    for part in mirror.findall("target") + mirror.findall("address") + mirror.findall("alias"):
        mirror.remove(part)
    mirror.extend([copy.deepcopy(target) for target in console.findall("target")])
    wanted.append(mirror)


def _drop_clashes(new: Element, asked: Element) -> None:
    """An address that the XML gives to one device is not kept for another."""
    taken = {_place(address) for address in asked.findall("devices/*/address")}
    explicit = _explicit(new, asked)
    for device in new.findall("devices/*"):
        address = device.find("address")
        if address is not None and address.get("type") == "pci" and _place(address) in taken and id(device) not in explicit:
            device.remove(address)


def _explicit(new: Element, asked: Element) -> Set[int]:
    """Of ``new``, the devices that had an address in the XML: ``new`` begins with those of the XML, in its order."""
    pairs = zip(new.findall("devices/*"), asked.findall("devices/*"))
    return {id(one) for one, other in pairs if other.find("address") is not None}


def _place(address: Element) -> str:
    return ".".join(
        re.sub("^0x0*", "", address.get(name) or "0") or "0" for name in ("type", "domain", "bus", "slot", "function")
    )
