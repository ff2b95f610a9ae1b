# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Device names as Nova's helpers make, read and choose them, without regard to the hypervisor (rules DEV-01..14, BDM-54)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from .checked import Checked, checked
from .problems import Problems
from .types import shown

DEFAULT_ROOT_DEVICE_NAME = "/dev/sda1"

_PREFIX = re.compile(r"(?:xv|v|s|h)d")
_DIGITS = re.compile(r"\d+")
_DEVICE_PATH = re.compile(r"(/dev/x?[a-z]?d?)([a-z]+)[0-9]*")
_EPHEMERAL = re.compile(r"ephemeral([0-9]|[1-9][0-9]+)")
_LETTERS = 26


def strip_dev(name: str | None) -> str | None:
    """The name without one leading ``/dev/``; null and empty stay (rules DEV-01)."""
    return name.removeprefix("/dev/") if name else name


def prepend_dev(name: str | None) -> str | None:
    """The name with exactly one ``/dev/`` put in front; null and empty stay (rules BDM-13)."""
    return f"/dev/{strip_dev(name)}" if name else name


def device_letter(name: str | None) -> str | None:
    """What tells one device from the next: ``/dev/sda1`` is ``a``; null and empty stay (rules DEV-02)."""
    if not name:
        return name
    bare = name.removeprefix("/dev/")
    prefix = _PREFIX.match(bare)
    return _DIGITS.sub("", bare[prefix.end() :] if prefix else bare)


def letters(index: int) -> str:
    """The index as letters: 0 is a, 25 z, 26 aa, 701 zz (rules DEV-03). ``index`` is 0 or more."""
    found = ""
    rest = index + 1
    while rest > 0:
        rest, digit = divmod(rest - 1, _LETTERS)
        found = chr(ord("a") + digit) + found
    return found


def letters_index(text: str) -> int:
    """0 of a, 25 of z, 26 of aa: the inverse of ``letters``."""
    number = 0
    for letter in text:
        number = number * 26 + ord(letter) - ord("a") + 1
    return number - 1


def generate_name(prefix: str, index: int) -> str:
    """``generate_name("vd", 27)`` is ``vdab``."""
    return prefix + letters(index)


def match_device(path: str) -> tuple[str, str] | None:
    """Prefix and letters of a full device path, None for anything else (rules DEV-04): ``/dev/vdb1`` is ``/dev/vd``, ``b``."""
    found = _DEVICE_PATH.fullmatch(path)
    return (found[1], found[2]) if found else None


def is_ephemeral(virtual_name: object) -> bool:
    """Whether it is ``ephemeralN``, N being one digit or a number without leading zero (rules DEV-05)."""
    return isinstance(virtual_name, str) and _EPHEMERAL.fullmatch(virtual_name) is not None


def is_swap_or_ephemeral(virtual_name: object) -> bool:
    return virtual_name == "swap" or is_ephemeral(virtual_name)


def image_root_device_name(properties: Mapping[str, Any]) -> str | None:
    """The root device name that an image's raw properties give, as written there; None when they give none (rules BDM-54).

    ``root_device_name`` wins over the ``mappings`` entry for ``root``; of several such entries the last one counts.
    """
    named: object = None
    mappings = properties.get("mappings")
    for entry in mappings if isinstance(mappings, list) else []:
        if isinstance(entry, Mapping) and entry.get("virtual") == "root":
            named = entry.get("device")
    if "root_device_name" in properties:
        named = properties["root_device_name"]
    return named if isinstance(named, str) else None


def next_device_name(
    root_device_name: str | None,
    used: Collection[str],
    requested: str | None = None,
    *,
    max_devices: int = -1,
    field: str = "device_name",
) -> Checked[str | None]:
    """The full path for one more device (rules DEV-10..13): the requested letter, else the lowest free one, behind the root's
    prefix. ``used`` are the names in use, the root's among them. ``max_devices`` is ``[compute]max_disk_devices_to_attach``.
    """
    problems = Problems()
    asked = match_device(requested) if requested else None
    if requested and asked is None:
        _invalid_path(problems, field, requested)
    root = match_device(prepend_dev(root_device_name or DEFAULT_ROOT_DEVICE_NAME) or "")
    if root is None:
        _invalid_path(problems, "root_device_name", root_device_name)
    taken = {device_letter(name) for name in used}
    if 0 <= max_devices < len(taken) + 1:
        problems.add(
            "TooManyDiskDevices",
            "DEV-13",
            field,
            len(taken) + 1,
            {"max": max_devices},
            f"at most {max_devices} disk devices may be attached, {len(taken)} are in use",
        )
    if asked is not None and asked[1] in taken:
        problems.add("DevicePathInUse", "DEV-12", field, requested, None, f"the device letter of {requested} is in use already")
    if problems or root is None:
        return checked(None, problems)
    return checked(root[0] + (asked[1] if asked else _free_letters(taken)), problems)


def _invalid_path(problems: Problems, field: str, path: str | None) -> None:
    problems.add(
        "InvalidDevicePath",
        "DEV-10",
        field,
        shown(path),
        {"type": "string", "example": "/dev/vdb"},
        f"{field} must be a device path like /dev/vdb",
    )


def _free_letters(taken: Collection[str | None]) -> str:
    # One more candidate than there are names in use: one of them is free.
    return next(name for name in map(letters, range(len(taken) + 1)) if name not in taken)
