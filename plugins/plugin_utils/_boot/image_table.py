# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every image property as data: its type, allowed values, legacy name and where it ends up (rules PRP-10..68)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .image_kinds import FLAG, MAPPINGS, NUMBER, TEXT, VERSION, Kind, words


@dataclass(frozen=True, slots=True)
class Property:
    """``effect`` says where the value ends up; ``no_effect`` says why it ends up nowhere and is the reason in a result."""

    name: str
    rule: str
    kind: Kind
    effect: str = ""
    no_effect: str = ""


_ARCHITECTURES = words(
    "alpha armv6 armv7l armv7b aarch64 cris i686 ia64 lm32 m68k microblaze microblazeel mips mipsel mips64 mips64el",
    "openrisc parisc parisc64 ppc ppcle ppc64 ppc64le ppcemb s390 s390x sh4 sh4eb sparc sparc64 unicore32 x86_64",
    "xtensa xtensaeb",
    lower=True,
    aliases={"amd64": "x86_64", **dict.fromkeys(("i386", "i486", "i586", "x86_32", "x86_32p"), "i686")},
)
_BUSES = words("fdc", "ide", "sata", "scsi", "usb", "virtio", "xen", "lxc", "uml")
_SCSI_MODELS = words(
    "buslogic ibmvscsi lsilogic lsisas1068 lsisas1078 virtio-scsi vmpvscsi",
    lower=True,
    aliases={"lsilogicsas": "lsisas1068", "paravirtual": "vmpvscsi"},
)
_VIF_MODELS = words(
    "virtio ne2k_pci pcnet rtl8139 e1000 e1000e netfront spapr-vlan lan9118 sriov vmxnet vmxnet3 igb",
    lower=True,
    aliases={
        "virtuale1000": "e1000",
        "virtuale1000e": "e1000e",
        "virtualpcnet32": "pcnet",
        "virtualsriovethernetcard": "sriov",
        "virtualvmxnet": "vmxnet",
        "virtualvmxnet3": "vmxnet3",
    },
)
_HYPERVISORS = words(
    "baremetal bhyve docker fake hyperv ironic kqemu kvm lxc lxd openvz parallels phyp qemu test uml vbox vz vmware",
    "xen zvm prsm",
    lower=True,
    aliases={"xapi": "xen"},
)
_AXES = ("sockets", "cores", "threads")
_OTHER_DRIVER = "only drivers other than libvirt's read it"
_XENAPI = "only Nova's XenAPI driver ever read it"
_AGENT = "only Nova's XenAPI guest agent ever read it"
_SIGNED = "image signatures are not verified; give the image a checksum"

PROPERTIES: Final[tuple[Property, ...]] = (
    Property("hw_architecture", "PRP-10", _ARCHITECTURES, "domain: os/type@arch; schedule"),
    Property("hw_emulation_architecture", "PRP-10", _ARCHITECTURES, "domain: os/type@arch, emulated"),
    Property("hw_auto_disk_config", "PRP-11", TEXT, no_effect="a request's diskConfig is held against auto_disk_config only"),
    Property("hw_boot_menu", "PRP-12", FLAG, "domain: os/bootmenu"),
    Property("hw_cdrom_bus", "PRP-13", _BUSES, "domain: disk/target@bus of CD-ROMs"),
    Property("hw_disk_bus", "PRP-13", _BUSES, "domain: disk/target@bus"),
    Property("hw_floppy_bus", "PRP-13", _BUSES, "domain: disk/target@bus of floppies"),
    Property("hw_rescue_bus", "PRP-13", _BUSES, "server_action: bus of the rescue disk"),
    *(Property(f"hw_cpu_{axis}", "PRP-14", NUMBER, "domain: cpu/topology") for axis in _AXES),
    *(Property(f"hw_cpu_max_{axis}", "PRP-14", NUMBER, "domain: cpu/topology") for axis in _AXES),
    Property("hw_cpu_policy", "PRP-15", words("dedicated", "shared", "mixed"), "domain: cputune, numatune"),
    Property("hw_cpu_thread_policy", "PRP-16", words("prefer", "isolate", "require"), "domain: choice of host threads"),
    Property("hw_cpu_realtime_mask", "PRP-17", TEXT, "domain: cputune/vcpusched"),
    Property("hw_device_id", "PRP-18", NUMBER, no_effect=_XENAPI),
    Property("hw_disk_type", "PRP-19", TEXT, no_effect=_OTHER_DRIVER),
    Property("hw_firmware_type", "PRP-20", words("bios", "uefi"), "domain: os@firmware"),
    Property("hw_firmware_stateless", "PRP-21", FLAG, "domain: os/loader@stateless"),
    Property("hw_input_bus", "PRP-22", words("usb", "virtio"), "domain: input@bus"),
    Property("hw_ipxe_boot", "PRP-23", FLAG, no_effect=_XENAPI),
    Property("hw_locked_memory", "PRP-24", FLAG, "domain: memoryBacking/locked"),
    Property("hw_machine_type", "PRP-25", TEXT, "domain: os/type@machine"),
    Property("hw_mem_encryption", "PRP-26", FLAG, "domain: launchSecurity"),
    Property("hw_mem_encryption_model", "PRP-27", words("amd-sev amd-sev-es amd-sev-snp intel-tdx"), "domain: launchSecurity"),
    Property("hw_mem_page_size", "PRP-28", TEXT, "domain: memoryBacking/hugepages"),
    Property("hw_numa_nodes", "PRP-29", NUMBER, "domain: cpu/numa"),
    Property(
        "hw_pci_numa_affinity_policy",
        "PRP-31",
        words("required", "legacy", "preferred", "socket"),
        "fitting: choice of PCI devices and host cells",
    ),
    Property("hw_pointer_model", "PRP-32", words("usbtablet"), "domain: input"),
    Property("hw_pmu", "PRP-33", FLAG, "domain: features/pmu"),
    Property("hw_qemu_guest_agent", "PRP-34", FLAG, "domain: channel of the guest agent"),
    Property(
        "hw_rescue_device", "PRP-35", words("cdrom", "disk", "floppy", "fs", "lun"), "server_action: kind of the rescue disk"
    ),
    Property(
        "hw_rng_model", "PRP-36", words("virtio"), no_effect="every guest that may have one gets a virtio random number device"
    ),
    Property("hw_time_hpet", "PRP-37", FLAG, "domain: clock/timer hpet"),
    Property("hw_serial_port_count", "PRP-38", NUMBER, "domain: serial"),
    Property("hw_scsi_model", "PRP-39", _SCSI_MODELS, "domain: controller scsi@model"),
    Property(
        "hw_video_model",
        "PRP-40",
        words("cirrus", "qxl", "vga", "vmvga", "xen", "virtio", "gop", "none", "bochs"),
        "domain: video/model@type",
    ),
    Property("hw_video_ram", "PRP-41", NUMBER, "domain: video/model@vram"),
    Property("hw_vif_model", "PRP-42", _VIF_MODELS, "domain: interface/model"),
    Property("hw_viommu_model", "PRP-43", words("intel", "smmuv3", "virtio", "auto"), "domain: iommu@model"),
    Property(
        "hw_vm_mode",
        "PRP-44",
        words("hvm", "xen", "uml", "exe", lower=True, aliases={"pv": "xen", "hv": "hvm", "baremetal": "hvm"}),
        "domain: os/type",
    ),
    Property(
        "hw_watchdog_action", "PRP-45", words("none", "pause", "poweroff", "reset", "disabled"), "domain: watchdog@action"
    ),
    Property("hw_vif_multiqueue_enabled", "PRP-46", FLAG, "domain: interface/driver@queues"),
    Property("hw_tpm_model", "PRP-47", words("tpm-tis", "tpm-crb"), "domain: tpm@model"),
    Property("hw_tpm_version", "PRP-47", words("1.2", "2.0"), "domain: tpm/backend@version"),
    Property("hw_ephemeral_encryption", "PRP-48", FLAG, "block devices: encryption of local disks"),
    Property(
        "hw_ephemeral_encryption_format",
        "PRP-48",
        words("plain", "luks", "luksv2"),
        "block devices: encryption of local disks",
    ),
    Property("hw_ephemeral_encryption_secret_uuid", "PRP-48", TEXT, "block devices: encryption of local disks"),
    Property("hw_virtio_packed_ring", "PRP-49", FLAG, "domain: driver@packed"),
    Property("hw_maxphysaddr_mode", "PRP-50", words("passthrough", "emulate"), "domain: cpu/maxphysaddr@mode"),
    Property("hw_maxphysaddr_bits", "PRP-50", NUMBER, "domain: cpu/maxphysaddr@bits"),
    Property(
        "hw_sound_model",
        "PRP-51",
        words("sb16", "es1370", "pcspk", "ac97", "ich6", "ich9", "usb", "virtio"),
        "domain: sound@model",
    ),
    Property("hw_usb_model", "PRP-52", words("none", "nec-xhci", "qemu-xhci"), "domain: controller usb@model"),
    Property("hw_redirected_usb_ports", "PRP-53", NUMBER, "domain: redirdev"),
    Property("img_bittorrent", "PRP-54", FLAG, no_effect=_XENAPI),
    Property("img_bdm_v2", "PRP-54", FLAG, no_effect="merging reads bdm_v2 only"),
    Property("img_cache_in_nova", "PRP-54", FLAG, no_effect=_XENAPI),
    Property("img_linked_clone", "PRP-54", FLAG, no_effect="only Nova's VMware driver reads it"),
    Property("img_use_agent", "PRP-54", FLAG, no_effect=_AGENT),
    Property("img_hide_hypervisor_id", "PRP-54", FLAG, "domain: features/kvm/hidden"),
    Property("img_block_device_mapping", "PRP-55", MAPPINGS, no_effect="merging reads block_device_mapping only"),
    Property("img_mappings", "PRP-55", MAPPINGS, no_effect="merging reads mappings only"),
    Property("img_compression_level", "PRP-56", NUMBER, no_effect=_XENAPI),
    Property("img_version", "PRP-56", NUMBER, no_effect=_OTHER_DRIVER),
    Property("img_hv_requested_version", "PRP-57", VERSION, "schedule: hypervisor version"),
    Property("img_hv_type", "PRP-58", _HYPERVISORS, "schedule: hypervisor type"),
    Property("img_config_drive", "PRP-59", words("optional", "mandatory"), "config drive"),
    Property("img_owner_id", "PRP-60", TEXT, no_effect="nothing reads it"),
    Property("img_root_device_name", "PRP-60", TEXT, no_effect="naming devices reads root_device_name only"),
    Property("img_signature", "PRP-60", TEXT, no_effect=_SIGNED),
    Property("img_signature_hash_method", "PRP-61", words("SHA-224", "SHA-256", "SHA-384", "SHA-512"), no_effect=_SIGNED),
    Property("img_signature_certificate_uuid", "PRP-62", TEXT, no_effect=_SIGNED),
    Property(
        "img_signature_key_type",
        "PRP-63",
        words("DSA ECC_SECP384R1 ECC_SECP521R1 ECC_SECT409K1 ECC_SECT409R1 ECC_SECT571K1 ECC_SECT571R1 RSA-PSS"),
        no_effect=_SIGNED,
    ),
    Property("os_admin_user", "PRP-64", TEXT, "server_action: whose password is set"),
    Property("os_command_line", "PRP-64", TEXT, "domain: os/cmdline"),
    Property(
        "os_distro", "PRP-64", TEXT, no_effect="there is no database of operating systems here; name bus and model instead"
    ),
    Property("os_require_quiesce", "PRP-65", FLAG, "server_action: snapshots"),
    Property("os_skip_agent_inject_files_at_boot", "PRP-65", FLAG, no_effect=_AGENT),
    Property("os_skip_agent_inject_ssh", "PRP-65", FLAG, no_effect=_AGENT),
    Property("os_secure_boot", "PRP-66", words("required", "disabled", "optional"), "domain: os/firmware, loader@secure"),
    Property("os_type", "PRP-67", words("linux", "windows", lower=True), "domain: clock, features/hyperv, ephemeral disks"),
    # Outside Nova's image object, read straight from the image.
    Property("kernel_id", "REQ-69", TEXT, "domain: os/kernel"),
    Property("ramdisk_id", "REQ-69", TEXT, "domain: os/initrd"),
    Property("image_state", "ECA-03", TEXT, "EC2 request: state of the image"),
    Property("cinder_encryption_key_id", "IMG-02", TEXT, "request: refuses to boot straight from the image"),
    Property("os_shutdown_timeout", "IP-28", NUMBER, "server_action: seconds a guest may take to stop"),
)

# Legacy name -> current name.
LEGACY: Final[dict[str, str]] = {
    "architecture": "hw_architecture",
    "owner_id": "img_owner_id",
    "vmware_disktype": "hw_disk_type",
    "vmware_image_version": "img_version",
    "vmware_ostype": "os_distro",
    "auto_disk_config": "hw_auto_disk_config",
    "ipxe_boot": "hw_ipxe_boot",
    "xenapi_device_id": "hw_device_id",
    "xenapi_image_compression_level": "img_compression_level",
    "vmware_linked_clone": "img_linked_clone",
    "xenapi_use_agent": "img_use_agent",
    "vm_mode": "hw_vm_mode",
    "bittorrent": "img_bittorrent",
    "mappings": "img_mappings",
    "block_device_mapping": "img_block_device_mapping",
    "bdm_v2": "img_bdm_v2",
    "root_device_name": "img_root_device_name",
    "hypervisor_version_requires": "img_hv_requested_version",
    "hypervisor_type": "img_hv_type",
    "cache_in_nova": "img_cache_in_nova",
    "xenapi_skip_agent_inject_ssh": "os_skip_agent_inject_ssh",
    "xenapi_skip_agent_inject_files_at_boot": "os_skip_agent_inject_files_at_boot",
}

# These later rules read under the raw legacy name only, so it stays beside the current one.
KEPT_RAW: Final = frozenset(
    ("mappings", "block_device_mapping", "bdm_v2", "root_device_name", "auto_disk_config", "architecture", "vm_mode")
)
BY_NAME: Final[dict[str, Property]] = {entry.name: entry for entry in PROPERTIES}
# What Nova's image object holds: neither names that are nobody's nor those that are read straight from the image.
TYPED: Final = frozenset(
    {entry.name for entry in PROPERTIES if entry.rule.startswith("PRP")} | {"hw_numa_cpus", "hw_numa_mem", "traits_required"}
)
ADAPTER: Final = "vmware_adaptertype"
SCSI_MODELS: Final = _SCSI_MODELS
