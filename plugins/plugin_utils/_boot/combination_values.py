# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a guest that take one value from flavor and image: switches, models, counts (rules CMB-01..30)."""

from __future__ import annotations

from dataclasses import dataclass

from .combination_pair import Pair
from .types import integer_text, lenient_bool

_SOUND = ("sb16", "es1370", "pcspk", "ac97", "ich6", "ich9", "usb", "virtio")
_WATCHDOG = ("none", "pause", "poweroff", "reset", "disabled")
_VIOMMU = ("intel", "smmuv3", "virtio", "auto")
_AFFINITY = ("required", "preferred", "legacy", "socket")
_SECRET_SECURITY = ("user", "host", "deployment")
_FORMATS = ("plain", "luks", "luksv2")
_RNG_RATES = ("hw_rng:rate_bytes", "hw_rng:rate_period")
MAX_REDIRECTED_PORTS = 15


@dataclass(frozen=True, slots=True)
class Tpm:
    version: str
    model: str
    secret_security: str


@dataclass(frozen=True, slots=True)
class Rng:
    """``rate_bytes`` per ``rate_period`` milliseconds; 0 is no limit."""

    rate_bytes: int
    rate_period: int


def pmu(pair: Pair) -> bool | None:
    """Rules CMB-01; None leaves it to the hypervisor."""
    return pair.same_flag("pmu", "CMB-01")


def vif_multiqueue(pair: Pair) -> bool:
    """Rules CMB-02: a single CPU has a single queue, whatever both sides say."""
    if pair.vcpus < 2:
        pair.ignored("vif_multiqueue_enabled", "a guest with one vcpu has one queue")
        return False
    return bool(pair.same_flag("vif_multiqueue_enabled", "CMB-02"))


def virtio_packed_ring(pair: Pair) -> bool:
    return bool(pair.same_flag("virtio_packed_ring", "CMB-03"))


def serial_port_count(pair: Pair) -> int:
    """Rules CMB-12: the image may lower what the flavor gives, never raise it; zero counts as unset."""
    flavor = pair.spec_number("hw:serial_port_count", "ImageSerialPortNumberInvalid", "CMB-12") or 0
    if flavor < 0:
        message = "hw:serial_port_count must not be negative"
        pair.bad_spec("ImageSerialPortNumberInvalid", "CMB-12", "hw:serial_port_count", {"type": "integer", "min": 0}, message)
        flavor = 0
    image = pair.prop("hw_serial_port_count") or 0
    if flavor and image > flavor:
        message = f"the image's hw_serial_port_count {image} is above the flavor's {flavor}"
        code = "ImageSerialPortNumberExceedFlavorValue"
        pair.bad_prop(code, "CMB-12", "hw_serial_port_count", {"max": flavor}, message)
    return min(flavor, image) if flavor and image else flavor or image or 1


def tpm(pair: Pair) -> Tpm | None:
    """Rules CMB-13..15: a model alone makes no TPM."""
    version = pair.same_word("tpm_version", "CMB-13", ("1.2", "2.0"))
    if version is None:
        for name in ("tpm_model", "tpm_secret_security"):
            pair.ignored(name, "without a TPM version the guest has no TPM")
        return None
    model = pair.same_word("tpm_model", "CMB-14", ("tpm-tis", "tpm-crb")) or "tpm-tis"
    if model == "tpm-crb" and version != "2.0":
        message = "the TPM model tpm-crb needs TPM version 2.0"
        if pair.spec("hw:tpm_model"):
            pair.bad_spec("Invalid", "CMB-14", "hw:tpm_model", ["tpm-tis"], message)
        else:
            pair.bad_prop("Invalid", "CMB-14", "hw_tpm_model", ["tpm-tis"], message)
    return Tpm(version, model, _secret_security(pair))


def _secret_security(pair: Pair) -> str:
    key = "hw:tpm_secret_security"
    word = pair.spec(key) or "user"
    if word not in _SECRET_SECURITY:
        pair.bad_spec("Invalid", "CMB-15", key, list(_SECRET_SECURITY), f"{key} must be one of {', '.join(_SECRET_SECURITY)}")
    return word


def secure_boot(pair: Pair) -> str | None:
    """Rules CMB-16: there is no override, not even of ``optional``."""
    choices = ("required", "disabled", "optional")
    return pair.same_word("secure_boot", "CMB-16", choices, spec_prefix="os:", prop_prefix="os_")


def stateless_firmware(pair: Pair) -> bool | None:
    """Rules CMB-17."""
    return pair.prop_flag("hw_firmware_stateless") if pair.prop("hw_firmware_type") == "uefi" else None


def sound_model(pair: Pair) -> str | None:
    return pair.same_word("sound_model", "CMB-18", _SOUND)


def usb_model(pair: Pair) -> str | None:
    return pair.same_word("usb_model", "CMB-18", ("none", "nec-xhci", "qemu-xhci"))


def redirected_usb_ports(pair: Pair) -> int:
    """Rules CMB-19: Nova compares text with number, so both sides set is a conflict even where they agree."""
    spec, prop = "hw:redirected_usb_ports", "hw_redirected_usb_ports"
    flavor, image = pair.spec(spec), pair.prop(prop)
    if flavor and image:
        pair.clash("FlavorImageConflict", "CMB-19", spec, prop)
    if flavor is None and image is None:
        return 0
    ports: int | None = image if flavor is None else integer_text(flavor)
    if ports is not None and 0 <= ports <= MAX_REDIRECTED_PORTS:
        return ports
    allowed = {"type": "integer", "min": 0, "max": MAX_REDIRECTED_PORTS}
    message = f"a guest has 0 to {MAX_REDIRECTED_PORTS} redirected USB ports"
    if flavor:
        pair.bad_spec("Invalid", "CMB-19", spec, allowed, message)
    else:
        pair.bad_prop("Invalid", "CMB-19", prop, allowed, message)
    return 0


def maxphysaddr_mode(pair: Pair) -> str | None:
    return pair.same_word("maxphysaddr_mode", "CMB-20", ("passthrough", "emulate"))


def maxphysaddr_bits(pair: Pair) -> int | None:
    """The flavor wins (guest PREC-06)."""
    flavor = pair.spec_number("hw:maxphysaddr_bits", "Invalid", "CMB-20")
    image: int | None = pair.prop("hw_maxphysaddr_bits")
    if not pair.spec("hw:maxphysaddr_mode") and not pair.prop("hw_maxphysaddr_mode"):
        pair.ignored("maxphysaddr_bits", "the number of bits counts only with a maxphysaddr mode")
    elif flavor is not None:
        pair.ignored_prop("hw_maxphysaddr_bits", "the flavor's hw:maxphysaddr_bits decides")
    return image if flavor is None else flavor


def ephemeral_encryption(pair: Pair) -> bool | None:
    """Rules CMB-21; None where only the flavor speaks and says no."""
    return pair.same_flag("ephemeral_encryption", "CMB-21") or pair.prop_flag("hw_ephemeral_encryption")


def ephemeral_encryption_format(pair: Pair) -> str | None:
    if not pair.spec_flag("hw:ephemeral_encryption") and not pair.prop_flag("hw_ephemeral_encryption"):
        pair.ignored("ephemeral_encryption_format", "local disks are not encrypted")
    return pair.same_word("ephemeral_encryption_format", "CMB-22", _FORMATS)


def watchdog_action(pair: Pair) -> str:
    """Rules CMB-23: the image wins."""
    return _first_word(pair, "watchdog_action", _WATCHDOG, "CMB-23", "InvalidWatchdogAction", image_first=True) or "disabled"


def viommu_model(pair: Pair) -> str | None:
    """Rules CMB-24: the flavor wins."""
    return _first_word(pair, "viommu_model", _VIOMMU, "CMB-24", "Invalid", image_first=False)


def _first_word(pair: Pair, name: str, choices: tuple[str, ...], rule: str, code: str, *, image_first: bool) -> str | None:
    spec, prop = f"hw:{name}", f"hw_{name}"
    flavor, image = pair.spec(spec), pair.prop(prop)
    from_image = bool(image) and (image_first or not flavor)
    if image and flavor and image != flavor:
        if from_image:
            pair.ignored_spec(spec, f"the image's {prop} decides")
        else:
            pair.ignored_prop(prop, f"the flavor's {spec} decides")
    word: str | None = image if from_image else flavor
    if word is None or word in choices:
        return word
    message = f"{prop if from_image else spec} must be one of {', '.join(choices)}"
    if from_image:
        pair.bad_prop(code, rule, prop, list(choices), message)
    else:
        pair.bad_spec(code, rule, spec, list(choices), message)
    return None


def rng(pair: Pair) -> Rng | None:
    """Rules CMB-25: there is one unless the flavor says no."""
    if not lenient_bool(pair.specs.get("hw_rng:allowed", "true")):
        for key in _RNG_RATES:
            pair.ignored_spec(key, "the guest has no random number device")
        return None
    amounts = []
    for key in _RNG_RATES:
        amount = pair.spec_number(key, "Invalid", "CMB-25") or 0
        if amount < 0:
            pair.bad_spec("Invalid", "CMB-25", key, {"type": "integer", "min": 0}, f"{key} must not be negative")
        amounts.append(amount)
    if 0 in amounts:
        for key in _RNG_RATES:
            pair.ignored_spec(key, "a rate needs both rate_bytes and rate_period")
    return Rng(*amounts)


def note_lone_bandwidth(pair: Pair) -> None:
    """Guest VIF-11: a direction without an average is left out, whatever else is said of it."""
    for direction in ("inbound", "outbound"):
        average = f"quota:vif_{direction}_average"
        if not pair.specs.get(average):
            for limit in ("peak", "burst"):
                pair.ignored_spec(f"quota:vif_{direction}_{limit}", f"it has no effect without {average}")


def video_ram(pair: Pair) -> int | None:
    """Rules CMB-26, in MiB: an image asks, the flavor's limit is 0 where it sets none."""
    limit = pair.spec_number("hw_video:ram_max_mb", "Invalid", "CMB-26") or 0
    wanted: int | None = pair.prop("hw_video_ram")
    if wanted is not None and wanted > limit:
        message = f"the image's hw_video_ram {wanted} is above the flavor's hw_video:ram_max_mb {limit}"
        pair.bad_prop("RequestedVRamTooHigh", "CMB-26", "hw_video_ram", {"max": limit}, message)
    return wanted or None


def hide_hypervisor_id(pair: Pair) -> bool:
    """Rules CMB-27."""
    flags = (
        pair.spec_flag("hw:hide_hypervisor_id"),
        pair.spec_flag("hide_hypervisor_id"),
        pair.prop_flag("img_hide_hypervisor_id"),
    )
    return any(flags)


def boot_menu(pair: Pair) -> bool:
    """Rules CMB-28: the image's word counts where it has one."""
    image = pair.prop_flag("hw_boot_menu")
    if image is not None and pair.spec_flag("hw:boot_menu") not in (None, image):
        pair.ignored_spec("hw:boot_menu", "the image's hw_boot_menu decides")
    return bool(pair.spec_flag("hw:boot_menu")) if image is None else image


def pci_numa_affinity_policy(pair: Pair) -> str | None:
    """Rules CMB-29; the policy of a port or an alias is weighed by whoever knows it."""
    return pair.same_word(
        "pci_numa_affinity_policy",
        "CMB-29",
        _AFFINITY,
        clash_code="ImagePCINUMAPolicyForbidden",
        value_code="InvalidPCINUMAAffinity",
    )


def pmem_labels(pair: Pair) -> tuple[str, ...]:
    """Rules CMB-30."""
    return tuple(label for label in (pair.spec("hw:pmem") or "").split(",") if label)
