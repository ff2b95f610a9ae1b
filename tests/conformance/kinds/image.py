# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kind image: properties to typed ones, and every rule of a flavor with an image."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.checked import Checked
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.combination import Combination, check_flavor_image
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.image import validate_image
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import SCHEMA, Flavor, Image
from tests.conformance.__main__ import differences
from tests.conformance.outcome import Outcome

# What Nova finds out on the host only; a case of the request does not see it.
_HOST_SIDE = {f"CMB-{number}" for number in (23, 24, 25, 26, 27, 28, 37)}


def _rules(first: int, last: int | None = None) -> set[str]:
    return {f"CMB-{number:02}" for number in range(first, (last or first) + 1)}


def _limits(found: Combination) -> dict[str, list[int]]:
    return {"preferred": list(found.topology.preferred), "maximum": list(found.topology.maximum)}


def _locked(found: Combination) -> bool | None:
    """Encryption may lock memory that nobody asked to lock; the designer puts the two together."""
    encryption = found.mem_encryption
    return True if encryption is not None and encryption.locks_memory else found.locked_memory


def _cells(found: Combination) -> list[dict[str, Any]] | None:
    return None if found.numa_cells is None else [_plain(cell) for cell in found.numa_cells]


# Operation -> the part of the answer that it asks for, and the rules that belong to it: a case tests one setting.
_OPERATIONS: Mapping[str, tuple[Callable[[Combination], Any], set[str]]] = {
    "cpu_topology_limits": (_limits, _rules(31, 36)),
    "cpu_topology": (lambda found: found.topology.chosen and list(found.topology.chosen), _rules(31, 38)),
    "cpu_policy": (lambda found: found.cpu.policy, _rules(39, 43)),
    "cpu_thread_policy": (lambda found: found.cpu.thread_policy, _rules(44, 46)),
    "emulator_threads_policy": (lambda found: found.cpu.emulator_policy, _rules(48)),
    "cpu_realtime": (lambda found: found.cpu.realtime_cpus, _rules(50, 52)),
    "dedicated_cpus": (lambda found: found.cpu.dedicated_cpus, _rules(54, 57)),
    "numa": (_cells, _rules(4, 11) | _rules(39, 79)),
    "mem_page_size": (lambda found: found.mem_page_size, _rules(64, 66)),
    "locked_memory": (_locked, _rules(4, 11)),
    "mem_encryption": (lambda found: found.mem_encryption, _rules(4, 9)),
    "pmu": (lambda found: found.pmu, _rules(1)),
    "vif_multiqueue": (lambda found: found.vif_multiqueue, _rules(2)),
    "virtio_packed_ring": (lambda found: found.virtio_packed_ring, _rules(3)),
    "serial_port_count": (lambda found: found.serial_port_count, _rules(12)),
    "vtpm": (lambda found: found.tpm, _rules(13, 14)),
    "secure_boot": (lambda found: found.secure_boot, _rules(16)),
    "stateless_firmware": (lambda found: found.stateless_firmware, _rules(17)),
    "sound_model": (lambda found: found.sound_model, _rules(18)),
    "usb_model": (lambda found: found.usb_model, _rules(18)),
    "redirected_usb_ports": (lambda found: found.redirected_usb_ports, _rules(19)),
    "maxphysaddr_mode": (lambda found: found.maxphysaddr_mode, _rules(20)),
    "ephemeral_encryption": (lambda found: found.ephemeral_encryption, _rules(21)),
    "ephemeral_encryption_format": (lambda found: found.ephemeral_encryption_format, _rules(22)),
    "pci_numa_affinity": (lambda found: found.pci_numa_affinity_policy, _rules(29)),
}


def judge(case: dict[str, Any], _defaults: dict[str, Any]) -> tuple[str, list[str]]:
    """As for every kind; beside it, what a case lists as ``absent`` must be no value of the answer."""
    outcome = run(case["input"])
    if outcome is None:
        return "not built", []
    wanted = dict(case["expect"].get("values") or {})
    unwanted = [name for name in wanted.pop("absent", ()) if name in outcome.values]
    found = differences({**case["expect"], "values": wanted}, outcome)
    found += [f"{name}: expected to be absent, got {outcome.values[name]!r}" for name in unwanted]
    return ("failed" if found else "passed"), found


def run(given: dict[str, Any]) -> Outcome | None:
    operation = given["op"]
    if operation == "properties":
        return _properties(given["properties"])
    if operation == "check":
        return _check(given)
    if operation not in _OPERATIONS:
        return None
    pick, rules = _OPERATIONS[operation]
    image = validate_image({"name": "image", "properties": given.get("image_properties", {})})
    if image.value is None:
        return _refused(image)
    answer = _combined(given, image.value)
    reasons = tuple(problem.message for problem in answer.problems if problem.rule in rules)
    return Outcome(not reasons, {"result": _plain(pick(answer.value))}, reasons)


def _properties(raw: dict[str, Any]) -> Outcome:
    image = validate_image({"name": "image", "properties": raw})
    if image.value is None:
        return _refused(image)
    return Outcome(True, image.value["properties"])


def _check(given: dict[str, Any]) -> Outcome:
    image = validate_image({"name": "image", **given["image"]})
    if image.value is None:
        return _refused(image)
    answer = _combined(given, image.value)
    reasons = tuple(problem.message for problem in answer.problems if problem.rule not in _HOST_SIDE)
    return Outcome(not reasons, {}, reasons)


def _refused(answer: Checked[Any]) -> Outcome:
    return Outcome(False, reasons=tuple(problem.message for problem in answer.problems))


def _combined(given: dict[str, Any], image: Image) -> Checked[Combination]:
    return check_flavor_image(
        _flavor(given["flavor"]),
        image,
        root=given.get("root_device"),
        field_flavor="flavor",
        field_image="image",
        zero_disk_flavor_allowed=given.get("zero_disk_flavor_allowed", "disk" not in given["flavor"]),
    )


def _flavor(given: dict[str, Any]) -> Flavor:
    """As stored: cases test what happens at boot with extra specs that were stored unchecked."""
    return Flavor(
        schema=SCHEMA,
        name="flavor",
        id="flavor",
        vcpus=given.get("vcpus", 1),
        ram=given.get("ram", 1),
        disk=given.get("disk", 0),
        ephemeral=0,
        swap=0,
        rxtx_factor=1.0,
        extra_specs=given.get("extra_specs", {}),
        is_public=True,
        disabled=False,
        description=None,
    )


def _plain(value: Any) -> Any:
    """Data classes and tuples as cases write them."""
    if is_dataclass(value) and not isinstance(value, type):
        return {key: _plain(item) for key, item in asdict(value).items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
