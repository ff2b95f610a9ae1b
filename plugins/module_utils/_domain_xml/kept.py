# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a domain that is defined anew keeps beside its devices: machine type, firmware, CPU, metadata. Plain XML."""

from __future__ import annotations

import copy
from typing import Callable, Mapping, Tuple

from .parts import Element

Canonical = Callable[[], Mapping[str, str]]

_RECORD = "{urn:kilonova:compute:1}server"
_VOLUMES = "{urn:kilonova:compute:1}volumes"
_NOVA = "{http://openstack.org/xmlns/libvirt/nova/1.1}"
CREATED = "metadata/%sinstance/%screationTime" % (_NOVA, _NOVA)


def keep_machine(new: Element, old: Element, canonical: Canonical) -> None:
    """An alias (q35) stays the type that the domain was defined with (pc-q35-7.2), whatever it stands for today."""
    wanted, had = new.find("os/type"), old.find("os/type")
    if wanted is None or had is None:
        return
    if wanted.get("arch") in (None, had.get("arch")):
        for name in ("arch", "machine"):
            if wanted.get(name) is None and had.get(name) is not None:
                wanted.set(name, had.get(name, ""))
    if wanted.get("machine") in (None, had.get("machine")):
        return
    meant = canonical().get(wanted.get("machine", ""))
    if meant is not None:
        stays = _family(meant) == _family(had.get("machine") or "")
        wanted.set("machine", had.get("machine", "") if stays else meant)


def _family(machine: str) -> str:
    """pc-q35 of pc-q35-7.2, of pc-q35-rhel9.2.0 and of Ubuntu's pc-q35-noble-v2."""
    words = machine.split("-")
    return "-".join(words[:2]) if words[0] == "pc" and len(words) > 2 else machine.rpartition("-")[0]


def board(domain: Element) -> Tuple[str, str]:
    kind = domain.find("os/type")
    return ("", "") if kind is None else (kind.get("arch") or "", _family(kind.get("machine") or ""))


def keep_firmware(new: Element, old: Element) -> None:
    """The firmware's files, and the guest's own variables in them, stay where the XML wants the same of them."""
    wanted, had = new.find("os"), old.find("os")
    if wanted is None or had is None:
        return
    loader, nvram = had.find("loader"), had.find("nvram")
    own = wanted.find("loader")
    if wanted.get("firmware") == had.get("firmware") == "efi" and _says(wanted, had):
        if own is not None:
            wanted.remove(own)
        _take(wanted, had, ("firmware", "loader", "nvram"))
        _take_feature(new, old, "smm")
    elif loader is not None and own is not None and own.text == loader.text:
        if not wanted.get("firmware") and had.get("firmware"):  # newer libvirt knows a file from the descriptors, and says so
            wanted.set("firmware", had.get("firmware", ""))
            _take(wanted, had, ("firmware",))
        if nvram is not None:
            _take(wanted, had, ("nvram",))


def _says(wanted: Element, had: Element) -> bool:
    """Whether every demand on the firmware is met by the files that the domain has."""
    features = {one.get("name"): one.get("enabled") for one in had.findall("firmware/feature")}
    if any(features.get(one.get("name")) != one.get("enabled") for one in wanted.findall("firmware/feature")):
        return False
    loader, own = had.find("loader"), wanted.find("loader")
    if loader is None or own is None:
        return loader is not None or own is None
    return own.text in (None, loader.text) and all(loader.get(name) == value for name, value in own.attrib.items())


def _take(new: Element, old: Element, tags: Tuple[str, ...]) -> None:
    """Children that ``new`` does not have; ``firmware`` in every case, libvirt adds what it found out."""
    for tag in tags:
        found = old.findall(tag)
        if tag == "firmware":
            for own in new.findall(tag):
                new.remove(own)
        if new.find(tag) is None:
            new.extend([copy.deepcopy(part) for part in found])


def _take_feature(new: Element, old: Element, name: str) -> None:
    features, had = new.find("features"), old.find("features/%s" % name)
    if had is not None and features is not None and features.find(name) is None:
        features.append(copy.deepcopy(had))


def keep_cpu(new: Element, old: Element) -> None:
    wanted, had = new.find("cpu"), old.find("cpu")
    if had is None:
        return
    model = had.find("model")
    chosen_by_libvirt = had.get("mode") == "custom" and model is not None and model.get("fallback") == "forbid"
    if wanted is None:
        if chosen_by_libvirt and len(had) == 1:
            new.append(copy.deepcopy(had))
        return
    says_something = wanted.get("mode") is not None or wanted.find("model") is not None
    if wanted.get("mode") in (None, had.get("mode")) and (says_something or chosen_by_libvirt):
        for name, value in had.attrib.items():
            if wanted.get(name) is None:
                wanted.set(name, value)
        if chosen_by_libvirt and model is not None and wanted.find("model") is None:
            wanted.append(copy.deepcopy(model))


def keep_metadata(new: Element, old: Element) -> None:
    """What tools wrote there stays, each under its own namespace. Of our own record, the host writes state and volumes."""
    had = old.find("metadata")
    if had is None:
        return
    wanted = new.find("metadata")
    if wanted is None:
        new.append(copy.deepcopy(had))
        return
    own = {child.tag for child in wanted}
    wanted.extend([copy.deepcopy(child) for child in had if child.tag not in own])
    record, earlier = wanted.find(_RECORD), had.find(_RECORD)
    if record is not None and earlier is not None:
        for name in ("state", "run"):
            if earlier.get(name) is not None:
                record.set(name, earlier.get(name) or "")
        _copy_text(earlier, record, _VOLUMES)
    _copy_text(old, new, CREATED)


def stamp(new: Element, wanted: Element) -> None:
    """A definition that changed was made now: Nova's metadata says when (guest META-03)."""
    _copy_text(wanted, new, CREATED)


def _copy_text(source: Element, target: Element, path: str) -> None:
    found, place = source.find(path), target.find(path)
    if found is not None and place is not None:
        place.text = found.text
