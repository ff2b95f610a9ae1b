# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Buses and devices of the host: PCIe ports, USB, PCI devices, shares, persistent memory (guest section 10)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ansible_collections.kilonova.compute.plugins.module_utils._claims import device_holders

from ..device_model import Controller, Disk, Filesystem, Input, Nvdimm, PciAddress, PciHostdev, Redirdev
from ..domain_model import MaxMemory
from ..host_devices.pci import HostPci
from ..host_devices.pmem import LABEL_SIZE, Namespace, choose_namespaces, label_of, pmem_namespaces
from ..resources import PciDevice, PersistentMemory
from .context import Context

_PCI_ADDRESS = re.compile(r"([0-9a-fA-F]{1,8}):([0-9a-fA-F]{1,2}):([0-9a-fA-F]{1,2})\.([0-7])")
_PPC = ("ppc", "ppc64", "ppc64le")


def parse_pci_address(text: str) -> PciAddress | None:
    """``0000:0a:00.1``; None for anything else."""
    found = _PCI_ADDRESS.fullmatch(text)
    return None if found is None else PciAddress(domain=found[1], bus=found[2], slot=found[3], function=found[4])


def design_pcie_controllers(context: Context) -> tuple[Controller, ...]:
    """Guest PCI-01: free ports for devices that are plugged in later."""
    count = context.options.number("libvirt", "num_pcie_ports")
    fits = (context.arch == "x86_64" and context.is_q35) or (context.arch == "aarch64" and "virt" in (context.machine or ""))
    if not count or not fits:
        return ()
    return (Controller(type="pci", model="pcie-root"), *[Controller(type="pci", model="pcie-root-port")] * count)


def design_usb_controller(context: Context, disks: Iterable[Disk], inputs: Iterable[Input]) -> Controller:
    """Guest USB-01 to USB-03: written even where nothing needs USB, because libvirt would add one by itself.

    Redirected ports and USB sound need a controller too. Nova writes ``none`` beside them, and libvirt refuses that; here
    they take the model that is asked for, or libvirt's default.
    """
    model = context.combination.usb_model
    if any(disk.target_bus == "usb" for disk in disks) or any(device.bus == "usb" for device in inputs):
        if model is not None:
            _usb_model_unused(context)
        return Controller(type="usb", index=0)
    if context.definable and (context.combination.redirected_usb_ports or context.combination.sound_model == "usb"):
        if model == "none":
            message = "redirected USB ports and USB sound need a USB controller, and the model is none"
            context.refuse("Invalid", "USB-02", _usb_model_field(context), model, ["nec-xhci", "qemu-xhci"], message)
        return Controller(type="usb", index=0, model=model)
    return Controller(type="usb", index=0, model=None if context.arch in _PPC else model or "none")


def _usb_model_field(context: Context) -> str:
    return context.wish_field("hw:usb_model")


def _usb_model_unused(context: Context) -> None:
    reason = "a guest whose devices need USB gets libvirt's default (guest USB-03)"
    context.no_effect.append({"field": _usb_model_field(context), "reason": reason})


def design_redirdevs(context: Context) -> tuple[Redirdev, ...]:
    return (Redirdev(),) * (context.combination.redirected_usb_ports or 0)


def design_hostdevs(context: Context, chosen: tuple[HostPci, ...]) -> tuple[PciHostdev, ...]:
    """PCI devices of the host: those that the caller claimed for this server, else those that fitting chose (guest PCI-02)."""
    claimed = context.resources.pci_devices
    wanted = sum(request.count for request in context.combination.pci_requests)
    if claimed and wanted > len(claimed):
        message = f"the flavor asks for {wanted} PCI devices, and {len(claimed)} are given"
        field = context.spec_field("pci_passthrough:alias")
        context.refuse("PciDeviceRequestFailed", "PCI-02", field, wanted, len(claimed), message)
    found = []
    for index, device in enumerate(claimed or [PciDevice(address=one.address, managed=one.managed) for one in chosen]):
        address = parse_pci_address(device["address"])
        if address is None:
            field = f"pci_devices[{index}].address"
            message = "a PCI address looks like 0000:0a:00.1"
            context.refuse("PciDeviceWrongAddressFormat", "PCI-02", field, device["address"], None, message)
            continue
        found.append(PciHostdev(source=address, managed="yes" if device.get("managed", True) else "no"))
    return tuple(found)


def design_filesystems(context: Context) -> tuple[Filesystem, ...]:
    """Guest FS-01: virtiofs needs memory that another process can map (guest MEM-11)."""
    shares = context.resources.shares
    file_backed = context.options.number("libvirt", "file_backed_memory") > 0
    if shares and not file_backed and context.combination.mem_page_size is None:
        message = "shares need huge pages (hw:mem_page_size) or the host option libvirt.file_backed_memory"
        context.refuse("ForbiddenSharesNotConfiguredCorrectly", "MEM-11", context.field("shares"), len(shares), None, message)
    return tuple(Filesystem(source=share["path"], tag=share["tag"]) for share in shares)


def design_nvdimms(context: Context) -> tuple[Nvdimm, ...]:
    """Guest MEM-12: each label of the flavor stands for a namespace of the host, of those that host options name."""
    labels, given = context.combination.pmem_labels, context.resources.persistent_memory
    known = pmem_namespaces(context.options.values) if labels else []
    chosen = choose_namespaces([label for label in labels if label not in given], known, context.hypervisor)
    found = []
    for label in labels:
        memory = given.get(label)
        if memory is None:
            namespace = chosen.pop(0)
            if namespace is None:
                _refuse_memory(context, label, known)
                continue
            memory = PersistentMemory(path=namespace.path, size=namespace.size, align=namespace.align)
        found.append(
            Nvdimm(path=memory["path"], size=memory["size"], align_size=memory["align"], label_size=LABEL_SIZE, node=0)
        )
    return tuple(found)


def _refuse_memory(context: Context, label: str, known: list[Namespace]) -> None:
    holders = device_holders(context.hypervisor["domains"])
    has = {one.path: holders.get(one.path) for one in known if one.label == label_of(label)}
    told = ", ".join(f"{path} ({'of ' + holder if holder else 'chosen before'})" for path, holder in has.items())
    message = f"the host has no free persistent memory with the label {label}"
    message += f": {told}" if has else "; libvirt.pmem_namespaces says what it has"
    code = "ComputeResourcesUnavailable" if has else "PMEMNamespaceConfigInvalid"
    allowed = sorted({one.label for one in known})
    context.refuse(code, "MEM-12", context.spec_field("hw:pmem"), label, allowed, message)


def design_max_memory(context: Context, nvdimms: tuple[Nvdimm, ...]) -> MaxMemory | None:
    """RAM and devices together."""
    if not nvdimms:
        return None
    ram = context.server["flavor"]["ram"] * 1024
    return MaxMemory(size=ram + sum(device.size for device in nvdimms), slots=len(nvdimms))
