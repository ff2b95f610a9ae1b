# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One entry of a v2 block-device list: from the request form, and from the stored form (rules BDM-01..16)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as data_field
from typing import Any, TypedDict

from .checked import Checked, checked
from .device_name import prepend_dev
from .problems import Problems, item_path, join_path
from .shapes import BlockDevice
from .types import integer_text, lenient_bool, scalar_text, shown

SOURCES = ("volume", "image", "snapshot", "blank")
DESTINATIONS = ("local", "volume")
DEVICE_TYPES = ("cdrom", "disk", "floppy", "fs", "lun")

# Nova knows these too; the shape has no place for them: internal bookkeeping, and what only the virt driver fills in.
UNSTORED_KEYS = frozenset(
    (
        "connection_info",
        "encrypted",
        "encryption_secret_uuid",
        "encryption_format",
        "encryption_options",
        "id",
        "instance_uuid",
        "attachment_id",
        "uuid",
        "created_at",
        "updated_at",
        "deleted_at",
        "deleted",
    )
)
STORED_KEYS = frozenset(BlockDevice.__annotations__)
_TEXT_KEYS = (
    "source_type",
    "destination_type",
    "device_type",
    "disk_bus",
    "guest_format",
    "volume_type",
    "image_id",
    "volume_id",
    "snapshot_id",
    "tag",
)


@dataclass(frozen=True)
class Entry:
    """A device of the list, and where it comes from: ``origin`` is the path of what the user wrote (request entry, image
    property, flavor), ``written_as`` the names there of fields that are stored under others (empty: the entry itself)."""

    device: BlockDevice
    origin: str
    written_as: Mapping[str, str] = data_field(default_factory=dict)

    def path(self, key: str) -> str:
        """Where the user wrote this field of the device."""
        return written_path(self.origin, key, self.written_as)

    def with_device(self, **changes: Any) -> Entry:
        return replace(self, device=BlockDevice(**{**self.device, **changes}))  # type: ignore[typeddict-item]


def written_path(origin: str, key: str, written_as: Mapping[str, str]) -> str:
    written = written_as.get(key, key)
    return f"{origin}.{written}" if written else origin


# For a device whose every field the user wrote in one place: a legacy text, a flavor's size.
WRITTEN_WHOLE: Mapping[str, str] = dict.fromkeys(BlockDevice.__annotations__, "")


class FlavorSizes(TypedDict):
    """GiB and MiB; None where there is no flavor to ask."""

    ephemeral: int | None
    swap: int | None


def flavor_sizes(flavor: Mapping[str, Any] | None) -> FlavorSizes:
    if flavor is None:
        return FlavorSizes(ephemeral=None, swap=None)
    return FlavorSizes(ephemeral=int(flavor.get("ephemeral") or 0), swap=int(flavor.get("swap") or 0))


def empty_device(**fields: Any) -> BlockDevice:
    """A device in which everything not given is null (or false)."""
    device = BlockDevice(
        source_type=None,
        destination_type=None,
        boot_index=None,
        device_name=None,
        device_type=None,
        disk_bus=None,
        guest_format=None,
        volume_size=None,
        volume_type=None,
        delete_on_termination=False,
        image_id=None,
        volume_id=None,
        snapshot_id=None,
        no_device=False,
        tag=None,
    )
    return BlockDevice(**{**device, **fields})  # type: ignore[typeddict-item]


def image_device(image_id: str) -> BlockDevice:
    """The root disk that an image boot gets where no entry says otherwise (rules BDM-41)."""
    return empty_device(
        source_type="image",
        destination_type="local",
        image_id=image_id,
        boot_index=0,
        device_type="disk",
        delete_on_termination=True,
    )


def blank_device(size: int, guest_format: str | None = None) -> BlockDevice:
    """What a flavor's ephemeral (GiB) or swap (MiB) becomes (rules BDM-59, BDM-60)."""
    return empty_device(
        source_type="blank",
        destination_type="local",
        boot_index=-1,
        device_type="disk",
        delete_on_termination=True,
        guest_format=guest_format,
        volume_size=size,
    )


def is_swap(device: BlockDevice) -> bool:
    return _is_blank_local(device) and device["guest_format"] == "swap"


def is_ephemeral(device: BlockDevice) -> bool:
    return _is_blank_local(device) and device["guest_format"] != "swap"


def _is_blank_local(device: BlockDevice) -> bool:
    return device["source_type"] == "blank" and device["destination_type"] == "local"


def root_device(devices: Sequence[BlockDevice]) -> BlockDevice | None:
    return next((device for device in devices if device["boot_index"] == 0), None)


def parse_entry(raw: object, *, image_given: bool, field: str = "block_device_mapping[0]") -> Checked[BlockDevice]:
    """One entry of a v2 request list. ``image_given``: the request names an image besides its list (rules BDM-07)."""
    problems = Problems()
    if not isinstance(raw, Mapping):
        return _not_an_object(raw, field)
    fields = dict(raw)
    reference = reference_text(fields.pop("uuid", None))
    if not fields.get("no_device"):
        fields |= _check_source(fields, reference, problems, field)
        _check_combination(fields, image_given, problems, field)
    stored = parse_stored_entry(fields, field=field)
    problems.extend(stored.problems)
    return checked(stored.value, problems)


def _not_an_object(raw: object, field: str) -> Checked[BlockDevice]:
    problems = Problems()
    problems.add("InvalidBDMFormat", "BDM-01", field, shown(raw), {"type": "object"}, f"{field} must be an object")
    return checked(empty_device(), problems)


def _check_source(fields: Mapping[str, Any], reference: str | None, problems: Problems, field: str) -> dict[str, Any]:
    """The key that ``uuid`` is stored under (rules BDM-03..06); a missing source type is named by the stored form's check."""
    source = fields.get("source_type")
    where = join_path(field, "uuid")
    if source == "blank":
        if reference:
            message = f"{where} is not allowed: a blank device is made from nothing"
            problems.add("InvalidBDMFormat", "BDM-04", where, shown(reference), None, message)
        return {}
    if "source_type" in fields and source not in SOURCES:
        path = join_path(field, "source_type")
        message = f"{path} must be one of {', '.join(SOURCES)}"
        problems.add("InvalidBDMFormat", "BDM-03", path, shown(source), list(SOURCES), message)
    if source in SOURCES and not reference:
        message = f"{where} is missing: it must name the {source}"
        if fields.get(f"{source}_id"):
            message += f"; {source}_id alone does not count"
        problems.add("InvalidBDMFormat", "BDM-05", where, None, {"type": "string"}, message)
    return {f"{source}_id": reference} if source in SOURCES and reference else {}


def _check_combination(fields: Mapping[str, Any], image_given: bool, problems: Problems, field: str) -> None:
    source, destination = fields.get("source_type"), fields.get("destination_type")
    if source == "image" and destination == "local" and not (image_given and _number(fields.get("boot_index")) == 0):
        where = join_path(field, "destination_type")
        message = (
            f"{where} is local: an image becomes a local disk only as the root (boot_index 0) of a server that names an image"
        )
        problems.add("InvalidBDMFormat", "BDM-07", where, "local", ["volume"], message)
    if not fields.get("volume_type"):
        return
    where = join_path(field, "volume_type")
    given = shown(fields["volume_type"])
    if destination == "local":
        problems.add("InvalidBDMFormat", "BDM-08", where, given, None, f"{where} is not allowed: a local disk is no volume")
    if source == "volume":
        message = f"{where} is not allowed: the volume exists and has its type"
        problems.add("InvalidBDMFormat", "BDM-09", where, given, None, message)


def parse_stored_entry(raw: object, *, field: str = "block_device_mapping[0]") -> Checked[BlockDevice]:
    """One entry in the form that Nova stores and images carry: ``<source>_id`` instead of ``uuid`` (rules BDM-01..15)."""
    if not isinstance(raw, Mapping):
        return _not_an_object(raw, field)
    problems = Problems()
    for key in raw:
        if key not in STORED_KEYS and key not in UNSTORED_KEYS:
            where = item_path(field, key)
            message = f"{where} is not a field of a block device"
            problems.add("InvalidBDMFormat", "BDM-01", where, shown(raw[key]), sorted(STORED_KEYS | {"uuid"}), message)
    device = empty_device(no_device=bool(raw.get("no_device")))
    marker = device["no_device"]
    _take_texts(device, raw, problems, field)
    if not marker and "source_type" not in raw:
        where = join_path(field, "source_type")
        problems.add("InvalidBDMFormat", "BDM-03", where, None, list(SOURCES), f"{where} is missing")
    device["delete_on_termination"] = lenient_bool(raw.get("delete_on_termination"))
    device["device_name"] = read_device_name(raw.get("device_name"), problems, join_path(field, "device_name"), marker=marker)
    numbers = Problems()
    device["volume_size"] = read_volume_size(raw.get("volume_size"), numbers, join_path(field, "volume_size"))
    device["boot_index"] = _read_boot_index(raw.get("boot_index"), numbers, join_path(field, "boot_index"))
    if not marker:
        problems.extend(numbers)
    return checked(device, problems)


def _take_texts(device: BlockDevice, raw: Mapping[str, Any], problems: Problems, field: str) -> None:
    texts: dict[str, str | None] = {}
    for key in _TEXT_KEYS:
        value = raw.get(key)
        if value is not None and not isinstance(value, str):
            where = join_path(field, key)
            problems.add("InvalidBDMFormat", "BDM-01", where, shown(value), {"type": "string"}, f"{where} must be text")
            value = None
        texts[key] = value
    device.update(texts)  # type: ignore[typeddict-item]


def read_device_name(value: object, problems: Problems, where: str, *, marker: bool = False) -> str | None:
    """The name with ``/dev/`` in front (rules BDM-12, BDM-13). A no_device marker's name is not checked beyond being text."""
    if value is None:
        return None
    if isinstance(value, str) and (marker or (1 <= len(value) <= 255 and " " not in value)):
        return prepend_dev(value) or None
    allowed = {"type": "string", "min_length": 1, "max_length": 255, "without": " "}
    problems.add(
        "InvalidBDMFormat", "BDM-12", where, shown(value), allowed, f"{where} must be 1 to 255 characters without a space"
    )
    return None


def read_volume_size(value: object, problems: Problems, where: str) -> int | None:
    """A whole number from 0, or its text; fractions do not fit (rules BDM-14)."""
    if value is None or value == "":
        return None
    size = None if isinstance(value, (bool, float)) else integer_text(value)
    if size is None or size < 0:
        allowed = {"type": "integer", "min": 0}
        problems.add("InvalidBDMFormat", "BDM-14", where, shown(value), allowed, f"{where} must be a whole number, 0 or more")
        return None
    return size


def _read_boot_index(value: object, problems: Problems, where: str) -> int | None:
    if value is None or value == "":
        return None
    index = _number(value)
    if index is None:
        message = f"{where} must be a whole number or null"
        problems.add("InvalidBDMFormat", "BDM-15", where, shown(value), {"type": "integer"}, message)
    return index


def _number(value: object) -> int | None:
    """What Python's integer conversion takes (rules BDM-07, BDM-15): text, and fractions cut off."""
    if isinstance(value, float):
        return int(value) if abs(value) < 2**63 else None
    return integer_text(value)


def reference_text(value: object) -> str | None:
    """An id or name of a catalogue, given as text or number."""
    return scalar_text(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None
