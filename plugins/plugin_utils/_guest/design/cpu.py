# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CPU that a guest sees: model, flags, address width (guest section 4.1)."""

from __future__ import annotations

from ..domain_model import Cpu, CpuFeature, CpuTopology, MaxPhysAddr, NumaCell
from .context import Context

_EMULATED_MODELS = {"aarch64": "cortex-a57", "ppc64le": "POWER8"}
_TRAIT = "trait:HW_CPU_"
# Traits whose flags have another name at libvirt.
_FLAGS = {
    "aesni": "aes",
    "amd_ssbd": "amd-ssbd",
    "amd_svm": "svm",
    "avx512vpopcntdq": "avx512-vpopcntdq",
    "clmul": "pclmuldq",
    "fma3": "fma",
    "intel_vmx": "vmx",
    "sha": "sha-ni",
    "sse41": "sse4.1",
    "sse42": "sse4.2",
    "virt_ssbd": "virt-ssbd",
}


def design_cpu(context: Context, cells: tuple[NumaCell, ...]) -> Cpu | None:
    """None where Nova writes no element: an emulated mipsel (guest CPU-11)."""
    if context.arch == "mipsel" and context.arch != context.hypervisor["arch"]:
        return None
    mode, model = _mode_and_model(context)
    return Cpu(
        mode=mode,
        model=model,
        topology=_topology(context),
        max_phys_addr=_max_phys_addr(context),
        features=_features(context, mode),
        cells=cells,
    )


def _topology(context: Context) -> CpuTopology:
    """Guest TOPO-01 to TOPO-13; where nothing fits, the combination has said so and the value goes nowhere."""
    axes = context.combination.topology.chosen
    if axes is None:
        return CpuTopology(sockets=context.server["flavor"]["vcpus"], cores=1, threads=1)
    return CpuTopology(sockets=axes.sockets, cores=axes.cores, threads=axes.threads)


def _mode_and_model(context: Context) -> tuple[str | None, str | None]:
    """Guest CPU-01 to CPU-06, CPU-11."""
    if context.arch != context.hypervisor["arch"]:
        return None, _EMULATED_MODELS.get(context.arch)
    mode = context.options.text("libvirt", "cpu_mode") or _default_mode(context)
    models = context.options.items("libvirt", "cpu_models")
    if mode != "custom":
        if models:
            message = "cpu_models has a meaning only with cpu_mode custom"
            context.refuse("Invalid", "CPU-05", "host_options.libvirt.cpu_models", list(models), None, message)
        return (None, None) if mode == "none" else (mode, None)
    return mode, _custom_model(context, models)


def _default_mode(context: Context) -> str:
    """Guest CPU-01; the same under emulation."""
    return "host-passthrough" if context.arch == "aarch64" else "host-model"


def _custom_model(context: Context, models: tuple[str, ...]) -> str | None:
    """The first model of the option that has all flags which the flavor's traits demand (guest CPU-04 to CPU-07)."""
    field = "host_options.libvirt.cpu_models"
    if not models:
        if context.arch == "aarch64":
            return "max"
        context.refuse("Invalid", "CPU-05", field, [], "names of CPU models", "cpu_mode custom needs cpu_models")
        return None
    known = {name.lower(): name for name in context.hypervisor["domain_capabilities"].get("cpu_models") or models}
    unknown = [name for name in models if name.lower() not in known]
    if unknown:
        message = f"the host has no CPU model {', '.join(unknown)}"
        context.refuse("InvalidCPUInfo", "CPU-04", field, list(models), sorted(known.values()), message)
        return None
    wanted = _demanded_flags(context)
    flags = context.hypervisor.get("cpu_model_flags") or {}
    for name in models:
        model = known[name.lower()]
        if not wanted or wanted <= set(flags.get(model, ())):
            return model
    message = f"none of the CPU models {', '.join(models)} has {', '.join(sorted(wanted))}"
    context.refuse("InvalidCPUInfo", "CPU-07", field, list(models), None, message)
    return None


def _demanded_flags(context: Context) -> set[str]:
    """HW_CPU_X86_AVX512F demands avx512f; traits that name no flag demand none."""
    names = [name for name, value in context.specs.items() if name.startswith(_TRAIT) and value == "required"]
    flags = {name.removeprefix(_TRAIT).partition("_")[2].lower() for name in names}
    return {_FLAGS.get(flag, flag) for flag in flags if flag and flag != "hyperthreading"}


def _features(context: Context, mode: str | None) -> tuple[CpuFeature, ...]:
    """Guest CPU-08, CPU-09: lower case, each once, sorted."""
    if mode is None:
        return ()
    policies: dict[str, str] = {}
    for flag in context.options.items("libvirt", "cpu_model_extra_flags"):
        name = flag.lower().lstrip("+-")
        policies.setdefault(name, "disable" if flag.startswith("-") else "require")
    return tuple(CpuFeature(name=name, policy=policies[name]) for name in sorted(policies))


def _max_phys_addr(context: Context) -> MaxPhysAddr | None:
    """Bits alone mean nothing (guest CPU-13)."""
    mode = context.combination.maxphysaddr_mode
    return None if mode is None else MaxPhysAddr(mode=mode, bits=context.combination.maxphysaddr_bits)
