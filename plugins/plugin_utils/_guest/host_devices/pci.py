# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PCI devices: what the host options ``[pci]alias`` and ``[pci]device_spec`` say, and which devices of the host they mean.

Nova without PCI in placement, which is its default, is the model: resource classes and traits decide nothing there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ansible_collections.kilonova.compute.plugins.module_utils._claims import device_holders
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.combination_pci import PciAlias, check_pci_aliases
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import NoEffect, Problems, join_path
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.types import strict_bool

from ..hypervisor_facts import Hypervisor
from .pci_address import ANY_ADDRESS, FORMS, AddressSpec, read_address

_PLACEMENT_ONLY = "it counts with PCI devices in placement only, and there is no placement service"
_PORTS_ONLY = "only ports of a network service ask for it, and there are none yet"
_IGNORED = {
    "resource_class": _PLACEMENT_ONLY,
    "traits": _PLACEMENT_ONLY,
    "physical_network": _PORTS_ONLY,
    "trusted": _PORTS_ONLY,
}
_FLAGS = ("managed", "live_migratable", "remote_managed", "one_time_use")
_KEYS = ("vendor_id", "product_id", "address", "devname", *_FLAGS, *_IGNORED)
_ID = re.compile(r"(0[xX])?([0-9a-fA-F]{1,4})")


@dataclass(frozen=True)
class DeviceSpec:
    """One entry of ``[pci]device_spec``: devices that servers may have. None stands for any."""

    vendor: str | None = None
    product: str | None = None
    address: AddressSpec = ANY_ADDRESS
    managed: bool = True
    live_migratable: bool | None = None

    def means(self, device: Mapping[str, Any]) -> bool:
        """The address of a PF means its VFs too."""
        if self.vendor not in (None, device["vendor_id"]) or self.product not in (None, device["product_id"]):
            return False
        return self.address.means(device["address"]) or (self.address.single and self.address.means(device["parent"]))


@dataclass(frozen=True)
class HostPci:
    """A device of the host that servers may have. ``holder`` is the domain that has it, its PF or one of its VFs."""

    address: str
    vendor: str
    product: str
    type: str
    parent: str | None
    numa_node: int | None
    managed: bool
    live_migratable: bool | None
    holder: str | None

    def fits(self, alias: PciAlias) -> bool:
        """A PF is given only to who asks for one; an alias cannot ask for a vDPA device (``PciDeviceStats._filter_pools``)."""
        wanted_types = {device.get("device_type") for device in alias.devices}
        if self.type == "vdpa" or (self.type == "type-PF" and "type-PF" not in wanted_types):
            return False
        return any(self._is(device) for device in alias.devices)

    def _is(self, wanted: Mapping[str, str]) -> bool:
        same = (wanted["vendor_id"].lower(), wanted["product_id"].lower()) == (self.vendor, self.product)
        moves = wanted.get("live_migratable")
        return same and wanted.get("device_type") in (None, self.type) and moves in (None, *_words(self.live_migratable))


def _words(flag: bool | None) -> tuple[str, ...]:
    return () if flag is None else ("yes", "true") if flag else ("no", "false")


def check_pci_options(values: Mapping[tuple[str, str], Any], path: str, problems: Problems, no_effect: list[NoEffect]) -> None:
    """Adds what is wrong with ``[pci]alias`` and ``[pci]device_spec``."""
    field = f"{path}.pci.alias"
    problems.extend(check_pci_aliases(values["pci", "alias"], field=field).problems)
    for index, given in enumerate(values["pci", "alias"]):
        no_effect.extend(_ignored(given, join_path(field, index)))
    field = f"{path}.pci.device_spec"
    for index, given in enumerate(values["pci", "device_spec"]):
        where = join_path(field, index)
        _read_spec(given, where, partial(problems.add, "PciConfigInvalidSpec", "PCI-02"))
        no_effect.extend(_ignored(given, where))


def _ignored(given: Mapping[str, Any], where: str) -> list[NoEffect]:
    return [NoEffect(field=join_path(where, key), reason=reason) for key, reason in _IGNORED.items() if key in given]


def pci_aliases(values: Mapping[tuple[str, str], Any]) -> dict[str, PciAlias]:
    return check_pci_aliases(values["pci", "alias"]).value


def device_specs(values: Mapping[tuple[str, str], Any]) -> list[DeviceSpec]:
    """Once the options have been checked."""
    return [_read_spec(given, "", lambda *_told: None) for given in values["pci", "device_spec"]]


def _read_spec(given: Mapping[str, Any], where: str, tell: Callable[[str, Any, Any, str], None]) -> DeviceSpec:
    """``tell(field, given, allowed, message)`` is told every problem."""
    for key in given:
        if key not in _KEYS:
            tell(where, key, list(_KEYS), f"{where}: {key!r} is no key of a device spec")
    ids = {}
    for key in ("vendor_id", "product_id"):
        given_id = given.get(key, "*")  # a number is one that YAML read with another base
        found = _ID.fullmatch(given_id.strip()) if isinstance(given_id, str) else None
        if found is None and given_id != "*":
            message = f"{where}: the {key} {given_id!r} is no text of up to four hexadecimal digits"
            tell(join_path(where, key), given_id, ["10de", "*"], message)
        ids[key] = f"{int(found[2], 16):04x}" if found else None
    address, wrong = read_address(given["address"]) if given.get("address") else (ANY_ADDRESS, None)
    if wrong is not None:
        tell(
            join_path(where, "address"), given["address"], FORMS, f"{where}: the address {given['address']!r} is none: {wrong}"
        )
    flags = {key: _read_flag(given, key, where, tell) for key in _FLAGS}
    _check_not_built(given, flags, where, tell)
    managed, moves = flags["managed"], flags["live_migratable"]
    return DeviceSpec(ids["vendor_id"], ids["product_id"], address, managed is not False, moves)


def _read_flag(given: Mapping[str, Any], key: str, where: str, tell: Callable[[str, Any, Any, str], None]) -> bool | None:
    if given.get(key) is None:
        return None
    flag = strict_bool(str(given[key]))
    if flag is None:
        tell(join_path(where, key), given[key], ["yes", "no"], f"{where}: {key} must be yes or no")
    return flag


def _check_not_built(
    given: Mapping[str, Any], flags: Mapping[str, bool | None], where: str, tell: Callable[[str, Any, Any, str], None]
) -> None:
    """What Nova knows, and what cannot be here."""
    reasons = {
        "devname": "the name of an interface is not looked up: give the device's address" if given.get("devname") else None,
        "remote_managed": "there is no network service that could manage the device" if flags["remote_managed"] else None,
        "one_time_use": "it needs PCI devices in placement, as in Nova" if flags["one_time_use"] else None,
    }
    for key, reason in reasons.items():
        if reason is not None:
            tell(join_path(where, key), given[key], None, f"{where}: {key} is refused: {reason}")


def host_pci_devices(hypervisor: Hypervisor, specs: Sequence[DeviceSpec]) -> list[HostPci]:
    """The devices of the host that servers may have, each by the first spec that means it, in the order of their addresses."""
    known = (hypervisor.get("node_devices") or {}).get("pci", [])
    holders = device_holders(hypervisor["domains"])
    home = hypervisor.get("home_devices")
    above: dict[str, str] = {}
    for device in known:
        if device["parent"] is not None and device["address"] in holders:
            above[device["parent"]] = holders[device["address"]]
    found = []
    for device in known:
        spec = next((spec for spec in specs if spec.means(device)), None)
        address, parent = device["address"], device["parent"]
        if spec is not None and (home is None or address in home):
            holder = holders.get(address) or above.get(address) or holders.get(parent or "")
            found.append(
                HostPci(
                    address, device["vendor_id"], device["product_id"], device["type"], parent, device["numa_node"],
                    spec.managed, spec.live_migratable, holder,
                )
            )  # fmt: skip
    return found
