# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of host options: name, type, Nova's default, what it may say (guest section 16)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from .host_devices.mdev import GROUP as MDEV_GROUP
from .option_form import ADDRESS, CPU_FLAG, PATH, UUID, Form


@dataclass(frozen=True)
class Option:
    """``use``: empty where it is honoured, ``later`` where nothing does so yet, else why it has no effect here. ``form`` is
    what a text, or each text of a list, must be."""

    rule: str
    kind: str
    default: Any = None
    choices: tuple[Any, ...] = ()
    low: int | None = None
    high: int | None = None
    use: str = ""
    form: Form | None = None


def _flag(rule: str, default: bool, use: str = "") -> Option:
    return Option(rule, "flag", default, use=use)


def _number(rule: str, default: int | None, low: int | None = None, high: int | None = None, use: str = "") -> Option:
    return Option(rule, "number", default, low=low, high=high, use=use)


def _text(rule: str, default: str | None, *choices: str, use: str = "") -> Option:
    return Option(rule, "text", default, choices=choices, use=use)


def _list(rule: str, use: str = "") -> Option:
    return Option(rule, "list", (), use=use)


_QUEUE_SIZE = Option("OPT-11", "number", None, choices=(256, 512, 1024))
_NO_INJECTION = "nothing is written into disks from outside; the config drive carries keys, files and passwords"
_NO_CONNECTION = "only volumes that another service connects have this choice, and there are none yet"
_NO_SERVICE = "there is no service on the host that this could steer"
_SPICE_CHOICES = {
    "image_compression": ("auto_glz", "auto_lz", "quic", "glz", "lz", "off"),
    "jpeg_compression": ("auto", "never", "always"),
    "zlib_compression": ("auto", "never", "always"),
    "streaming_mode": ("filter", "all", "off"),
}

_LIBVIRT: dict[str, Option] = {
    # Ours: Nova's default is kvm and fails without it; auto takes kvm where the host can really run it.
    "virt_type": _text("OPT-01", "auto", "auto", "kvm", "qemu"),
    "connection_uri": _text("OPT-02", None, use="the option uri of each module says where to connect"),
    "cpu_mode": _text("OPT-03", None, "host-model", "host-passthrough", "custom", "none"),
    "cpu_models": _list("OPT-03"),
    "cpu_model_extra_flags": replace(_list("OPT-03"), form=CPU_FLAG),
    "hw_machine_type": _list("OPT-04"),
    "sysinfo_serial": _text("OPT-05", "unique", "none", "os", "hardware", "auto", "unique"),
    "images_type": _text("OPT-06", "default", "default", "raw", "flat", "qcow2", "lvm", "rbd"),
    "images_volume_group": _text("OPT-06", None),
    "images_rbd_pool": _text("OPT-06", "rbd"),
    "sparse_logical_volumes": _flag("IMG-10", False),
    "rbd_user": _text("IMG-04", None),
    "rbd_secret_uuid": replace(_text("IMG-04", None), form=UUID),
    "disk_cachemodes": _list("OPT-08"),
    "hw_disk_discard": _text("OPT-08", None, "ignore", "unmap"),
    "disk_prefix": _text("OPT-08", None),
    "use_default_aio_mode_for_volumes": _flag("OPT-09", False, use=_NO_CONNECTION),
    "use_virtio_for_bridges": _flag("OPT-10", True),
    "rx_queue_size": _QUEUE_SIZE,
    "tx_queue_size": replace(_QUEUE_SIZE, use="only ports of the type vhostuser have such a queue, and there are none yet"),
    "max_queues": _number("OPT-11", None, 1),
    "rng_dev_path": replace(_text("OPT-12", "/dev/urandom"), form=PATH),
    "mem_stats_period_seconds": _number("OPT-13", 10),
    "num_pcie_ports": _number("OPT-14", 0, 0, 28),
    "file_backed_memory": _number("OPT-15", 0, 0),
    "realtime_scheduler_priority": _number("OPT-16", 1, 1, 99),
    "swtpm_enabled": _flag("OPT-17", False),
    "swtpm_user": _text("OPT-17", "tss", use="libvirt's own configuration says which user runs swtpm"),
    "swtpm_group": _text("OPT-17", "tss", use="libvirt's own configuration says which group runs swtpm"),
    "wait_soft_reboot_seconds": _number("OPT-18", 120, use="later"),
    "device_detach_attempts": _number("OPT-19", 8, 1),
    "device_detach_timeout": _number("OPT-19", 20, 1),
    "inject_partition": _number("OPT-20", -2, -2, use=_NO_INJECTION),
    "inject_key": _flag("OPT-20", False, use=_NO_INJECTION),
    "inject_password": _flag("OPT-20", False, use=_NO_INJECTION),
    "tb_cache_size": _number("OPT-21", None, 0),
    "enabled_perf_events": _list("DOM-11"),
    # Nova names the namespaces; here each has its device and size, which libvirt does not tell.
    "pmem_namespaces": _list("MEM-12"),
    "snapshots_directory": _text("OPT-23", None, use="later"),
    "snapshot_image_format": _text("OPT-23", None, use="later"),
    "snapshot_compression": _flag("OPT-23", False, use="later"),
    "cpu_power_management": _flag("OPT-24", False, use="later"),
    "cpu_power_management_strategy": _text("OPT-24", "cpu_state", use="later"),
    "live_migration_downtime": _number("OPT-22", 500, use="later"),
    "live_migration_downtime_steps": _number("OPT-22", 10, use="later"),
    "live_migration_downtime_delay": _number("OPT-22", 75, use="later"),
    "live_migration_completion_timeout": _number("OPT-22", 800, use="later"),
    "live_migration_timeout_action": _text("OPT-22", "abort", use="later"),
    "live_migration_bandwidth": _number("OPT-22", 0, use="later"),
    "live_migration_parallel_connections": _number("OPT-22", 1, use="later"),
    "live_migration_permit_post_copy": _flag("OPT-22", False, use="later"),
    "live_migration_permit_auto_converge": _flag("OPT-22", False, use="later"),
}

_COMPUTE: dict[str, Option] = {
    "cpu_shared_set": _text("OPT-25", None),
    "cpu_dedicated_set": _text("OPT-25", None),
    "max_disk_devices_to_attach": _number("OPT-25", -1, -1),
    "shutdown_retry_interval": _number("OPT-25", 10, 1, use="later"),
    "packing_host_numa_cells_allocation_strategy": _flag("FIT-02", False),
}

_DEFAULT: dict[str, Option] = {
    "use_cow_images": _flag("OPT-07", True),
    "force_raw_images": _flag("OPT-07", True, use="base images keep the format they come in"),
    "preallocate_images": _text("OPT-07", "none", "none", "space"),
    "vif_plugging_timeout": _number("OPT-26", 300, use="there is no network service that reports plugged interfaces"),
    "vif_plugging_is_fatal": _flag("OPT-26", True, use="there is no network service that reports plugged interfaces"),
    "instances_path": _text("OPT-27", None, use="the storage pool says where disks are"),
    "instance_name_template": _text("OPT-27", None, use="later"),
    "config_drive_format": _text("OPT-28", "iso9660", "iso9660", "vfat"),
    "force_config_drive": _flag("OPT-28", False),
    "mkisofs_cmd": _text("OPT-28", None, use="config drives are written without a program"),
    "pointer_model": _text("OPT-29", "usbtablet", "usbtablet", "ps2mouse"),
    "shutdown_timeout": _number("OPT-30", 60, 0, use="later"),
    "sync_power_state_interval": _number("OPT-30", 600, use=_NO_SERVICE),
    "resume_guests_state_on_host_boot": _flag("OPT-30", False, use="later"),
    "max_local_block_devices": _number("OPT-31", 3, -1),
    "default_ephemeral_format": _text("OPT-31", None, "ext2", "ext3", "ext4", "xfs", "vfat", "ntfs"),
    "reserved_host_memory_mb": _number("OPT-35", 512, 0, use="later"),
    "reserved_host_cpus": _number("OPT-35", 0, 0, use="later"),
    "reserved_host_disk_mb": _number("OPT-35", 0, 0, use="later"),
    "reserved_huge_pages": _list("HST-07", use="later"),
    "cpu_allocation_ratio": Option("HST-03", "text", None),
    "ram_allocation_ratio": Option("HST-03", "text", None),
    "disk_allocation_ratio": Option("HST-03", "text", None, use="later"),
}

_SPICE: dict[str, Option] = {
    "enabled": _flag("OPT-33", False),
    "agent_enabled": _flag("OPT-33", True),
    "server_listen": replace(_text("OPT-33", "127.0.0.1"), form=ADDRESS),
    "require_secure": _flag("OPT-33", False),
    "playback_compression": Option("GFX-02", "flag", None),  # no default: without a word about it no element is written
    **{name: _text("GFX-02", None, *choices) for name, choices in _SPICE_CHOICES.items()},
}

_GROUPS: dict[str, dict[str, Option]] = {
    "libvirt": _LIBVIRT,
    "compute": _COMPUTE,
    "DEFAULT": _DEFAULT,
    "vnc": {"enabled": _flag("OPT-32", True), "server_listen": replace(_text("OPT-32", "127.0.0.1"), form=ADDRESS)},
    "spice": _SPICE,
    "serial_console": {
        "enabled": _flag("OPT-34", False),
        "port_range": _text("OPT-34", "10000:20000"),
        "proxyclient_address": replace(_text("OPT-34", "127.0.0.1"), form=ADDRESS),
    },
    "image_cache": {
        "subdirectory_name": _text("OPT-36", "_base", use="base images are volumes of a pool"),
        "manager_interval": _number("OPT-36", 2400, use=_NO_SERVICE),
        "remove_unused_original_minimum_age_seconds": _number("OPT-36", 86400, use=_NO_SERVICE),
        "remove_unused_resized_minimum_age_seconds": _number("OPT-36", 3600, use=_NO_SERVICE),
    },
    "workarounds": {"libvirt_disable_apic": _flag("FEAT-02", False)},
    "pci": {
        "alias": Option("PCI-02", "objects", ()),
        "device_spec": Option("PCI-02", "objects", ()),
        "report_in_placement": _flag("PCI-02", False, use="there is no placement service"),
    },
    "devices": {"enabled_mdev_types": _list("MDV-01")},
    MDEV_GROUP: {
        "device_addresses": _list("MDV-01"),
        "mdev_class": _text("MDV-01", "VGPU"),
        "max_instances": _number("MDV-01", None, 1),
    },
}

OPTIONS: dict[tuple[str, str], Option] = {
    (group, name): option for group, options in _GROUPS.items() for name, option in options.items()
}


def option_of(group: str, name: str) -> Option | None:
    """Each type of mediated devices has a group of its own."""
    return OPTIONS.get((MDEV_GROUP if group.startswith("mdev_") else group, name))
