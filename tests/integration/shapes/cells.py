# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server whose memory is its main matter."""

from __future__ import annotations

from .model import GIB, MIB, Shape

# Two NUMA cells on a host that tells of none, memory in a file, a boot volume, every local disk, no graphics.
CELLS = Shape(
    ram=256,
    ephemeral=1,
    swap=32,
    specs={
        "hide_hypervisor_id": "true",
        "hw:numa_nodes": "2",
        "hw:numa_cpus.0": "0",
        "hw:numa_cpus.1": "1",
        "hw:numa_mem.0": "160",
        "hw:numa_mem.1": "96",
    },
    properties={"hw_scsi_model": "virtio-scsi", "hw_cdrom_bus": "scsi", "hw_watchdog_action": "none"},
    options={
        "libvirt": {
            "file_backed_memory": 1024,
            "mem_stats_period_seconds": 0,
            "sysinfo_serial": "hardware",
            "rng_dev_path": "/dev/random",
            "hw_machine_type": ["x86_64=q35"],
        },
        "DEFAULT": {"default_ephemeral_format": "ext3"},
        "vnc": {"enabled": False},
    },
    request={"description": "two <cells> & a file", "metadata": {"role": "cells"}, "tags": ["numa"]},
    host={"numa_cells": []},
    resources=("shares",),
    live=(
        ("libvirt.hw_machine_type", "starts-with(os/type/@machine, 'pc-q35-')", True),
        ("hide_hypervisor_id", "features/kvm/hidden/@state", "on"),
        ("hw:numa_nodes", "cpu/numa/cell/@id", ["0", "1"]),
        ("hw:numa_cpus.0", "cpu/numa/cell[@id='0']/@cpus", "0"),
        ("hw:numa_cpus.1", "cpu/numa/cell[@id='1']/@cpus", "1"),
        ("hw:numa_mem.0", "cpu/numa/cell[@id='0']/@memory", str(160 * 1024)),
        ("hw:numa_mem.1", "cpu/numa/cell[@id='1']/@memory", str(96 * 1024)),
        ("host", "numatune", []),
        ("libvirt.file_backed_memory", "memoryBacking/source/@type", "file"),
        ("libvirt.file_backed_memory", "memoryBacking/access/@mode", "shared"),
        ("libvirt.file_backed_memory", "memoryBacking/allocation/@mode", "immediate"),
        ("libvirt.file_backed_memory", "boolean(memoryBacking/discard)", True),
        ("libvirt.mem_stats_period_seconds", "devices/memballoon/@model", "none"),
        ("libvirt.rng_dev_path", "devices/rng/backend", "/dev/random"),
        ("libvirt.sysinfo_serial", "sysinfo/system/entry[@name='serial']", "{host uuid}"),
        ("vnc.enabled", "devices/graphics | devices/video", []),
        ("usb", "devices/controller[@type='usb']/@model", "none"),
        ("flavor", "devices/disk/target/@dev", ["vda", "vdb", "vdc", "sda"]),
        ("hw_scsi_model", "devices/controller[@type='scsi']/@model", "virtio-scsi"),
        ("hw_cdrom_bus", "devices/disk[@device='cdrom']/target/@bus", "scsi"),
        ("hw_watchdog_action", "devices/watchdog[@model='i6300esb']/@action", "none"),
        ("shares", "devices/filesystem/driver/@type", "virtiofs"),
    ),
    guest=(
        ("hw:numa_nodes", "numa.nodes", 2),
        ("hw:numa_cpus.0", "numa.cells.0.cpus", "0"),
        ("hw:numa_cpus.1", "numa.cells.1.cpus", "1"),
        ("flavor", "disk.vdb.bytes", GIB),
        ("DEFAULT.default_ephemeral_format", "disk.vdb.fstype", "ext3"),
        ("flavor", "disk.vdc.bytes", 32 * MIB),
        ("flavor", "disk.vdc.fstype", "swap"),
        ("shares", "share.text", "from the host"),
        ("libvirt.sysinfo_serial", "dmi.serial", "{host uuid}"),
        ("hw_watchdog_action", "watchdog.identity", "i6300ESB timer"),
    ),
)
