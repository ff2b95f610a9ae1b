# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Buses and devices of the host: PCIe ports, USB, PCI and mediated devices, shares, persistent memory (guest section 10)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..device_model import Controller, Disk, Filesystem, Input, MdevHostdev, Nvdimm, PciAddress, PciHostdev, Redirdev
from ..domain_model import MaxMemory
from .context import Context

_PCI_ADDRESS = re.compile(r"([0-9a-fA-F]{1,8}):([0-9a-fA-F]{1,2}):([0-9a-fA-F]{1,2})\.([0-7])")
_VGPU = re.compile(r"resources[^:]*:VGPU")
_NVDIMM_LABEL = 2048
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
    if context.combination.redirected_usb_ports or context.combination.sound_model == "usb":
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


def design_hostdevs(context: Context) -> tuple[PciHostdev, ...]:
    """PCI devices of the host that somebody claimed for this server (guest PCI-02)."""
    wanted = sum(request.count for request in context.combination.pci_requests)
    if wanted > len(context.resources.pci_devices):
        message = f"the flavor asks for {wanted} PCI devices, and {len(context.resources.pci_devices)} are given"
        field = context.spec_field("pci_passthrough:alias")
        context.refuse("PciDeviceRequestFailed", "PCI-02", field, wanted, len(context.resources.pci_devices), message)
    found = []
    for index, device in enumerate(context.resources.pci_devices):
        address = parse_pci_address(device["address"])
        if address is None:
            field = f"pci_devices[{index}].address"
            message = "a PCI address looks like 0000:0a:00.1"
            context.refuse("PciDeviceWrongAddressFormat", "PCI-02", field, device["address"], None, message)
            continue
        found.append(PciHostdev(source=address, managed="yes" if device.get("managed", True) else "no"))
    return tuple(found)


def design_mdevs(context: Context) -> tuple[MdevHostdev, ...]:
    """Mediated devices that somebody claimed for this server (guest MDV-01)."""
    for name, amount in context.specs.items():
        if _VGPU.fullmatch(name) and not context.resources.mdevs:
            message = "the flavor asks for mediated devices, and none are given"
            context.refuse("ComputeResourcesUnavailable", "MDV-01", context.spec_field(name), amount, 0, message)
    return tuple(MdevHostdev(uuid=uuid) for uuid in context.resources.mdevs)


def design_filesystems(context: Context) -> tuple[Filesystem, ...]:
    """Guest FS-01: virtiofs needs memory that another process can map (guest MEM-11)."""
    shares = context.resources.shares
    file_backed = context.options.number("libvirt", "file_backed_memory") > 0
    if shares and not file_backed and context.combination.mem_page_size is None:
        message = "shares need huge pages (hw:mem_page_size) or the host option libvirt.file_backed_memory"
        context.refuse("ForbiddenSharesNotConfiguredCorrectly", "MEM-11", context.field("shares"), len(shares), None, message)
    return tuple(Filesystem(source=share["path"], tag=share["tag"]) for share in shares)


def design_nvdimms(context: Context) -> tuple[Nvdimm, ...]:
    """Guest MEM-12: each label of the flavor stands for a namespace of the host."""
    found = []
    for label in context.combination.pmem_labels:
        memory = context.resources.persistent_memory.get(label)
        if memory is None:
            message = f"the host gives no persistent memory for {label}"
            given = sorted(context.resources.persistent_memory)
            context.refuse("PMEMNamespaceConfigInvalid", "MEM-12", context.spec_field("hw:pmem"), label, given, message)
            continue
        found.append(
            Nvdimm(path=memory["path"], size=memory["size"], align_size=memory["align"], label_size=_NVDIMM_LABEL, node=0)
        )
    return tuple(found)


def design_max_memory(context: Context, nvdimms: tuple[Nvdimm, ...]) -> MaxMemory | None:
    """RAM and devices together."""
    if not nvdimms:
        return None
    ram = context.server["flavor"]["ram"] * 1024
    return MaxMemory(size=ram + sum(device.size for device in nvdimms), slots=len(nvdimms))
