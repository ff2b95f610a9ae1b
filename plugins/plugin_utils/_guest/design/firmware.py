# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firmware and secure boot (guest section 3.2)."""

from __future__ import annotations

from dataclasses import dataclass

from ..domain_model import Loader, Nvram
from ..resources import EarlierFirmware
from .context import Context

# libvirt 9.0.0 refuses <loader secure="no"/> beside firmware="efi", and the feature element says the same; Nova writes both.
_TAKES_SECURE_NO = 10000000


@dataclass(frozen=True)
class Firmware:
    """``selected`` is efi where libvirt is to choose the files."""

    selected: str | None = None
    secure_boot: str | None = None
    loader: Loader | None = None
    nvram: Nvram | None = None
    smm: bool = False


def firmware_type(context: Context) -> str:
    """Guest FW-01, FW-04."""
    default = "uefi" if context.arch == "aarch64" else "bios"
    return context.text_property("hw_firmware_type") or default


def design_firmware(context: Context) -> Firmware:
    if firmware_type(context) != "uefi":
        return Firmware()
    _check_uefi(context)
    secure = _secure(context, context.combination.secure_boot)
    earlier = context.resources.earlier.firmware if context.resources.earlier else None
    if earlier is not None and earlier.secure == secure:
        return _kept(earlier)
    word = "yes" if secure else "no"
    stateless = "yes" if _stateless(context) else None
    # libvirt switches SMM on by itself where the firmware that it chooses wants it (guest FW-11).
    written = secure or not context.definable or context.hypervisor["libvirt_version"] >= _TAKES_SECURE_NO
    return Firmware("efi", word, Loader(secure=word if written else None, stateless=stateless))


def _kept(earlier: EarlierFirmware) -> Firmware:
    """The files that the guest was first booted with stay (guest FW-13)."""
    loader = Loader(
        path=earlier.loader_path,
        type=earlier.loader_type,
        readonly=earlier.loader_readonly,
        secure="yes" if earlier.secure else "no",
    )
    nvram = Nvram(path=earlier.nvram_path, template=earlier.nvram_template) if earlier.nvram_path is not None else None
    return Firmware(loader=loader, nvram=nvram, smm=earlier.smm)


def _check_uefi(context: Context) -> None:
    """Guest FW-03."""
    offered = context.hypervisor["domain_capabilities"].get("firmware") or []
    if "efi" in offered and context.machine is not None:
        return
    message = f"the host offers no UEFI firmware for {context.arch} guests"
    field = context.property_field("hw_firmware_type")
    context.refuse("UEFINotSupported", "FW-03", field, "uefi", sorted(set(offered) & {"bios"}), message)


def _secure(context: Context, wanted: str | None) -> bool:
    """Guest FW-06 to FW-08: optional takes it where the host can, required must have it."""
    if wanted not in ("required", "optional"):
        return False
    lacking = _lacking(context)
    if lacking is not None and wanted == "required":
        message = f"secure boot is required, and {lacking}"
        context.refuse("SecureBootNotSupported", "FW-06", context.spec_field("os:secure_boot"), wanted, None, message)
    return lacking is None


def _stateless(context: Context) -> bool:
    """Guest FW-12. Nova asks for a trait that every host with such a libvirt has, whatever its firmware is."""
    wanted = bool(context.combination.stateless_firmware)
    if wanted and not context.hypervisor["domain_capabilities"].get("loader_stateless", True):
        message = f"the host has no stateless UEFI firmware for {context.arch} guests"
        context.refuse("UnsupportedHardware", "FW-12", context.property_field("hw_firmware_stateless"), True, [False], message)
    return wanted


def _lacking(context: Context) -> str | None:
    """What the host or the machine type lacks for secure boot."""
    if not context.hypervisor["domain_capabilities"].get("loader_secure"):
        return "the host offers no firmware with secure boot"
    if context.arch == "x86_64" and not context.is_q35:
        return f"the machine type {context.machine} cannot do it; x86_64 needs q35"
    return None
