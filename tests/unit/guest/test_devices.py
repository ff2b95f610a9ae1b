# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each part of the domain: what stands in the XML, and what is refused, one line per rule."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.designer import Design
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.render import render_domain
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.resources import EVERYTHING, Resources
from tests.unit.guest.scenarios import SCENARIOS, UEFI, with_specs
from tests.unit.guest.values import ROOT, block_device, design, flavor, hypervisor, image, server

PORT_TYPES = [*["bridge"] * 3, "ethernet", "vhostuser", "ethernet", "direct", "hostdev", "hostdev"]
CUSTOM = {"libvirt": {"cpu_mode": "custom", "cpu_models": ["none-such"]}}
NO_CONTROLLER = "UnsupportedHostCPUControlPolicy"


def xpath(found: Design, path: str) -> list[str]:
    assert found.problems == (), found.problems
    results: Any = etree.fromstring(render_domain(found.domain)).xpath(path)
    return [(result.text or "") if isinstance(result, etree._Element) else str(result) for result in results]


@pytest.mark.parametrize(
    ("scenario", "path", "expected"),
    [
        ("plain-qemu", "//tb-cache", ["32"]),
        ("plain-qemu", "//interface/driver/@name", ["qemu"]),
        ("plain-qemu", "//clock/timer/@name", []),
        ("aarch64", "/domain/@type", ["kvm"]),
        ("aarch64", "//input/@type", ["tablet", "keyboard"]),
        ("aarch64", "//disk[@device='cdrom']/target/@bus", ["scsi"]),
        ("s390x", "//console/target/@type", ["sclp"]),
        ("s390x", "//sysinfo", []),
        ("ppc64le", "//video/model/@type", ["vga"]),
        ("ppc64le", "//os/type/@machine", ["pseries"]),
        ("foreign-aarch64", "/domain/@type", ["qemu"]),
        ("foreign-aarch64", "//cpu/model", ["cortex-a57"]),
        ("foreign-aarch64", "//cpu/@mode", []),
        ("windows", "//hyperv/vendor_id/@value", ["1234567890ab"]),
        ("windows", "//clock/timer[@name='hpet']/@present", ["yes"]),
        ("windows", "//disk/target/@dev", ["sda", "hda"]),
        ("limits", "//interface/driver/@queues", ["4"]),
        ("limits", "//inbound/@peak", ["200"]),
        ("limits", "//cputune/*", ["2048", "50000", "100000"]),
        ("many-devices", "//tpm/@model", ["tpm-crb"]),
        ("many-devices", "count(//redirdev)=2 and count(//controller[@model='pcie-root-port'])=4", []),
        ("many-devices", "//controller[@type='usb']/@model", []),
        ("many-devices", "//channel/target/@name", ["com.redhat.spice.0", "org.qemu.guest_agent.0"]),
        ("many-devices", "//hostdev[@type='pci']/source/address/@bus", ["0x0a"]),
        ("volumes", "//disk/target/@dev", ["hda", "vda", "vdb", "vdc", "vdd", "sda"]),
        ("volumes", "//disk/alias/@name", [f"ua-0b5f4b83-1f1d-4a2b-8f3e-00000000000{index}" for index in range(5)]),
        ("volumes", "//disk[@type='volume']/source/@volume", ["v4"]),
        ("volumes", "//disk/address/@unit", ["4"]),
        ("volumes", "//disk[readonly]/target/@dev", ["vdb"]),
        ("volumes", "//disk[shareable]/driver/@discard", ["unmap"]),
        ("volumes", "//*[local-name()='root']/@type", ["volume"]),
        ("local-disks", "//disk/target/@dev", ["vda", "vdb", "sda", "vdc", "hda"]),
        ("local-disks", "//disk/driver/@io", ["native"] * 5),
        (
            "ports",
            "//interface/@type",
            ["bridge", "bridge", "bridge", "ethernet", "vhostuser", "ethernet", "direct", "hostdev", "hostdev"],
        ),
        ("ports", "//interface/target/@managed", ["no"]),
        ("ports", "//interface/vlan/tag/@id", ["100"]),
        ("ports", "//interface[virtualport/@type='openvswitch']/source/@bridge", ["br-int"]),
        ("ports", "//interface[3]/source/@bridge", ["qbrf11868e4-d7"]),
        ("ports", "//interface/mtu/@size", ["9000"]),
        ("ports", "//hostdev/source/address/@function", ["0x4"]),
        ("secure-boot", "//loader/@secure", ["yes"]),
        ("uefi", "//loader/@secure", ["no"]),
        ("uefi-old-libvirt", "//loader/@secure", []),
        ("uefi-old-libvirt", "//firmware/feature/@enabled", ["no"]),
        ("uefi-stateless", "//loader/@stateless", ["yes"]),
        ("kept-firmware", "//os/@firmware", []),
        ("kept-firmware", "//loader", ["/usr/share/OVMF/OVMF_CODE_4M.fd"]),
        ("kept-firmware", "//features/smm/@state", ["on"]),
        ("kept-firmware", "//os/type/@machine", ["pc-q35-7.2"]),
        ("kept-firmware", "//interface/mac/@address", ["fa:16:3e:00:00:01"]),
        ("encrypted", "//launchSecurity/policy", ["0x0033"]),
        ("encrypted", "//vmcoreinfo", []),
        ("encrypted-snp", "//launchSecurity/@kernelHashes", ["no"]),
        ("encrypted-snp", "//memoryBacking", []),
        ("custom-cpu", "//cpu/model", ["EPYC"]),
        ("custom-cpu", "//cpu/feature/@policy", ["disable", "require"]),
        ("custom-cpu", "//perf/event/@name", ["cpu_cycles"]),
        ("serial-console", "//serial/source/@service", ["10001", "10002"]),
        ("serial-console", "//serial[log]/source/@service", ["10001"]),
        ("serial-console", "//video|//input|//graphics", []),
        ("spice", "//graphics/playback/@compression", ["off"]),
        ("spice", "//input", []),
        ("kernel", "//os/cmdline", ["root=/dev/vda console=tty0 console=ttyS0 console=hvc0 no_timer_check"]),
        ("kernel", "//os/boot", []),
        ("file-backed", "//memoryBacking/source/@type", ["file"]),
        ("file-backed", "//sysinfo//entry[@name='serial']", ["00000000-1111-4222-8333-444444444444"]),
        ("rescue", "//disk/target/@dev", ["vda", "vdb", "hda"]),
        ("rescue", "//os/boot", []),
        ("rescue-stable", "//disk[boot/@order='1']/@device", ["cdrom"]),
        ("rescue-stable", "//os/boot", []),
        ("realtime", "//vcpusched/@vcpus", ["2-3"]),
        ("pinned", "//memnode/@nodeset", ["0", "1"]),
    ],
)
def test_element(scenario: str, path: str, expected: list[str]) -> None:
    found = SCENARIOS[scenario]()
    if path.startswith("count("):
        assert etree.fromstring(render_domain(found.domain)).xpath(path) is True
    else:
        assert xpath(found, path) == expected


@pytest.mark.parametrize(
    ("found", "code", "field"),
    [
        (lambda: with_specs({}, {"hw_vif_model": "sriov"}), "UnsupportedHardware", "image.properties.hw_vif_model"),
        (
            lambda: with_specs({}, {"hw_vif_model": "igb"}, host=hypervisor(libvirt_version=9000000)),
            "UnsupportedHardware",
            "image.properties.hw_vif_model",
        ),
        (
            lambda: with_specs({}, {"hw_machine_type": "mac99"}, host=hypervisor(guests=[guest("x86_64", "pc", "q35")])),
            "InvalidMachineType",
            "image.properties.hw_machine_type",
        ),
        (
            lambda: with_specs({}, {"hw_architecture": "ppc64le"}, host=hypervisor(guests=[guest("x86_64", "pc")])),
            "UnsupportedHardware",
            "image.properties.hw_architecture",
        ),
        (
            lambda: with_specs({}, UEFI, host=hypervisor(domain_capabilities={"firmware": ["bios"]})),
            "UEFINotSupported",
            "image.properties.hw_firmware_type",
        ),
        (
            lambda: with_specs({"os:secure_boot": "required"}, {"hw_firmware_type": "uefi"}),
            "SecureBootNotSupported",
            'flavor.extra_specs["os:secure_boot"]',
        ),
        (
            lambda: with_specs({}, host_options=CUSTOM, host=models()),
            "InvalidCPUInfo",
            "host_options.libvirt.cpu_models",
        ),
        (
            lambda: with_specs({"hw:mem_encryption": "true"}, UEFI, host=without_sev()),
            "ComputeResourcesUnavailable",
            'flavor.extra_specs["hw:mem_encryption"]',
        ),
        (lambda: with_specs({"hw:tpm_version": "2.0"}, {}, resources=Resources(tpm_secret="s")), "Invalid", None),
        (lambda: with_specs({"pci_passthrough:alias": "gpu:2"}), "PciRequestAliasNotDefined", None),
        (lambda: with_specs({"resources:VGPU": "1"}), "ComputeResourcesUnavailable", None),
        (lambda: with_specs({"hw:pmem": "fast"}), "PMEMNamespaceConfigInvalid", None),
        (lambda: with_specs({"hw:usb_model": "none", "hw:sound_model": "usb"}, {"hw_input_bus": "virtio"}), "Invalid", None),
        (
            lambda: with_specs({"hw:serial_port_count": "4"}, host_options={"serial_console": {"enabled": True}}),
            "SerialPortNumberLimitExceeded",
            None,
        ),
        (
            lambda: with_specs({}, host_options={"serial_console": {"enabled": True, "port_range": "7:7"}}),
            "Invalid",
            "host_options.serial_console.port_range",
        ),
        (lambda: design(resources=Resources(vifs=({"type": "carrier-pigeon"},))), "NovaException", "networks[0].type"),
        (
            lambda: design(server(block_device_mapping=[ROOT, volume("v")])),
            "VolumeNotFound",
            "block_device_mapping[1].volume_id",
        ),
        (
            lambda: design(
                server(block_device_mapping=[ROOT, volume("v")]),
                resources=Resources(volumes={"v": {"id": "v", "driver": "tape", "device_path": "/dev/st0"}}),
            ),
            "VolumeDriverNotFound",
            "block_device_mapping[1]",
        ),
        (
            lambda: design(
                server(flavor=flavor(ephemeral=1), block_device_mapping=[ROOT, block_device(guest_format="zfs")]),
                resources=Resources(abilities=EVERYTHING),
            ),
            "InvalidBDMFormat",
            "block_device_mapping[1].guest_format",
        ),
        (
            lambda: design(resources=Resources(shares=({"path": "/srv", "tag": "x"},))),
            "ForbiddenSharesNotConfiguredCorrectly",
            "shares",
        ),
        (
            lambda: with_specs({"quota:cpu_shares": "512"}, host=hypervisor(cgroup_cpu=False)),
            "UnsupportedHostCPUControlPolicy",
            None,
        ),
        (lambda: with_specs({"quota:disk_read_bytes_sec": "many"}), "Invalid", None),
        (
            lambda: with_specs({"quota:disk_read_bytes_sec": "1", "quota:disk_total_bytes_sec": "2"}),
            "Invalid",
            'flavor.extra_specs["quota:disk_total_bytes_sec"]',
        ),
        (lambda: with_specs({"hw:redirected_usb_ports": "1"}), "Invalid", 'flavor.extra_specs["hw:redirected_usb_ports"]'),
        (
            lambda: with_specs({}, {"hw_virtio_packed_ring": True, "hw_vif_model": "e1000"}),
            "Invalid",
            "image.properties.hw_virtio_packed_ring",
        ),
        (
            lambda: with_specs({"hw:maxphysaddr_mode": "passthrough", "hw:maxphysaddr_bits": "42"}),
            "Invalid",
            'flavor.extra_specs["hw:maxphysaddr_bits"]',
        ),
    ],
)
def test_refused(found: Any, code: str, field: str | None) -> None:
    problems = found().problems
    assert [problem.code for problem in problems] == [code]
    assert field in (None, problems[0].field)


def guest(arch: str, *machines: str) -> dict[str, Any]:
    return {"arch": arch, "emulator": "/usr/bin/qemu", "domain_types": ["kvm"], "machines": list(machines)}


def models() -> Any:
    return hypervisor(domain_capabilities={"cpu_models": ["EPYC"], "firmware": []})


def without_sev() -> Any:
    return hypervisor(domain_capabilities={"firmware": ["efi"], "loader_secure": True, "features": ["gic"]})


def volume(identity: str) -> dict[str, Any]:
    return block_device(source_type="volume", destination_type="volume", volume_id=identity)


def test_a_long_name_leaves_the_agents_socket_to_libvirt() -> None:
    wanted = server(name="n" * 64, image=image(properties={"hw_qemu_guest_agent": True}))
    assert xpath(design(wanted), "//channel/source/@path") == []
    assert xpath(design(wanted), "//channel/target/@name") == ["org.qemu.guest_agent.0"]


def test_what_has_no_effect_is_listed() -> None:
    found = with_specs({"hw:usb_model": "qemu-xhci"})
    assert [entry["field"] for entry in found.no_effect] == ['flavor.extra_specs["hw:usb_model"]']
    assert SCENARIOS["custom-cpu"]().no_effect[0]["field"] == "host_options.libvirt.enabled_perf_events"
    assert SCENARIOS["spice"]().no_effect[0]["field"] == "image.properties.hw_pointer_model"


def test_an_iso_image_boots_from_the_drive_that_it_is() -> None:
    found = design(server(image=image(disk_format="iso"), config_drive=False))
    assert xpath(found, "//disk/@device") == ["cdrom"]
    assert xpath(found, "//os/boot/@dev") == ["cdrom"]
    assert xpath(found, "//disk/target/@dev") == ["hda"]


def test_volumes_follow_the_disks() -> None:
    found = SCENARIOS["local-disks"]()
    assert [(plan.role, plan.capacity, plan.format) for plan in found.volumes] == [
        ("disk", 10 * 1024**3, "qcow2"),
        ("disk.eph0", 5 * 1024**3, "qcow2"),
        ("disk.eph1", 3 * 1024**3, "qcow2"),
        ("disk.swap", 512 * 1024**2, "qcow2"),
        ("disk.config", 0, "raw"),
        ("console.log", 0, "raw"),
    ]
    assert found.volumes[0].to_dict()["preallocate"] is True
