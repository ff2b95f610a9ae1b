# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One design per scenario: each has a golden file, and its XML holds against libvirt's schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.designer import Design
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.resources import (
    EVERYTHING,
    Earlier,
    EarlierFirmware,
    Rescue,
    Resources,
)
from tests.unit.guest.pool_scenarios import disks_in, volumes_of_every_pool
from tests.unit.guest.values import ROOT, block_device, design, flavor, hypervisor, image, nic, numa_cell, pool, server

VOLUME = "0b5f4b83-1f1d-4a2b-8f3e-00000000000{}"
SECRET = "bd0c7e8e-ff7d-4a71-9f3d-2f8b2b6b00aa"
PORT = "f11868e4-d730-4120-9a5b-3f0d6f7c0001"
UEFI = {"hw_firmware_type": "uefi", "hw_machine_type": "q35"}


OLD_LIBVIRT = 9000000


def with_specs(specs: dict[str, str], properties: dict[str, Any] | None = None, **inputs: Any) -> Design:
    size = {key: inputs.pop(key) for key in ("vcpus", "ram", "disk", "ephemeral", "swap") if key in inputs}
    wanted = server(flavor=flavor(extra_specs=specs, **size), image=image(properties=properties or {}))
    return design(wanted, **inputs)


def two_cells(**changes: Any) -> Any:
    pages = {2048: 4096, 1048576: 4}
    cells = [numa_cell(cell, 8, 32768, threads=2, pages=pages) for cell in range(2)]
    return hypervisor(numa_cells=cells, vcpus=16, **changes)


def pinned() -> Design:
    specs = {"hw:cpu_policy": "dedicated", "hw:numa_nodes": "2", "hw:mem_page_size": "2048"}
    options = {"compute": {"cpu_dedicated_set": "0-15"}}
    return with_specs(specs, vcpus=4, ram=4096, host=two_cells(), host_options=options)


def realtime() -> Design:
    specs = {"hw:cpu_policy": "mixed", "hw:cpu_realtime": "yes", "hw:cpu_realtime_mask": "^0-1"}
    specs["hw:emulator_threads_policy"] = "share"
    options = {"compute": {"cpu_dedicated_set": "4-7", "cpu_shared_set": "0-3"}}
    return with_specs(specs, vcpus=4, host=hypervisor(numa_cells=[numa_cell(0, 8, 65536)]), host_options=options)


def windows() -> Design:
    properties = {"os_type": "windows", "img_hide_hypervisor_id": True, "hw_time_hpet": True, "hw_disk_bus": "sata"}
    return with_specs({}, {**properties, "hw_vif_model": "e1000e", "hw_video_model": "vga"})


def limits() -> Design:
    specs = {f"quota:disk_{kind}_{unit}_sec": "1000" for kind in ("read", "write") for unit in ("bytes", "iops")}
    specs |= {"quota:vif_inbound_average": "100", "quota:vif_inbound_peak": "200", "quota:vif_outbound_average": "50"}
    specs |= {"quota:cpu_shares": "2048", "quota:cpu_quota": "50000", "quota:cpu_period": "100000"}
    return with_specs(specs, {"hw_vif_multiqueue_enabled": True, "hw_virtio_packed_ring": True}, vcpus=4)


def many_devices() -> Design:
    specs = {
        "hw:watchdog_action": "reset",
        "hw:tpm_version": "2.0",
        "hw:tpm_model": "tpm-crb",
        "hw:sound_model": "ich9",
        "hw:viommu_model": "intel",
        "hw:redirected_usb_ports": "2",
        "hw_rng:rate_bytes": "1024",
        "hw_rng:rate_period": "1000",
        "hw_video:ram_max_mb": "64",
        "hw:pmu": "false",
        "hw:boot_menu": "true",
        "pci_passthrough:alias": "gpu:1",
        "hw:mem_page_size": "large",
        "hw:locked_memory": "true",
        "hw:cpu_cores": "2",
    }
    properties = {**UEFI, "hw_qemu_guest_agent": True, "hw_input_bus": "virtio", "hw_video_ram": 32, "hw_video_model": "qxl"}
    resources = Resources(
        tpm_secret=SECRET,
        mdevs=("c60cc781-7620-4d03-9f28-0cbb0d7a0001",),
        pci_devices=({"address": "0000:0a:00.1"},),
        shares=({"path": "/srv/share", "tag": "share"},),
    )
    options = {"libvirt": {"swtpm_enabled": True, "num_pcie_ports": 4}, "spice": {"enabled": True}}
    return with_specs(specs, properties, host=two_cells(), resources=resources, host_options=options)


def volumes() -> Design:
    drivers: list[Any] = [
        {"driver": "local", "device_path": "/dev/vg0/v0"},
        {"driver": "iscsi", "device_path": "/dev/disk/by-path/ip-1", "access_mode": "ro", "logical_block_size": "4096"},
        {"driver": "nfs", "device_path": "/mnt/share/v2", "format": "raw", "discard": True, "multiattach": True},
        {"driver": "rbd", "name": "volumes/v3", "hosts": ["10.0.0.1", "10.0.0.2"], "ports": ["6789", "6789"]},
        {
            "driver": "pool",
            "pool": pool(),
            "name": "v4",
            "path": "/pool/v4",
            "qos_specs": {"write_iops_sec": "100", "read_iops_sec_max": "9", "unknown": "1"},
        },
    ]
    drivers[3] |= {"auth_enabled": True, "auth_username": "cinder", "secret_type": "ceph", "secret_uuid": SECRET}
    connections = {VOLUME.format(index): {"id": VOLUME.format(index), **driver} for index, driver in enumerate(drivers)}
    devices = [
        block_device(source_type="volume", destination_type="volume", volume_id=volume, boot_index=index or None)
        for index, volume in enumerate(connections)
    ]
    devices = [{**device, "boot_index": -1} for device in devices]
    devices[0]["boot_index"] = 0
    devices[4]["disk_bus"] = "scsi"
    wanted = server(image=image(properties={"hw_scsi_model": "virtio-scsi"}), block_device_mapping=devices)
    return design(wanted, base_image=None, resources=Resources(volumes=connections))


def local_disks() -> Design:
    devices = [
        ROOT,
        block_device(volume_size=5, guest_format="ext4"),
        block_device(volume_size=3, disk_bus="scsi"),
        block_device(volume_size=512, guest_format="swap"),
    ]
    wanted = server(flavor=flavor(ephemeral=8, swap=512), block_device_mapping=devices)
    options = {"DEFAULT": {"preallocate_images": "space"}, "libvirt": {"hw_disk_discard": "unmap"}}
    return design(wanted, resources=Resources(abilities=EVERYTHING), host_options=options)


def ports() -> Design:
    vifs: list[Any] = [
        {"type": "bridge", "bridge": "br0", "target_dev": "tap0", "mtu": 9000},
        {"type": "ovs", "bridge": "br-int", "target_dev": "tap1"},
        {"type": "ovs", "details": {"ovs_hybrid_plug": True}},
        {"type": "ovs", "delegate_create": True, "target_dev": "tap3"},
        {"type": "vhostuser", "details": {"vhostuser_socket": "/run/vhu", "vhostuser_mode": "client"}},
        {"type": "tap", "target_dev": "tap5"},
        {
            "type": "macvtap",
            "details": {"macvtap_source": "eth0", "macvtap_mode": "bridge", "physical_interface": "eth0"},
        },
        {"type": "hw_veb", "vnic_type": "direct", "details": {"vlan": "100"}, "profile": {"pci_slot": "0000:0a:00.2"}},
        {"type": "802.1qbh", "vnic_type": "direct", "details": {"profileid": "x"}, "profile": {"pci_slot": "0000:0a:00.3"}},
        {"type": "hostdev_physical", "vnic_type": "direct-physical", "profile": {"pci_slot": "0000:0a:00.4"}},
    ]
    addresses = [{"address": "10.0.0.5"}, {"address": "2001:db8::5"}]
    given: Any = tuple({"port_id": PORT, "ips": addresses, **vif} for vif in vifs)
    return design(server(networks=[]), resources=Resources(vifs=given), host_options={"libvirt": {"rx_queue_size": 512}})


def secure_boot() -> Design:
    return with_specs({"os:secure_boot": "required"}, UEFI)


def kept_firmware() -> Design:
    firmware = EarlierFirmware(
        loader_path="/usr/share/OVMF/OVMF_CODE_4M.fd",
        loader_type="pflash",
        loader_readonly="yes",
        nvram_path="/var/lib/libvirt/qemu/nvram/web_VARS.fd",
        nvram_template="/usr/share/OVMF/OVMF_VARS_4M.fd",
        smm=True,
    )
    earlier = Earlier(macs=("fa:16:3e:00:00:01",), machine="pc-q35-7.2", firmware=firmware)
    return with_specs({}, {"hw_firmware_type": "uefi"}, resources=Resources(earlier=earlier))


def encrypted() -> Design:
    host = hypervisor(sev_models=["amd-sev"])
    return with_specs({"hw:mem_encryption": "true"}, UEFI, host=host)


def encrypted_snp() -> Design:
    host = hypervisor(sev_models=["amd-sev", "amd-sev-snp"])
    specs = {"hw:mem_encryption": "true", "hw:mem_encryption_model": "amd-sev-snp"}
    return with_specs(specs, {**UEFI, "hw_firmware_stateless": True}, host=host)


def custom_cpu() -> Design:
    host = hypervisor(domain_capabilities={"cpu_models": ["EPYC", "Penryn"], "firmware": ["bios"]})
    options = {"cpu_mode": "custom", "cpu_models": ["epyc"], "cpu_model_extra_flags": ["PCID", "-mtrr"]}
    options |= {"enabled_perf_events": ["cpu_cycles", "cmt"]}
    return with_specs(
        {"hw:maxphysaddr_mode": "emulate", "hw:maxphysaddr_bits": "42"}, host=host, host_options={"libvirt": options}
    )


def serial_console() -> Design:
    options = {"serial_console": {"enabled": True}, "vnc": {"enabled": False}}
    return with_specs(
        {"hw:serial_port_count": "2"}, resources=Resources(ports_in_use=frozenset((10000,))), host_options=options
    )


def spice() -> Design:
    options = {
        "vnc": {"enabled": False},
        "spice": {
            "enabled": True,
            "require_secure": True,
            "image_compression": "auto_lz",
            "jpeg_compression": "never",
            "zlib_compression": "always",
            "playback_compression": False,
            "streaming_mode": "all",
        },
    }
    return with_specs({}, {"hw_pointer_model": "usbtablet"}, host_options=options)


def kernel() -> Design:
    properties = {"kernel_id": SECRET, "ramdisk_id": SECRET}
    return with_specs({}, properties, host=hypervisor("qemu"), resources=Resources(abilities=EVERYTHING))


def file_backed() -> Design:
    return with_specs({}, host_options={"libvirt": {"file_backed_memory": 4096, "sysinfo_serial": "hardware"}})


def rescue(properties: dict[str, Any]) -> Design:
    resources = Resources(rescue=Rescue(image_properties=properties))
    return design(resources=resources)


SCENARIOS: dict[str, Callable[[], Design]] = {
    "plain-kvm": lambda: design(),
    "plain-qemu": lambda: design(host=hypervisor("qemu"), host_options={"libvirt": {"tb_cache_size": 32}}),
    "no-drive-two-nics": lambda: design(server(config_drive=False, networks=[nic(), nic("other", fixed_ip="10.0.0.5")])),
    "image-size-root": lambda: design(server(flavor=flavor(disk=0))),
    "iso-root": lambda: design(server(image=image(disk_format="iso"))),
    "aarch64": lambda: design(host=hypervisor(arch="aarch64")),
    "ppc64le": lambda: design(host=hypervisor(arch="ppc64le")),
    "s390x": lambda: design(host=hypervisor(arch="s390x"), host_options={"DEFAULT": {"pointer_model": "ps2mouse"}}),
    "riscv64": lambda: with_specs(
        {}, {"hw_machine_type": "virt", "hw_cdrom_bus": "scsi"}, host=hypervisor("qemu", arch="riscv64")
    ),
    "foreign-aarch64": lambda: with_specs({}, {"hw_emulation_architecture": "aarch64"}),
    "pinned": pinned,
    "realtime": realtime,
    "windows": windows,
    "limits": limits,
    "many-devices": many_devices,
    "volumes": volumes,
    "local-disks": local_disks,
    "volumes-of-every-pool": volumes_of_every_pool,
    "disks-in-ceph": lambda: disks_in("rbd"),
    "disks-in-a-volume-group": lambda: disks_in("logical"),
    "ports": ports,
    "secure-boot": secure_boot,
    "uefi": lambda: with_specs({}, UEFI),
    "uefi-old-libvirt": lambda: with_specs({}, UEFI, host=hypervisor(libvirt_version=OLD_LIBVIRT)),
    "uefi-stateless": lambda: with_specs({}, {**UEFI, "hw_firmware_stateless": True}),
    "kept-firmware": kept_firmware,
    "encrypted": encrypted,
    "encrypted-snp": encrypted_snp,
    "custom-cpu": custom_cpu,
    "serial-console": serial_console,
    "spice": spice,
    "kernel": kernel,
    "file-backed": file_backed,
    "rescue": lambda: rescue({}),
    "rescue-stable": lambda: rescue({"hw_rescue_device": "cdrom"}),
}
