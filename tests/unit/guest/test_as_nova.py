# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small rules in which the design once differed from what Nova's driver writes for the same input."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.designer import Design
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.resources import EVERYTHING, Resources
from tests.unit.guest.scenarios import UEFI, VOLUME, with_specs
from tests.unit.guest.test_devices import xpath
from tests.unit.guest.values import ROOT, block_device, design, flavor, hypervisor, image, numa_cell, server

PORT = "f11868e4-d730-4120-9a5b-3f0d6f7c0001"
PCI = {"pci_slot": "0000:0a:00.2", "netdev": "enp1s0f1"}
DRIVER = "//interface/driver/@*"


def plug(vif: dict[str, Any], options: dict[str, Any] | None = None, host: Any = None, **properties: Any) -> Design:
    wanted = server(networks=[], image=image(properties=properties))
    given: Any = ({"port_id": PORT, **vif},)
    return design(wanted, resources=Resources(vifs=given), host_options={"libvirt": options or {}}, host=host)


def names(found: Design, path: str) -> list[str]:
    return xpath(found, f"{path}/@name")


def test_metadata_lists_what_novas_image_object_holds() -> None:
    properties = {"hw_boot_menu": True, "vm_mode": "hvm", "kernel_id": "k", "somebodys": "own"}
    wanted = server(image=image(properties=properties, min_disk=3), flavor=flavor(disk=7))
    found = design(wanted, resources=Resources(abilities=EVERYTHING))
    assert names(found, "//*[local-name()='property']") == ["hw_boot_menu"]
    assert xpath(found, "//*[local-name()='minDisk']") == ["7"]


def test_the_last_cache_mode_counts() -> None:
    found = with_specs({}, host_options={"libvirt": {"disk_cachemodes": "file=unsafe,block=none,file=directsync"}})
    assert set(xpath(found, "//disk/driver/@cache")) == {"directsync"}


def test_every_volume_takes_a_scsi_unit() -> None:
    connections: Any = {VOLUME.format(n): {"id": VOLUME.format(n), "driver": "local", "device_path": "/d"} for n in range(2)}
    volumes = [
        block_device(source_type="volume", destination_type="volume", volume_id=identity, disk_bus=bus)
        for identity, bus in zip(connections, ("virtio", "scsi"), strict=True)
    ]
    wanted = server(image=image(properties={"hw_scsi_model": "virtio-scsi"}), block_device_mapping=[ROOT, *volumes])
    assert xpath(design(wanted, resources=Resources(volumes=connections)), "//disk/address/@unit") == ["1"]


@pytest.mark.parametrize(
    ("connection", "options", "expected"),
    [
        ({}, {}, []),
        ({}, {"rbd_user": "nova", "rbd_secret_uuid": PORT}, ["nova", PORT]),
        ({"auth_enabled": True, "auth_username": "cinder"}, {"rbd_user": "nova", "rbd_secret_uuid": PORT}, ["nova", PORT]),
    ],
)
def test_a_ceph_volume_without_a_secret_takes_the_hosts(connection: Any, options: Any, expected: list[str]) -> None:
    volumes = {VOLUME.format(0): {"id": VOLUME.format(0), "driver": "rbd", "name": "p/v", "access_mode": "", **connection}}
    device = block_device(source_type="volume", destination_type="volume", volume_id=VOLUME.format(0))
    found = design(
        server(block_device_mapping=[ROOT, device]), resources=Resources(volumes=volumes), host_options={"libvirt": options}
    )
    assert xpath(found, "//auth/@username | //auth/secret/@uuid") == expected


@pytest.mark.parametrize(
    ("vif", "options", "properties", "expected"),
    [
        # vhost is named for a virtual function that the host drives, whatever the model.
        ({"type": "hw_veb", "vnic_type": "macvtap", "profile": PCI}, {}, {"hw_vif_model": "e1000"}, ["vhost"]),
        ({"type": "hw_veb", "vnic_type": "macvtap", "profile": PCI}, {}, {}, ["vhost"]),
        # Ring sizes alone make no driver, beside something else they stand there.
        ({"type": "ovs"}, {"rx_queue_size": 256}, {"hw_vif_model": "e1000"}, []),
        ({"type": "ovs"}, {"rx_queue_size": 256}, {"hw_virtio_packed_ring": True}, ["vhost", "256", "on"]),
        ({"type": "hw_veb", "vnic_type": "direct", "profile": PCI}, {"rx_queue_size": 256}, {}, []),
        (
            {"type": "ovs", "vnic_type": "vdpa", "profile": {"vdpa_device": "/dev/vhost-vdpa-0"}},
            {"rx_queue_size": 256, "tx_queue_size": 512},
            {},
            [],
        ),
        (
            {"type": "vhostuser", "details": {"vhostuser_socket": "/s"}},
            {"tx_queue_size": 512, "use_virtio_for_bridges": False},
            {},
            ["512"],
        ),
    ],
)
def test_drivers_of_ports(vif: Any, options: Any, properties: Any, expected: list[str]) -> None:
    assert xpath(plug(vif, options, **properties), DRIVER) == expected


def test_emulation_has_its_ring_size() -> None:
    found = plug({"type": "ovs"}, {"rx_queue_size": 256}, host=hypervisor("qemu"))
    assert xpath(found, DRIVER) == ["qemu", "256"]


SOCKET = {"vhostuser_socket": "/s"}


@pytest.mark.parametrize(
    ("vif", "kind", "target"),
    [
        ({"type": "vrouter", "target_dev": "t", "mtu": 9000}, "ethernet", ["t"]),
        ({"type": "vrouter", "vnic_type": "direct", "profile": PCI}, "hostdev", []),
        ({"type": "vrouter", "vnic_type": "virtio-forwarder", "details": SOCKET}, "vhostuser", ["nicf11868e4-d7"]),
        ({"type": "ivs"}, "ethernet", ["nicf11868e4-d7"]),
        ({"type": "ivs", "details": {"ovs_hybrid_plug": True}}, "bridge", ["nicf11868e4-d7"]),
        ({"type": "agilio_ovs", "vnic_type": "direct", "profile": PCI}, "hostdev", []),
        ({"type": "agilio_ovs"}, "bridge", ["nicf11868e4-d7"]),
        ({"type": "vhostuser", "details": {**SOCKET, "vhostuser_ovs_plug": True}}, "vhostuser", ["vhuf11868e4-d7"]),
        ({"type": "tap"}, "ethernet", []),
        ({"type": "iovisor", "target_dev": "t", "mtu": 9000}, "ethernet", ["t"]),
    ],
)
def test_kinds_of_ports(vif: Any, kind: str, target: list[str]) -> None:
    found = plug(vif)
    assert found.problems == ()
    assert (xpath(found, "//interface/@type"), xpath(found, "//interface/target/@dev")) == ([kind], target)
    assert xpath(found, "//interface/mtu/@size") == (["9000"] if vif["type"] == "vrouter" and "mtu" in vif else [])


def test_a_port_that_only_the_model_spoils_is_refused() -> None:
    details = {"macvtap_source": "eth0", "macvtap_mode": "bridge", "physical_interface": "eth0"}
    found = plug({"type": "macvtap", "details": details}, hw_vif_model="sriov")
    assert [problem.code for problem in found.problems] == ["UnsupportedHardware"]


@pytest.mark.parametrize(
    ("vif_type", "vnic_type", "code"), [("vrouter", "vdpa", "NotImplementedError"), ("", "", "InternalError")]
)
def test_ports_that_nobody_plugs(vif_type: str, vnic_type: str, code: str) -> None:
    found = plug({"type": vif_type, "vnic_type": vnic_type})
    assert [problem.code for problem in found.problems] == [code]


def test_a_foreign_guest_keeps_the_timers_of_its_host() -> None:
    found = with_specs({}, {"hw_emulation_architecture": "aarch64", "hw_machine_type": "virt"})
    assert xpath(found, "/domain/@type") == ["qemu"]
    assert names(found, "//timer") == ["pit", "rtc"]
    assert xpath(found, "//interface/driver") == []


PINNED = {"hw:cpu_policy": "dedicated"}


def test_a_host_that_was_never_told_pins_on_all_its_cpus() -> None:
    host = hypervisor(numa_cells=[numa_cell(0, 8, 16384, threads=2)])
    found = with_specs({**PINNED, "hw:cpu_thread_policy": "isolate"}, host=host)
    assert found.problems == ()
    assert xpath(found, "//vcpupin/@cpuset") == ["0", "2"]


def test_memory_in_huge_pages_is_not_there_for_others() -> None:
    cell = numa_cell(0, 8, 4096, pages={2048: 1536})
    cell["pages"][0] = {"size": 4, "total": 1024 * 256, "free": 1024 * 256}
    found = with_specs({"hw:numa_nodes": "1"}, host=hypervisor(numa_cells=[cell]))
    assert [problem.code for problem in found.problems] == ["ComputeResourcesUnavailable"]
    assert with_specs({"hw:mem_page_size": "2048"}, host=hypervisor(numa_cells=[cell])).problems == ()


def test_no_resources_are_no_policy() -> None:
    found = with_specs({"resources:PCPU": "0", "resources:VCPU": "0"})
    assert (found.problems, found.domain.cpu.cells if found.domain.cpu else None) == ((), ())


@pytest.mark.parametrize(
    ("specs", "properties", "host", "path", "fitted", "letter"),
    [
        ({"hw:viommu_model": "virtio"}, {"hw_machine_type": "q35"}, {}, "//iommu/driver/@eim", [], ["on"]),
        ({}, UEFI, {"libvirt_version": 9000000}, "//loader/@secure", [], ["no"]),
        ({"hw:redirected_usb_ports": "1"}, {"hw_input_bus": "virtio"}, {}, "//controller[@type='usb']/@model", [], ["none"]),
        ({}, {"hw_emulation_architecture": "aarch64"}, {}, "/domain/os/type/@machine", ["virt"], ["pc"]),
        (
            {"hw:mem_encryption": "true", "hw:mem_encryption_model": "amd-sev-es"},
            UEFI,
            {"sev_models": ["amd-sev"]},
            "//launchSecurity/policy",
            [],
            ["0x0037"],
        ),
    ],
)
def test_what_libvirt_does_not_take_is_written_only_to_the_letter(
    specs: Any, properties: Any, host: Any, path: str, fitted: list[str], letter: list[str]
) -> None:
    arguments: dict[str, Any] = {"host": hypervisor(**host), "host_options": {"spice": {"enabled": True}}}
    assert xpath(with_specs(specs, properties, **arguments), path) == fitted
    assert xpath(with_specs(specs, properties, definable=False, **arguments), path) == letter


def test_a_guest_that_stays_in_the_clear_tells_of_its_core() -> None:
    found = with_specs({"hw:mem_encryption": "true"}, UEFI, host=hypervisor(sev_models=[]))
    assert (xpath(found, "//launchSecurity"), len(xpath(found, "//vmcoreinfo"))) == ([], 1)


@pytest.mark.parametrize(("mode", "count"), [("hvm", 1), ("xen", 0)])
def test_only_whole_machines_have_a_tablet(mode: str, count: int) -> None:
    assert len(with_specs({}, {"hw_vm_mode": mode}, definable=False).domain.devices.inputs) == count
