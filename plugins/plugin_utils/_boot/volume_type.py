# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volume types: where volumes of a type lie, in which format, and whether they are encrypted (rules BDM-72)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from .checked import Checked, checked
from .problems import Problems, join_path
from .request_catalogue import catalogue_entries
from .request_table import Property, Table, leaf
from .shapes import SCHEMA, identity
from .types import BOOLEAN, DESCRIPTION, NAME, ValueType, choice, integer, shown, text

_RULE = "BDM-72"
VOLUME_FORMATS = ("raw", "qcow2")
# Cinder's other providers: dm-crypt without a header, and LUKS version 2, which QEMU does not know.
_PROVIDERS = ("luks",)
_ALGORITHMS = ("aes", "serpent", "twofish")
_MODES = ("xts", "cbc")
_IVS = ("plain64", "plain", "essiv:sha256")
_KEY_SIZES = (128, 192, 256)
DEFAULT_CIPHER = "aes-xts-plain64"
DEFAULT_KEY_SIZE = 256


class Encryption(TypedDict):
    """As Cinder says it: ``cipher`` is algorithm-mode-iv, ``key_size`` in bits is the algorithm's."""

    provider: str
    cipher: str
    key_size: int


class VolumeType(TypedDict):
    """What is None is left to the volume: the pool of its server or task, format raw, sparse, not encrypted."""

    schema: int
    name: str
    id: str
    description: str | None
    pool: str | None
    format: str | None
    preallocate: bool | None
    encryption: Encryption | None


class VolumeSettings(TypedDict):
    """What a type and the options beside it come to; None where neither says anything."""

    pool: str | None
    format: str | None
    preallocate: bool | None
    encryption: Encryption | None


def _read_cipher(value: object) -> str | None:
    if not isinstance(value, str) or value.count("-") != 2:
        return None
    algorithm, mode, iv = value.split("-")
    return value if algorithm in _ALGORITHMS and mode in _MODES and iv in _IVS else None


def _read_key_size(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value in _KEY_SIZES else None


_CIPHER = ValueType(
    _read_cipher,
    {"algorithm": list(_ALGORITHMS), "mode": list(_MODES), "iv": list(_IVS)},
    f"a cipher such as {DEFAULT_CIPHER}",
)
_KEY_SIZE = ValueType(_read_key_size, list(_KEY_SIZES), "128, 192 or 256")
_ENCRYPTION = Table(
    _RULE,
    Property("provider", _RULE, leaf(choice(*_PROVIDERS), _RULE)),
    Property("cipher", _RULE, leaf(_CIPHER, _RULE), null=True),
    Property("key_size", _RULE, leaf(_KEY_SIZE, _RULE), null=True),
    # Where Cinder has it done: by the host of the server, as here.
    Property("control_location", _RULE, leaf(choice("front-end"), _RULE), null=True),
)


def read_encryption(value: object, path: str, problems: Problems) -> Encryption | None:
    if not isinstance(value, Mapping):
        message = f"{path} must be an object, for example {{provider: luks}}"
        problems.add("ValidationError", _RULE, path, shown(value), {"type": "object"}, message)
        return None
    found = _ENCRYPTION.read(value, path, problems).values
    return Encryption(
        provider=found.get("provider", _PROVIDERS[0]),
        cipher=found.get("cipher", DEFAULT_CIPHER),
        key_size=found.get("key_size", DEFAULT_KEY_SIZE),
    )


_TYPE = Table(
    _RULE,
    Property("name", _RULE, leaf(NAME, _RULE), required=0),
    Property("id", _RULE, leaf(text(1, 255), _RULE), null=True),
    Property("description", _RULE, leaf(DESCRIPTION, _RULE), null=True),
    Property("pool", _RULE, leaf(text(1, 255), _RULE), null=True),
    Property("format", _RULE, leaf(choice(*VOLUME_FORMATS), _RULE), null=True),
    Property("preallocate", _RULE, leaf(BOOLEAN, _RULE), null=True),
    Property("encryption", _RULE, read_encryption, null=True),
    Property("schema", _RULE, leaf(integer(SCHEMA, SCHEMA), _RULE)),
)


def validate_volume_types(types: object, *, field: str = "volume_types") -> Checked[dict[str, VolumeType]]:
    """A catalogue: a list of types, or an object by name."""
    problems = Problems()
    found: dict[str, VolumeType] = {}
    for path, entry in catalogue_entries(types, field, problems, _RULE):
        values = _TYPE.read(entry, path, problems).values
        name = values.get("name", "")
        value = VolumeType(
            schema=SCHEMA,
            name=name,
            id=values.get("id") or identity("volume_type", name),
            description=values.get("description"),
            pool=values.get("pool"),
            format=values.get("format"),
            preallocate=values.get("preallocate"),
            encryption=values.get("encryption"),
        )
        if name in found:
            where = join_path(path, "name")
            problems.add("ValidationError", _RULE, where, name, "unique names", f"{where} names another type too")
        settings_of(value, {}, problems, path)
        found[name] = value
    return checked(found, problems)


def type_names(types: Mapping[str, VolumeType]) -> dict[str, str]:
    """Name by id, as block devices are checked by (rules BDM-72)."""
    return {entry["id"]: entry["name"] for entry in types.values()}


def find_volume_type(types: Mapping[str, VolumeType], wanted: str, problems: Problems, field: str) -> VolumeType | None:
    """The type of that name or id; None with a problem where there is none."""
    found = next((entry for entry in types.values() if wanted in (entry["id"], entry["name"])), None)
    if found is None:
        message = f"{field} names no known volume type: {shown(wanted)}"
        problems.add("VolumeTypeNotFound", _RULE, field, shown(wanted), sorted(types), message)
    return found


def settings_of(
    volume_type: VolumeType | None, given: Mapping[str, Any], problems: Problems, field: str, *, at: str = ""
) -> VolumeSettings:
    """``given`` are options beside the type, by the same names; one that says otherwise than the type is a problem.

    ``field`` is where the type is named, ``at`` the path that the given options stand below."""
    own: dict[str, Any] = {key: None if volume_type is None else volume_type[key] for key in _SETTINGS}  # type: ignore[literal-required]
    for key in _SETTINGS:
        value = given.get(key)
        if value is None:
            continue
        if own[key] not in (None, value):
            where = join_path(at, key) if at else key
            message = (
                f"{where} is {shown(value)}, and {field} {volume_type['name'] if volume_type else ''} says {shown(own[key])}"
            )
            problems.add("Invalid", _RULE, where, shown(value), shown(own[key]), message)
        own[key] = value
    found = VolumeSettings(pool=own["pool"], format=own["format"], preallocate=own["preallocate"], encryption=own["encryption"])
    if found["encryption"] is not None and found["preallocate"] and found["format"] != "qcow2":
        message = f"{field}: libvirt takes no space beforehand for a raw encrypted volume; format qcow2 can"
        problems.add("NotBuilt", _RULE, field, "preallocate with format raw", {"format": "qcow2"}, message)
    return found


_SETTINGS = ("pool", "format", "preallocate", "encryption")
