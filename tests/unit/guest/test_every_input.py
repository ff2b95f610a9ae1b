# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing is silently ignored: every registered setting that reaches the domain changes it, or is refused by name."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.extra_spec import REGISTRY
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.image_table import PROPERTIES
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.design.support import LATER_PROPERTIES
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.option_table import OPTIONS as KNOWN_OPTIONS
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.render import render_domain
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.resources import EVERYTHING, Resources
from tests.unit.guest.values import ROOT, block_device, design, flavor, hypervisor, image, numa_cell, server

DEDICATED = {"hw:cpu_policy": "dedicated"}
ENCRYPTED = {"hw_firmware_type": "uefi", "hw_machine_type": "q35", "hw_firmware_stateless": True}
LISTS = {"hw:numa_nodes": "2", "hw:numa_cpus.0": "0", "hw:numa_cpus.1": "1-3", "hw:numa_mem.0": "512", "hw:numa_mem.1": "1536"}

# Extra spec -> its value, and the specs and properties without which it says nothing.
SPECS: dict[str, tuple[str, dict[str, str], dict[str, Any]]] = {
    "hw:cpu_realtime": ("yes", {**DEDICATED, "hw:emulator_threads_policy": "isolate"}, {}),
    "hw:cpu_realtime_mask": ("^0", {**DEDICATED, "hw:cpu_realtime": "yes", "hw:emulator_threads_policy": "isolate"}, {}),
    "hw:hide_hypervisor_id": ("true", {}, {}),
    "hide_hypervisor_id": ("true", {}, {}),
    "hw:cpu_policy": ("dedicated", {}, {}),
    "hw:cpu_thread_policy": ("isolate", DEDICATED, {}),
    "hw:emulator_threads_policy": ("isolate", DEDICATED, {}),
    "hw:cpu_dedicated_mask": ("0-1", {"hw:cpu_policy": "mixed"}, {}),
    "hw:mem_page_size": ("2048", {}, {}),
    "hw:locked_memory": ("true", {"hw:mem_page_size": "2048"}, {}),
    "hw:numa_nodes": ("2", {}, {}),
    "hw:numa_cpus.<n>": ("0-1", LISTS, {}),
    "hw:numa_mem.<n>": ("1024", LISTS, {}),
    "hw:cpu_sockets": ("1", {}, {}),
    "hw:cpu_cores": ("4", {}, {}),
    "hw:cpu_threads": ("2", {}, {}),
    "hw:cpu_max_sockets": ("1", {}, {}),
    "hw:cpu_max_cores": ("2", {"hw:cpu_max_sockets": "1"}, {}),
    "hw:cpu_max_threads": ("2", {"hw:cpu_threads": "4"}, {}),
    "hw:boot_menu": ("true", {}, {}),
    "hw:vif_multiqueue_enabled": ("true", {}, {}),
    "hw:mem_encryption": ("true", {}, ENCRYPTED),
    "hw:mem_encryption_model": ("amd-sev-snp", {"hw:mem_encryption": "true"}, ENCRYPTED),
    "hw:ephemeral_encryption": ("true", {}, {}),
    "hw:ephemeral_encryption_format": ("luks", {"hw:ephemeral_encryption": "true"}, {}),
    "hw:pmem": ("fast", {}, {}),
    "hw:pmu": ("true", {}, {}),
    "hw:serial_port_count": ("2", {}, {}),
    "hw:tpm_model": ("tpm-crb", {"hw:tpm_version": "2.0"}, {}),
    "hw:tpm_version": ("2.0", {}, {}),
    "hw:watchdog_action": ("reset", {}, {}),
    "hw:viommu_model": ("intel", {}, {"hw_machine_type": "q35"}),
    "hw:virtio_packed_ring": ("true", {}, {}),
    "hw:sound_model": ("ich6", {}, {}),
    "hw:usb_model": ("qemu-xhci", {}, {"hw_input_bus": "virtio"}),
    "hw:redirected_usb_ports": ("2", {}, {}),
    "hw_rng:allowed": ("false", {}, {}),
    "hw_rng:rate_bytes": ("9", {"hw_rng:rate_period": "9"}, {}),
    "hw_rng:rate_period": ("9", {"hw_rng:rate_bytes": "9"}, {}),
    "hw_video:ram_max_mb": ("64", {}, {}),  # a limit alone changes nothing, by rule
    "os:secure_boot": ("required", {}, {"hw_firmware_type": "uefi", "hw_machine_type": "q35"}),
    "hw:maxphysaddr_mode": ("passthrough", {}, {}),
    "hw:maxphysaddr_bits": ("42", {"hw:maxphysaddr_mode": "emulate"}, {}),
    "quota:cpu_shares": ("99", {}, {}),
    "quota:cpu_period": ("99000", {}, {}),
    "quota:cpu_quota": ("99000", {}, {}),
    **{f"quota:disk_{kind}_{unit}_sec": ("9", {}, {}) for kind in ("read", "write", "total") for unit in ("bytes", "iops")},
    **{
        f"quota:vif_{direction}_{what}": ("99", {} if what == "average" else {f"quota:vif_{direction}_average": "9"}, {})
        for direction in ("inbound", "outbound")
        for what in ("average", "peak", "burst")
    },
    "pci_passthrough:alias": ("gpu:1", {}, {}),
}
# Honoured by the driver, and not part of the API's registry.
UNREGISTERED = {"hw:maxphysaddr_mode", "hw:maxphysaddr_bits"}
# Read before the design: it decides whether there is a secret.
BY_THE_PLAN = {"hw:tpm_secret_security"}
ONLY_A_LIMIT = {"hw_video:ram_max_mb", "hw:ephemeral_encryption_format"}

HOST = hypervisor(
    sev_models=["amd-sev", "amd-sev-es", "amd-sev-snp"],
    numa_cells=[numa_cell(cell, 16, 32768, pages={2048: 8192}) for cell in range(2)],
    vcpus=32,
)
OPTIONS: dict[str, Any] = {
    "libvirt": {"swtpm_enabled": True},
    "serial_console": {"enabled": True},
    "compute": {"cpu_shared_set": "0-7,16-23", "cpu_dedicated_set": "8-15,24-31"},
}


def shape(specs: dict[str, str], properties: dict[str, Any], options: Any = None, **changes: Any) -> bytes:
    """The domain without its metadata, which carries every input anyway."""
    resources = Resources(
        abilities=EVERYTHING,
        tpm_secret="bd0c7e8e-ff7d-4a71-9f3d-2f8b2b6b00aa",
        persistent_memory={"fast": {"path": "/dev/dax0.0", "size": 1024, "align": 2}},
        pci_devices=({"address": "0000:0a:00.1"},) if "pci_passthrough:alias" in specs else (),
    )
    wanted = server(
        flavor=flavor(vcpus=4, extra_specs=specs, ephemeral=1, swap=64),
        image=image(properties=properties),
        block_device_mapping=[ROOT, block_device(volume_size=1), block_device(volume_size=64, guest_format="swap")],
        **changes,
    )
    found = design(wanted, host=HOST, host_options=options or OPTIONS, resources=resources, definable=False)
    assert found.problems == ()
    root = etree.fromstring(render_domain(found.domain))
    metadata = root.find("metadata")
    assert metadata is not None
    root.remove(metadata)
    return etree.tostring(root)


REACHING = [spec.key for spec in REGISTRY if spec.effect.startswith(("domain", "block devices"))]


def test_the_registry_and_this_table_name_the_same_specs() -> None:
    assert set(REACHING) | UNREGISTERED == set(SPECS) | BY_THE_PLAN


@pytest.mark.parametrize("key", sorted(set(SPECS) - ONLY_A_LIMIT))
def test_a_spec_changes_the_domain(key: str) -> None:
    value, others, properties = SPECS[key]
    name = key.replace("<n>", "0")
    with_it = {**others, name: value}
    if key in ("hw:numa_cpus.<n>", "hw:numa_mem.<n>"):  # the other cell takes what is left
        with_it |= {"hw:numa_cpus.1": "2-3"} if key == "hw:numa_cpus.<n>" else {"hw:numa_mem.1": "1024"}
    without = others
    if key == "hw:cpu_dedicated_mask":  # the policy cannot stand without it: compare with another mask
        without = {**others, name: "2-3"}
    if key == "hw:cpu_thread_policy":  # on a host without sibling threads the policy changes nothing but what is refused
        assert shape(with_it, properties) == shape(without, properties)
        return
    assert shape(with_it, properties) != shape(without, properties)


# Image property -> its value, and the specs and properties without which it says nothing.
IMAGE: dict[str, tuple[Any, dict[str, str], dict[str, Any]]] = {
    "hw_architecture": ("i686", {}, {}),
    "hw_emulation_architecture": ("aarch64", {}, {}),
    "hw_boot_menu": (True, {}, {}),
    "hw_cdrom_bus": ("scsi", {}, {}),
    "hw_disk_bus": ("scsi", {}, {}),
    "hw_cpu_sockets": (1, {}, {}),
    "hw_cpu_cores": (4, {}, {}),
    "hw_cpu_threads": (2, {}, {}),
    "hw_cpu_max_sockets": (1, {}, {}),
    "hw_cpu_max_cores": (2, {}, {"hw_cpu_max_sockets": 1}),
    "hw_cpu_max_threads": (2, {"hw:cpu_threads": "4"}, {}),
    "hw_cpu_policy": ("dedicated", {}, {}),
    "hw_cpu_realtime_mask": ("^0", {**DEDICATED, "hw:cpu_realtime": "yes", "hw:emulator_threads_policy": "isolate"}, {}),
    "hw_ephemeral_encryption": (True, {}, {}),
    "hw_firmware_type": ("uefi", {}, {}),
    "hw_firmware_stateless": (True, {}, {"hw_firmware_type": "uefi"}),
    "hw_input_bus": ("virtio", {}, {}),
    "hw_locked_memory": (True, {"hw:mem_page_size": "2048"}, {}),
    "hw_machine_type": ("q35", {}, {}),
    "hw_mem_encryption": (True, {}, ENCRYPTED),
    "hw_mem_encryption_model": ("amd-sev-es", {"hw:mem_encryption": "true"}, ENCRYPTED),
    "hw_mem_page_size": ("4", {"hw:mem_page_size": "any"}, {}),
    "hw_numa_nodes": (2, {}, {}),
    "hw_pmu": (True, {}, {}),
    "hw_qemu_guest_agent": (True, {}, {}),
    "hw_time_hpet": (True, {}, {}),
    "hw_serial_port_count": (2, {}, {}),
    "hw_scsi_model": ("virtio-scsi", {}, {}),
    "hw_video_model": ("qxl", {}, {}),
    "hw_video_ram": (32, {"hw_video:ram_max_mb": "64"}, {}),
    "hw_vif_model": ("e1000", {}, {}),
    "hw_viommu_model": ("virtio", {}, {"hw_machine_type": "q35"}),
    "hw_watchdog_action": ("pause", {}, {}),
    "hw_vif_multiqueue_enabled": (True, {}, {}),
    "hw_tpm_model": ("tpm-crb", {}, {"hw_tpm_version": "2.0"}),
    "hw_tpm_version": ("2.0", {}, {}),
    "hw_virtio_packed_ring": (True, {}, {}),
    "hw_maxphysaddr_mode": ("passthrough", {}, {}),
    "hw_maxphysaddr_bits": (42, {}, {"hw_maxphysaddr_mode": "emulate"}),
    "hw_sound_model": ("ich6", {}, {}),
    "hw_usb_model": ("nec-xhci", {}, {"hw_input_bus": "virtio"}),
    "hw_redirected_usb_ports": (3, {}, {}),
    "img_hide_hypervisor_id": (True, {}, {}),
    "os_command_line": ("quiet", {}, {"kernel_id": "x"}),
    "os_secure_boot": ("required", {}, {"hw_firmware_type": "uefi", "hw_machine_type": "q35"}),
    "os_type": ("windows", {}, {}),
    "kernel_id": ("x", {}, {}),
    "ramdisk_id": ("x", {}, {"kernel_id": "x"}),
    "hw_vm_mode": ("hvm", {}, {}),
}
# Tested elsewhere: floppies and thread policies with hosts of their own; distributions and pointers say nothing by themselves,
# and of formats of encryption there is only one.
APART = {"hw_ephemeral_encryption_format", "hw_floppy_bus", "hw_cpu_thread_policy", "hw_pointer_model", "hw_vm_mode"}


def test_the_table_of_properties_and_this_one_name_the_same() -> None:
    reaching = {entry.name for entry in PROPERTIES if entry.effect.startswith(("domain", "block devices"))}
    assert reaching == set(IMAGE) | set(LATER_PROPERTIES) | APART


@pytest.mark.parametrize("name", sorted(set(IMAGE) - APART))
def test_a_property_changes_the_domain(name: str) -> None:
    value, specs, others = IMAGE[name]
    assert shape(specs, {**others, name: value}) != shape(specs, others)


# Host option -> value that changes the domain of a kvm guest with local disks.
HOST_OPTIONS: dict[tuple[str, str], Any] = {
    ("libvirt", "virt_type"): "qemu",
    ("libvirt", "cpu_mode"): "host-passthrough",
    ("libvirt", "cpu_model_extra_flags"): ["pcid"],
    ("libvirt", "hw_machine_type"): ["x86_64=q35"],
    ("libvirt", "sysinfo_serial"): "none",
    ("libvirt", "images_type"): "raw",
    ("libvirt", "disk_cachemodes"): ["file=writeback"],
    ("libvirt", "hw_disk_discard"): "unmap",
    ("libvirt", "disk_prefix"): "sd",
    ("libvirt", "use_virtio_for_bridges"): False,
    ("libvirt", "rx_queue_size"): 512,
    ("libvirt", "rng_dev_path"): "/dev/random",
    ("libvirt", "mem_stats_period_seconds"): 0,
    ("libvirt", "file_backed_memory"): 1024,
    ("libvirt", "enabled_perf_events"): ["cpu_cycles"],
    ("compute", "cpu_shared_set"): "0-1",
    ("DEFAULT", "use_cow_images"): False,
    ("DEFAULT", "preallocate_images"): "space",
    ("DEFAULT", "config_drive_format"): "vfat",
    ("DEFAULT", "pointer_model"): "ps2mouse",
    ("vnc", "enabled"): False,
    ("vnc", "server_listen"): "0.0.0.0",
    ("spice", "enabled"): True,
    ("serial_console", "enabled"): True,
    ("workarounds", "libvirt_disable_apic"): True,
}


@pytest.mark.parametrize("key", HOST_OPTIONS, ids=".".join)
def test_an_option_changes_the_domain(key: tuple[str, str]) -> None:
    group, name = key
    assert KNOWN_OPTIONS[key].use == ""
    assert shape({}, {}, {group: {name: HOST_OPTIONS[key]}}) != shape({}, {}, {"vnc": {}})


def test_a_forced_config_drive_is_a_disk() -> None:
    forced = {"DEFAULT": {"force_config_drive": True}}
    assert b"disk.config" in shape({}, {}, forced, config_drive=False)
    assert b"disk.config" not in shape({}, {}, config_drive=False)
    assert b"disk.config" in shape({}, {"img_config_drive": "mandatory"}, config_drive=False)
