# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PCI devices by alias: what a flavor asks for, and what an alias definition may say (rules CMB-80..82)."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .checked import Checked, checked
from .combination_pair import Pair
from .problems import Problems, join_path
from .types import choice, pattern_text, shown, text

_KEY: Final = "pci_passthrough:alias"
_REQUEST = re.compile(r"\s*([^:,]+?)\s*:\s*([0-9]{1,9})\s*")
_NAME = text(1, 256)
_HEX = pattern_text(r"[0-9a-fA-F]{4}", 4, 4, "four hexadecimal digits")
_RESOURCE_CLASS = pattern_text(r"[a-zA-Z0-9_]+", 1, 255, "letters, digits and underscores")
_TRAITS = pattern_text(r"[a-zA-Z0-9_, ]+", 1, 4096, "traits separated by commas")
_FLAG = choice("yes", "no", "true", "false")
_KINDS: Final = {
    "name": _NAME,
    "vendor_id": _HEX,
    "product_id": _HEX,
    "device_type": choice("type-PCI", "type-PF", "type-VF"),
    "numa_policy": choice("required", "preferred", "legacy", "socket"),
    "capability_type": choice("pci"),
    "resource_class": _RESOURCE_CLASS,
    "traits": _TRAITS,
    "live_migratable": _FLAG,
}


@dataclass(frozen=True, slots=True)
class PciRequest:
    alias: str
    count: int


@dataclass(frozen=True, slots=True)
class PciAlias:
    """``devices`` are the alternatives that the name stands for, each as its definition says."""

    name: str
    device_type: str
    numa_policy: str
    devices: tuple[Mapping[str, str], ...]


def pci_requests(pair: Pair, aliases: Collection[str] | None) -> tuple[PciRequest, ...]:
    """What the flavor asks for (rules CMB-80); ``aliases`` None does not know which are configured."""
    wished = pair.spec(_KEY)
    if wished is None:
        return ()
    requests = []
    for item in wished.split(","):
        found = _REQUEST.fullmatch(item)
        if found is None:
            message = f"{_KEY} must be alias:count, several separated by commas"
            pair.bad_spec("PciInvalidAlias", "CMB-80", _KEY, {"form": "alias:count"}, message)
            continue
        if aliases is not None and found[1] not in aliases:
            message = f"no host option defines the PCI alias {found[1][:80]}"
            pair.bad_spec("PciRequestAliasNotDefined", "CMB-80", _KEY, sorted(aliases), message)
        requests.append(PciRequest(found[1], int(found[2])))
    return tuple(requests)


def check_pci_aliases(
    definitions: object, *, field: str = "pci.alias", in_placement: bool = False
) -> Checked[dict[str, PciAlias]]:
    """Alias definitions by name (rules CMB-81): each an object or JSON text, as Nova's option has them.

    A definition needs vendor and product, or with PCI in placement a resource class. Definitions of one name are alternatives
    and must agree on device type and NUMA policy.
    """
    problems = Problems()
    found: dict[str, PciAlias] = {}
    listed = definitions if isinstance(definitions, (list, tuple)) else [] if definitions is None else [definitions]
    for index, definition in enumerate(listed):
        path = join_path(field, index)
        device = _device(definition, problems, path, in_placement=in_placement)
        if device is None:
            continue
        name = device["name"]
        kind = (device.get("device_type", "type-PCI"), device.get("numa_policy", "legacy"))
        known = found.get(name)
        if known is not None and (known.device_type, known.numa_policy) != kind:
            message = f"{path} gives the alias {name[:80]} another device type or NUMA policy than an earlier definition"
            allowed = [known.device_type, known.numa_policy]
            problems.add("PciInvalidAlias", "CMB-81", path, list(kind), allowed, message)
            continue
        found[name] = PciAlias(name, *kind, (*(known.devices if known else ()), device))
    return checked(found, problems)


def _device(definition: object, problems: Problems, path: str, *, in_placement: bool) -> dict[str, str] | None:
    if isinstance(definition, str):
        try:
            definition = json.loads(definition)
        except (ValueError, RecursionError):
            definition = None
    if not isinstance(definition, Mapping):
        problems.add("PciInvalidAlias", "CMB-81", path, shown(definition), {"type": "object"}, f"{path} must be an object")
        return None
    before = len(problems)
    device: dict[str, str] = {}
    for key, value in definition.items():
        kind = _KINDS.get(key) if isinstance(key, str) else None
        if kind is None:
            message = f"{shown(key)} is not a known key of a PCI alias"
            problems.add("PciInvalidAlias", "CMB-81", path, shown(key), sorted(_KINDS), message)
            continue
        read = kind.check(value, problems, join_path(path, key), "CMB-81", code="PciInvalidAlias")
        if read is not None:
            device[key] = read
    needed: tuple[Any, ...] = ("name",)
    if not (in_placement and "resource_class" in definition):
        needed = ("name", "vendor_id", "product_id")
    for key in needed:
        if key not in definition:
            problems.add("PciInvalidAlias", "CMB-81", join_path(path, key), None, None, f"{join_path(path, key)} is required")
    return device if len(problems) == before else None
