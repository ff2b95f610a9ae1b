# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which PCI devices of the host a server gets: those that its aliases mean, are free, and are as near as its policies want.

After ``nova.pci.stats.PciDeviceStats``. Of devices that are as good as each other, the lowest address is taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.combination_pci import PciAlias

from ..host_devices.pci import HostPci, device_specs, host_pci_devices, pci_aliases
from .context import Context

# How many devices a refusal tells; a card alone may have 64 functions.
_TOLD = 16


@dataclass(frozen=True)
class PciRequest:
    """``policy``: the flavor's or image's, else the alias's (rules CMB-82)."""

    alias: PciAlias
    count: int
    policy: str


@dataclass(frozen=True)
class PciOffer:
    """What the server asks for, and what its host has for it. ``sockets``: host cell -> socket, None where that is not one."""

    requests: tuple[PciRequest, ...]
    devices: tuple[HostPci, ...]
    sockets: Mapping[int, int | None]

    def free_by_cell(self) -> Mapping[int | None, int]:
        return Counter(device.numa_node for device in self.devices if device.holder is None)

    def choose(self, cells: Collection[int] | None) -> list[HostPci] | None:
        """Devices in the order of the requests; None where one cannot be met. ``cells`` are the host's that the guest is on,
        None for a guest that is bound to none, to which all devices are equally near.

        Whoever has the fewest to choose from chooses first."""
        free = {device.address: device for device in self.devices if device.holder is None}
        chosen: dict[int, list[HostPci]] = {}
        fitting = [sum(1 for device in free.values() if device.fits(request.alias)) for request in self.requests]
        for index in sorted(range(len(self.requests)), key=lambda index: (fitting[index], index)):
            request = self.requests[index]
            able = [device for device in free.values() if device.fits(request.alias)]
            near = self._near_enough(able, request, cells)
            if len(near) < request.count:
                return None
            chosen[index] = []
            for device in near:
                if len(chosen[index]) < request.count and device.address in free:
                    chosen[index].append(device)
                    _take(device, free)
            if len(chosen[index]) < request.count:  # one of them was part of another
                return None
        return [device for index in sorted(chosen) for device in chosen[index]]

    def _near_enough(self, able: list[HostPci], request: PciRequest, cells: Collection[int] | None) -> list[HostPci]:
        """The strictest nearness that enough devices have, and the policy allows (``_filter_pools_for_numa_cells``)."""
        if not cells:
            return able
        beside = [device for device in able if device.numa_node in cells]
        if request.policy == "required" or len(beside) >= request.count:
            return beside
        if request.policy == "socket":
            return self._on_sockets(able, cells)
        unknown = [device for device in able if device.numa_node is None]
        if request.policy == "legacy" or len(beside) + len(unknown) >= request.count:
            return [*beside, *unknown]
        return [*beside, *unknown, *(device for device in able if device not in beside and device not in unknown)]

    def _on_sockets(self, able: list[HostPci], cells: Collection[int]) -> list[HostPci]:
        """None at all where a cell of the host is of no single socket."""
        if None in self.sockets.values():
            return []
        sockets = {self.sockets[cell] for cell in cells}
        near = {cell for cell, socket in self.sockets.items() if socket in sockets}
        return [device for device in able if device.numa_node in near]


def _take(device: HostPci, free: dict[str, HostPci]) -> None:
    """A PF goes with its VFs, and a VF takes its PF away (``_handle_device_dependents``)."""
    free.pop(device.address, None)
    free.pop(device.parent or "", None)
    for address in [other.address for other in free.values() if other.parent == device.address]:
        del free[address]


def pci_offer(context: Context) -> PciOffer:
    """Without requests it still tells which cells have devices: those are left to others (guest FIT-02)."""
    values = context.options.values
    specs = device_specs(values)
    wished = context.combination.pci_requests
    if not specs and not wished:
        return PciOffer((), (), {})
    aliases = pci_aliases(values) if wished else {}
    policy = context.combination.pci_numa_affinity_policy
    requests = []
    for request in wished:
        alias = aliases.get(request.alias)
        if alias is None:
            message = f"no host option defines the PCI alias {request.alias[:80]} (pci.alias)"
            field = context.spec_field("pci_passthrough:alias")
            context.refuse("PciRequestAliasNotDefined", "CMB-80", field, request.alias, sorted(aliases), message)
        else:
            requests.append(PciRequest(alias, request.count, policy or alias.numa_policy))
    sockets = {int(cell["id"]): _socket(cell) for cell in context.hypervisor["numa_cells"]}
    return PciOffer(tuple(requests), tuple(host_pci_devices(context.hypervisor, specs)), sockets)


def _socket(cell: Mapping[str, Any]) -> int | None:
    found = {cpu.get("socket") for cpu in cell["cpus"]}
    return found.pop() if len(found) == 1 else None


def refuse_pci(context: Context, offer: PciOffer, cells: Collection[int] | None) -> None:
    """Says of each device that an alias means where it is and who has it."""
    field = context.spec_field("pci_passthrough:alias")
    if context.hypervisor.get("node_devices") is None and context.options.values["pci", "device_spec"]:
        message = "the facts of the host were read without its devices: hypervisor_info needs node_devices"
        context.refuse("PciDeviceRequestFailed", "PCI-02", field, None, "facts with node_devices", message)
        return
    wanted = [{"alias": r.alias.name, "count": r.count, "numa_policy": r.policy} for r in offer.requests]
    means = [device for device in offer.devices if any(device.fits(request.alias) for request in offer.requests)]
    has = [{"address": d.address, "type": d.type, "numa_node": d.numa_node, "used_by": d.holder} for d in means]
    free = sum(1 for device in means if device.holder is None)
    asked = ", ".join(f"{request.count} of {request.alias.name} ({request.policy})" for request in offer.requests)
    message = f"the flavor asks for PCI devices, {asked}; the host has {len(means)} that its aliases mean, {free} of them free"
    if means:
        told = [f"{d.address} on node {d.numa_node}" + (f" has {d.holder}" if d.holder else "") for d in means[:_TOLD]]
        message += f": {', '.join(told)}" + (", ..." if len(means) > _TOLD else "")
    else:
        message += "; pci.device_spec says which devices servers may have"
    if cells and free:
        message += f"; the guest fits onto the nodes {sorted(cells)}"
    context.refuse("PciDeviceRequestFailed", "PCI-02", field, wanted, has[:_TOLD], message)
