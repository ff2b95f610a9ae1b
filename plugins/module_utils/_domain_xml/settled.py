# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Domain XML in the form that libvirt gives it back in: one unit for sizes, one form of addresses, defaults written out."""

from __future__ import annotations

import re
from typing import Dict, List, Optional, Tuple
from xml.etree import ElementTree

from .parts import Element, without_blanks

_BYTES: Dict[str, int] = {"b": 1, "bytes": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
for _power, _letter in enumerate("KMGT", 1):
    _BYTES.update({_letter: 1024**_power, _letter.lower(): 1024**_power, _letter + "iB": 1024**_power})

# Sizes that are KiB where no unit stands.
_PLAIN_SIZES = ("memory", "currentMemory", "maxMemory")
# Sizes in attributes, by the tag that has them.
_SIZE_ATTRIBUTES = {"cell": "memory", "page": "size"}
# How many digits libvirt writes of each part of a PCI address.
_PCI_DIGITS: Tuple[Tuple[str, int], ...] = (("domain", 4), ("bus", 2), ("slot", 2), ("function", 1))
_DRIVE_PARTS = ("controller", "bus", "target", "unit")
# What libvirt takes where the XML says nothing (virDomainDefParseXML).
_DEFAULT_TEXTS = (("vcpu", "1"), ("on_poweroff", "destroy"), ("on_reboot", "restart"), ("on_crash", "destroy"))
# Sockets that libvirt names by itself are not in its XML (qemuDomainChrDefDropDefaultPath).
_OWN_SOCKET = re.compile(r"^/(var/lib|run)/libvirt/qemu/channel/(target/)?([^/]+\.|domain-[^/]+/)[^/]+$")


def settle(domain: Element) -> Element:
    """A copy in libvirt's form."""
    found = without_blanks(domain)
    for element in found.iter():
        _settle_size(element)
    for address in found.iter("address"):
        _settle_address(address)
    _settle_memory(found)
    _settle_top(found)
    _settle_cpu(found)
    for graphics in found.findall("devices/graphics"):
        _settle_listen(graphics)
    for disk in found.findall("devices/disk[@device='cdrom']"):
        if disk.find("readonly") is None:
            ElementTree.SubElement(disk, "readonly")
    for channel in found.findall("devices/channel[@type='unix']"):
        _settle_socket(channel)
    return found


def _settle_size(element: Element) -> None:
    attribute = _SIZE_ATTRIBUTES.get(element.tag)
    text = element.get(attribute) if attribute is not None else element.text
    unit = element.get("unit") or ("KiB" if attribute is not None or element.tag in _PLAIN_SIZES else "")
    if not (text or "").isdigit() or unit not in _BYTES:
        return
    size = str(-(-int(text or 0) * _BYTES[unit] // 1024))
    if attribute is not None:
        element.set(attribute, size)
    else:
        element.text = size
    element.set("unit", "KiB")


def _settle_address(address: Element) -> None:
    if address.get("type") == "pci" or (address.get("type") is None and address.get("slot") is not None):
        for name, digits in _PCI_DIGITS:
            number = _number(address.get(name) or "0")
            if number is not None:
                address.set(name, "0x%0*x" % (digits, number))
    elif address.get("type") == "drive":
        for name in _DRIVE_PARTS:
            address.set(name, address.get(name) or "0")


def _number(text: str) -> Optional[int]:
    try:
        return int(text, 16 if text.lower().startswith("0x") else 10)
    except ValueError:
        return None


def _settle_memory(domain: Element) -> None:
    """With cells of its own, all memory is what they have and what devices add (virDomainDefPostParseMemory)."""
    memory, cells = domain.find("memory"), domain.findall("cpu/numa/cell")
    parts = [cell.get("memory") for cell in cells] + [size.text for size in domain.findall("devices/memory/target/size")]
    if memory is not None and cells and all((part or "").isdigit() for part in parts):
        memory.text = str(sum(int(part or 0) for part in parts))


def _settle_top(domain: Element) -> None:
    domain.attrib.pop("id", None)
    memory, current = domain.find("memory"), domain.find("currentMemory")
    if memory is not None and current is None:
        ElementTree.SubElement(domain, "currentMemory", unit="KiB").text = memory.text
    for tag, text in _DEFAULT_TEXTS:
        if domain.find(tag) is None:
            ElementTree.SubElement(domain, tag).text = text
    if domain.find("clock") is None:
        ElementTree.SubElement(domain, "clock", offset="utc")
    machine = domain.find("os")
    if machine is not None and machine.find("boot") is None and domain.find("devices/*/boot") is None:
        ElementTree.SubElement(machine, "boot", dev="hd")
    for empty in [loader for loader in domain.findall("os/loader") if not loader.attrib and not loader.text]:
        _required(domain, "os").remove(empty)
    for sched in domain.findall("cputune/vcpusched"):
        _split_sched(_required(domain, "cputune"), sched)


def _required(domain: Element, tag: str) -> Element:
    found = domain.find(tag)
    return ElementTree.SubElement(domain, tag) if found is None else found


def _split_sched(tune: Element, sched: Element) -> None:
    """libvirt lists each CPU by itself."""
    cpus = _cpus(sched.get("vcpus") or "")
    if len(cpus) > 1:
        tune.remove(sched)
        for cpu in cpus:
            ElementTree.SubElement(tune, "vcpusched", dict(sched.attrib, vcpus=str(cpu)))


def _cpus(text: str) -> List[int]:
    found: List[int] = []
    for part in text.split(","):
        first, _dash, last = part.strip().partition("-")
        if first.isdigit() and (last or first).isdigit():
            found.extend(range(int(first), int(last or first) + 1))
    return found


def _settle_cpu(domain: Element) -> None:
    cpu = domain.find("cpu")
    if cpu is None:
        return
    if cpu.get("mode") in ("host-model", "host-passthrough", "maximum"):
        cpu.attrib.pop("match", None)
    for index, cell in enumerate(cpu.findall("numa/cell")):
        cell.set("id", cell.get("id") or str(index))


def _settle_listen(graphics: Element) -> None:
    """The address to listen on stands at two places."""
    child = graphics.find("listen")
    address = graphics.get("listen")
    if child is None and address is not None:
        ElementTree.SubElement(graphics, "listen", type="address", address=address)
    elif child is not None and child.get("type") == "address" and child.get("address") and address is None:
        graphics.set("listen", child.get("address") or "")


def _settle_socket(channel: Element) -> None:
    source = channel.find("source")
    path = None if source is None else source.get("path")
    if source is not None and source.get("mode") == "bind" and (path is None or _OWN_SOCKET.match(path)):
        channel.remove(source)
