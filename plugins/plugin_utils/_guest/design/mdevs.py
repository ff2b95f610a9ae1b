# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mediated devices of a guest: ``resources:VGPU`` and the classes that host options give other types (guest MDV-01)."""

from __future__ import annotations

import re
from typing import Any

from ..host_devices.mdev import ChosenMdev, MdevParent, choose_mdevs, mdev_parents, mdev_rules
from .context import Context

_RESOURCES = re.compile(r"resources(?P<group>[a-zA-Z0-9_-]*):(?P<name>[A-Z0-9_]+)")


def design_mdevs(context: Context) -> tuple[ChosenMdev, ...]:
    """Those that the caller claimed for this server, else free ones of its host, or new ones. A numbered group of resources is
    an allocation of its own; each comes from one device of the host."""
    rules = mdev_rules(context.options.values)
    groups: list[tuple[str, str, int]] = []
    asked: dict[str, Any] = {}
    for name, amount in sorted(context.specs.items()):
        found = _RESOURCES.fullmatch(name)
        if found is not None and found["name"] in rules.resource_classes and int(amount):
            groups.append((found["group"], found["name"], int(amount)))
            asked[name] = amount
    if context.resources.mdevs or not groups:
        return tuple(ChosenMdev(uuid, "", "", made=False) for uuid in context.resources.mdevs)
    parents = mdev_parents(context.hypervisor, rules)
    known = [mdev["uuid"] for mdev in (context.hypervisor.get("node_devices") or {}).get("mdevs", [])]
    isolate = context.specs.get("group_policy") == "isolate"
    chosen = choose_mdevs(groups, parents, context.uuid, known, isolate=isolate)
    if chosen is None:
        _refuse(context, asked, parents)
    return tuple(chosen or ())


def _refuse(context: Context, asked: dict[str, Any], parents: list[MdevParent]) -> None:
    if context.hypervisor.get("node_devices") is None and context.options.names_node_devices:
        message = "the facts of the host were read without its devices: hypervisor_info needs node_devices"
    elif parents:
        has = [
            f"{parent.name} has {len(parent.free)} of {parent.type} ({parent.resource_class}) free, room for {parent.more}"
            + "".join(f", {uuid} has {holder}" for uuid, holder in sorted(parent.held.items()))
            for parent in parents
        ]
        message = f"no device of the host has enough mediated devices, which all come from one: {'; '.join(has)}"
    else:
        message = "the host has no mediated devices of a type that devices.enabled_mdev_types names"
    allowed = {parent.name: parent.room for parent in parents}
    field = context.spec_field(next(iter(asked)))
    context.refuse("ComputeResourcesUnavailable", "MDV-01", field, asked, allowed, message)
