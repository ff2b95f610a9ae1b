# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The legacy block-device forms, dict and text, and the way back to them (rules BDM-30..43, BDM-90..93, CLI-11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .block_device_entry import WRITTEN_WHOLE, Entry, empty_device, image_device, parse_stored_entry
from .checked import Checked, checked
from .device_name import is_ephemeral, is_swap_or_ephemeral, strip_dev
from .problems import Problems, join_path
from .shapes import BlockDevice
from .types import BOOLEAN, VOLUME_SIZE, shown

LEGACY_KEYS = (
    "virtual_name",
    "snapshot_id",
    "volume_id",
    "volume_size",
    "device_name",
    "delete_on_termination",
    "no_device",
    "connection_info",
)
_COPIED = tuple(key for key in LEGACY_KEYS if key != "virtual_name")
_ALLOWED = {"virtual_name": ["swap", "ephemeral0"], "or": ["snapshot_id", "volume_id", "no_device"]}


def parse_legacy_entry(
    raw: object, *, default_ephemeral_format: str | None = None, field: str = "block_device_mapping[0]"
) -> Checked[BlockDevice]:
    """One legacy entry as a v2 device (rules BDM-30..37). Fields that the legacy form does not have are dropped, as Nova
    does; the number of ``ephemeralN`` is lost."""
    problems = Problems()
    if not isinstance(raw, Mapping):
        problems.add("InvalidBDMFormat", "BDM-35", field, shown(raw), {"type": "object"}, f"{field} must be an object")
        return checked(empty_device(), problems)
    fields = {key: raw[key] for key in _COPIED if key in raw}
    virtual_name = raw.get("virtual_name")
    if is_swap_or_ephemeral(virtual_name):
        guest_format = "swap" if virtual_name == "swap" else default_ephemeral_format
        fields |= {"source_type": "blank", "destination_type": "local", "guest_format": guest_format}
        fields["delete_on_termination"] = True
    elif raw.get("snapshot_id"):
        fields |= {"source_type": "snapshot", "destination_type": "volume"}
    elif raw.get("volume_id"):
        fields |= {"source_type": "volume", "destination_type": "volume"}
    elif not raw.get("no_device"):
        message = f"{field} names no virtual_name of swap or ephemeralN, no snapshot_id, no volume_id and no no_device"
        problems.add("InvalidBDMFormat", "BDM-35", field, shown(raw), _ALLOWED, message)
        fields["source_type"] = None
    stored = parse_stored_entry(fields, field=field)
    problems.extend(stored.problems)
    return checked(stored.value, problems)


def parse_legacy_text(
    text: str, *, device_name: str | None = None, field: str = "block_device_mapping[0]"
) -> Checked[dict[str, Any]]:
    """The command line's ``[NAME=]ID[:TYPE[:SIZE[:DELETE]]]`` as a legacy dict (rules CLI-11): a TYPE that begins with snap
    is a snapshot, any other a volume; empty parts count as not given. ``device_name`` is NAME where the list is an object."""
    problems = Problems()
    if device_name is None and "=" in text:
        device_name, _equals, text = text.partition("=")
    parts = text.split(":")
    if len(parts) > 4 or not parts[0]:
        message = f"{field} must have the form [NAME=]ID[:TYPE[:SIZE[:DELETE]]]"
        problems.add("InvalidBDMFormat", "CLI-11", field, shown(text), "[NAME=]ID[:TYPE[:SIZE[:DELETE]]]", message)
        return checked({}, problems)
    source, kind, size, delete = (*parts, "", "", "")[:4]
    if kind == "image":
        message = f"{field} names an image, which the text form cannot: write it as source_type, destination_type and uuid"
        problems.add("InvalidBDMFormat", "CLI-11", field, shown(text), ["snapshot", "volume"], message)
    entry: dict[str, Any] = {"snapshot_id" if kind.startswith("snap") else "volume_id": source}
    entry |= {} if device_name is None else {"device_name": device_name}
    number = VOLUME_SIZE.read(size) if size else None
    if number is not None:
        entry["volume_size"] = number
    elif size:
        message = f"the SIZE of {field} must be {VOLUME_SIZE.says}, it is {shown(size)}"
        problems.add("InvalidBDMFormat", "CLI-11", field, shown(size), VOLUME_SIZE.allowed, message)
    flag = BOOLEAN.read(delete) if delete else None
    if flag is not None:
        entry["delete_on_termination"] = flag
    elif delete:
        message = f"the DELETE of {field} must be {BOOLEAN.says}, it is {shown(delete)}"
        problems.add("InvalidBDMFormat", "CLI-11", field, shown(delete), BOOLEAN.allowed, message)
    return checked(entry, problems)


def choose_root(
    entries: Sequence[Entry], *, image_id: str | None, root_device_name: str | None, image_defines_root: bool = False
) -> list[Entry]:
    """Boot indexes of a legacy list, and the image's root entry in front where nothing else is the root (BDM-38..43)."""
    if image_defines_root:
        return [entry.with_device(boot_index=-1) for entry in entries]
    if not root_device_name and not image_id:
        first = next((entry for entry in entries if entry.device["source_type"] != "blank"), None)
        return [entry.with_device(boot_index=0) if entry is first else entry for entry in entries]
    indexed = [entry.with_device(boot_index=_legacy_index(entry.device, root_device_name)) for entry in entries]
    if image_id and not any(entry.device["boot_index"] == 0 for entry in indexed):
        return [Entry(image_device(image_id), "image", WRITTEN_WHOLE), *indexed]
    return indexed


def _legacy_index(device: BlockDevice, root_device_name: str | None) -> int | None:
    named = root_device_name is not None and strip_dev(device["device_name"]) == strip_dev(root_device_name)
    if named and device["source_type"] in ("volume", "snapshot", "image"):
        return 0
    return None if device["no_device"] else -1


def from_legacy_list(
    raws: Sequence[object],
    *,
    image_id: str | None,
    root_device_name: str | None,
    image_defines_root: bool = False,
    default_ephemeral_format: str | None = None,
    field: str = "block_device_mapping",
) -> Checked[list[Entry]]:
    """A whole legacy list as v2 devices, root chosen."""
    problems = Problems()
    entries = []
    for index, raw in enumerate(raws):
        origin = join_path(field, index)
        parsed = parse_legacy_entry(raw, default_ephemeral_format=default_ephemeral_format, field=origin)
        problems.extend(parsed.problems)
        entries.append(Entry(parsed.value, origin))
    rooted = choose_root(entries, image_id=image_id, root_device_name=root_device_name, image_defines_root=image_defines_root)
    return checked(rooted, problems)


def to_legacy(device: BlockDevice, *, field: str = "block_device_mapping[0]") -> Checked[dict[str, Any] | None]:
    """One device in the legacy form (rules BDM-90..93); None for what that form cannot say."""
    problems = Problems()
    legacy: dict[str, Any] = {key: value for key, value in device.items() if key in _COPIED}
    legacy["virtual_name"] = None
    if device["source_type"] == "blank":
        legacy["virtual_name"] = "swap" if device["guest_format"] == "swap" else "ephemeral0"
    elif device["source_type"] == "image" and device["destination_type"] != "volume" and not device["no_device"]:
        message = f"{field} is a local disk made from an image, which the legacy form cannot say"
        problems.add("InvalidBDMForLegacy", "BDM-93", field, device["image_id"], None, message)
        return checked(None, problems)
    return checked(legacy, problems)


def to_legacy_list(devices: Sequence[BlockDevice]) -> list[dict[str, Any]]:
    """All devices that the legacy form can say, ephemerals numbered in list order (rules BDM-91, BDM-93)."""
    found = [legacy for device in devices if (legacy := to_legacy(device).value) is not None]
    ephemerals = [legacy for legacy in found if is_ephemeral(legacy["virtual_name"])]
    for number, legacy in enumerate(ephemerals):
        legacy["virtual_name"] = f"ephemeral{number}"
    return found
