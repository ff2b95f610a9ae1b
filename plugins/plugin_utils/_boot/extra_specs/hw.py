# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Extra specs of the namespaces hw, hw_rng, hw_video and os, and the two keys that have no namespace (rules ESP-24..62)."""

from __future__ import annotations

from .spec import Spec, boolean, cpu_mask, matching, number, words

_PLACING = "fitting: choice of PCI devices and host cells"

SPECS: tuple[Spec, ...] = (
    Spec("hw:cpu_realtime", "ESP-24", boolean(), "domain: cputune/vcpusched, memoryBacking"),
    Spec("hw:cpu_realtime_mask", "ESP-25", cpu_mask(), "domain: cputune/vcpusched"),
    Spec("hw:hide_hypervisor_id", "ESP-26", boolean(), "domain: features/kvm/hidden"),
    Spec("hide_hypervisor_id", "ESP-27", boolean(), "domain: features/kvm/hidden"),
    Spec("hw:cpu_policy", "ESP-28", words("dedicated", "shared", "mixed"), "domain: cputune, numatune"),
    Spec("hw:cpu_thread_policy", "ESP-29", words("prefer", "isolate", "require"), "domain: choice of host threads"),
    Spec("hw:emulator_threads_policy", "ESP-30", words("isolate", "share"), "domain: cputune/emulatorpin"),
    Spec("hw:cpu_dedicated_mask", "ESP-31", cpu_mask(), "domain: cputune/vcpupin"),
    Spec(
        "hw:mem_page_size",
        "ESP-32",
        matching(
            r"large|small|any|[0-9]+([kKMGT]i?)?(b|bit|B)?",
            "large, small, any, or a size in KiB or with a unit such as 2MB",
        ),
        "domain: memoryBacking/hugepages",
    ),
    Spec("hw:locked_memory", "ESP-33", boolean(), "domain: memoryBacking/locked"),
    Spec("hw:numa_nodes", "ESP-34", number(1), "domain: cpu/numa"),
    Spec("hw:numa_cpus.<n>", "ESP-35", cpu_mask(), "domain: cpu/numa", pattern=r"hw:numa_cpus\.[0-9]+"),
    Spec("hw:numa_mem.<n>", "ESP-36", number(1), "domain: cpu/numa", pattern=r"hw:numa_mem\.[0-9]+"),
    Spec("hw:pci_numa_affinity_policy", "ESP-37", words("required", "preferred", "legacy", "socket"), _PLACING),
    *(Spec(f"hw:cpu_{axis}", "ESP-38", number(1), "domain: cpu/topology") for axis in ("sockets", "cores", "threads")),
    *(Spec(f"hw:cpu_max_{axis}", "ESP-39", number(1), "domain: cpu/topology") for axis in ("sockets", "cores", "threads")),
    Spec("hw:boot_menu", "ESP-40", boolean(), "domain: os/bootmenu"),
    Spec("hw:vif_multiqueue_enabled", "ESP-41", boolean(), "domain: interface/driver@queues"),
    Spec("hw:mem_encryption", "ESP-42", boolean(), "domain: launchSecurity"),
    Spec(
        "hw:mem_encryption_model",
        "ESP-43",
        words("amd-sev", "amd-sev-es", "amd-sev-snp", "intel-tdx"),
        "domain: launchSecurity",
    ),
    Spec(
        "hw:pmem",
        "ESP-44",
        matching(r"[a-zA-Z0-9_]+(,[a-zA-Z0-9_]+)*,?", "labels separated by commas"),
        "domain: memory nvdimm",
    ),
    Spec("hw:pmu", "ESP-45", boolean(), "domain: features/pmu"),
    Spec("hw:serial_port_count", "ESP-46", number(0), "domain: serial"),
    Spec("hw:tpm_model", "ESP-47", words("tpm-tis", "tpm-crb"), "domain: tpm@model"),
    Spec("hw:tpm_version", "ESP-48", words("1.2", "2.0"), "domain: tpm/backend@version"),
    Spec("hw:tpm_secret_security", "ESP-49", words("user", "host", "deployment"), "domain: tpm/backend/encryption"),
    Spec("hw:watchdog_action", "ESP-50", words("none", "pause", "poweroff", "reset", "disabled"), "domain: watchdog@action"),
    Spec("hw:viommu_model", "ESP-51", words("intel", "smmuv3", "virtio", "auto"), "domain: iommu@model"),
    Spec("hw:virtio_packed_ring", "ESP-52", boolean(), "domain: driver@packed"),
    Spec(
        "hw:sound_model",
        "ESP-53",
        words("sb16", "es1370", "pcspk", "ac97", "ich6", "ich9", "usb", "virtio"),
        "domain: sound@model",
    ),
    Spec("hw:usb_model", "ESP-54", words("none", "nec-xhci", "qemu-xhci"), "domain: controller usb@model"),
    Spec("hw:redirected_usb_ports", "ESP-55", number(0, 15), "domain: redirdev"),
    Spec("hw:ephemeral_encryption", "ESP-56", boolean(), "block devices: encryption of local disks"),
    Spec(
        "hw:ephemeral_encryption_format", "ESP-57", words("plain", "luks", "luksv2"), "block devices: encryption of local disks"
    ),
    Spec("hw_rng:allowed", "ESP-58", boolean(), "domain: rng"),
    Spec("hw_rng:rate_bytes", "ESP-59", number(0), "domain: rng/rate@bytes"),
    Spec("hw_rng:rate_period", "ESP-59", number(0), "domain: rng/rate@period"),
    Spec("hw_video:ram_max_mb", "ESP-60", number(0), "domain: upper bound of video/model@vram"),
    Spec("group_policy", "ESP-61", words("isolate", "none"), "schedule: how numbered resource groups spread over devices"),
    Spec("os:secure_boot", "ESP-62", words("disabled", "required"), "domain: os/firmware, loader@secure"),
)

# Nova reads these at run time, yet its registry refuses them when they are stored.
READ_BUT_NOT_REGISTERED = {
    "hw:maxphysaddr_mode": "hw_maxphysaddr_mode",
    "hw:maxphysaddr_bits": "hw_maxphysaddr_bits",
}
