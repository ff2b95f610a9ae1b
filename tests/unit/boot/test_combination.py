# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A flavor with an image: who wins, what conflicts, what follows, what is said in vain."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.checked import Checked
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.combination import Combination, check_flavor_image
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.combination_memory import ANY, LARGE, SMALL
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.combination_pci import check_pci_aliases
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.combination_values import Rng, Tpm
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.cpu import CpuAxes as Axes
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.cpu import CpuListError, choose_topology, parse_cpu_mask
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.extra_spec import REGISTRY
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.image import validate_image
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import SCHEMA, Flavor

Specs = dict[str, str]
Properties = dict[str, Any]
GIB = 1024**3
FREE = Axes(65536, 65536, 65536)


def _flavor(specs: Specs, **fields: Any) -> Flavor:
    """As it may be stored: unchecked extra specs included."""
    flavor = Flavor(
        schema=SCHEMA,
        name="f",
        id="f",
        vcpus=4,
        ram=2048,
        disk=1,
        ephemeral=0,
        swap=0,
        rxtx_factor=1.0,
        extra_specs=specs,
        is_public=True,
        disabled=False,
        description=None,
    )
    flavor.update(fields)  # type: ignore[typeddict-item]
    return flavor


def _combine(
    specs: Specs, properties: Properties, *, image: dict[str, Any] | None = None, **fields: Any
) -> Checked[Combination]:
    checked = validate_image({"name": "i", "properties": properties, **(image or {})})
    assert checked.problems == ()
    return check_flavor_image(_flavor(specs, **fields), checked.value, root=None, field_flavor="flavor", field_image="image")


def _codes(answer: Checked[Combination]) -> list[str]:
    return sorted(problem.code for problem in answer.problems)


PINNED = {"hw:cpu_policy": "dedicated"}
MIXED = {"hw:cpu_policy": "mixed"}
REALTIME = {"hw:cpu_realtime": "yes"}
ENCRYPTED = {"hw:mem_encryption": "yes"}
TDX = {"hw:mem_encryption_model": "intel-tdx"}
UEFI = {"hw_firmware_type": "uefi"}


@pytest.mark.parametrize(
    ("field", "specs", "properties", "expected"),
    [
        ("pmu", {}, {}, None),
        ("pmu", {"hw:pmu": "no"}, {"hw_pmu": "off"}, False),
        ("vif_multiqueue", {"hw:vif_multiqueue_enabled": "yes"}, {}, True),
        ("virtio_packed_ring", {}, {"hw_virtio_packed_ring": "1"}, True),
        ("serial_port_count", {}, {}, 1),
        ("serial_port_count", {"hw:serial_port_count": "3"}, {"hw_serial_port_count": 2}, 2),
        ("serial_port_count", {"hw:serial_port_count": "0"}, {"hw_serial_port_count": 2}, 2),
        ("tpm", {"hw:tpm_model": "tpm-crb"}, {}, None),
        ("tpm", {"hw:tpm_version": "2.0"}, {"hw_tpm_model": "tpm-crb"}, Tpm("2.0", "tpm-crb", "user")),
        ("tpm", {"hw:tpm_secret_security": "host"}, {"hw_tpm_version": "1.2"}, Tpm("1.2", "tpm-tis", "host")),
        ("secure_boot", {}, {"os_secure_boot": "optional"}, "optional"),
        ("stateless_firmware", {}, {"hw_firmware_stateless": True}, None),
        ("stateless_firmware", {}, {"hw_firmware_stateless": False, **UEFI}, False),
        ("sound_model", {"hw:sound_model": "ich9"}, {"hw_sound_model": "ich9"}, "ich9"),
        ("usb_model", {}, {"hw_usb_model": "none"}, "none"),
        ("redirected_usb_ports", {}, {}, 0),
        ("redirected_usb_ports", {"hw:redirected_usb_ports": "15"}, {"hw_redirected_usb_ports": 0}, 15),
        ("maxphysaddr_mode", {"hw:maxphysaddr_mode": "emulate"}, {}, "emulate"),
        ("maxphysaddr_bits", {"hw:maxphysaddr_bits": "40"}, {"hw_maxphysaddr_bits": 42}, 40),
        ("ephemeral_encryption", {"hw:ephemeral_encryption": "yes"}, {}, True),
        ("watchdog_action", {}, {}, "disabled"),
        ("watchdog_action", {"hw:watchdog_action": "reset"}, {"hw_watchdog_action": "pause"}, "pause"),
        ("viommu_model", {"hw:viommu_model": "intel"}, {"hw_viommu_model": "virtio"}, "intel"),
        ("rng", {"hw_rng:allowed": "no"}, {}, None),
        ("rng", {"hw_rng:rate_bytes": "8", "hw_rng:rate_period": "2"}, {}, Rng(8, 2)),
        ("video_ram", {"hw_video:ram_max_mb": "64"}, {"hw_video_ram": 64}, 64),
        ("video_ram", {"hw_video:ram_max_mb": "64"}, {}, None),
        ("hide_hypervisor_id", {"hide_hypervisor_id": "true"}, {"img_hide_hypervisor_id": False}, True),
        ("boot_menu", {"hw:boot_menu": "yes"}, {"hw_boot_menu": False}, False),
        ("pci_numa_affinity_policy", {}, {"hw_pci_numa_affinity_policy": "socket"}, "socket"),
        ("pmem_labels", {"hw:pmem": "A,,B,"}, {}, ("A", "B")),
        ("mem_page_size", {"hw:mem_page_size": "small"}, {}, SMALL),
        ("mem_page_size", {"hw:mem_page_size": "any"}, {}, ANY),
        ("mem_page_size", {"hw:mem_page_size": "any"}, {"hw_mem_page_size": "large"}, LARGE),
        ("mem_page_size", {"hw:mem_page_size": "large"}, {"hw_mem_page_size": "2MB"}, 2048),
        ("mem_page_size", {"hw:mem_page_size": "16Mbit"}, {}, 2048),
        ("mem_page_size", {"hw:mem_page_size": "4096B"}, {}, 4),
        ("locked_memory", {"hw:locked_memory": "yes", "hw:mem_page_size": "large"}, {}, True),
        ("mem_encryption", {"hw:mem_encryption": "no"}, {"hw_mem_encryption": False}, None),
    ],
)
def test_one_value_comes_of_the_two(field: str, specs: Specs, properties: Properties, expected: object) -> None:
    answer = _combine(specs, properties)
    assert answer.problems == ()
    assert getattr(answer.value, field) == expected


@pytest.mark.parametrize(
    ("specs", "properties", "code"),
    [
        ({"hw:pmu": "yes"}, {"hw_pmu": False}, "FlavorImageConflict"),
        ({"hw:vif_multiqueue_enabled": "no"}, {"hw_vif_multiqueue_enabled": True}, "FlavorImageConflict"),
        ({"hw:virtio_packed_ring": "no"}, {"hw_virtio_packed_ring": True}, "FlavorImageConflict"),
        ({"hw:serial_port_count": "1"}, {"hw_serial_port_count": 2}, "ImageSerialPortNumberExceedFlavorValue"),
        ({"hw:serial_port_count": "many"}, {}, "ImageSerialPortNumberInvalid"),
        ({"hw:tpm_version": "2.0"}, {"hw_tpm_version": "1.2"}, "FlavorImageConflict"),
        ({"hw:tpm_version": "1.3"}, {}, "Invalid"),
        ({"hw:tpm_version": "1.2", "hw:tpm_model": "tpm-crb"}, {}, "Invalid"),
        ({"os:secure_boot": "required"}, {"os_secure_boot": "optional"}, "FlavorImageConflict"),
        ({"hw:sound_model": "hda"}, {}, "Invalid"),
        ({"hw:redirected_usb_ports": "2"}, {"hw_redirected_usb_ports": 2}, "FlavorImageConflict"),
        ({}, {"hw_redirected_usb_ports": 16}, "Invalid"),
        ({"hw:maxphysaddr_mode": "emulate"}, {"hw_maxphysaddr_mode": "passthrough"}, "FlavorImageConflict"),
        ({"hw:ephemeral_encryption": "no"}, {"hw_ephemeral_encryption": True}, "FlavorImageConflict"),
        ({"hw:ephemeral_encryption_format": "zip"}, {}, "Invalid"),
        ({"hw:watchdog_action": "bark"}, {}, "InvalidWatchdogAction"),
        ({}, {"hw_video_ram": 1}, "RequestedVRamTooHigh"),
        ({"hw:pci_numa_affinity_policy": "socket"}, {"hw_pci_numa_affinity_policy": "legacy"}, "ImagePCINUMAPolicyForbidden"),
        ({"hw:pci_numa_affinity_policy": "near"}, {}, "InvalidPCINUMAAffinity"),
        ({}, {"hw_mem_page_size": "2048"}, "MemoryPageSizeForbidden"),
        ({"hw:mem_page_size": "2048"}, {"hw_mem_page_size": "2048"}, "MemoryPageSizeForbidden"),
        ({"hw:mem_page_size": "LARGE"}, {}, "MemoryPageSizeInvalid"),
        ({"hw:mem_page_size": "any"}, {"hw_mem_page_size": "3b"}, "MemoryPageSizeInvalid"),
        ({"hw:locked_memory": "yes"}, {}, "LockMemoryForbidden"),
        ({}, {"hw_locked_memory": True}, "LockMemoryForbidden"),
        ({"hw:locked_memory": "no"}, {"hw_locked_memory": True}, "FlavorImageLockedMemoryConflict"),
        (ENCRYPTED, {}, "FlavorImageConflict"),
        (ENCRYPTED, {**UEFI, "hw_mem_encryption": False}, "FlavorImageConflict"),
        (ENCRYPTED, {**UEFI, "hw_machine_type": "pc"}, "InvalidMachineType"),
        ({**ENCRYPTED, "hw:mem_encryption_model": "amd-sev-snp"}, UEFI, "StatelessFirmwareRequired"),
        ({**ENCRYPTED, "hw:mem_encryption_model": "other"}, UEFI, "Invalid"),
        ({**ENCRYPTED, **TDX}, {**UEFI, "hw_video_model": "none"}, "StatelessFirmwareRequired"),
        ({**ENCRYPTED, **TDX}, {**UEFI, "hw_firmware_stateless": True}, "InvalidVideoMode"),
        ({"hw:cpu_max_cores": "2"}, {"hw_cpu_max_cores": 4}, "ImageVCPULimitsRangeExceeded"),
        ({"hw:cpu_max_cores": "2"}, {"hw_cpu_cores": 4}, "ImageVCPUTopologyRangeExceeded"),
        ({"hw:cpu_cores": ""}, {}, "InvalidRequest"),
        (
            {"hw:cpu_max_sockets": "1", "hw:cpu_max_cores": "1", "hw:cpu_max_threads": "1"},
            {},
            "ImageVCPULimitsRangeImpossible",
        ),
        ({"hw:cpu_policy": "pinned"}, {}, "InvalidCPUAllocationPolicy"),
        ({"hw:cpu_policy": "shared"}, {"hw_cpu_policy": "mixed"}, "ImageCPUPinningForbidden"),
        ({"hw:cpu_thread_policy": "any"}, {}, "InvalidCPUThreadAllocationPolicy"),
        ({"hw:cpu_thread_policy": "isolate"}, {}, "CPUThreadPolicyConfigurationInvalid"),
        ({"trait:HW_CPU_HYPERTHREADING": "forbidden"}, {}, "CPUThreadPolicyConfigurationInvalid"),
        (
            {**PINNED, "hw:cpu_thread_policy": "isolate"},
            {"hw_cpu_thread_policy": "require"},
            "ImageCPUThreadPolicyForbidden",
        ),
        ({**PINNED, "hw:cpu_thread_policy": "require", "trait1:HW_CPU_HYPERTHREADING": "required"}, {}, "InvalidRequest"),
        ({**PINNED, "hw:cpu_thread_policy": "require", "trait:HW_CPU_HYPERTHREADING": "maybe"}, {}, "InvalidRequest"),
        ({"hw:emulator_threads_policy": "loose"}, {}, "InvalidEmulatorThreadsPolicy"),
        ({"hw:emulator_threads_policy": "isolate"}, {}, "BadRequirementEmulatorThreadsPolicy"),
        ({**PINNED, **REALTIME}, {}, "RealtimeMaskNotFoundOrInvalid"),
        ({**PINNED, **REALTIME, "hw:cpu_realtime_mask": "0-4"}, {}, "RealtimeMaskNotFoundOrInvalid"),
        ({**PINNED, **REALTIME, "hw:cpu_realtime_mask": "x"}, {}, "Invalid"),
        ({**REALTIME, "hw:cpu_realtime_mask": "^0"}, {}, "RealtimeConfigurationInvalid"),
        ({**PINNED, "hw:cpu_dedicated_mask": "0"}, {}, "RequiredMixedInstancePolicy"),
        (MIXED, {}, "RequiredMixedOrRealtimeCPUMask"),
        ({**MIXED, "hw:cpu_dedicated_mask": "0-3"}, {}, "InvalidMixedInstanceDedicatedMask"),
        ({"resources:VCPU": "4", **PINNED}, {}, "InvalidRequest"),
        ({"resources:PCPU": "2", "resources1:PCPU": "1"}, {}, "InvalidRequest"),
        ({"resources:PCPU": "4", "resources:VCPU": "1"}, {}, "InvalidRequest"),
        ({"hw:numa_nodes": "0"}, {}, "InvalidNUMANodesNumber"),
        ({"hw:numa_nodes": "3"}, {}, "ImageNUMATopologyAsymmetric"),
        ({"hw:numa_nodes": "2"}, {"hw_numa_nodes": 2}, "ImageNUMATopologyForbidden"),
        ({"hw:numa_nodes": "1", "hw:numa_cpus.0": "0-3"}, {}, "ImageNUMATopologyIncomplete"),
    ],
)
def test_what_the_two_cannot_be_together(specs: Specs, properties: Properties, code: str) -> None:
    answer = _combine(specs, properties)
    assert _codes(answer) == [code]
    assert answer.problems[0].field.startswith(("flavor.", "image."))


def _nodes(*nodes: tuple[str, str]) -> Specs:
    specs = {"hw:numa_nodes": str(len(nodes))}
    for index, (cpus, memory) in enumerate(nodes):
        specs |= {f"hw:numa_cpus.{index}": cpus, f"hw:numa_mem.{index}": memory}
    return specs


@pytest.mark.parametrize(
    ("specs", "codes"),
    [
        (_nodes(("0-1", "1024"), ("2-3", "1024")), []),
        (_nodes(("0-2", "1024"), ("2-3", "1024")), ["ImageNUMATopologyCPUDuplicates"]),
        (_nodes(("0", "1024"), ("2-3", "1024")), ["ImageNUMATopologyCPUsUnassigned"]),
        (_nodes(("0-1", "1024"), ("2-4", "1024")), ["ImageNUMATopologyCPUOutOfRange"]),
        (_nodes(("0-1", "1024"), ("2-3", "1")), ["ImageNUMATopologyMemoryOutOfRange"]),
        (
            _nodes(("0-1", "x"), ("b", "1024")),
            ["ImageNUMATopologyCPUsUnassigned", "ImageNUMATopologyMemoryOutOfRange", "Invalid", "Invalid"],
        ),
    ],
    ids=["complete", "twice", "nowhere", "beyond", "memory", "unreadable"],
)
def test_lists_of_nodes_cover_the_guest(specs: Specs, codes: list[str]) -> None:
    assert _codes(_combine(specs, {})) == codes


@pytest.mark.parametrize(
    ("specs", "properties", "expected"),
    [
        ({}, {}, None),
        (PINNED, {}, [((), (0, 1, 2, 3), 2048)]),
        ({"resources:PCPU": "5", "hw:emulator_threads_policy": "isolate"}, {}, [((), (0, 1, 2, 3), 2048)]),
        ({"hw:mem_page_size": "large"}, {}, [((0, 1, 2, 3), (), 2048)]),
        ({}, {"hw_numa_nodes": 2}, [((0, 1), (), 1024), ((2, 3), (), 1024)]),
        ({**MIXED, "hw:cpu_dedicated_mask": "^0", "hw:numa_nodes": "2"}, {}, [((0,), (1,), 1024), ((), (2, 3), 1024)]),
        ({**MIXED, **REALTIME}, {"hw_cpu_realtime_mask": "2-3"}, [((0, 1), (2, 3), 2048)]),
    ],
    ids=["none", "pinned", "by-amount", "by-page-size", "even", "mixed", "mixed-realtime"],
)
def test_cells(specs: Specs, properties: Properties, expected: list[tuple[Any, ...]] | None) -> None:
    answer = _combine(specs, properties)
    assert answer.problems == ()
    cells = answer.value.numa_cells
    found = None if cells is None else [(cell.shared_cpus, cell.dedicated_cpus, cell.memory) for cell in cells]
    assert found == expected


@pytest.mark.parametrize(
    ("specs", "properties", "fields"),
    [
        ({"hw:cpu_cores": "8", "hw:cpu_max_cores": "4"}, {}, ['flavor.extra_specs["hw:cpu_cores"]']),
        ({"hw:cpu_cores": "2"}, {"hw_cpu_sockets": 2}, ['flavor.extra_specs["hw:cpu_cores"]']),
        (PINNED, {"hw_cpu_policy": "shared"}, ["image.properties.hw_cpu_policy"]),
        ({"hw:numa_cpus.0": "0-3"}, {}, ['flavor.extra_specs["hw:numa_cpus.0"]']),
        ({"hw:numa_nodes": "1", "hw:numa_mem.1": "1"}, {}, ['flavor.extra_specs["hw:numa_mem.1"]']),
        ({"hw:tpm_secret_security": "host"}, {}, ['flavor.extra_specs["hw:tpm_secret_security"]']),
        ({"hw_rng:rate_bytes": "1"}, {}, ['flavor.extra_specs["hw_rng:rate_bytes"]']),
        ({"quota:vif_inbound_peak": "1"}, {}, ['flavor.extra_specs["quota:vif_inbound_peak"]']),
        ({"quota:vif_outbound_burst": "1", "quota:vif_outbound_average": "2"}, {}, []),
        ({"hw:boot_menu": "yes"}, {"hw_boot_menu": False}, ['flavor.extra_specs["hw:boot_menu"]']),
        ({"hw:boot_menu": "yes"}, {"hw_boot_menu": True}, []),
        ({"hw:mem_encryption_model": "amd-sev"}, {}, ['flavor.extra_specs["hw:mem_encryption_model"]']),
        ({}, {"hw_cpu_realtime_mask": "^0"}, ["image.properties.hw_cpu_realtime_mask"]),
        ({"hw:watchdog_action": "reset"}, {"hw_watchdog_action": "pause"}, ['flavor.extra_specs["hw:watchdog_action"]']),
        ({"hw:viommu_model": "intel"}, {"hw_viommu_model": "virtio"}, ["image.properties.hw_viommu_model"]),
        ({"hw:maxphysaddr_bits": "40"}, {}, ['flavor.extra_specs["hw:maxphysaddr_bits"]']),
        ({"hw:ephemeral_encryption_format": "luks"}, {}, ['flavor.extra_specs["hw:ephemeral_encryption_format"]']),
    ],
)
def test_what_is_said_in_vain_is_told(specs: Specs, properties: Properties, fields: list[str]) -> None:
    answer = _combine(specs, properties)
    assert answer.problems == ()
    assert [entry["field"] for entry in answer.no_effect] == fields


@pytest.mark.parametrize(
    ("image", "flavor", "root", "codes"),
    [
        ({"min_ram": 2048, "min_disk": 1, "size": GIB}, {}, None, []),
        (
            {"min_ram": 2049, "min_disk": 2, "size": GIB + 1},
            {},
            None,
            ["FlavorDiskSmallerThanImage", "FlavorDiskSmallerThanMinDisk", "FlavorMemoryTooSmall"],
        ),
        ({"min_disk": 9, "size": 9 * GIB}, {"disk": 0}, None, ["BootFromVolumeRequiredForZeroDiskFlavor"]),
        ({"min_disk": 9, "size": 9 * GIB}, {}, {"destination_type": "volume", "volume_size": None}, []),
        ({"min_disk": 2}, {}, {"destination_type": "volume", "volume_size": 2}, []),
        ({"min_disk": 2}, {"disk": 0}, {"destination_type": "volume", "volume_size": 1}, ["VolumeSmallerThanMinDisk"]),
        ({"min_disk": 2}, {}, {"destination_type": "local", "volume_size": 9}, ["FlavorDiskSmallerThanMinDisk"]),
        ({"status": "queued"}, {}, None, ["ImageNotActive"]),
        ({"properties": {"cinder_encryption_key_id": "k"}}, {}, None, ["ImageUnacceptable"]),
        ({"properties": {"cinder_encryption_key_id": "k"}}, {}, {"destination_type": "volume", "volume_size": 1}, []),
    ],
    ids=[
        "equal",
        "too-small",
        "no-disk",
        "volume",
        "volume-equal",
        "volume-small",
        "local",
        "queued",
        "encrypted",
        "encrypted-volume",
    ],
)
def test_an_image_fits_a_flavor(
    image: dict[str, Any], flavor: dict[str, Any], root: dict[str, Any] | None, codes: list[str]
) -> None:
    value = validate_image({"name": "i", **image}).value
    answer = check_flavor_image(
        _flavor({}, **flavor), value, root=root, field_flavor="f", field_image="i", zero_disk_flavor_allowed=False
    )
    assert _codes(answer) == codes


def test_an_encrypted_image_that_the_request_names_boots_by_no_volume() -> None:
    value = validate_image({"name": "i", "properties": {"cinder_encryption_key_id": "k"}}).value
    root = {"destination_type": "volume", "volume_size": 1}
    answer = check_flavor_image(_flavor({}), value, root=root, field_flavor="f", field_image="i", image_named=True)
    assert _codes(answer) == ["ImageUnacceptable"]


def test_a_policy_lets_images_boot_without_a_disk_of_the_flavor() -> None:
    assert _combine({}, {}, image={"min_disk": 9}, disk=0).problems == ()


def test_a_flavor_speaks_alone_without_an_image() -> None:
    answer = check_flavor_image(_flavor(PINNED), None, root=None, field_flavor="f", field_image="i")
    assert answer.problems == ()
    assert answer.value.cpu.policy == "dedicated"


@pytest.mark.parametrize(
    "specs",
    [
        {"resources:PCPU": "0", "resources:VCPU": "2"},
        {**PINNED, "resources:PCPU": "0"},
        {"hw:cpu_policy": "shared", "resources_NET:PCPU": "2", "trait_NET:HW_CPU_HYPERTHREADING": "required"},
    ],
)
def test_amounts_of_none_and_of_named_groups_say_nothing_of_cpus(specs: Specs) -> None:
    assert _combine(specs, {}).problems == ()


def test_an_image_of_no_nodes_leaves_them_to_the_flavor() -> None:
    answer = _combine({"hw:numa_nodes": "2"}, {"hw_numa_nodes": 0})
    assert answer.problems == ()
    assert len(answer.value.numa_cells or ()) == 2


def test_one_vcpu_has_one_queue() -> None:
    answer = _combine({"hw:vif_multiqueue_enabled": "no"}, {"hw_vif_multiqueue_enabled": True}, vcpus=1)
    assert answer.problems == ()
    assert answer.value.vif_multiqueue is False
    assert len(answer.no_effect) == 2


def test_encrypted_memory_is_locked_by_two_models() -> None:
    locks = {}
    image = {**UEFI, "hw_firmware_stateless": True, "hw_video_model": "none"}
    for model in ("amd-sev", "amd-sev-es", "amd-sev-snp", "intel-tdx"):
        found = _combine({**ENCRYPTED, "hw:mem_encryption_model": model}, image).value
        assert found.mem_encryption is not None
        locks[model] = found.mem_encryption.locks_memory
    assert locks == {"amd-sev": True, "amd-sev-es": True, "amd-sev-snp": False, "intel-tdx": False}


def test_all_problems_at_once_and_the_same_again() -> None:
    specs = {"hw:pmu": "yes", "hw:cpu_policy": "x", "hw:numa_nodes": "3", "hw:tpm_version": "9", "hw:cpu_cores": "x"}
    properties = {"hw_pmu": False, "hw_video_ram": 9}
    answer = _combine(specs, properties, image={"min_ram": 4096})
    assert _codes(answer) == [
        "FlavorImageConflict",
        "FlavorMemoryTooSmall",
        "ImageNUMATopologyAsymmetric",
        "Invalid",
        "InvalidCPUAllocationPolicy",
        "InvalidRequest",
        "RequestedVRamTooHigh",
    ]
    assert answer == _combine(specs, properties, image={"min_ram": 4096})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0-4,7,^2", [0, 1, 3, 4, 7]),
        (", ,  4 ,,  2,  ,", [2, 4]),
        ("^1,1", []),
        ("0 - 2", [0, 1, 2]),
        ("", []),
        ("65535", [65535]),
        ("+1,1_0-+11, \n", [1, 10, 11]),
    ],
)
def test_cpu_lists(text: str, expected: list[int]) -> None:
    assert parse_cpu_mask(text) == expected


@pytest.mark.parametrize("text", ["-3", "3-1", "1-3,^2-", "1--2", "a", "^", "^^1", "65536", "9" * 99, "1 2"])
def test_texts_that_are_no_cpu_list(text: str) -> None:
    with pytest.raises(CpuListError):
        parse_cpu_mask(text)


@pytest.mark.parametrize(
    ("vcpus", "preferred", "maximum", "expected"),
    [
        (4, Axes(0, 0, 0), FREE, (4, 1, 1)),
        (16, Axes(2, 0, 0), FREE, (2, 8, 1)),
        (8, Axes(0, 0, 0), Axes(1, 4, 65536), (1, 4, 2)),
        (8, Axes(0, 0, 2), FREE, (4, 1, 2)),
        (12, Axes(2, 3, 2), FREE, (2, 3, 2)),
        (7, Axes(0, 0, 0), Axes(2, 2, 2), None),
        (2147483646, Axes(0, 0, 0), FREE, (65534, 32769, 1)),
    ],
)
def test_the_choice_of_a_topology(vcpus: int, preferred: Axes, maximum: Axes, expected: tuple[int, ...] | None) -> None:
    assert choose_topology(vcpus, preferred, maximum) == expected


def test_pci_requests_name_defined_aliases() -> None:
    flavor = _flavor({"pci_passthrough:alias": "gpu:2, nic :1"})
    answer = check_flavor_image(flavor, None, root=None, field_flavor="f", field_image="i", pci_aliases=["gpu"])
    assert [(request.alias, request.count) for request in answer.value.pci_requests] == [("gpu", 2), ("nic", 1)]
    assert _codes(answer) == ["PciRequestAliasNotDefined"]


@pytest.mark.parametrize(
    ("definition", "fields"),
    [
        ({"name": "a", "vendor_id": "8086", "product_id": "10fb", "device_type": "type-VF"}, []),
        ('{"name": "a", "vendor_id": "8086", "product_id": "10fb"}', []),
        ({"name": "a" * 257, "vendor_id": "8086", "product_id": "10fb"}, ["pci.alias[0].name"]),
        ({"name": "a", "vendor_id": "808", "product_id": "10FG"}, ["pci.alias[0].product_id", "pci.alias[0].vendor_id"]),
        ({"name": "a", "vendor_id": "8086"}, ["pci.alias[0].product_id"]),
        ({"name": "a", "vendor_id": "8086", "product_id": "10fb", "colour": 1}, ["pci.alias[0]"]),
        ({"name": "a", "resource_class": "CUSTOM_GPU"}, ["pci.alias[0].product_id", "pci.alias[0].vendor_id"]),
        ("{", ["pci.alias[0]"]),
    ],
)
def test_alias_definitions(definition: object, fields: list[str]) -> None:
    answer = check_pci_aliases([definition])
    assert [problem.field for problem in answer.problems] == fields
    assert list(answer.value) == ([] if fields else ["a"])


def test_alias_definitions_of_one_name_agree() -> None:
    ids = {"vendor_id": "8086", "product_id": "10fb"}
    same = check_pci_aliases([{"name": "a", **ids}, {"name": "a", **ids, "product_id": "10fc"}])
    assert len(same.value["a"].devices) == 2
    other = check_pci_aliases([{"name": "a", **ids}, {"name": "a", **ids, "numa_policy": "socket"}])
    assert [problem.field for problem in other.problems] == ["pci.alias[1]"]
    assert check_pci_aliases([{"name": "a", "resource_class": "CUSTOM_GPU"}], in_placement=True).problems == ()


SPEC_KEYS = [
    *(spec.key for spec in REGISTRY if not spec.pattern),
    *("hw:numa_cpus.0", "hw:numa_mem.0", "resources:PCPU", "resources:VCPU", "trait:HW_CPU_HYPERTHREADING"),
]
WORDS = st.sampled_from(["yes", "0", "1", "2", "4", "^0", "0-3", "dedicated", "mixed", "large", "isolate", "required", "2MB"])


@given(
    st.dictionaries(st.sampled_from(SPEC_KEYS), WORDS | st.text(max_size=12), max_size=8),
    st.dictionaries(st.sampled_from(SPEC_KEYS).map(lambda key: key.replace(":", "_")), WORDS, max_size=8),
    st.integers(1, 2**31 - 1) | st.integers(1, 8),
)
@settings(max_examples=200)
def test_nothing_raises_and_the_answer_is_always_the_same(specs: Specs, properties: Properties, vcpus: int) -> None:
    image = validate_image({"name": "i", "properties": properties}).value
    flavor = _flavor(specs, vcpus=vcpus)
    answers = [check_flavor_image(flavor, image, root=None, field_flavor="f", field_image="i") for _ in range(2)]
    assert answers[0] == answers[1]
