# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this host lacks, and which inputs have no row here for another reason."""

from __future__ import annotations

from .model import Refusal

ENCRYPTED = {"hw_firmware_type": "uefi", "hw_machine_type": "q35", "hw_firmware_stateless": True}
REFUSED = (
    Refusal("hw_vif_model", "libvirt 9.3.0", "UnsupportedHardware", properties={"hw_vif_model": "igb"}, libvirt=9003000),
    Refusal(
        "hw_sound_model", "libvirt 10.4.0", "UnsupportedHardware", properties={"hw_sound_model": "virtio"}, libvirt=10004000
    ),
    Refusal(
        "hw_firmware_stateless",
        "such firmware",
        "UnsupportedHardware",
        properties={"hw_firmware_type": "uefi", "hw_firmware_stateless": True},
        capability="loader_stateless",
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
    Refusal("pci_passthrough:alias", "a name for PCI devices", "PciRequestAliasNotDefined", {"pci_passthrough:alias": "gpu:1"}),
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
        where=".extra_specs",
    ),
    Refusal(
        "hw:mem_page_size", "1 GiB pages", "ComputeResourcesUnavailable", {"hw:mem_page_size": "1GB"}, where=".extra_specs"
    ),
)

# Inputs that reach a domain and have neither a row above nor a twin with one (`hw_cpu_cores` is read where `hw:cpu_cores` is).
ELSEWHERE = {
    "hw:ephemeral_encryption": "encrypted disks have tests of their own",
    "hw:ephemeral_encryption_format": "encrypted disks have tests of their own",
    "hw_ephemeral_encryption_secret_uuid": "encrypted disks have tests of their own",
    "hw_time_hpet": "timers are written for KVM only",
    "kernel_id": "tests of images boot kernels",
    "ramdisk_id": "tests of images boot kernels",
    "os_command_line": "tests of images boot kernels",
    "libvirt.virt_type": "test_virt_type",
    "libvirt.rx_queue_size": "queues of a NIC are KVM's",
}
