# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A normalised server that comes in again: every part is validated again, none trusted, and the value comes back as it was."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

from .block_device import validate_block_device_mapping
from .checked import Checked
from .flavor import validate_flavor
from .image import validate_image
from .keypair import validate_keypair
from .network import validate_networks
from .problems import Problems, join_path
from .request_hints import read_hints
from .request_options import EXTRA_OPTIONS
from .request_table import Property, Reader, Table, leaf, list_of
from .request_values import read_certificates, read_metadata, read_tags
from .request_wish import Wish
from .server_pair import check_pair
from .server_world import World
from .shapes import SCHEMA, Flavor, Image, Server
from .types import DESCRIPTION, FQDN, NAME, NON_NEGATIVE_INTEGER, POSITIVE_INTEGER, ValueType, integer, shown, text

_RULE = "REQ"
_BOOLEAN: ValueType[bool] = ValueType(lambda value: value if isinstance(value, bool) else None, [True, False], "true or false")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DIGEST_TEXT: ValueType[str] = ValueType(
    lambda value: value if isinstance(value, str) and _SHA256.fullmatch(value) else None,
    {"type": "string", "pattern": _SHA256.pattern},
    "64 hexadecimal digits",
)
_SIZE = Property("size", _RULE, leaf(NON_NEGATIVE_INTEGER, _RULE), required=0)
_SHA = Property("sha256", _RULE, leaf(_DIGEST_TEXT, _RULE), required=0)


def _object(table: Table) -> Reader:
    """An object with these keys, null where they were null."""

    def read(value: object, path: str, problems: Problems) -> Any:
        if not isinstance(value, Mapping):
            return _wrong(value, path, problems)
        values = table.read(value, path, problems).values
        for prop in table.properties:
            if prop.null and prop.name in value:
                values.setdefault(prop.name, None)
            elif prop.null:
                _missing(prop, path, problems)
        return values

    return read


def _missing(prop: Property, path: str, problems: Problems) -> None:
    where = join_path(path, prop.name)
    problems.add("ValidationError", prop.rule, where, None, "required", f"{where} is required in a normalised server")


def _wrong(value: object, path: str, problems: Problems) -> None:
    problems.add("ValidationError", _RULE, path, shown(value), {"type": "object"}, f"{path} must be an object")


def _whole(validate: Callable[[object, str], Checked[Any]]) -> Reader:
    """A part that has its own validating function."""

    def read(value: object, path: str, problems: Problems) -> Any:
        answer = validate(value, path)
        problems.extend(answer.problems)
        return None if answer.problems else answer.value

    return read


def _one_network(value: object, path: str) -> Checked[Any]:
    answer = validate_networks([value], field=path)
    return Checked(next(iter(answer.value.values()), None), answer.problems)


_network = _whole(_one_network)
_REQUEST = Table(
    _RULE,
    Property("index", _RULE, leaf(NON_NEGATIVE_INTEGER, _RULE), required=0),
    Property("launch_index", "NAM-11", leaf(NON_NEGATIVE_INTEGER, "NAM-11"), required=0),
    Property("count", "QTA-11", leaf(POSITIVE_INTEGER, "QTA-11"), required=0),
    Property("min_count", "REQ-19", leaf(POSITIVE_INTEGER, "REQ-19"), required=0),
    Property("max_count", "REQ-20", leaf(POSITIVE_INTEGER, "REQ-20"), required=0),
)
_NIC = Table(
    "REQ-04",
    Property("network", "REQ-05", _network, null=True),
    Property("port", "REQ-06", leaf(text(1, 255), "REQ-06"), null=True),
    Property("fixed_ip", "REQ-07", leaf(text(1, 255), "REQ-07"), null=True),
    Property("tag", "REQ-08", leaf(text(1, 60), "REQ-08"), null=True),
)
_EXTRA = Table(
    _RULE,
    *(replace(option, null=False) for option in EXTRA_OPTIONS),
    Property("auto_disk_config", "REQ-68", leaf(_BOOLEAN, "REQ-68")),
    Property("forced_host", "REQ-53", leaf(text(1, 255), "REQ-53")),
    Property("forced_node", "REQ-53", leaf(text(1, 255), "REQ-53")),
    Property("trusted_image_certificates", "REQ-27", read_certificates),
    Property("boot_image", "IMG-19", _whole(lambda value, path: validate_image(value, field=path))),
    Property("kernel", "REQ-69", _whole(lambda value, path: validate_image(value, field=path))),
    Property("ramdisk", "REQ-69", _whole(lambda value, path: validate_image(value, field=path))),
    Property("nokernel", "REQ-70", leaf(_BOOLEAN, "REQ-70")),
    Property("return_reservation_id", "REQ-21", leaf(_BOOLEAN, "REQ-21")),
)


def _hints(value: object, path: str, problems: Problems) -> Any:
    return read_hints(value, path, problems, names=True)


def _devices(value: object, path: str, problems: Problems) -> Any:
    """Read here as a list only: their rules need the flavor and the image."""
    if isinstance(value, (list, tuple)):
        return list(value)
    problems.add("ValidationError", "REQ-29", path, shown(value), {"type": "array"}, f"{path} must be a list")
    return None


_SERVER = Table(
    _RULE,
    Property("schema", _RULE, leaf(integer(SCHEMA, SCHEMA), _RULE), required=0),
    Property("name", "REQ-01", leaf(NAME, "REQ-01"), required=0),
    Property("hostname", "REQ-18", leaf(text(1, 320), "REQ-18"), null=True),
    Property("description", "REQ-25", leaf(DESCRIPTION, "REQ-25"), null=True),
    Property("request", _RULE, _object(_REQUEST), required=0),
    Property("flavor", "REQ-02", leaf(ValueType(lambda value: value, {}, "a flavor"), "REQ-02"), required=0),
    Property("image", "REQ-03", leaf(ValueType(lambda value: value, {}, "an image"), "REQ-03"), null=True),
    Property("block_device_mapping", "REQ-29", _devices, required=0),
    Property("root_device_name", "BDM-54", leaf(text(1, 255), "BDM-54"), null=True),
    Property("networks", "REQ-04", list_of(_object(_NIC), "REQ-04"), required=0),
    Property("key_pair", "REQ-13", _whole(lambda value, path: validate_keypair(value, field=path)), null=True),
    Property("metadata", "REQ-09", read_metadata, required=0),
    Property("tags", "REQ-10", read_tags, required=0),
    Property("security_groups", "REQ-22", list_of(leaf(NAME, "REQ-22"), "REQ-22"), required=0),
    Property("config_drive", "REQ-14", leaf(_BOOLEAN, "REQ-14"), required=0),
    Property("user_data", "REQ-12", _object(Table(_RULE, _SIZE, _SHA)), null=True),
    Property(
        "personality",
        "REQ-11",
        list_of(_object(Table(_RULE, Property("path", _RULE, leaf(text(1), _RULE), required=0), _SIZE, _SHA)), "REQ-11"),
        required=0,
    ),
    Property("admin_pass", "REQ-26", _object(Table(_RULE, _SIZE, _SHA)), null=True),
    Property("availability_zone", "REQ-15", leaf(NAME, "REQ-15"), null=True),
    Property("host", "REQ-16", leaf(FQDN, "REQ-16"), null=True),
    Property("hypervisor_hostname", "REQ-17", leaf(FQDN, "REQ-17"), null=True),
    Property("scheduler_hints", "HNT-01", _hints, required=0),
    Property("extra", _RULE, _object(_EXTRA)),
)
_READ = _object(_SERVER)


def is_normalised(value: object) -> bool:
    return isinstance(value, Mapping) and "schema" in value


def read_again(value: Mapping[Any, Any], path: str, world: World, problems: Problems) -> Server | None:
    """The same server, or None after adding the problems."""
    found = Problems()
    values = _READ(value, path, found)
    if "request" in values:
        _check_request(values["request"], join_path(path, "request"), found)
    flavor = world.again(values.get("flavor"), join_path(path, "flavor"), validate_flavor, found)
    image = None
    if values.get("image") is not None:
        image = world.again(values["image"], join_path(path, "image"), validate_image, found)
    if not found:
        values["flavor"], values["image"] = flavor, image
        wish = Wish(0, path, at={"flavor": join_path(path, "flavor"), "image": join_path(path, "image")})
        pair_image = image or values.get("extra", {}).get("boot_image")
        _check_devices(values, flavor, image, path, world, found)
        if not found:
            check_pair(wish, flavor, pair_image, values["block_device_mapping"], world, found)
    problems.extend(found)
    return None if found else cast(Server, {key: values[key] for key in Server.__annotations__ if key in values})


def _check_request(ref: Mapping[str, int], path: str, problems: Problems) -> None:
    if len(ref) < len(_REQUEST.properties):
        return
    if not ref["launch_index"] < ref["count"] <= ref["max_count"] or ref["min_count"] > ref["count"]:
        allowed = "launch_index < count, min_count <= count <= max_count"
        problems.add("ValidationError", "NAM-11", path, dict(ref), allowed, f"{path} must keep {allowed}")


def _check_devices(
    values: dict[str, Any], flavor: Flavor, image: Image | None, path: str, world: World, problems: Problems
) -> None:
    """The list in its stored form, with the rules of section 9.5; volumes and images were looked up when it was made."""
    field = join_path(path, "block_device_mapping")
    answer = validate_block_device_mapping(
        values["block_device_mapping"],
        flavor=flavor,
        image=image,
        root_device_name=values.get("root_device_name"),
        max_local_block_devices=world.max_local_block_devices,
        field=field,
    )
    problems.extend(answer.problems)
    if not answer.problems and answer.value["block_device_mapping"] != values["block_device_mapping"]:
        message = f"{field} is not the complete list that a normalised server carries"
        problems.add("ValidationError", "REQ-29", field, shown(values["block_device_mapping"]), "a complete list", message)
