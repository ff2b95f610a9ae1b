# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list that a user wrote, in whichever form, read into entries (rules REQ-30..40, BDM-01..37, ECA-05..15, CLI-11)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .block_device_ec2 import ec2_to_legacy, parse_ec2_entry
from .block_device_entry import STORED_KEYS, WRITTEN_WHOLE, Entry, parse_entry, written_path
from .block_device_legacy import LEGACY_KEYS, parse_legacy_entry, parse_legacy_text
from .block_device_schema import check_legacy_schema, check_v2_schema, without_effect
from .problems import NoEffect, Problem, Problems, item_path, join_path
from .types import shown

FORMATS = ("auto", "v2", "v1", "ec2")

_V2_REFERENCES = {"image_id": "uuid", "volume_id": "uuid", "snapshot_id": "uuid"}
_V2_ONLY = STORED_KEYS.difference(LEGACY_KEYS) | {"uuid"}


@dataclass
class Request:
    """``legacy``: the entries have no boot indexes yet. ``normalised``: they come from an earlier answer."""

    entries: list[Entry] = field(default_factory=list)
    legacy: bool = True
    normalised: bool = False
    problems: Problems = field(default_factory=Problems)
    no_effect: list[NoEffect] = field(default_factory=list)


@dataclass(frozen=True)
class _Given:
    raw: object
    origin: str
    device_name: str | None = None


def read_request(
    mapping: object,
    *,
    format: str,
    image_given: bool,
    ec2_ids: Mapping[str, str] | None,
    default_ephemeral_format: str | None,
    path: str,
) -> Request:
    """``mapping`` as a list (or nothing), or the command line's object of legacy texts by device name."""
    request = Request()
    given = _listed(mapping, request.problems, path)
    form = _form(given, format, request.problems, path)
    request.normalised = form == "normalised"
    request.legacy = form in ("v1", "ec2")
    for item in given:
        if form == "v2":
            _read_v2(item, image_given, request)
        elif form == "normalised":
            _read_normalised(item, request)
        else:
            _read_legacy(item, form, ec2_ids, default_ephemeral_format, request)
    return request


def _listed(mapping: object, problems: Problems, path: str) -> list[_Given]:
    if mapping is None:
        return []
    if isinstance(mapping, (list, tuple)):
        return [_Given(raw, join_path(path, index)) for index, raw in enumerate(mapping)]
    if isinstance(mapping, Mapping) and all(isinstance(raw, str) for raw in mapping.values()):
        return [_Given(raw, item_path(path, str(name)), str(name)) for name, raw in mapping.items()]
    message = f"{path} must be a list of block devices, or an object of ID[:TYPE[:SIZE[:DELETE]]] by device name"
    problems.add("ValidationError", "REQ-28", path, shown(mapping), {"type": "array"}, message)
    return []


def _form(given: Sequence[_Given], format: str, problems: Problems, path: str) -> str:
    """The form of the whole list; one list has one form, as one request has in Nova (rules REQ-45)."""
    if format not in FORMATS:
        allowed = list(FORMATS)
        problems.add(
            "ValidationError", "REQ-45", "format", shown(format), allowed, f"format must be one of {', '.join(FORMATS)}"
        )
        format = "auto"
    if given and all(_is_normalised(item.raw) for item in given):
        return "normalised"
    if format != "auto":
        return format
    found = {form for item in given if (form := _entry_form(item.raw)) is not None}
    if found == {"v1", "ec2"} and not any(isinstance(item.raw, str) for item in given):
        return "ec2"  # virtual names are the same in both
    if len(found) > 1:
        message = f"{path} mixes the forms {', '.join(sorted(found))}; all its entries must have the same form"
        problems.add("HTTPBadRequest", "REQ-45", path, sorted(found), ["v2", "v1", "ec2"], message)
        return "v2" if "v2" in found else "ec2"
    return found.pop() if found else "v1"


def _is_normalised(raw: object) -> bool:
    return isinstance(raw, Mapping) and raw.keys() == STORED_KEYS


def _entry_form(raw: object) -> str | None:
    """None where the entry fits in any form, as a bare no_device marker does."""
    if isinstance(raw, str):
        return "v1"
    if not isinstance(raw, Mapping):
        return None
    if "ebs" in raw or "Ebs" in raw or "DeviceName" in raw:
        return "ec2"
    if "source_type" in raw:
        return "v2"
    if any(raw.get(key) for key in ("virtual_name", "volume_id", "snapshot_id")):
        return "v1"
    if any(key in raw for key in _V2_ONLY.difference(("no_device",))):
        return "v2"
    return None


def _read_v2(item: _Given, image_given: bool, request: Request) -> None:
    schema = Problems()
    if isinstance(item.raw, Mapping):
        check_v2_schema(item.raw, schema, item.origin)
        request.no_effect += without_effect(item.raw, item.origin)
    parsed = parse_entry(item.raw, image_given=image_given, field=item.origin)
    _report(request, schema, parsed.problems)
    request.entries.append(Entry(parsed.value, item.origin, _V2_REFERENCES))


def _read_normalised(item: _Given, request: Request) -> None:
    """Every field has its final type already; nulls are nothing given."""
    raw = {key: value for key, value in dict(item.raw).items() if value is not None}  # type: ignore[call-overload]
    schema = Problems()
    check_v2_schema({key: value for key, value in raw.items() if key != "volume_size"}, schema, item.origin)
    parsed = parse_entry({**raw, "uuid": _own_reference(raw)}, image_given=True, field=item.origin)
    _report(request, schema, parsed.problems)
    request.entries.append(Entry(parsed.value, item.origin))


def _own_reference(raw: Mapping[str, Any]) -> Any:
    source = raw.get("source_type")
    return raw.get(f"{source}_id") if isinstance(source, str) and source != "blank" else None


def _read_legacy(
    item: _Given, form: str, ec2_ids: Mapping[str, str] | None, default_ephemeral_format: str | None, request: Request
) -> None:
    raw, written, found = _legacy_dict(item, form, ec2_ids)
    schema = Problems()
    if isinstance(raw, Mapping):
        check_legacy_schema(raw, schema, item.origin)
        request.no_effect += without_effect(raw, item.origin)
    if found and form == "ec2" and isinstance(raw, Mapping):
        # The id did not resolve: that the entry then names nothing is no second problem.
        raw = {**raw, "no_device": raw.get("no_device", True)}
    parsed = parse_legacy_entry(raw, default_ephemeral_format=default_ephemeral_format, field=item.origin)
    schema_found = [_moved(problem, item.origin, written) for problem in schema]
    parse_found = [_moved(problem, item.origin, written) for problem in parsed.problems]
    _report(request, (*found, *schema_found), parse_found)
    request.entries.append(Entry(parsed.value, item.origin, written))


def _legacy_dict(
    item: _Given, form: str, ec2_ids: Mapping[str, str] | None
) -> tuple[object, Mapping[str, str], tuple[Problem, ...]]:
    """The entry as a legacy dict, under which names its fields were written, and what was wrong with its outer form."""
    if isinstance(item.raw, str):
        text = parse_legacy_text(item.raw, device_name=item.device_name, field=item.origin)
        return text.value, WRITTEN_WHOLE, text.problems
    if form != "ec2" or not isinstance(item.raw, Mapping):
        return item.raw, {}, ()
    flat = parse_ec2_entry(item.raw, ec2_ids, field=item.origin)
    inner = {key: f"ebs.{key}" for key in flat.value if key not in item.raw}
    return ec2_to_legacy(flat.value), {**inner, **dict.fromkeys(("snapshot_id", "volume_id"), "ebs.snapshot_id")}, flat.problems


def _moved(problem: Problem, origin: str, written: Mapping[str, str]) -> Problem:
    prefix, _dot, key = problem.field.rpartition(".")
    if prefix != origin or key not in written:
        return problem
    where = written_path(origin, key, written)
    return replace(problem, field=where, message=problem.message.replace(problem.field, where))


def _report(request: Request, first: Iterable[Problem], then: Sequence[Problem]) -> None:
    """The first answer per field is the one that helps; a later check of the same field only repeats it."""
    first = list(first)
    seen = {problem.field for problem in first}
    request.problems.extend(first)
    request.problems.extend(problem for problem in then if problem.field not in seen)
