# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An EC2 RunInstances request, in the spelling of the query API or of Nova's own code (rules ECA-01..13)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .block_device_ec2 import ec2_counts
from .problems import NoEffect, Problem, Problems, item_path, join_path
from .request_option_values import read_names
from .request_table import Property, Table, leaf, table_reader
from .request_values import REFERENCE
from .request_wish import Wish
from .types import DESCRIPTION, NAME, choice, shown
from .user_data import ENCODED, read_user_data

# What Nova booted where the request named no type.
DEFAULT_INSTANCE_TYPE = "m1.small"
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NUMBERED = re.compile(r"[0-9]{1,4}")
SIGNING = {
    "aws_access_key_id": "there is no cloud to log in to",
    "awsaccess_key_id": "there is no cloud to log in to",
    "expires": "nothing is signed",
    "signature": "nothing is signed",
    "signature_method": "nothing is signed",
    "signature_version": "nothing is signed",
    "timestamp": "nothing is signed",
    "version": "one version of RunInstances is known",
}


def _anything(value: object, path: str, problems: Problems) -> object:
    return value


def _user_data(value: object, path: str, problems: Problems) -> Any:
    return read_user_data(value, path, problems, ENCODED)


_REF = leaf(REFERENCE, "ECA-02")
_PLACEMENT = Table("ECA-13", Property("availability_zone", "ECA-13", leaf(NAME, "ECA-13"), null=True))
TABLE = Table(
    "ECA",
    Property("action", "ECA", leaf(choice("RunInstances"), "ECA")),
    Property("image_id", "ECA-04", _REF, target="image", required=0),
    Property("instance_type", "ECA-13", leaf(REFERENCE, "ECA-13"), target="flavor", null=True),
    Property("min_count", "ECA-01", _anything, null=True),
    Property("max_count", "ECA-01", _anything, null=True),
    Property("kernel_id", "ECA-02", _REF, target="kernel", null=True),
    Property("ramdisk_id", "ECA-02", _REF, target="ramdisk", null=True),
    Property("key_name", "KEY-06", leaf(NAME, "KEY-06"), null=True),
    Property("user_data", "ECA-11", _user_data, null=True, secret=True),
    Property("security_group", "ECA-13", read_names("ECA-13"), target="security_groups", null=True),
    Property("placement", "ECA-13", table_reader(_PLACEMENT), null=True),
    Property("block_device_mapping", "ECA-05", _anything, target="devices", null=True),
    Property("display_name", "NAM-10", leaf(NAME, "NAM-10"), target="name", null=True),
    Property("display_description", "REQ-25", leaf(DESCRIPTION, "REQ-25"), target="description", null=True),
    Property("client_token", "NAM-10", leaf(NAME, "NAM-10"), null=True),
)


def read_ec2_request(request: object, path: str, ids: Mapping[str, str], problems: Problems) -> Wish:
    """The wish of a request; ``ids`` are what EC2 ids (``ami-``, ``aki-``, ``ari-``) stand for.

    EC2 servers have no name of their own, and ours are found again by name: ``display_name`` gives it, else ``client_token``,
    which names the request for the same purpose.
    """
    plain, written, no_effect = _plain(request, path)
    under_ours = Problems()
    found = TABLE.read(plain, path, under_ours)
    problems.extend(_as_written(problem, written) for problem in under_ours)
    values = found.values
    at = {name: written.get(where, where) for name, where in found.at.items()}
    wish = Wish(0, path, at=at, nics="auto", config_drive=True, device_format="ec2", no_effect=no_effect)
    token = values.pop("client_token", None)
    wish.name = values.pop("name", None) or token
    if wish.name is None:
        where = join_path(path, "display_name")
        message = f"{where}: the request needs display_name or client_token, since servers are found again by name"
        problems.add("InvalidInput", "NAM-10", where, None, ["display_name", "client_token"], message)
    _counts(wish, values, problems)
    values.pop("action", None)
    wish.availability_zone = (values.pop("placement", None) or {}).get("availability_zone")
    if wish.availability_zone is not None:
        wish.at["availability_zone"] = join_path(wish.where("placement"), "availability_zone")
    for name, value in values.items():
        setattr(wish, name, value)
    wish.flavor = wish.flavor or DEFAULT_INSTANCE_TYPE
    wish.at.setdefault("flavor", join_path(path, "instance_type"))
    for name in ("image", "kernel", "ramdisk"):
        setattr(wish, name, _resolve(getattr(wish, name), ids))
    _devices(wish, problems)
    return wish


def _as_written(problem: Problem, written: Mapping[str, str]) -> Problem:
    """The problem under the user's spelling of the key."""
    for ours, theirs in written.items():
        rest = problem.field.removeprefix(ours)
        if rest != problem.field and (not rest or rest[0] in ".["):
            return replace(problem, field=theirs + rest, message=problem.message.replace(ours, theirs))
    return problem


def _devices(wish: Wish, problems: Problems) -> None:
    if not isinstance(wish.devices, (list, tuple)):
        where = wish.where("devices")
        problems.add("ValidationError", "ECA-05", where, shown(wish.devices), {"type": "array"}, f"{where} must be a list")
        wish.devices = []
    else:
        wish.devices = list(wish.devices)


def _resolve(reference: str | None, ids: Mapping[str, str]) -> str | None:
    return None if reference is None else ids.get(reference, reference)


def _counts(wish: Wish, values: dict[str, Any], problems: Problems) -> None:
    answer = ec2_counts(values.pop("min_count", None), values.pop("max_count", None))
    for problem in answer.problems:
        where = wish.at.get(problem.field, join_path(wish.path, problem.field))
        message = problem.message.replace(problem.field, where, 1)
        problems.add(problem.code, problem.rule, where, problem.given, problem.allowed, message)
    if not answer.problems:
        wish.min_count, wish.max_count = answer.value


def _plain(request: object, path: str) -> tuple[object, dict[str, str], list[NoEffect]]:
    """The request with nested objects and snake-case keys, the user's spelling of each key, and what is left out."""
    if not isinstance(request, Mapping):
        return request, {}, []
    nested: dict[Any, Any] = {}
    written: dict[str, str] = {}
    no_effect: list[NoEffect] = []
    for key, value in request.items():
        if not isinstance(key, str):
            nested[key] = value
            continue
        first, *rest = key.split(".")
        name = _snake(first)
        if name in SIGNING:
            no_effect.append(NoEffect(field=item_path(path, key), reason=SIGNING[name]))
            continue
        written[join_path(path, name)] = item_path(path, first)
        if rest:
            _put(nested, [name, *rest], value)
        else:
            nested[name] = value
    plain = {key: _lists(value) for key, value in nested.items()}
    placement = plain.get("placement")
    if isinstance(placement, Mapping):
        plain["placement"] = {_snake(key) if isinstance(key, str) else key: value for key, value in placement.items()}
    return plain, written, no_effect


def _snake(key: str) -> str:
    return _CAPITAL.sub("_", key).lower()


def _put(target: dict[Any, Any], keys: list[str], value: object) -> None:
    """``A.1.B = v`` as nested objects; a plain value in the way is replaced, as the query API does.

    Objects on the way are copied: they may be the request's own."""
    for key in keys[:-1]:
        inner = target.get(key)
        target[key] = dict(inner) if isinstance(inner, dict) else {}
        target = target[key]
    target[keys[-1]] = value


def _lists(value: object) -> object:
    """Objects whose keys are all numbers are the query API's lists."""
    if not isinstance(value, dict):
        return value
    if value and all(isinstance(key, str) and _NUMBERED.fullmatch(key) for key in value):
        return [_lists(value[key]) for key in sorted(value, key=int)]
    return {key: _lists(item) for key, item in value.items()}
