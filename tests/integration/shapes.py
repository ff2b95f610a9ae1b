# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of elements: a few servers with many features each, and where each input must be found once the guest runs.

A row is ``(input, path, expected)``: which input asks for it, where it is, what must be there. A path of ``live`` is an XPath
into the running domain's XML that gives a list of texts (one text stands for a list of one), ``[]`` says that nothing may be
there. A path of ``guest`` is ``fact.member`` of what the guest says on its console; ``disk.vdb.bytes`` picks by name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MIB = 1 << 20
GIB = 1 << 30
Row = tuple[str, str, Any]

# Run by every guest: what its devices are to its kernel, beside the facts that it says anyway.
PROBE = r"""#!/bin/sh
. /lib/probe.sh
devices=
for device in /sys/bus/pci/devices/*; do
    read -r vendor < "$device/vendor"; read -r model < "$device/device"; read -r class < "$device/class"
    devices="$devices ${vendor#0x}:${model#0x}:${class#0x}"
done
products=
for device in /sys/bus/usb/devices/*/product; do [ -r "$device" ] && products="$products $(tr ' ' '-' < "$device")"; done
say devices "pci:=$(list "$devices")" "usb:=$(list "$products")" \
    "uarts:=$(grep -c 'uart:16' /proc/tty/driver/serial)" "tables:=$(list "$(ls /sys/firmware/acpi/tables)")" \
    "packed:=$(cut -c35 /sys/class/net/eth0/device/features 2> /dev/null || echo null)"
for disk in /sys/block/sd*; do case "$(readlink -f "$disk")" in */usb*) probe_disk "${disk##*/}" ;; esac; done
mkdir -p /mnt/share
mount -t virtiofs share /mnt/share 2> /dev/null && say share "text=$(cat /mnt/share/hello)"
exit 0
"""


@dataclass(frozen=True)
class Shape:
    """``ends``: ``ready`` (the guest says so), ``running`` (it cannot: its processor is another), ``stopped`` (defined only:
    what libvirt takes and a machine of this kind cannot start).

    ``ram`` in MiB. ``devices`` stand behind the image's own entry of the block device mapping. ``host`` replaces facts of
    the host; ``resources`` are what nothing gives a server yet: a secret for its TPM, shares."""

    specs: dict[str, str] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    options: dict[str, dict[str, Any]] = field(default_factory=dict)
    devices: tuple[dict[str, Any], ...] = ()
    request: dict[str, Any] = field(default_factory=dict)
    host: dict[str, Any] = field(default_factory=dict)
    resources: tuple[str, ...] = ()
    ends: str = "ready"
    vcpus: int = 2
    ram: int = 192
    ephemeral: int = 0
    swap: int = 0
    live: tuple[Row, ...] = ()
    guest: tuple[Row, ...] = ()

    def inputs(self) -> set[str]:
        """Every input by its name; options with their group."""
        options = {f"{group}.{name}" for group, values in self.options.items() for name in values}
        return {*self.specs, *self.properties, *options, *self.resources}


def blank(size: int = 1, **changes: Any) -> dict[str, Any]:
    """An empty volume of that many GiB."""
    entry = {"source_type": "blank", "destination_type": "volume", "volume_size": size, "delete_on_termination": True}
    return {**entry, **changes}


# What every server has, whatever it asks for.
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

# BIOS, i440fx, IDE and USB, Windows' wishes, two serial ports.
LEGACY = Shape(
    specs={
        "hw:boot_menu": "true",
        "hw:cpu_sockets": "1",
        "hw:cpu_cores": "2",
        "hw:hide_hypervisor_id": "true",
        "hw:serial_port_count": "2",
        "hw:watchdog_action": "poweroff",
        "hw:sound_model": "ac97",
        "hw_rng:rate_bytes": "4096",
        "hw_rng:rate_period": "500",
        "hw_video:ram_max_mb": "64",
        "quota:cpu_shares": "512",
        "quota:cpu_period": "50000",
        "quota:cpu_quota": "200000",
        "quota:disk_read_bytes_sec": "1073741824",
        "quota:disk_read_iops_sec": "100001",
        "quota:disk_write_bytes_sec": "1073741825",
        "quota:disk_write_iops_sec": "100000",
    },
    properties={
        "hw_disk_bus": "ide",
        "hw_vif_model": "e1000",
        "hw_video_model": "cirrus",
        "hw_video_ram": 16,
        "hw_pointer_model": "usbtablet",
        "hw_qemu_guest_agent": True,
        "os_type": "windows",
    },
    options={
        "libvirt": {
            "cpu_mode": "custom",
            "cpu_models": ["nehalem"],
            "cpu_model_extra_flags": ["+aes", "-sse4.2"],
            "hw_disk_discard": "unmap",
            "disk_cachemodes": ["file=writeback"],
        },
        "serial_console": {"enabled": True, "port_range": "10000:10100", "proxyclient_address": "127.0.0.2"},
        "vnc": {"server_listen": "127.0.0.1"},
    },
    devices=(blank(disk_bus="usb"), blank(disk_bus="scsi"), blank(disk_bus="virtio")),
    live=(
        ("hw_machine_type", "starts-with(os/type/@machine, 'pc-i440fx-')", True),
        ("hw:boot_menu", "os/bootmenu/@enable", "yes"),
        ("boot_index", "os/boot/@dev", "hd"),
        ("hw:cpu_cores", "cpu/topology/@cores", "2"),
        ("hw:cpu_sockets", "cpu/topology/@sockets", "1"),
        ("libvirt.cpu_mode", "cpu/@mode", "custom"),
        ("libvirt.cpu_models", "cpu/model", "Nehalem"),
        ("libvirt.cpu_model_extra_flags", "cpu/feature[@name='aes']/@policy", "require"),
        ("libvirt.cpu_model_extra_flags", "cpu/feature[@name='sse4.2']/@policy", "disable"),
        ("hw:hide_hypervisor_id", "features/kvm/hidden/@state", "on"),
        ("os_type", "clock/@offset", "localtime"),
        ("os_type", "features/hyperv/spinlocks/@retries", "8191"),
        ("os_type", "features/hyperv/vendor_id/@value", "1234567890ab"),
        ("os_type", "count(features/hyperv/*[@state='on'])", 2.0),
        ("hw:serial_port_count", "devices/serial/target/@port", ["0", "1"]),
        ("serial_console.enabled", "devices/serial/@type", ["tcp", "tcp"]),
        ("serial_console.port_range", "devices/serial/source/@service", ["10000", "10001"]),
        ("serial_console.proxyclient_address", "devices/serial/source/@host", ["127.0.0.2", "127.0.0.2"]),
        ("hw:watchdog_action", "devices/watchdog[@model='i6300esb']/@action", "poweroff"),
        ("hw:sound_model", "devices/sound/@model", "ac97"),
        ("hw_rng:rate_bytes", "devices/rng/rate/@bytes", "4096"),
        ("hw_rng:rate_period", "devices/rng/rate/@period", "500"),
        ("rng", "devices/rng/backend", "/dev/urandom"),
        ("quota:cpu_shares", "cputune/shares", "512"),
        ("quota:cpu_period", "cputune/period", "50000"),
        ("quota:cpu_quota", "cputune/quota", "200000"),
        ("quota:disk_read_bytes_sec", "devices/disk[target/@dev='hda']/iotune/read_bytes_sec", "1073741824"),
        ("quota:disk_read_iops_sec", "devices/disk[target/@dev='hda']/iotune/read_iops_sec", "100001"),
        ("quota:disk_write_bytes_sec", "devices/disk[target/@dev='hda']/iotune/write_bytes_sec", "1073741825"),
        ("quota:disk_write_iops_sec", "devices/disk[target/@dev='hda']/iotune/write_iops_sec", "100000"),
        ("volumes", "devices/disk[target/@bus='usb']/iotune", []),
        ("hw_disk_bus", "devices/disk[@device='disk'][1]/target/@bus", "ide"),
        ("hw_cdrom_bus", "devices/disk[@device='cdrom']/target/@bus", "ide"),
        ("disk_bus", "devices/disk[@device='disk']/target/@bus", ["ide", "usb", "scsi", "virtio"]),
        ("serial", "devices/disk[serial]/target/@bus", ["usb", "scsi", "virtio"]),
        ("libvirt.hw_disk_discard", "devices/disk[target/@dev='hda']/driver/@discard", "unmap"),
        ("libvirt.disk_cachemodes", "devices/disk[target/@dev='hda']/driver/@cache", "writeback"),
        ("hw_vif_model", "devices/interface/model/@type", "e1000"),
        ("hw_video_model", "devices/video/model/@type", "cirrus"),
        ("hw_video_ram", "devices/video/model/@vram", "16384"),
        ("hw_video:ram_max_mb", "count(devices/video/model)", 1.0),
        ("hw_pointer_model", "devices/input[@type='tablet']/@bus", "usb"),
        ("usb", "devices/controller[@type='usb']/@model", "piix3-uhci"),
        ("vnc.server_listen", "devices/graphics[@type='vnc']/listen/@address", "127.0.0.1"),
        ("hw_qemu_guest_agent", "devices/channel[target/@name='org.qemu.guest_agent.0']/target/@state", "connected"),
        ("memory statistics", "devices/memballoon/stats/@period", "10"),
    ),
    guest=(
        ("firmware", "firmware.type", "bios"),
        ("hw:cpu_cores", "cpu.cores", 2),
        ("hw:cpu_sockets", "cpu.sockets", 1),
        ("libvirt.cpu_models", "cpu.model", "Intel Core i7 9xx (Nehalem Class Core i7)"),
        ("hw_disk_bus", "disk.sda.driver", "sd"),
        ("hw_vif_model", "nic.eth0.driver", "e1000"),
        ("rng", "rng.device", "virtio_rng.0"),
        ("hw:watchdog_action", "watchdog.identity", "i6300ESB timer"),
        ("hw_qemu_guest_agent", "agent.running", True),
        ("hw:serial_port_count", "devices.uarts", 2),
        ("hw:sound_model", "devices.pci", "8086:2415:040100"),
        ("hw_video_model", "devices.pci", "1013:00b8:030000"),
        ("hw_pointer_model", "devices.usb", "QEMU-USB-Tablet"),
        ("disk_bus", "devices.usb", "QEMU-USB-HARDDRIVE"),
        ("disk_bus", "disk.vda.bytes", GIB),
    ),
)

# UEFI with Secure Boot and a TPM, huge pages, SCSI disks, SPICE, every bus of q35.
SECURE = Shape(
    vcpus=1,
    ram=256,
    specs={
        "os:secure_boot": "required",
        "hw:mem_page_size": "2048",
        "hw:tpm_version": "2.0",
        "hw:tpm_model": "tpm-crb",
        "hw:viommu_model": "intel",
        "hw:usb_model": "qemu-xhci",
        "hw:redirected_usb_ports": "2",
        "hw:virtio_packed_ring": "true",
    },
    properties={
        "hw_firmware_type": "uefi",
        "hw_machine_type": "q35",
        "hw_disk_bus": "scsi",
        "hw_cdrom_bus": "scsi",
        "hw_scsi_model": "virtio-scsi",
        "hw_video_model": "qxl",
        "hw_input_bus": "virtio",
        "hw_sound_model": "ich9",
    },
    options={
        "libvirt": {"swtpm_enabled": True, "num_pcie_ports": 12, "cpu_mode": "none"},
        "vnc": {"enabled": False},
        "spice": {
            "enabled": True,
            "image_compression": "auto_glz",
            "jpeg_compression": "always",
            "zlib_compression": "never",
            "playback_compression": True,
            "streaming_mode": "filter",
        },
    },
    devices=(blank(), blank(disk_bus="virtio")),
    resources=("tpm_secret", "shares"),
    live=(
        ("hw_machine_type", "starts-with(os/type/@machine, 'pc-q35-')", True),
        ("os:secure_boot", "os/loader/@secure", "yes"),
        ("hw_firmware_type", "os/loader/@type", "pflash"),
        ("hw_firmware_type", "boolean(os/nvram)", True),
        ("os:secure_boot", "features/smm/@state", "on"),
        ("hw:mem_page_size", "memoryBacking/hugepages/page/@size", "2048"),
        ("hw:mem_page_size", "cpu/numa/cell/@memAccess", "shared"),
        ("hw:mem_page_size", "numatune/memnode/@nodeset", "0"),
        ("libvirt.cpu_mode", "cpu/model", "qemu64"),
        ("tpm_secret", "boolean(devices/tpm/backend/encryption/@secret)", True),
        ("hw:tpm_model", "devices/tpm/@model", "tpm-crb"),
        ("hw:tpm_version", "devices/tpm/backend/@version", "2.0"),
        ("hw:viommu_model", "devices/iommu/@model", "intel"),
        ("hw:viommu_model", "features/ioapic/@driver", "qemu"),
        ("hw:usb_model", "devices/controller[@type='usb']/@model", "qemu-xhci"),
        ("hw:redirected_usb_ports", "count(devices/redirdev[@bus='usb'][@type='spicevmc'])", 2.0),
        ("libvirt.num_pcie_ports", "count(devices/controller[@model='pcie-root-port']) >= 12", True),
        ("hw:virtio_packed_ring", "devices/interface/driver/@packed", "on"),
        ("virt_type", "devices/interface/driver/@name", "qemu"),
        ("hw_disk_bus", "devices/disk/target/@bus", ["scsi", "scsi", "scsi", "virtio"]),
        ("hw_cdrom_bus", "devices/disk[@device='cdrom']/target/@bus", "scsi"),
        ("hw_scsi_model", "devices/controller[@type='scsi']/@model", "virtio-scsi"),
        ("hw_scsi_model", "devices/disk[target/@bus='scsi']/address/@unit", ["0", "2", "1"]),
        ("hw_video_model", "devices/video/model/@type", "qxl"),
        ("hw_input_bus", "devices/input[@bus='virtio']/@type", ["keyboard"]),
        ("hw_sound_model", "devices/sound/@model", "ich9"),
        ("vnc.enabled", "devices/graphics/@type", "spice"),
        ("spice.enabled", "devices/channel[@type='spicevmc']/target/@name", "com.redhat.spice.0"),
        ("spice.image_compression", "devices/graphics/image/@compression", "auto_glz"),
        ("spice.jpeg_compression", "devices/graphics/jpeg/@compression", "always"),
        ("spice.zlib_compression", "devices/graphics/zlib/@compression", "never"),
        ("spice.playback_compression", "devices/graphics/playback/@compression", "on"),
        ("spice.streaming_mode", "devices/graphics/streaming/@mode", "filter"),
        ("shares", "devices/filesystem/driver/@type", "virtiofs"),
        ("shares", "devices/filesystem/target/@dir", "share"),
    ),
    guest=(
        ("hw_firmware_type", "firmware.type", "efi"),
        ("os:secure_boot", "firmware.secure_boot", True),
        ("hw:tpm_version", "tpm.version", "2"),
        ("hw:viommu_model", "devices.tables", "DMAR"),
        ("hw:virtio_packed_ring", "devices.packed", 1),
        ("hw:usb_model", "devices.pci", "1b36:000d:0c0330"),
        ("libvirt.num_pcie_ports", "devices.pci", "1b36:000c:060400"),
        ("hw_scsi_model", "disk.sda.driver", "sd"),
        ("hw_cdrom_bus", "disk.sr0.label", "config-2"),
        ("devices", "disk.sdb.bytes", GIB),
        ("hw_sound_model", "devices.pci", "8086:293e:040300"),
        ("hw_video_model", "devices.pci", "1b36:0100:030000"),
        ("hw_input_bus", "devices.pci", "1af4:1052:090000"),
        ("shares", "share.text", "from the host"),
    ),
)

# UEFI without Secure Boot, SATA, e1000e, one CPU pinned and in real time, raw disks with all space taken.
PINNED = Shape(
    ram=256,
    specs={
        "hw:cpu_policy": "mixed",
        "hw:cpu_dedicated_mask": "1",
        "hw:cpu_thread_policy": "prefer",
        "hw:emulator_threads_policy": "share",
        "hw:tpm_version": "1.2",
    },
    properties={
        "hw_firmware_type": "uefi",
        "hw_machine_type": "q35",
        "hw_disk_bus": "sata",
        "hw_vif_model": "e1000e",
        "hw_video_model": "bochs",
        "hw_input_bus": "usb",
        "hw_boot_menu": True,
        "hw_sound_model": "ich6",
        "hw_watchdog_action": "reset",
        "hw_qemu_guest_agent": True,
        "hw_pmu": False,
    },
    options={
        "libvirt": {
            "images_type": "raw",
            "hw_disk_discard": "ignore",
            "cpu_mode": "host-model",
            "sysinfo_serial": "none",
            "swtpm_enabled": True,
        },
        "DEFAULT": {"preallocate_images": "space", "config_drive_format": "vfat"},
        "compute": {"cpu_shared_set": "0", "cpu_dedicated_set": "1"},
    },
    devices=(blank(),),
    resources=("tpm_secret",),
    live=(
        ("hw_machine_type", "starts-with(os/type/@machine, 'pc-q35-')", True),
        ("hw_firmware_type", "os/loader/@type", "pflash"),
        ("os:secure_boot", "os/loader/@secure", []),
        ("hw_boot_menu", "os/bootmenu/@enable", "yes"),
        ("hw:cpu_policy", "cputune/vcpupin/@cpuset", ["0", "1"]),
        ("hw:cpu_dedicated_mask", "cputune/vcpupin[@vcpu='1']/@cpuset", "1"),
        ("hw:cpu_thread_policy", "cputune/vcpupin[@vcpu='1']/@cpuset", "1"),
        ("compute.cpu_dedicated_set", "cputune/vcpupin[@vcpu='1']/@cpuset", "1"),
        ("compute.cpu_shared_set", "cputune/vcpupin[@vcpu='0']/@cpuset", "0"),
        ("hw:emulator_threads_policy", "cputune/emulatorpin/@cpuset", "0"),
        ("hw:cpu_policy", "cputune/iothreadpin/@cpuset", "0"),
        ("hw:cpu_policy", "numatune/memory/@mode", "strict"),
        ("libvirt.cpu_mode", "cpu/@mode", "custom"),
        ("libvirt.sysinfo_serial", "sysinfo/system/entry[@name='serial']", []),
        ("libvirt.images_type", "devices/disk[target/@dev='sda']/driver/@type", "raw"),
        ("DEFAULT.preallocate_images", "devices/disk[target/@dev='sda']/driver/@io", "native"),
        ("libvirt.hw_disk_discard", "devices/disk[target/@dev='sda']/driver/@discard", "ignore"),
        ("DEFAULT.config_drive_format", "devices/disk/@device", ["disk", "disk", "disk"]),
        ("hw_disk_bus", "devices/disk/target/@bus", ["sata", "sata", "sata"]),
        ("hw_vif_model", "devices/interface/model/@type", "e1000e"),
        ("hw_video_model", "devices/video/model/@type", "bochs"),
        ("hw_input_bus", "devices/input[@bus='usb']/@type", ["tablet", "keyboard"]),
        ("hw_sound_model", "devices/sound/@model", "ich6"),
        ("hw_watchdog_action", "devices/watchdog/@action", "reset"),
        ("hw_pmu", "features/pmu/@state", "off"),
        ("hw_qemu_guest_agent", "devices/channel[target/@name='org.qemu.guest_agent.0']/target/@state", "connected"),
        ("hw:tpm_version", "devices/tpm[@model='tpm-tis']/backend/@version", "1.2"),
        ("tpm_secret", "boolean(devices/tpm/backend/encryption/@secret)", True),
        ("libvirt.swtpm_enabled", "devices/tpm/backend/@type", "emulator"),
    ),
    guest=(
        ("hw_firmware_type", "firmware.type", "efi"),
        ("os:secure_boot", "firmware.secure_boot", False),
        ("hw:cpu_policy", "numa.nodes", 1),
        ("hw:tpm_version", "tpm.version", "1"),
        ("hw_disk_bus", "disk.sda.driver", "sd"),
        ("DEFAULT.config_drive_format", "config_drive.fstype", "vfat"),
        ("hw_vif_model", "nic.eth0.driver", "e1000e"),
        ("hw_video_model", "devices.pci", "1234:1111:038000"),
        ("hw_input_bus", "devices.usb", "QEMU-USB-Keyboard"),
        ("hw_sound_model", "devices.pci", "8086:2668:040300"),
        ("hw_watchdog_action", "watchdog.identity", "i6300ESB timer"),
        ("hw_qemu_guest_agent", "agent.running", True),
        ("libvirt.sysinfo_serial", "dmi.serial", None),
    ),
)

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
        ("hw_watchdog_action", "devices/watchdog/@action", "none"),
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

# What is left: limits of the topology, libvirt's own defaults, VNC beside SPICE, no random numbers.
PLAIN = Shape(
    specs={
        "hw:cpu_threads": "2",
        "hw:cpu_max_sockets": "1",
        "hw:cpu_max_cores": "1",
        "hw:cpu_max_threads": "2",
        "hw_rng:allowed": "false",
        "quota:disk_total_bytes_sec": "1073741824",
        "quota:disk_total_iops_sec": "100000",
    },
    properties={
        "hw_cdrom_bus": "sata",
        "hw_floppy_bus": "fdc",
        "hw_machine_type": "pc",
        "hw_maxphysaddr_mode": "emulate",
        "hw_maxphysaddr_bits": 40,
        "hw_pmu": True,
        "hw_scsi_model": "lsilogic",
        "hw_usb_model": "nec-xhci",
        "hw_video_model": "vga",
        "hw_vif_multiqueue_enabled": True,
        "hw_vm_mode": "hvm",
        "img_hide_hypervisor_id": True,
    },
    options={
        "libvirt": {"use_virtio_for_bridges": False, "cpu_mode": "custom", "cpu_models": ["Penryn"]},
        "DEFAULT": {"use_cow_images": False, "pointer_model": "ps2mouse", "force_config_drive": True},
        "compute": {"cpu_shared_set": "0-1"},
        "spice": {"enabled": True, "agent_enabled": False, "server_listen": "127.0.0.1"},
    },
    devices=(blank(device_type="floppy"),),
    request={"config_drive": False},
    live=(
        ("hw:cpu_threads", "cpu/topology/@threads", "2"),
        ("hw:cpu_max_threads", "cpu/topology/@threads", "2"),
        ("hw:cpu_max_sockets", "cpu/topology/@sockets", "1"),
        ("hw:cpu_max_cores", "cpu/topology/@cores", "1"),
        ("hw_rng:allowed", "devices/rng", []),
        ("quota:disk_total_bytes_sec", "devices/disk[@device!='floppy']/iotune/total_bytes_sec", ["1073741824"] * 2),
        ("quota:disk_total_iops_sec", "devices/disk[@device!='floppy']/iotune/total_iops_sec", ["100000"] * 2),
        ("DEFAULT.force_config_drive", "count(devices/disk[@device='cdrom'])", 1.0),
        ("hw_cdrom_bus", "devices/disk[@device='cdrom']/target/@bus", "sata"),
        ("hw_floppy_bus", "devices/disk[@device='floppy']/target/@bus", "fdc"),
        ("hw_vm_mode", "os/type", "hvm"),
        ("hw_maxphysaddr_mode", "cpu/maxphysaddr/@mode", "emulate"),
        ("hw_maxphysaddr_bits", "cpu/maxphysaddr/@bits", "40"),
        ("hw_pmu", "features/pmu/@state", "on"),
        ("hw_scsi_model", "devices/controller[@type='scsi']/@model", "lsilogic"),
        ("hw_usb_model", "devices/controller[@type='usb']/@model", "nec-xhci"),
        ("hw_video_model", "devices/video/model/@type", "vga"),
        ("hw_vif_multiqueue_enabled", "devices/interface/driver/@queues", []),
        ("img_hide_hypervisor_id", "features/kvm/hidden/@state", "on"),
        ("libvirt.use_virtio_for_bridges", "devices/interface/model/@type", "rtl8139"),
        ("libvirt.cpu_models", "cpu/model", "Penryn"),
        ("DEFAULT.use_cow_images", "devices/disk/driver/@type", ["raw"] * 3),
        ("DEFAULT.pointer_model", "devices/input/@bus", ["ps2", "ps2"]),
        ("compute.cpu_shared_set", "vcpu/@cpuset", "0-1"),
        ("spice.enabled", "devices/graphics/@type", ["vnc", "spice"]),
        ("spice.agent_enabled", "devices/channel", []),
        ("spice.server_listen", "devices/graphics[@type='spice']/listen/@address", "127.0.0.1"),
    ),
    guest=(
        ("hw:cpu_threads", "cpu.threads", 2),
        ("hw:cpu_max_sockets", "cpu.sockets", 1),
        ("hw:cpu_max_cores", "cpu.cores", 1),
        ("hw_rng:allowed", "rng", None),
        ("hw_cdrom_bus", "disk.sr0.label", "config-2"),
        ("hw_usb_model", "devices.pci", "1033:0194:0c0330"),
        ("hw_scsi_model", "devices.pci", "1000:0012:010000"),
        ("libvirt.use_virtio_for_bridges", "nic.eth0.driver", "8139cp"),
        ("libvirt.cpu_models", "cpu.model", "Intel Core 2 Duo P9xxx (Penryn Class Core 2)"),
    ),
)

# Locked memory needs a capability that containers lack, limits of a NIC a kernel with their queueing, secure channels a
# certificate of the host.
STORED = Shape(
    ends="stopped",
    specs={
        "hw:cpu_policy": "mixed",
        "hw:cpu_realtime": "yes",
        "hw:cpu_realtime_mask": "^0",
        "hw:emulator_threads_policy": "share",
        "hw:mem_page_size": "small",
        "hw:locked_memory": "true",
        "quota:vif_inbound_average": "1000",
        "quota:vif_inbound_peak": "2000",
        "quota:vif_inbound_burst": "3000",
        "quota:vif_outbound_average": "4000",
        "quota:vif_outbound_peak": "5000",
        "quota:vif_outbound_burst": "6000",
    },
    properties={"hw_firmware_type": "uefi", "hw_firmware_stateless": True, "hw_machine_type": "q35"},
    options={
        "libvirt": {"realtime_scheduler_priority": 7, "enabled_perf_events": ["cpu_clock"], "disk_prefix": "sd"},
        "workarounds": {"libvirt_disable_apic": True},
        "compute": {"cpu_shared_set": "0", "cpu_dedicated_set": "1"},
        "spice": {"enabled": True, "require_secure": True},
    },
    live=(
        ("hw:cpu_realtime_mask", "cputune/vcpusched[@scheduler='fifo']/@vcpus", "1"),
        ("libvirt.realtime_scheduler_priority", "cputune/vcpusched/@priority", "7"),
        ("hw:cpu_realtime", "boolean(memoryBacking/locked and memoryBacking/nosharepages)", True),
        ("hw:locked_memory", "boolean(memoryBacking/locked)", True),
        ("hw:mem_page_size", "memoryBacking/hugepages", []),
        ("hw:mem_page_size", "cpu/numa/cell/@id", "0"),
        ("quota:vif_inbound_average", "devices/interface/bandwidth/inbound/@average", "1000"),
        ("quota:vif_inbound_peak", "devices/interface/bandwidth/inbound/@peak", "2000"),
        ("quota:vif_inbound_burst", "devices/interface/bandwidth/inbound/@burst", "3000"),
        ("quota:vif_outbound_average", "devices/interface/bandwidth/outbound/@average", "4000"),
        ("quota:vif_outbound_peak", "devices/interface/bandwidth/outbound/@peak", "5000"),
        ("quota:vif_outbound_burst", "devices/interface/bandwidth/outbound/@burst", "6000"),
        ("libvirt.disk_prefix", "devices/disk/target/@dev", ["sda", "sdb"]),
        ("workarounds.libvirt_disable_apic", "features/apic", []),
        ("hw_firmware_stateless", "os/loader/@stateless", "yes"),
        ("libvirt.enabled_perf_events", "perf/event[@enabled='yes']/@name", "cpu_clock"),
        ("spice.require_secure", "count(devices/graphics[@type='spice']/channel[@mode='secure'])", 8.0),
    ),
)

# Another processor of the same family, started; its guest would need an image of its own.
OLDER = Shape(
    ends="running",
    vcpus=1,
    ram=64,
    properties={"hw_architecture": "i686"},
    live=(
        ("hw_architecture", "os/type/@arch", "i686"),
        ("hw_architecture", "devices/emulator", "/usr/bin/qemu-system-i386"),
    ),
)

SHAPES = {
    "legacy": LEGACY, "secure": SECURE, "pinned": PINNED, "cells": CELLS, "plain": PLAIN, "stored": STORED, "older": OLDER,
}  # fmt: skip


@dataclass(frozen=True)
class Refusal:
    """``needs`` is what this host lacks; on a host that has it (``libvirt`` is its number) the row says nothing. ``field`` is a
    part of the problem's field where that is not the input's name: fitting asks about all specs together."""

    input: str
    needs: str
    code: str
    specs: dict[str, str] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    libvirt: int | None = None
    vcpus: int = 1
    field: str = ""


ENCRYPTED = {"hw_firmware_type": "uefi", "hw_machine_type": "q35", "hw_firmware_stateless": True}
REFUSED = (
    Refusal("hw_vif_model", "libvirt 9.3.0", "UnsupportedHardware", properties={"hw_vif_model": "igb"}, libvirt=9003000),
    Refusal(
        "hw_sound_model", "libvirt 10.4.0", "UnsupportedHardware", properties={"hw_sound_model": "virtio"}, libvirt=10004000
    ),
    Refusal("hw:mem_encryption", "AMD SEV", "ComputeResourcesUnavailable", {"hw:mem_encryption": "true"}, ENCRYPTED),
    Refusal(
        "hw:mem_encryption_model",
        "AMD SEV-SNP, libvirt 10.5.0",
        "ComputeResourcesUnavailable",
        {"hw:mem_encryption": "true", "hw:mem_encryption_model": "amd-sev-snp"},
        ENCRYPTED,
    ),
    Refusal("hw:pmem", "persistent memory", "PMEMNamespaceConfigInvalid", {"hw:pmem": "fast"}),
    Refusal("pci_passthrough:alias", "a PCI device to give away", "PciDeviceRequestFailed", {"pci_passthrough:alias": "gpu:1"}),
    Refusal(
        "hw_emulation_architecture", "its emulator", "UnsupportedHardware", properties={"hw_emulation_architecture": "mipsel"}
    ),
    Refusal("hw_machine_type", "that machine", "InvalidMachineType", properties={"hw_machine_type": "pc-q35-99.0"}),
    Refusal(
        "hw:numa_nodes",
        "as many NUMA cells",
        "ComputeResourcesUnavailable",
        {"hw:numa_nodes": "8"},
        vcpus=8,
        field=".extra_specs",
    ),
    Refusal(
        "hw:mem_page_size", "1 GiB pages", "ComputeResourcesUnavailable", {"hw:mem_page_size": "1GB"}, field=".extra_specs"
    ),
)

# Inputs that reach a domain and have neither a row above nor a twin with one (`hw_cpu_cores` is read where `hw:cpu_cores` is).
ELSEWHERE = {
    "hw:tpm_secret_security": "only `user`, which is what the rows with a TPM have, is built",
    "hw:ephemeral_encryption": "encrypted disks have tests of their own",
    "hw:ephemeral_encryption_format": "encrypted disks have tests of their own",
    "hw_ephemeral_encryption_secret_uuid": "encrypted disks have tests of their own",
    "hw_time_hpet": "timers are written for KVM only",
    "kernel_id": "tests of images boot kernels",
    "ramdisk_id": "tests of images boot kernels",
    "os_command_line": "tests of images boot kernels",
    "libvirt.virt_type": "test_virt_type",
    "libvirt.tb_cache_size": "every row of every shape",
    "libvirt.images_volume_group": "pools of other kinds have tests of their own",
    "libvirt.images_rbd_pool": "pools of other kinds have tests of their own",
    "libvirt.sparse_logical_volumes": "pools of other kinds have tests of their own",
    "libvirt.rbd_user": "pools of other kinds have tests of their own",
    "libvirt.rbd_secret_uuid": "pools of other kinds have tests of their own",
    "libvirt.rx_queue_size": "queues of a NIC are KVM's",
    "libvirt.max_queues": "queues of a NIC are KVM's",
    "compute.packing_host_numa_cells_allocation_strategy": "a choice between NUMA cells of the host, of which there is one",
    "DEFAULT.max_local_block_devices": "a limit of requests",
    "DEFAULT.cpu_allocation_ratio": "a limit of the host",
    "DEFAULT.ram_allocation_ratio": "a limit of the host",
}
