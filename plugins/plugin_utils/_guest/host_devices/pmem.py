# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Persistent memory: what ``[libvirt]pmem_namespaces`` says, and what of it is free.

Nova asks ndctl, as root, for device and size of a namespace. libvirt lists none, so the option says both here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.kilonova.compute.plugins.module_utils._claims import device_holders
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import Problems, join_path

from ..hypervisor_facts import Hypervisor
from ..xml_text import illegal_characters

FORM = "LABEL:/dev/dax0.0=126G, several devices of a label separated by |, each with /ALIGNMENT after its size if not 2M"
_ITEM = re.compile(r"(?P<path>/.+)=(?P<size>[^=/]+)(/(?P<align>[^=/]+))?")
_SIZE = re.compile(r"([0-9]{1,12})([KMGT])(i?B)?", re.IGNORECASE)
_LABEL = re.compile(r"[A-Za-z0-9_]{1,231}")
_UNITS = {"K": 1, "M": 1 << 10, "G": 1 << 20, "T": 1 << 30}
_ALIGN = 2048
# What QEMU keeps of an NVDIMM for its labels, in KiB.
LABEL_SIZE = 2048


@dataclass(frozen=True)
class Namespace:
    """``size`` and ``align`` in KiB; ``label`` as placement would write it."""

    label: str
    path: str
    size: int
    align: int


def label_of(word: str) -> str:
    """Nova makes a resource class of it, and those are in capital letters."""
    return word.upper()


def check_pmem_options(values: Mapping[tuple[str, str], Any], path: str, problems: Problems) -> None:
    field = f"{path}.libvirt.pmem_namespaces"
    seen: set[str] = set()
    for index, entry in enumerate(values["libvirt", "pmem_namespaces"]):
        where = join_path(field, index)
        namespaces, wrong = _read(entry)
        if wrong is not None:
            problems.add("PMEMNamespaceConfigInvalid", "MEM-12", where, entry, FORM, f"{where}: {wrong}")
        for namespace in namespaces:
            if namespace.path in seen:
                message = f"{where}: {namespace.path} stands there twice"
                problems.add("PMEMNamespaceConfigInvalid", "MEM-12", where, entry, "each device once", message)
            seen.add(namespace.path)


def pmem_namespaces(values: Mapping[tuple[str, str], Any]) -> list[Namespace]:
    """Once the options have been checked."""
    return [namespace for entry in values["libvirt", "pmem_namespaces"] for namespace in _read(entry)[0]]


def _read(entry: str) -> tuple[list[Namespace], str | None]:
    label, colon, devices = entry.partition(":")
    if not colon or _LABEL.fullmatch(label) is None:
        return [], f"{entry!r} does not begin with a label of letters, digits and underscores and a colon"
    found = []
    for item in devices.split("|"):
        parts = _ITEM.fullmatch(item.strip())
        if parts is None:
            return [], f"{item!r} names no device with its size; libvirt cannot look up the name of a namespace, as Nova does"
        size = _kib(parts["size"])
        align = _ALIGN if parts["align"] is None else _kib(parts["align"])
        if size is None or align is None or align == 0 or size % align or size <= LABEL_SIZE + align:
            return [], f"the size of {item!r} must be several times its alignment, in K, M, G or T"
        if illegal_characters(parts["path"]):
            return [], f"the path of {item!r} has characters that XML cannot carry"
        found.append(Namespace(label_of(label), parts["path"], size, align))
    return found, None


def _kib(text: str) -> int | None:
    found = _SIZE.fullmatch(text.strip())
    return None if found is None else int(found[1]) * _UNITS[found[2].upper()]


def choose_namespaces(labels: Sequence[str], known: Sequence[Namespace], hypervisor: Hypervisor) -> list[Namespace | None]:
    """One for each label, none twice, None where no free one is left. A server that is there keeps those that it has."""
    holders = device_holders(hypervisor["domains"])
    home = hypervisor.get("home_devices")
    free = [namespace for namespace in known if namespace.path not in holders and (home is None or namespace.path in home)]
    found: list[Namespace | None] = []
    for label in labels:
        one = next((namespace for namespace in free if namespace.label == label_of(label)), None)
        found.append(one)
        if one is not None:
            free.remove(one)
    return found
