# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every server has, whatever it asks for."""

from __future__ import annotations

from .model import Row

ALWAYS: tuple[Row, ...] = (
    ("virt_type", "@type", "qemu"),
    ("uuid", "sysinfo/system/entry[@name='uuid']", "{id}"),
    ("name", "name", "{domain}"),
    ("SMBIOS", "sysinfo/system/entry[@name='manufacturer']", "OpenStack Foundation"),
    ("SMBIOS", "sysinfo/system/entry[@name='product']", "OpenStack Nova"),
    ("SMBIOS", "sysinfo/system/entry[@name='family']", "Virtual Machine"),
    ("SMBIOS", "os/smbios/@mode", "sysinfo"),
    ("flavor.ram", "memory", "{kib}"),
    ("flavor.vcpus", "vcpu", "{vcpus}"),
    ("features", "boolean(features/acpi and features/vmcoreinfo)", True),
    ("iothreads", "iothreads", "1"),
    ("network", "devices/interface/source/@network", "default"),
    ("console.log", "count(devices/serial/log)", 1.0),
    ("libvirt.tb_cache_size", "features/tcg/tb-cache", "32768"),
)
ALWAYS_SEEN: tuple[Row, ...] = (
    ("uuid", "dmi.uuid", "{id}"),
    ("SMBIOS", "dmi.vendor", "OpenStack Foundation"),
    ("SMBIOS", "dmi.product", "OpenStack Nova"),
    ("flavor.vcpus", "cpu.count", "{vcpus}"),
    ("user_data", "user_data.exit_code", 0),
    ("config_drive", "config_drive.found", True),
)
