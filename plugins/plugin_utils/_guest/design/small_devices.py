# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small devices: random numbers, watchdog, TPM, sound, balloon, IOMMU (guest section 10)."""

from __future__ import annotations

from ..device_model import Iommu, MemBalloon, Rng, Sound, Tpm, Watchdog
from .context import Context

_VIRTIO_IOMMU = 8003000
_EMULATED_EIM = 9000000


def design_rng(context: Context) -> Rng | None:
    """Guest RNG-01 to RNG-03: a rate needs both numbers."""
    rng = context.combination.rng
    if rng is None:
        return None
    source = context.options.text("libvirt", "rng_dev_path") or "/dev/urandom"
    if source in context.hypervisor.get("missing_paths", ()):
        field = "host_options.libvirt.rng_dev_path"
        context.refuse("RngDeviceNotExist", "RNG-01", field, source, None, f"the host has no {source}")
    limited = rng.rate_bytes > 0 and rng.rate_period > 0
    return Rng(
        source=source,
        rate_bytes=rng.rate_bytes if limited else None,
        rate_period=rng.rate_period if limited else None,
    )


def design_watchdog(context: Context) -> Watchdog | None:
    """Guest WDG-01."""
    action = context.combination.watchdog_action
    return None if action == "disabled" else Watchdog(model="i6300esb", action=action)


def design_tpm(context: Context) -> Tpm | None:
    """Its state is always encrypted with a secret of the host, which is input (guest TPM-01 to TPM-06)."""
    tpm = context.combination.tpm
    if tpm is None:
        return None
    field = context.wish_field("hw:tpm_version")
    if not context.options.flag("libvirt", "swtpm_enabled"):
        message = "the host option libvirt.swtpm_enabled is off, so there is no emulated TPM"
        context.refuse("Invalid", "TPM-06", field, tpm.version, None, message)
    if context.resources.tpm_secret is None:
        message = (
            "an emulated TPM needs a secret that encrypts its state. There is no key manager that could keep it for its user: "
            "without the extra spec hw:tpm_secret_security, or with host, the host does"
        )
        context.refuse("NotBuilt", "TPM-05", field, tpm.secret_security, ["host"], message)
        return None
    return Tpm(model=tpm.model, version=tpm.version, secret=context.resources.tpm_secret)


def design_sound(context: Context) -> Sound | None:
    model = context.combination.sound_model
    return None if model is None else Sound(model=model)


def design_memballoon(context: Context) -> MemBalloon:
    """Guest MEM-13, MEM-14: without statistics the balloon itself goes."""
    period = context.options.number("libvirt", "mem_stats_period_seconds")
    return MemBalloon(model="virtio", period=period) if period > 0 else MemBalloon(model="none", period=None)


def design_iommu(context: Context) -> Iommu | None:
    """Guest IOM-01 to IOM-04. Older QEMU has the extended interrupt mode with KVM only, and does not start without it."""
    wanted = context.combination.viommu_model
    if wanted is None or not _iommu_possible(context, wanted):
        return None
    model = wanted
    if wanted == "auto":
        model = "intel" if context.is_q35 else "smmuv3"
        if context.hypervisor["libvirt_version"] >= _VIRTIO_IOMMU:
            model = "virtio"
    if (
        model != "intel" and context.definable
    ):  # libvirt defines virtio and smmuv3 only without the attributes that Nova gives every model
        return Iommu(model=model, aw_bits=None, eim=None)
    emulated = context.definable and context.domain_type == "qemu"
    extended = context.is_q35 and not (emulated and context.hypervisor["hypervisor_version"] < _EMULATED_EIM)
    return Iommu(model=model, aw_bits=48, eim="on" if extended else "off")


def _iommu_possible(context: Context, wanted: str) -> bool:
    field = context.spec_field("hw:viommu_model")
    needed = {"i686": "q35", "x86_64": "q35", "aarch64": "virt"}.get(context.arch)
    if needed is None:
        message = f"{context.arch} guests have no IOMMU"
        context.refuse("InvalidVIOMMUArchitecture", "IOM-04", field, wanted, ["x86_64", "aarch64"], message)
        return False
    if needed not in (context.machine or ""):
        message = f"an IOMMU needs a machine type {needed}, and this one is {context.machine}"
        context.refuse("InvalidVIOMMUMachineType", "IOM-04", field, wanted, {"machine": needed}, message)
        return False
    return True
