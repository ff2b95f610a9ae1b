# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The os element: firmware, kernel, boot order (guest section 3)."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.disk_mapping import DiskInfo

from ..domain_model import Os
from ..image_facts import image_facts
from .context import Context
from .firmware import Firmware

_CONSOLES = "console=tty0 console=ttyS0 console=hvc0"
_BOOT_DEVICES = {"disk": "hd", "lun": "hd", "cdrom": "cdrom", "floppy": "fd"}


def design_os(context: Context, mapping: Mapping[str, DiskInfo], firmware: Firmware) -> Os:
    kernel, initrd = _kernel_files(context)
    return Os(
        type=context.text_property("hw_vm_mode") or "hvm",
        arch=context.arch,
        machine=context.machine,
        firmware=firmware.selected,
        secure_boot=firmware.secure_boot,
        loader=firmware.loader,
        nvram=firmware.nvram,
        kernel=kernel,
        initrd=initrd,
        cmdline=_command_line(context, mapping) if kernel is not None else None,
        boot=_boot_devices(context, mapping),
        boot_menu=context.combination.boot_menu,
        smbios=context.is_x86,
    )


def _kernel_files(context: Context) -> tuple[str | None, str | None]:
    """Guest OS-11 and OS-14: a rescue boots the server's kernel too, from files of its own."""
    if not context.properties.get("kernel_id"):
        if context.properties.get("ramdisk_id"):
            image = image_facts(context.server)
            of_image = image is not None and "ramdisk_id" in image["properties"]
            field = context.property_field("ramdisk_id") if of_image else context.field("ramdisk_id")
            context.no_effect.append({"field": field, "reason": "a ramdisk goes with a kernel, and there is none"})
        return None, None
    suffix = "" if context.resources.rescue is None else ".rescue"
    initrd = context.volume_path(f"ramdisk{suffix}") if context.properties.get("ramdisk_id") else None
    return context.volume_path(f"kernel{suffix}"), initrd


def _command_line(context: Context, mapping: Mapping[str, DiskInfo]) -> str:
    """Guest OS-11 to OS-13."""
    given = context.text_property("os_command_line")
    if given:
        return given
    line = f"root=/dev/{mapping['root']['dev']} {_CONSOLES}"
    return f"{line} no_timer_check" if context.virt_type == "qemu" else line


def _boot_devices(context: Context, mapping: Mapping[str, DiskInfo]) -> tuple[str, ...]:
    """Kinds of device, not devices (guest BOOT-01 to BOOT-07); indexes sort as the texts that Nova makes of them.

    A rescue boots its first disk, or the one with a boot order of its own, beside which libvirt allows no list (guest OS-14).
    """
    if context.properties.get("kernel_id") or context.resources.rescue is not None:
        return ()
    bootable = sorted((info for info in mapping.values() if "boot_index" in info), key=lambda info: info["boot_index"])
    return tuple(dict.fromkeys(_BOOT_DEVICES[info["type"]] for info in bootable))
