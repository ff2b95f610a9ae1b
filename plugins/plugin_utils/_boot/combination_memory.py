# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Page size, locked and encrypted memory of a guest (rules CMB-04..11, CMB-64..66)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from .combination_pair import Pair

SMALL: Final = -1
LARGE: Final = -2
ANY: Final = -3

_WORDS: Final = {"small": SMALL, "large": LARGE, "any": ANY}
_SIZE = re.compile(r"([0-9]{1,15})(?:([KMGT]i?)?(b|bit|B))?")
_POWERS = {"K": 1, "M": 2, "G": 3, "T": 4}
_MODELS = ("amd-sev", "amd-sev-es", "amd-sev-snp", "intel-tdx")
# These measure what they start, so they want firmware without a store that changes.
_STATELESS = ("amd-sev-snp", "intel-tdx")
_PAGE_ALLOWED = ["small", "large", "any", "size in KiB or with a unit"]


@dataclass(frozen=True, slots=True)
class MemEncryption:
    """``locks_memory``: the model needs the guest's memory locked (rules CMB-09)."""

    model: str

    @property
    def locks_memory(self) -> bool:
        return self.model in ("amd-sev", "amd-sev-es")


def mem_page_size(pair: Pair) -> int | None:
    """KiB, or one of SMALL, LARGE and ANY; None where unset (rules CMB-64..66)."""
    flavor = _page_size(pair, pair.spec("hw:mem_page_size"), from_image=False)
    given = pair.prop("hw_mem_page_size")
    if given is None:
        return flavor
    if flavor in (LARGE, ANY):
        return _page_size(pair, str(given), from_image=True)
    if pair.spec("hw:mem_page_size") is None or flavor is not None:
        message = "the image may refine a page size of large or any, and the flavor gives neither"
        pair.bad_prop("MemoryPageSizeForbidden", "CMB-65", "hw_mem_page_size", None, message)
    return flavor


def _page_size(pair: Pair, text: str | None, *, from_image: bool) -> int | None:
    if text is None:
        return None
    size = _WORDS.get(text) or _kib(text)
    if size:
        return size
    message = f"a page size is small, large, any, a number of KiB, or a number with a unit such as 2MB; not {text[:40]!r}"
    if from_image:
        pair.bad_prop("MemoryPageSizeInvalid", "CMB-66", "hw_mem_page_size", _PAGE_ALLOWED, message)
    else:
        pair.bad_spec("MemoryPageSizeInvalid", "CMB-66", "hw:mem_page_size", _PAGE_ALLOWED, message)
    return None


def _kib(text: str) -> int | None:
    """Bare digits mean KiB; with a unit bytes or bits, which must come to whole KiB."""
    found = _SIZE.fullmatch(text)
    if found is None:
        return None
    number, prefix, unit = int(found[1]), found[2], found[3]
    if unit is None:
        return number
    bits = number * 1024 ** _POWERS.get((prefix or "")[:1], 0) * (8 if unit == "B" else 1)
    return None if bits % 8192 else int(bits // 8192)


def locked_memory(pair: Pair) -> bool | None:
    """Rules CMB-10, CMB-11."""
    locked = pair.same_flag("locked_memory", "CMB-10", "FlavorImageLockedMemoryConflict")
    if locked and not pair.spec("hw:mem_page_size") and not pair.prop("hw_mem_page_size"):
        message = "locked memory needs a page size: set hw:mem_page_size"
        if pair.spec_flag("hw:locked_memory"):
            pair.bad_spec("LockMemoryForbidden", "CMB-11", "hw:locked_memory", [False], message)
        else:
            pair.bad_prop("LockMemoryForbidden", "CMB-11", "hw_locked_memory", [False], message)
    return locked


def mem_encryption(pair: Pair) -> MemEncryption | None:
    """Rules CMB-04..09; None where nobody asks for it."""
    if not pair.spec_flag("hw:mem_encryption") and not pair.prop_flag("hw_mem_encryption"):
        pair.ignored("mem_encryption_model", "the guest's memory is not encrypted")
        return None
    pair.same_flag("mem_encryption", "CMB-04")
    model = pair.same_word("mem_encryption_model", "CMB-05", _MODELS) or "amd-sev"
    _check_firmware(pair, model)
    return MemEncryption(model)


def _check_firmware(pair: Pair, model: str) -> None:
    if pair.prop("hw_firmware_type") != "uefi":
        message = "encrypted memory needs an image with hw_firmware_type uefi"
        pair.bad_prop("FlavorImageConflict", "CMB-06", "hw_firmware_type", ["uefi"], message)
    machine = pair.properties.get("hw_machine_type")
    if machine is not None and "q35" not in machine:
        message = "encrypted memory needs a q35 machine"
        pair.bad_prop("InvalidMachineType", "CMB-07", "hw_machine_type", {"contains": "q35"}, message)
    stateless = pair.prop("hw_firmware_type") == "uefi" and pair.prop_flag("hw_firmware_stateless")
    if model in _STATELESS and not stateless:
        message = f"memory encryption model {model} needs an image with stateless firmware"
        pair.bad_prop("StatelessFirmwareRequired", "CMB-08", "hw_firmware_stateless", [True], message)
    if model == "intel-tdx" and pair.prop("hw_video_model") != "none":
        message = "memory encryption model intel-tdx needs an image with hw_video_model none"
        pair.bad_prop("InvalidVideoMode", "CMB-08", "hw_video_model", ["none"], message)
