# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Block devices as the EC2 API gave and showed them, and the names that metadata shows (rules ECA-01..17, DEV-38)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .checked import Checked, checked
from .device_name import is_swap_or_ephemeral, prepend_dev, strip_dev
from .problems import Problems, join_path
from .shapes import BlockDevice
from .types import read_integer, shown

_EC2_ID = re.compile(r"(snap|vol)-([0-9a-fA-F]{1,16})")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT_FOUND = {"snap": "SnapshotNotFound", "vol": "VolumeNotFound"}
# What a metadata reader is told about a server without a root device name.
_DEFAULT_MAPPING = {"ami": "sda1", "ephemeral0": "sda2", "root": "/dev/sda1", "swap": "sda3"}


def parse_ec2_entry(
    raw: object, ec2_ids: Mapping[str, str] | None, *, field: str = "block_device_mapping[0]"
) -> Checked[dict[str, Any]]:
    """An EC2 entry as a legacy dict, ``ebs`` flattened and its id resolved through ``ec2_ids`` (rules ECA-05..10).

    Keys may be written as ``device_name`` or ``DeviceName``. Ids are compared by number: ``snap-a`` is ``snap-0000000a``.
    """
    problems = Problems()
    if not isinstance(raw, Mapping):
        problems.add("InvalidBDMFormat", "ECA-05", field, shown(raw), {"type": "object"}, f"{field} must be an object")
        return checked({}, problems)
    entry = _snake_keys(raw)
    ebs = entry.pop("ebs", None)
    where = join_path(field, "ebs")
    if ebs is not None and not isinstance(ebs, Mapping):
        problems.add("InvalidBDMFormat", "ECA-05", where, shown(ebs), {"type": "object"}, f"{where} must be an object")
    elif ebs:
        details = _snake_keys(ebs)
        ec2_id = details.pop("snapshot_id", None)
        if ec2_id:
            entry |= _resolve(ec2_id, ec2_ids or {}, problems, join_path(where, "snapshot_id"))
            details.setdefault("delete_on_termination", True)
        entry |= details
    return checked(entry, problems)


def _snake_keys(raw: Mapping[Any, Any]) -> dict[str, Any]:
    return {_HUMP.sub("_", str(key)).lower(): value for key, value in raw.items()}


def _resolve(ec2_id: object, ec2_ids: Mapping[str, str], problems: Problems, where: str) -> dict[str, str]:
    if not isinstance(ec2_id, str) or not ec2_id.startswith(("snap-", "vol-")):
        return {}
    key = "snapshot_id" if ec2_id.startswith("snap-") else "volume_id"
    number = _ec2_number(ec2_id)
    if number is None:
        allowed = {"type": "string", "pattern": _EC2_ID.pattern}
        problems.add("InvalidEc2Id", "ECA-10", where, shown(ec2_id), allowed, f"{where} must be snap- or vol- and hex digits")
        return {}
    for known, identity in ec2_ids.items():
        if _ec2_number(known) == number:
            return {key: identity}
    message = f"{where} names {ec2_id}, which ec2_ids does not list"
    problems.add(_NOT_FOUND[number[0]], "ECA-06", where, ec2_id, sorted(map(str, ec2_ids)), message)
    return {}


def _ec2_number(ec2_id: object) -> tuple[str, int] | None:
    found = _EC2_ID.fullmatch(ec2_id) if isinstance(ec2_id, str) else None
    return (found[1], int(found[2], 16)) if found else None


def ec2_to_legacy(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A flattened entry as the legacy list takes it: the virtual name ``NoDevice`` means no_device alone (rules ECA-15)."""
    if entry.get("virtual_name") == "NoDevice":
        return {"no_device": True, **{key: entry[key] for key in ("device_name",) if key in entry}}
    return dict(entry)


def format_ec2_entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A legacy entry as EC2 shows it. ``snapshot_number`` and ``volume_number`` are the ids' numbers; a volume is shown in
    the snapshot's place (rules ECA-17)."""
    item: dict[str, Any] = {}
    for shown_as, key in (("deviceName", "device_name"), ("virtualName", "virtual_name")):
        if key in entry:
            item[shown_as] = entry[key]
    if entry.get("no_device"):
        item["noDevice"] = True
    identity = _shown_id(entry)
    if identity:
        details = (("volumeSize", "volume_size"), ("deleteOnTermination", "delete_on_termination"))
        shown_details = {shown_as: entry[key] for shown_as, key in details if entry.get(key) is not None}
        item["ebs"] = {"snapshotId": identity, **shown_details}
    return item


def _shown_id(entry: Mapping[str, Any]) -> str | None:
    # Where both are known the volume is written last, over the snapshot.
    for key, prefix in (("volume_number", "vol"), ("snapshot_number", "snap")):
        if entry.get(key) is not None:
            return f"{prefix}-{entry[key]:08x}"
    return None


def describe_ec2_image(
    mappings: Sequence[Mapping[str, Any]], block_device_mapping: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """An image's devices as EC2 shows them: mappings of swap and ephemerals, overwritten by block devices of the same device
    name, without those that are marked no_device (rules ECA-17)."""
    items = [
        {"deviceName": _absolute(entry.get("device")), "virtualName": entry.get("virtual")}
        for entry in mappings
        if is_swap_or_ephemeral(entry.get("virtual"))
    ]
    for entry in block_device_mapping:
        item = format_ec2_entry(entry)
        same = next((place for place, other in enumerate(items) if other.get("deviceName") == item.get("deviceName")), None)
        if same is not None:
            del items[same]
        items.append(item)
    return [item for item in items if not item.get("noDevice")]


def _absolute(device: object) -> object:
    return f"/dev/{device}" if isinstance(device, str) and not device.startswith("/") else device


def check_ec2_image_state(image: Mapping[str, Any], *, field: str = "image") -> Checked[str | None]:
    """The state that EC2 saw: property ``image_state``, else the status with ``active`` read as ``available`` (ECA-03)."""
    problems = Problems()
    properties = image.get("properties")
    status = image.get("status")
    state = "available" if status == "active" else status
    if isinstance(properties, Mapping):
        state = properties.get("image_state", state)
    if state != "available":
        message = "the image must be available" + (f", it is {shown(state)}" if state else ", its state is unknown")
        problems.add("EC2APIError", "ECA-03", field, shown(state), ["available"], message)
    return checked(state if isinstance(state, str) else None, problems)


def ec2_counts(minimum: object = None, maximum: object = None) -> Checked[tuple[int, int]]:
    """How many servers at least and at most: 1, and as many as at least (rules ECA-01)."""
    problems = Problems()
    least = _count(minimum, 1, problems, "min_count")
    most = _count(maximum, least, problems, "max_count")
    if not problems and least > most:
        message = f"min_count must not be more than max_count, {least} is more than {most}"
        problems.add("InvalidInput", "REQ-42", "min_count", least, {"max": most}, message)
    return checked((least, most), problems)


def _count(value: object, default: int, problems: Problems, field: str) -> int:
    if value is None:
        return default
    number = read_integer(value)
    if number is None or number < 1:
        allowed = {"type": "integer", "min": 1}
        problems.add("InvalidInput", "ECA-01", field, shown(value), allowed, f"{field} must be a whole number of at least 1")
        return default
    return number


def metadata_mapping(root_device_name: str | None, devices: Sequence[BlockDevice]) -> dict[str, str | None]:
    """The EC2-style names that a server's metadata shows (rules DEV-38)."""
    if root_device_name is None:
        return dict(_DEFAULT_MAPPING)
    names: dict[str, str | None] = {"ami": strip_dev(root_device_name), "root": root_device_name}
    volumes = [prepend_dev(device["device_name"]) for device in devices if device["destination_type"] == "volume"]
    for number, name in enumerate(sorted(volumes, key=lambda name: (name is not None, name or ""))):
        names[f"ebs{number}"] = name
    blanks = [d for d in devices if d["source_type"] == "blank" and d["destination_type"] != "volume"]
    swaps = [device for device in blanks if device["guest_format"] == "swap"]
    if swaps:
        names["swap"] = swaps[-1]["device_name"]
    ephemerals = [device for device in blanks if device["guest_format"] != "swap"]
    for number, device in enumerate(ephemerals):
        names[f"ephemeral{number}"] = device["device_name"]
    return names
