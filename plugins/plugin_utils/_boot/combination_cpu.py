# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU topology, policies, dedicated and realtime CPUs of a guest (rules CMB-31..63)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from .combination_pair import Pair
from .cpu import MAX_CPUS, CpuAxes, CpuListError, choose_topology, parse_cpu_mask
from .types import integer_text

POLICIES: Final = ("shared", "dedicated", "mixed")
THREAD_POLICIES: Final = ("prefer", "isolate", "require")
EMULATOR_POLICIES: Final = ("share", "isolate")
_AXES: Final = ("sockets", "cores", "threads")
_CPU_RESOURCE = re.compile(r"resources(?:[1-9][0-9]*)?:([VP]CPU)")
_HYPERTHREADING = "HW_CPU_HYPERTHREADING"
_HYPERTHREADING_KEY = re.compile(rf"trait(?:[1-9][0-9]*)?:{_HYPERTHREADING}")


@dataclass(frozen=True, slots=True)
class Topology:
    """``chosen`` is None where nothing fits; 0 in ``preferred`` is no preference."""

    chosen: CpuAxes | None
    preferred: CpuAxes
    maximum: CpuAxes


@dataclass(frozen=True, slots=True)
class CpuPolicies:
    """None is unset, which for the CPU policy means shared. ``realtime_cpus`` and ``dedicated_cpus`` are sorted vCPUs; the
    latter is set where the policy is mixed (rules CMB-57)."""

    policy: str | None
    thread_policy: str | None
    emulator_policy: str | None
    realtime_cpus: tuple[int, ...] | None
    dedicated_cpus: tuple[int, ...] | None


def topology(pair: Pair) -> Topology:
    """Rules CMB-31..38."""
    flavor_max = _spec_axes(pair, "hw:cpu_max_")
    flavor_wish = _spec_axes(pair, "hw:cpu_")
    image_max = _prop_axes(pair, "hw_cpu_max_")
    image_wish = _prop_axes(pair, "hw_cpu_")
    maximum = CpuAxes(
        *(_effective_max(pair, axis, given, own) for axis, given, own in zip(_AXES, flavor_max, image_max, strict=True))
    )
    for axis, wish, limit in zip(_AXES, image_wish, maximum, strict=True):
        if wish > limit:
            message = f"the image's hw_cpu_{axis} {wish} is above the maximum {limit}"
            pair.bad_prop("ImageVCPUTopologyRangeExceeded", "CMB-33", f"hw_cpu_{axis}", {"max": limit}, message)
    preferred = image_wish if any(image_wish) else _flavor_preference(pair, flavor_wish, maximum)
    if any(image_wish) and image_wish != flavor_wish:
        _ignored_preference(pair, "the image's own preference replaces the flavor's")
    chosen = choose_topology(pair.vcpus, preferred, maximum)
    if chosen is None:
        allowed = dict(zip(_AXES, maximum, strict=True))
        message = f"no sockets, cores and threads within the maximums give {pair.vcpus} vcpus"
        field = pair.field_specs.rpartition(".")[0]
        pair.problems.add("ImageVCPULimitsRangeImpossible", "CMB-37", f"{field}.vcpus", pair.vcpus, allowed, message)
    return Topology(chosen, preferred, maximum)


def _flavor_preference(pair: Pair, wish: CpuAxes, maximum: CpuAxes) -> CpuAxes:
    """Rules CMB-34: all of it or nothing."""
    if all(axis <= limit for axis, limit in zip(wish, maximum, strict=True)):
        return wish
    _ignored_preference(pair, "one of the preferred sockets, cores and threads is above its maximum")
    return CpuAxes(0, 0, 0)


def _ignored_preference(pair: Pair, reason: str) -> None:
    for axis in _AXES:
        pair.ignored_spec(f"hw:cpu_{axis}", reason)


def _spec_axes(pair: Pair, prefix: str) -> CpuAxes:
    """Unlike elsewhere an empty text is not unset: it is not an integer (rules CMB-36)."""
    numbers = []
    for key in (prefix + axis for axis in _AXES):
        number = integer_text(pair.specs.get(key, "0"))
        if number is None:
            pair.bad_spec("InvalidRequest", "CMB-36", key, {"type": "integer", "min": 1}, f"{key} must be a whole number")
        numbers.append(number or 0)
    return CpuAxes(*numbers)


def _prop_axes(pair: Pair, prefix: str) -> CpuAxes:
    return CpuAxes(*(pair.prop(prefix + axis) or 0 for axis in _AXES))


def _effective_max(pair: Pair, axis: str, flavor: int, image: int) -> int:
    if flavor and image > flavor:
        message = f"the image's hw_cpu_max_{axis} {image} is above the flavor's {flavor}"
        pair.bad_prop("ImageVCPULimitsRangeExceeded", "CMB-31", f"hw_cpu_max_{axis}", {"max": flavor}, message)
    return image or flavor or 65536


def cpu_policies(pair: Pair) -> CpuPolicies:
    """Rules CMB-39..63, in Nova's order: policy, threads, emulator, realtime, dedicated mask."""
    policy = _policy(pair)
    policy = _resource_policy(pair, policy) or policy
    thread_policy = _trait_policy(pair, _thread_policy(pair))
    emulator = _emulator_policy(pair)
    pinned = policy in ("dedicated", "mixed")
    if not pinned:
        _check_unpinned(pair, thread_policy, emulator)
    realtime = _realtime(pair, emulator)
    if realtime is not None and not pinned:
        message = "realtime CPUs need the CPU policy dedicated or mixed"
        pair.bad_spec("RealtimeConfigurationInvalid", "CMB-53", "hw:cpu_realtime", None, message)
    dedicated = _dedicated(pair, policy, realtime)
    return CpuPolicies(policy, thread_policy, emulator, realtime, dedicated)


def _known(
    pair: Pair, spec: str, prop: str | None, choices: tuple[str, ...], code: str, rule: str
) -> tuple[str | None, str | None]:
    """The flavor's and the image's word, None where unset or unknown."""
    flavor = pair.spec(spec)
    image = pair.prop(prop) if prop else None
    message = f"must be one of {', '.join(choices)}"
    if flavor is not None and flavor not in choices:
        pair.bad_spec(code, rule, spec, list(choices), f"{spec} {message}")
        flavor = None
    if prop and image is not None and image not in choices:
        pair.bad_prop(code, rule, prop, list(choices), f"{prop} {message}")
        image = None
    return flavor, image


def _policy(pair: Pair) -> str | None:
    """Rules CMB-39..43."""
    flavor, image = _known(pair, "hw:cpu_policy", "hw_cpu_policy", POLICIES, "InvalidCPUAllocationPolicy", "CMB-39")
    forbidden = {"mixed": ("dedicated",), "shared": ("dedicated", "mixed")}.get(flavor or "", ())
    if image in forbidden:
        rule = "CMB-41" if flavor == "mixed" else "CMB-42"
        message = f"the image asks for the CPU policy {image}, the flavor gives {flavor}"
        pair.bad_prop(
            "ImageCPUPinningForbidden", rule, "hw_cpu_policy", [word for word in POLICIES if word not in forbidden], message
        )
    elif flavor and image and image != flavor:
        pair.ignored_prop("hw_cpu_policy", "the flavor's hw:cpu_policy decides")
    return flavor or image


def _thread_policy(pair: Pair) -> str | None:
    """Rules CMB-44..47, before a trait says more."""
    spec, prop = "hw:cpu_thread_policy", "hw_cpu_thread_policy"
    flavor, image = _known(pair, spec, prop, THREAD_POLICIES, "InvalidCPUThreadAllocationPolicy", "CMB-46")
    if flavor in (None, "prefer"):
        if flavor and image and image != flavor:
            pair.ignored_prop(prop, f"the flavor's {spec} decides")
        return flavor or image
    if image and image != flavor:
        pair.clash("ImageCPUThreadPolicyForbidden", "CMB-45", spec, prop)
    return flavor


def _emulator_policy(pair: Pair) -> str | None:
    """Rules CMB-48."""
    return _known(pair, "hw:emulator_threads_policy", None, EMULATOR_POLICIES, "InvalidEmulatorThreadsPolicy", "CMB-48")[0]


def _check_unpinned(pair: Pair, thread_policy: str | None, emulator: str | None) -> None:
    """What only pinned CPUs can have (rules CMB-47, CMB-49)."""
    if thread_policy:
        message = "a thread policy, set or implied by a trait, needs the CPU policy dedicated or mixed"
        from_flavor = [key for key in ("hw:cpu_thread_policy", *_hyperthreading_keys(pair)) if pair.spec(key)]
        if from_flavor:
            pair.bad_spec("CPUThreadPolicyConfigurationInvalid", "CMB-47", from_flavor[0], None, message)
        else:
            key = "hw_cpu_thread_policy" if pair.prop("hw_cpu_thread_policy") else "traits_required"
            pair.bad_prop("CPUThreadPolicyConfigurationInvalid", "CMB-47", key, None, message)
    if emulator == "isolate":
        message = "isolated emulator threads need the CPU policy dedicated or mixed"
        pair.bad_spec("BadRequirementEmulatorThreadsPolicy", "CMB-49", "hw:emulator_threads_policy", ["share"], message)


def _resource_policy(pair: Pair, policy: str | None) -> str | None:
    """The policy that amounts of CPUs imply, in whatever numbered group they stand; zero is no amount (rules CMB-58..61)."""
    keys: dict[str, str] = {}
    amounts = {"VCPU": 0, "PCPU": 0}
    for key, text in pair.specs.items():
        found = _CPU_RESOURCE.fullmatch(key)
        amount = integer_text(text) if found else None
        if found and amount:
            keys.setdefault(found[1], key)
            amounts[found[1]] += amount
    if not keys:
        return None
    for key in keys.values():
        if policy:
            pair.bad_spec("InvalidRequest", "CMB-58", key, None, f"{key} and a CPU policy exclude each other")
    if len(keys) > 1:
        message = f"{keys['PCPU']} and {keys['VCPU']} exclude each other"
        pair.bad_spec("InvalidRequest", "CMB-59", keys["PCPU"], None, message)
    if "PCPU" not in keys:
        return "shared"
    wanted = pair.vcpus + (pair.spec("hw:emulator_threads_policy") == "isolate")
    if amounts["PCPU"] != wanted:
        message = f"{keys['PCPU']} must be {wanted}: one per vcpu, one more with isolated emulator threads"
        pair.bad_spec("InvalidRequest", "CMB-60", keys["PCPU"], [wanted], message)
    return "dedicated"


def _hyperthreading_keys(pair: Pair) -> list[str]:
    """The extra specs that require or forbid the trait, in any numbered group."""
    return [key for key in pair.specs if _HYPERTHREADING_KEY.fullmatch(key)]


def _trait_policy(pair: Pair, thread_policy: str | None) -> str | None:
    """The thread policy, where none is set the one that the hyperthreading trait implies (rules CMB-62, CMB-63)."""
    keys = _hyperthreading_keys(pair)
    if keys:
        words = {pair.specs[key] for key in keys}
        implied = "require" if "required" in words else "isolate" if "forbidden" in words else None
    else:
        implied = "require" if _HYPERTHREADING in (pair.prop("traits_required") or ()) else None
    if (implied or any(pair.specs[key] for key in keys)) and thread_policy:
        message = f"the trait {_HYPERTHREADING} and a thread policy exclude each other"
        if keys:
            pair.bad_spec("InvalidRequest", "CMB-62", keys[0], None, message)
        else:
            pair.bad_prop("InvalidRequest", "CMB-62", "traits_required", None, message)
    return thread_policy or implied


def _mask(pair: Pair, key: str, text: str, rule: str, *, from_image: bool = False) -> list[int] | None:
    """The CPUs that a mask names: a leading ``^`` takes them from all of the guest's (rules CMB-51, CMB-79)."""
    try:
        return parse_cpu_mask(f"0-{pair.vcpus - 1},{text}" if text.strip().startswith("^") else text)
    except CpuListError as error:
        message = f"{key} is not a list of CPUs: {error}"
        if from_image:
            pair.bad_prop("Invalid", rule, key, {"form": "0-3,^2"}, message)
        else:
            pair.bad_spec("Invalid", rule, key, {"form": "0-3,^2"}, message)
        return None


def _realtime(pair: Pair, emulator: str | None) -> tuple[int, ...] | None:
    """Rules CMB-50..52; None where the flavor does not switch it on."""
    if not pair.spec_flag("hw:cpu_realtime"):
        pair.ignored("cpu_realtime_mask", "only the flavor's hw:cpu_realtime switches realtime CPUs on")
        return None
    if pair.vcpus > MAX_CPUS:
        return None
    everything = list(range(pair.vcpus))
    image = pair.prop("hw_cpu_realtime_mask")
    if image and pair.spec("hw:cpu_realtime_mask") not in (None, image):
        pair.ignored_spec("hw:cpu_realtime_mask", "the image's hw_cpu_realtime_mask decides")
    text = image or pair.spec("hw:cpu_realtime_mask")
    key = "hw_cpu_realtime_mask" if image else "hw:cpu_realtime_mask"
    cpus = everything if text is None else _mask(pair, key, text, "CMB-51", from_image=bool(image))
    if cpus is None:
        return None
    if not cpus or cpus[-1] >= pair.vcpus or (cpus == everything and not emulator):
        message = f"the realtime CPUs must be some of the {pair.vcpus} vcpus; all of them only with an emulator threads policy"
        add = pair.bad_prop if image else pair.bad_spec
        add("RealtimeMaskNotFoundOrInvalid", "CMB-52", key, {"within": f"0-{pair.vcpus - 1}"}, message)
    return tuple(cpus)


def _dedicated(pair: Pair, policy: str | None, realtime: tuple[int, ...] | None) -> tuple[int, ...] | None:
    """Rules CMB-54..57."""
    key = "hw:cpu_dedicated_mask"
    text = pair.spec(key)
    cpus = None
    if text is not None and pair.vcpus <= MAX_CPUS:
        cpus = _mask(pair, key, text, "CMB-54")
        if cpus is not None and (not cpus or len(cpus) >= pair.vcpus or cpus[-1] >= pair.vcpus):
            message = f"{key} must name some, not all, of the {pair.vcpus} vcpus"
            allowed = {"within": f"0-{pair.vcpus - 1}"}
            pair.bad_spec("InvalidMixedInstanceDedicatedMask", "CMB-54", key, allowed, message)
    if policy != "mixed":
        if text is not None:
            message = f"{key} needs the CPU policy mixed"
            pair.bad_spec("RequiredMixedInstancePolicy", "CMB-55", key, None, message)
        return None
    if (text is None) == (realtime is None):
        message = f"the CPU policy mixed needs either {key} or realtime CPUs"
        pair.problems.add("RequiredMixedOrRealtimeCPUMask", "CMB-56", pair.spec_path(key), text, None, message)
    return realtime if text is None else None if cpus is None else tuple(cpus)
