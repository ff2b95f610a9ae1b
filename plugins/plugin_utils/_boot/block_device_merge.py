# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The merged list: what the request asks for, what the image defines, what the flavor adds (rules BDM-50..62, REQ-51)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from .block_device_check import check_words
from .block_device_entry import (
    WRITTEN_WHOLE,
    Entry,
    blank_device,
    flavor_sizes,
    is_ephemeral,
    is_swap,
    parse_stored_entry,
    read_device_name,
    root_device,
)
from .block_device_legacy import choose_root, from_legacy_list
from .checked import Checked, checked
from .device_name import is_swap_or_ephemeral, strip_dev
from .problems import Problems, join_path
from .types import shown

ASSUMED_ROOT_DEVICE_NAME = "vda"


def merge_block_devices(
    request: Sequence[Entry],
    *,
    legacy: bool,
    image_id: str | None,
    image_properties: Mapping[str, Any] | None,
    root_device_name: str | None,
    flavor: Mapping[str, Any] | None,
    max_count: int = 1,
    default_ephemeral_format: str | None = None,
    image_field: str = "image",
    flavor_field: str = "flavor",
) -> Checked[list[Entry]]:
    """The complete list in Nova's order: request, image-defined, flavor ephemeral, flavor swap (rules BDM-61).

    ``request`` are parsed entries; ``legacy`` ones have no boot index yet. ``root_device_name`` as the image (with ``/dev/``)
    or the user gives it, None where nobody does. ``flavor`` None adds nothing and drops nothing for lack of size.
    """
    problems = Problems()
    root_name = root_device_name or ASSUMED_ROOT_DEVICE_NAME
    if image_id and not legacy:
        _check_root_name(request, root_name, problems)
    defined = _image_defined(
        image_properties or {}, root_name, flavor, default_ephemeral_format, join_path(image_field, "properties")
    )
    problems.extend(defined.problems)
    image_has_root = root_device([entry.device for entry in defined.value]) is not None
    entries = list(request)
    if legacy:
        entries = choose_root(entries, image_id=image_id, root_device_name=root_name, image_defines_root=image_has_root)
    elif image_has_root:
        entries = [entry for entry in entries if not _is_image_root(entry)]
    merged = _override(defined.value, entries)
    check_multiple(merged, max_count, problems)
    for entry in merged:
        check_words(entry, problems)
    return checked(merged + _flavor_defined(merged, flavor, flavor_field), problems)


def _check_root_name(request: Sequence[Entry], root_name: str, problems: Problems) -> None:
    """Rules BDM-55 and BDM-56: a name that carries ``/dev/`` is compared as it is, so it never matches, as in Nova."""
    for entry in request:
        if entry.device["destination_type"] == "volume" and strip_dev(entry.device["device_name"]) == root_name:
            where = entry.path("device_name")
            message = f"{where} is {root_name}, which is the name of the image's root disk"
            problems.add("InvalidRequest", "BDM-55", where, entry.device["device_name"], None, message)


def _is_image_root(entry: Entry) -> bool:
    return entry.device["boot_index"] == 0 and entry.device["source_type"] == "image"


def _override(overridable: Sequence[Entry], overriding: Sequence[Entry]) -> list[Entry]:
    """Rules BDM-53 and BDM-58: entries without a name neither override nor are overridden."""
    names = {entry.device["device_name"] for entry in overriding if entry.device["device_name"]}
    return [*overriding, *(entry for entry in overridable if entry.device["device_name"] not in names)]


def check_multiple(entries: Sequence[Entry], max_count: int, problems: Problems) -> None:
    """An existing volume goes to one server only (rules REQ-51)."""
    if max_count <= 1:
        return
    for entry in entries:
        if entry.device["source_type"] == "volume":
            where = entry.path("volume_id")
            message = f"{where} is an existing volume, which cannot go to {max_count} servers"
            problems.add("InvalidRequest", "REQ-51", where, entry.device["volume_id"], {"max_count": 1}, message)


def _flavor_defined(entries: Sequence[Entry], flavor: Mapping[str, Any] | None, field: str) -> list[Entry]:
    sizes = flavor_sizes(flavor)
    added = []
    if sizes["ephemeral"] and not any(is_ephemeral(entry.device) for entry in entries):
        added.append(Entry(blank_device(sizes["ephemeral"]), join_path(field, "ephemeral"), WRITTEN_WHOLE))
    if sizes["swap"] and not any(is_swap(entry.device) for entry in entries):
        added.append(Entry(blank_device(sizes["swap"], "swap"), join_path(field, "swap"), WRITTEN_WHOLE))
    return added


def _image_defined(
    properties: Mapping[str, Any],
    root_name: str,
    flavor: Mapping[str, Any] | None,
    default_ephemeral_format: str | None,
    field: str,
) -> Checked[list[Entry]]:
    """What the image's raw properties define (rules BDM-50..53)."""
    problems = Problems()
    where = join_path(field, "block_device_mapping")
    raws = _property_list(properties, "block_device_mapping", problems, field)
    if properties.get("bdm_v2"):
        entries = []
        for index, raw in enumerate(raws):
            parsed = parse_stored_entry(raw, field=join_path(where, index))
            problems.extend(parsed.problems)
            entries.append(Entry(parsed.value, join_path(where, index)))
    else:
        listed = from_legacy_list(
            raws,
            image_id=None,
            root_device_name=root_name,
            default_ephemeral_format=default_ephemeral_format,
            field=where,
        )
        problems.extend(listed.problems)
        entries = listed.value
    mappings = _image_mappings(properties, flavor, default_ephemeral_format, problems, field)
    return checked(_override(mappings, entries), problems)


def _image_mappings(
    properties: Mapping[str, Any],
    flavor: Mapping[str, Any] | None,
    default_ephemeral_format: str | None,
    problems: Problems,
    field: str,
) -> list[Entry]:
    """Property ``mappings``: swap and ephemerals of the flavor's sizes (rules BDM-51, BDM-52)."""
    sizes = flavor_sizes(flavor)
    entries = []
    for index, raw in enumerate(_property_list(properties, "mappings", problems, field)):
        origin = join_path(join_path(field, "mappings"), index)
        if not isinstance(raw, Mapping):
            problems.add("InvalidBDMFormat", "BDM-51", origin, shown(raw), {"type": "object"}, f"{origin} must be an object")
            continue
        virtual = raw.get("virtual")
        if not is_swap_or_ephemeral(virtual):
            continue
        size = sizes["swap" if virtual == "swap" else "ephemeral"]
        if size == 0:
            continue
        name = read_device_name(_rooted(raw.get("device")), problems, join_path(origin, "device"))
        guest_format = raw.get("guest_format") if isinstance(raw.get("guest_format"), str) else None
        device = blank_device(0, "swap" if virtual == "swap" else guest_format or default_ephemeral_format)
        device["device_name"], device["volume_size"] = name, size
        entries.append(Entry(device, origin, {"device_name": "device"}))
    return entries


def _rooted(device: object) -> object:
    return f"/dev/{device}" if isinstance(device, str) and device and not device.startswith("/") else device


def _property_list(properties: Mapping[str, Any], key: str, problems: Problems, field: str) -> list[Any]:
    """A list, given as such or as JSON text, as image services store it."""
    value = properties.get(key)
    if isinstance(value, str) and value:
        try:
            value = json.loads(value)
        except ValueError:
            value = properties[key]
    if value in (None, ""):
        return []
    if isinstance(value, list):
        return value
    where = join_path(field, key)
    problems.add("InvalidBDMFormat", "BDM-50", where, shown(value), {"type": "array"}, f"{where} must be a list")
    return []
