# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mediated devices: what ``[devices]enabled_mdev_types`` and the groups ``[mdev_TYPE]`` say, and what of them the host has.

Rules of nova.virt.libvirt.driver: each device that can be divided has one type, by its address or by default; a free mediated
device of it is taken before one is made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.kilonova.compute.plugins.module_utils._claims import device_holders
from ansible_collections.kilonova.compute.plugins.module_utils._volume_name import mdev_id
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import NoEffect, Problems, item_path, join_path

from ..hypervisor_facts import Hypervisor
from .pci_address import is_address

# Of the groups ``mdev_nvidia-35`` and the like; the table of options knows them by this name.
GROUP = "mdev_<type>"
CLASS = re.compile(r"VGPU|CUSTOM_[A-Z0-9_]{1,248}")
_VIRTUAL = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class MdevRules:
    """``by_address``: address or libvirt's name of a parent -> type; ``default`` is that of the others."""

    by_address: Mapping[str, str] = field(default_factory=dict)
    default: str | None = None
    classes: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)

    def type_of(self, parent: Mapping[str, Any]) -> str | None:
        return self.by_address.get(parent["address"] or parent["name"], self.default)

    @property
    def resource_classes(self) -> frozenset[str]:
        return frozenset((*self.classes.values(), "VGPU"))


@dataclass(frozen=True)
class ChosenMdev:
    """``made``: it is not there yet, or was made for this server before."""

    uuid: str
    type: str
    parent: str
    made: bool


@dataclass
class MdevParent:
    """A device of the host with the one type that it is used for. ``free`` are uuids, ``more`` is how many can be made."""

    name: str
    type: str
    resource_class: str
    free: list[str]
    more: int
    held: Mapping[str, str]

    @property
    def room(self) -> int:
        return len(self.free) + self.more


def _names(values: Mapping[tuple[str, str], Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values["devices", "enabled_mdev_types"]))


def _of(values: Mapping[tuple[str, str], Any], kind: str, name: str) -> Any:
    return values.get((f"mdev_{kind}", name), values[GROUP, name])


def mdev_rules(values: Mapping[tuple[str, str], Any]) -> MdevRules:
    """Once the options have been checked. The first type without addresses is the default one."""
    names = _names(values)
    addresses = {kind: _of(values, kind, "device_addresses") for kind in names}
    default = next((kind for kind in names if not addresses[kind]), None)
    used = [kind for kind in names if addresses[kind] or kind == default]
    limits = {kind: _of(values, kind, "max_instances") for kind in used}
    return MdevRules(
        by_address={address: kind for kind in used for address in addresses[kind]},
        default=default,
        classes={kind: _of(values, kind, "mdev_class") or "VGPU" for kind in used},
        limits={kind: limit for kind, limit in limits.items() if limit is not None},
    )


def check_mdev_options(
    values: Mapping[tuple[str, str], Any],
    given: Iterable[tuple[str, str]],
    path: str,
    problems: Problems,
    no_effect: list[NoEffect],
) -> None:
    """``given`` are the options that were named, among them those of types that no option enables."""
    names = _names(values)
    for group in sorted({group for group, _name in given if group.startswith("mdev_")}):
        if group.removeprefix("mdev_") not in names:
            where = item_path(path, group)
            message = f"{where}: devices.enabled_mdev_types does not name the type {group.removeprefix('mdev_')!r}"
            problems.add("InvalidLibvirtMdevConfig", "MDV-01", where, group, [f"mdev_{name}" for name in names], message)
    default: str | None = None
    taken: dict[str, str] = {}
    for kind in names:
        addresses = _of(values, kind, "device_addresses")
        where = item_path(path, f"mdev_{kind}")
        if not addresses and default is not None:
            reason = f"the type {kind} has no device_addresses, and {default} is the type of all other devices already"
            no_effect.append(NoEffect(field=f"{path}.devices.enabled_mdev_types", reason=reason))
        default = default if addresses or default is not None else kind
        for address in addresses:
            _check_parent(address, kind, taken, join_path(where, "device_addresses"), problems)
        name = _of(values, kind, "mdev_class")
        if name is not None and CLASS.fullmatch(name) is None:
            message = f"{where}: the mdev_class must be VGPU or start with CUSTOM_"
            problems.add("InvalidLibvirtMdevConfig", "MDV-01", join_path(where, "mdev_class"), name, CLASS.pattern, message)


def _check_parent(address: str, kind: str, taken: dict[str, str], where: str, problems: Problems) -> None:
    if not is_address(address) and _VIRTUAL.fullmatch(address) is None:
        message = f"{where}: {address!r} is neither a PCI address nor libvirt's name of a virtual device"
        problems.add("InvalidLibvirtMdevConfig", "MDV-01", where, address, ["0000:06:00.0", "mtty_mtty"], message)
    elif taken.setdefault(address, kind) != kind:
        message = f"{where}: {address} is used for the type {taken[address]} already, and a device has one type"
        problems.add("InvalidLibvirtMdevConfig", "MDV-01", where, address, taken[address], message)


def mdev_parents(hypervisor: Hypervisor, rules: MdevRules) -> list[MdevParent]:
    """What the host has. Nova gives nothing of a device that could make more of a type than ``max_instances`` leaves; here the
    number is what can be made."""
    facts = hypervisor.get("node_devices") or {}
    holders = device_holders(hypervisor["domains"])
    home = hypervisor.get("home_devices")
    left = {
        kind: limit - sum(1 for mdev in facts.get("mdevs", []) if mdev["type"] == kind) for kind, limit in rules.limits.items()
    }
    found = []
    for parent in facts.get("mdev_parents", []):
        kind = rules.type_of(parent)
        if kind is None or kind not in parent["types"]:
            continue
        own = [mdev["uuid"] for mdev in facts.get("mdevs", []) if (mdev["parent"], mdev["type"]) == (parent["name"], kind)]
        free = [uuid for uuid in own if uuid not in holders and (home is None or uuid in home)]
        more = max(0, min(parent["types"][kind], left.get(kind, parent["types"][kind])))
        held = {uuid: holders[uuid] for uuid in own if uuid in holders}
        found.append(MdevParent(parent["name"], kind, rules.classes[kind], free, more if home is None else 0, held))
    return found


def choose_mdevs(
    groups: Sequence[tuple[str, str, int]], parents: Sequence[MdevParent], server: str, known: Iterable[str], *, isolate: bool
) -> list[ChosenMdev] | None:
    """For each group (name, resource class, amount) so many of one parent, as in placement; None if one gets too few.

    ``server`` is the uuid of the server: what is made for it is named after it, and taken first when it is there already.
    ``isolate``: groups with a name have a parent each. ``known`` are the uuids that there are."""
    names = [mdev_id(server, index) for index in range(256)]
    fresh = iter([uuid for uuid in names if uuid not in set(known)])
    rooms = [replace(parent, free=sorted(parent.free, key=lambda uuid: (uuid not in names, uuid))) for parent in parents]
    used: set[str] = set()
    chosen: list[ChosenMdev] = []
    for group, resource_class, amount in groups:
        able = [p for p in rooms if p.resource_class == resource_class and p.room >= amount]
        able = [p for p in able if not (isolate and group and p.name in used)]
        if not able or len(chosen) + amount > len(names):
            return None
        parent = max(able, key=lambda p: sum(1 for uuid in p.free if uuid in names))
        if group:
            used.add(parent.name)
        for _each in range(amount):
            there = parent.free.pop(0) if parent.free else None
            if there is None:
                parent.more -= 1
            uuid = there or next(fresh)
            chosen.append(ChosenMdev(uuid, parent.type, parent.name, made=uuid in names))
    return chosen
