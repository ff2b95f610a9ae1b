# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host's libvirt or QEMU cannot give is left out and reported, or refused by name; real hosts showed each of these."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.designer import Design
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.resources import Resources
from tests.unit.guest.scenarios import UEFI, with_specs
from tests.unit.guest.test_devices import xpath
from tests.unit.guest.values import ROOT, block_device, design, hypervisor, server

FIRMWARE = {"firmware": ["bios", "efi"], "loader_secure": True}
WINDOWS = {"os_type": "windows", "img_hide_hypervisor_id": True}


def test_enlightenments_are_those_of_the_host() -> None:
    """QEMU without KVM starts no guest with others ("kernel doesn't allow setting HyperV VP_INDEX")."""
    emulating = hypervisor("qemu", domain_capabilities={**FIRMWARE, "hyperv": ["spinlocks", "vendor_id"]})
    found = with_specs({}, WINDOWS, host=emulating)
    assert xpath(found, "//hyperv/*/@state") == ["on", "on"]
    assert xpath(found, "//hyperv/vendor_id/@value") == ["1234567890ab"]
    [entry] = found.no_effect
    assert entry["field"] == "image.properties.os_type"
    assert "Hyper-V relaxed, vapic, vpindex" in entry["reason"]


@pytest.mark.parametrize(("offered", "count"), [(None, 11), ([], 0)])
def test_a_host_that_does_not_tell_gets_all_enlightenments(offered: Any, count: int) -> None:
    told = FIRMWARE if offered is None else {**FIRMWARE, "hyperv": offered}
    found = with_specs({}, WINDOWS, host=hypervisor(domain_capabilities=told))
    assert len(xpath(found, "//hyperv/*/@state")) == count
    assert bool(found.no_effect) == (offered is not None)


@pytest.mark.parametrize(
    ("virt_type", "version", "eim"),
    [("kvm", 7002019, "on"), ("qemu", 8002002, "off"), ("qemu", 9000000, "on")],
)
def test_extended_interrupts_need_kvm_or_a_newer_qemu(virt_type: str, version: int, eim: str) -> None:
    host = hypervisor(virt_type, hypervisor_version=version)
    found = with_specs({"hw:viommu_model": "intel"}, {"hw_machine_type": "q35"}, host=host)
    assert xpath(found, "//iommu/driver/@eim") == [eim]


VOLUME = "0b5f4b83-1f1d-4a2b-8f3e-000000000000"


def with_volume(host: Any = None, **fields: Any) -> Design:
    kinds = {"source_type": "volume", "destination_type": "volume", "volume_id": VOLUME}
    known: Any = {VOLUME: {"id": VOLUME, "driver": "local", "device_path": "/dev/vg0/v0"}}
    devices = [ROOT, block_device(**kinds, **fields)]
    return design(server(block_device_mapping=devices), host=host, resources=Resources(volumes=known))


def test_a_floppy_has_no_serial() -> None:
    """QEMU does not start with one ("Property 'floppy.serial' not found")."""
    found = with_volume(device_type="floppy")
    assert xpath(found, "//disk[@device='floppy']/target/@bus") == ["fdc"]
    assert xpath(found, "//disk/serial") == []


@pytest.mark.parametrize(("version", "length"), [(8002002, 36), (10000013, 20)])
def test_a_serial_on_usb_is_short_where_qemu_wants_it(version: int, length: int) -> None:
    """QEMU 10 does not start ("The serial number can't be longer than 20 characters ...")."""
    found = with_volume(hypervisor(hypervisor_version=version), disk_bus="usb")
    assert xpath(found, "//disk[target/@bus='usb']/serial/text()") == [VOLUME[:length]]


def test_a_screen_that_the_host_lacks_is_refused_by_name() -> None:
    """Debian 13 has qxl and SPICE in a package of their own."""
    told = {**FIRMWARE, "video": {"modelType": ["vga", "virtio"]}, "graphics": {"type": ["vnc"]}}
    options = {"spice": {"enabled": True}}
    found = with_specs({}, {"hw_video_model": "qxl"}, host=hypervisor(domain_capabilities=told), host_options=options)
    assert [(problem.field, problem.allowed) for problem in found.problems] == [
        ("host_options.spice.enabled", ["vnc"]),
        ("image.properties.hw_video_model", ["vga", "virtio"]),
    ]


@pytest.mark.parametrize(("prefix", "fine"), [("sd", True), ("xvd", True), ("disk", False)])
def test_names_of_disks_are_those_that_libvirt_knows(prefix: str, fine: bool) -> None:
    found = design(host_options={"libvirt": {"disk_prefix": prefix}})
    assert [problem.field for problem in found.problems] == ([] if fine else ["host_options.libvirt.disk_prefix"])


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [("shares", (0, 2, 262144), (1, 262145)), ("period", (1000, 1000000), (0, 999)), ("quota", (-1, 0, 1000), (-2, 999))],
)
def test_limits_of_cpus_are_those_that_libvirt_takes(name: str, good: tuple[int, ...], bad: tuple[int, ...]) -> None:
    key = f"quota:cpu_{name}"
    assert [found for value in good if (found := with_specs({key: str(value)}).problems)] == []
    for value in bad:
        assert [problem.field for problem in with_specs({key: str(value)}).problems] == [f'flavor.extra_specs["{key}"]']


@pytest.mark.parametrize(
    ("arch", "properties", "field"),
    [
        ("x86_64", {"hw_machine_type": "q35", "hw_disk_bus": "ide"}, "image.properties.hw_disk_bus"),
        ("x86_64", {"hw_machine_type": "q35", "hw_cdrom_bus": "ide"}, "image.properties.hw_cdrom_bus"),
        ("x86_64", {"hw_machine_type": "pc", "hw_disk_bus": "ide"}, None),
        ("riscv64", {"hw_machine_type": "virt"}, "image.properties.hw_cdrom_bus"),
        ("riscv64", {"hw_machine_type": "virt", "hw_cdrom_bus": "scsi"}, None),
        ("s390x", {}, "host_options.DEFAULT.pointer_model"),
        ("s390x", {"hw_input_bus": "virtio"}, None),
        ("s390x", {"hw_input_bus": "virtio", "hw_disk_bus": "usb"}, "image.properties.hw_disk_bus"),
    ],
)
def test_buses_are_those_that_the_machine_has(arch: str, properties: dict[str, Any], field: str | None) -> None:
    found = with_specs({}, properties, host=hypervisor(arch=arch))
    assert [problem.field for problem in found.problems] == ([] if field is None else [field])


def test_only_x86_has_an_ioapic() -> None:
    found = with_specs({"hw:viommu_model": "smmuv3"}, {"hw_machine_type": "virt"}, host=hypervisor(arch="aarch64"))
    assert (xpath(found, "//iommu/@model"), xpath(found, "//ioapic")) == (["smmuv3"], [])


def test_modes_without_a_machine_are_refused() -> None:
    assert with_specs({}, {"hw_vm_mode": "hvm"}).problems == ()
    assert [problem.field for problem in with_specs({}, {"hw_vm_mode": "exe"}).problems] == ["image.properties.hw_vm_mode"]


@pytest.mark.parametrize(
    ("specs", "field"),
    [
        ({}, "hw:mem_encryption"),
        ({"hw:mem_encryption_model": "amd-sev-snp"}, "hw:mem_encryption_model"),
        ({"hw:mem_encryption_model": "amd-sev"}, "hw:mem_encryption_model"),
    ],
)
def test_memory_is_never_left_in_the_clear(specs: dict[str, str], field: str) -> None:
    """Nova leaves that to its scheduler, and starts the guest without (guest SEV-01)."""
    known = ["amd-sev-es"]
    host = hypervisor(domain_capabilities={**FIRMWARE, "features": ["sev"]}, sev_models=known)
    found = with_specs({"hw:mem_encryption": "true", **specs}, {**UEFI, "hw_firmware_stateless": True}, host=host)
    assert [(p.code, p.field, p.allowed) for p in found.problems] == [
        ("ComputeResourcesUnavailable", f'flavor.extra_specs["{field}"]', known)
    ]


def test_a_model_of_encryption_that_is_not_built_is_refused() -> None:
    image = {**UEFI, "hw_firmware_stateless": True, "hw_video_model": "none", "hw_mem_encryption_model": "intel-tdx"}
    found = with_specs({"hw:mem_encryption": "true"}, image)
    assert [(p.code, p.field) for p in found.problems] == [("NotBuilt", "image.properties.hw_mem_encryption_model")]


@pytest.mark.parametrize(
    ("specs", "properties", "field"),
    [
        ({"hw:sound_model": "virtio"}, {}, 'flavor.extra_specs["hw:sound_model"]'),
        ({}, {"hw_sound_model": "virtio"}, "image.properties.hw_sound_model"),
        ({}, {"hw_vif_model": "igb"}, "image.properties.hw_vif_model"),
    ],
)
def test_models_that_are_newer_than_the_host(specs: dict[str, str], properties: dict[str, Any], field: str) -> None:
    old = with_specs(specs, properties, host=hypervisor(libvirt_version=9000000))
    assert [(problem.code, problem.field) for problem in old.problems] == [("UnsupportedHardware", field)]
    assert with_specs(specs, properties, host=hypervisor(libvirt_version=10004000)).problems == ()


@pytest.mark.parametrize(("told", "refused"), [({}, 0), ({"loader_stateless": True}, 0), ({"loader_stateless": False}, 1)])
def test_stateless_firmware_that_the_host_lacks_is_refused_by_name(told: dict[str, bool], refused: int) -> None:
    """Debian has none. A libvirt of 9 defines the domain all the same and finds out at its start."""
    found = with_specs({}, {**UEFI, "hw_firmware_stateless": True}, host=hypervisor(domain_capabilities={**FIRMWARE, **told}))
    problems = [(problem.code, problem.field) for problem in found.problems]
    assert problems == [("UnsupportedHardware", "image.properties.hw_firmware_stateless")] * refused
