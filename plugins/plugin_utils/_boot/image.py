# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of the catalogue: fields, status, formats, limits and properties (rules IMG, PRP)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .catalogue import Entry, check_duplicates, check_schema, check_unknown_keys, entries_of, read_name
from .checked import Checked, checked
from .image_properties import read_properties
from .image_table import BY_NAME, LEGACY
from .problems import NoEffect, Problems, item_path, join_path
from .shapes import SCHEMA, Image, identity
from .types import ValueType, bounds, choice, integer_text, shown, text

SOURCES: Final = ("src", "path", "url")
STATUSES: Final = (
    *("active", "queued", "saving", "killed", "deleted", "pending_delete", "deactivated", "uploading", "importing"),
)
DISK_FORMATS: Final = ("raw", "qcow2", "iso", "vmdk", "vdi", "vhd", "vhdx", "ploop", "ami", "aki", "ari", "luks", "gpt")
CONTAINER_FORMATS: Final = ("bare", "ovf", "ova", "docker", "compressed", "ami", "aki", "ari")
# Fields of the image service that mean nothing without one.
SERVICE_FIELDS: Final = {
    "visibility": "everybody who runs the playbook can use the image",
    "owner": "there are no projects",
    "protected": "there is no image service that could delete the image",
    "is_protected": "there is no image service that could delete the image",
    "is_public": "everybody who runs the playbook can use the image",
    "hidden": "there is no list of images to hide it from",
    "os_hidden": "there is no list of images to hide it from",
    "is_hidden": "there is no list of images to hide it from",
    "tags": "nothing looks images up by tag",
    "virtual_size": "the size is read from the file",
    "created_at": "it is only told by the image service",
    "updated_at": "it is only told by the image service",
    "direct_url": "give url instead",
}
FIELDS: Final = (
    *("schema", "name", "id", *SOURCES, "checksum", "disk_format", "container_format", "min_disk", "min_ram", "size", "status"),
    "properties",
)

_CODE: Final = "InvalidRequest"
_TEXT = text(1, 4096)
_ID = text(1, 255)
_DISK_FORMAT = choice(*DISK_FORMATS)
_CONTAINER_FORMAT = choice(*CONTAINER_FORMATS)


def _read_amount(value: object) -> int | None:
    """Text is converted as for every number of an image; negative amounts and fractions do not fit."""
    number = integer_text(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None
    if isinstance(value, float) and value.is_integer():
        number = int(value)
    return number if number is not None and number >= 0 else None


_AMOUNT: ValueType[int] = ValueType(_read_amount, bounds(0, None), "a whole number of at least 0")
_STATUS = choice(*STATUSES)


def validate_images(images: object, *, field: str = "images") -> Checked[dict[str, Image]]:
    """A catalogue: a dict by name (entries may repeat ``name``) or a list. Answers the images by name; an entry with problems
    is left out. Names and ids must each be unique, since a reference is a name or an id."""
    problems = Problems()
    no_effect: list[NoEffect] = []
    found: list[tuple[Entry, Image]] = []
    for entry in entries_of(images, field, problems):
        one = validate_image(entry.value, field=entry.path, name=entry.name)
        problems.extend(one.problems)
        no_effect.extend(one.no_effect)
        if one.value is not None:
            found.append((entry, one.value))
    check_duplicates(found, problems, rule="IMG", name_code="ValidationError", id_code="ValidationError")
    return checked({image["name"]: image for _path, image in found}, problems, no_effect)


def validate_image(image: object, *, field: str = "image", name: str | None = None) -> Checked[Image | None]:
    """One image; the value is None where it has problems. Properties come back typed and under their current names (rules PRP).

    min_disk GiB, min_ram MiB, size bytes. Any known status is accepted: whether it may boot is a question of the request.
    """
    problems = Problems()
    no_effect: list[NoEffect] = []
    if not isinstance(image, Mapping):
        problems.add("ValidationError", "IMG", field, shown(image), {"type": "object"}, f"{field} must be an object")
        return checked(None, problems)
    normalised = check_schema(image, problems, field)
    check_unknown_keys(image, {*FIELDS, *SERVICE_FIELDS}, problems, field, "IMG", _hints(image))
    for key, reason in SERVICE_FIELDS.items():
        if image.get(key) is not None:
            no_effect.append(NoEffect(field=join_path(field, key), reason=reason))
    found_name = read_name(image, name, problems, field, "IMG")
    properties = read_properties(
        image.get("properties", {}), problems, no_effect, join_path(field, "properties"), normalised=normalised
    )
    value = _read_image(image, found_name, properties, problems, field)
    return checked(None if problems else value, problems, no_effect)


def _read_image(image: Mapping[Any, Any], name: str, properties: dict[str, Any], problems: Problems, field: str) -> Image:
    _check_sources(image, problems, field)
    return Image(
        schema=SCHEMA,
        name=name,
        id=_or_null(image, "id", _ID, problems, field) or identity("image", name),
        src=_or_null(image, "src", _TEXT, problems, field),
        path=_or_null(image, "path", _TEXT, problems, field),
        url=_or_null(image, "url", _TEXT, problems, field),
        checksum=_or_null(image, "checksum", _TEXT, problems, field),
        disk_format=_or_null(image, "disk_format", _DISK_FORMAT, problems, field),
        container_format=_or_null(image, "container_format", _CONTAINER_FORMAT, problems, field),
        min_disk=_amount(image, "min_disk", problems, field),
        min_ram=_amount(image, "min_ram", problems, field),
        size=_or_null(image, "size", _AMOUNT, problems, field) or 0,
        status=_status(image, problems, field),
        properties=properties,
    )


def _check_sources(image: Mapping[Any, Any], problems: Problems, field: str) -> None:
    given = [key for key in SOURCES if image.get(key) is not None]
    for key in given[1:]:
        path = join_path(field, key)
        message = f"{path} and {given[0]} both say where the image comes from; give one of src, path and url"
        problems.add("ValidationError", "IMG", path, shown(image[key]), f"one of {', '.join(SOURCES)}", message)


def _or_null(image: Mapping[Any, Any], key: str, kind: ValueType[Any], problems: Problems, field: str) -> Any:
    value = image.get(key)
    return None if value is None else kind.check(value, problems, join_path(field, key), "IMG-21", code=_CODE)


def _amount(image: Mapping[Any, Any], key: str, problems: Problems, field: str) -> int:
    """Absent is 0, null is refused (rules IMG-13)."""
    if key not in image:
        return 0
    return _AMOUNT.check(image[key], problems, join_path(field, key), "IMG-13", code=_CODE) or 0


def _status(image: Mapping[Any, Any], problems: Problems, field: str) -> str:
    given = image.get("status", "active")
    return _STATUS.check(given, problems, join_path(field, "status"), "IMG-01", code="ImageNotActive") or ""


def _hints(image: Mapping[Any, Any]) -> dict[str, str]:
    return {
        str(key): f"write it as {item_path('properties', key)}"
        for key in image
        if isinstance(key, str) and (key in BY_NAME or key in LEGACY or key.startswith(("hw_", "os_", "img_", "trait:")))
    }
