# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flavors: every field, every extra spec, one flavor or a catalogue of them (rules FLV)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from .catalogue import (
    Entry,
    check_duplicates,
    check_schema,
    check_unknown_keys,
    entries_of,
    read_name,
    spelling,
)
from .checked import Checked, checked
from .extra_spec import check_extra_specs
from .problems import NoEffect, Problems, join_path
from .shapes import SCHEMA, Flavor, identity
from .types import BOOLEAN, MAX_INT, integer, printable_text, shown

# Plain name -> the API's prefixed one. Either may be written, not both.
PREFIXED: Final = {
    "ephemeral": "OS-FLV-EXT-DATA:ephemeral",
    "is_public": "os-flavor-access:is_public",
    "disabled": "OS-FLV-DISABLED:disabled",
}
FIELDS: Final = (
    "schema",
    "name",
    "id",
    "vcpus",
    "ram",
    "disk",
    "ephemeral",
    "swap",
    "rxtx_factor",
    "extra_specs",
    "is_public",
    "disabled",
    "description",
)
# The newest number that fits the API's single-precision column.
MAX_RXTX: Final = 3.40282e38

_SINCE_DESCRIPTION: Final = (2, 55)
_SINCE_NO_RXTX: Final = (2, 102)

_POSITIVE = integer(1, MAX_INT)
_NOT_NEGATIVE = integer(0, MAX_INT)
_DESCRIPTION = printable_text(0, 65535)
_ID = re.compile(r"(?! )[a-zA-Z0-9. _-]{1,255}(?<! )")
_MICROVERSION = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})")
_DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?")

Microversion = tuple[int, int]


def validate_flavors(flavors: object, *, field: str = "flavors") -> Checked[dict[str, Flavor]]:
    """A catalogue: a dict by name (entries may repeat ``name``) or a list. Answers the flavors by name; an entry with problems
    is left out. Names and ids must each be unique (rules FLV-13)."""
    problems = Problems()
    no_effect: list[NoEffect] = []
    found: list[tuple[Entry, Flavor]] = []
    for entry in entries_of(flavors, field, problems):
        one = validate_flavor(entry.value, field=entry.path, name=entry.name)
        problems.extend(one.problems)
        no_effect.extend(one.no_effect)
        if one.value is not None:
            found.append((entry, one.value))
    check_duplicates(found, problems, rule="FLV-13", name_code="FlavorExists", id_code="FlavorIdExists")
    return checked({flavor["name"]: flavor for _path, flavor in found}, problems, no_effect)


def validate_flavor(
    flavor: object, *, field: str = "flavor", name: str | None = None, microversion: str | None = None
) -> Checked[Flavor | None]:
    """One flavor, with plain names or the API's prefixed ones; the value is None where it has problems.

    ``name`` is the name that the surrounding catalogue gives it. Without ``microversion`` it is a catalogue entry, which may
    carry everything; with one (``"2.101"``) it is a creation request of that API version: ``disabled`` and ``extra_specs`` are
    unknown there, ``description`` needs 2.55, ``rxtx_factor`` ends with 2.101, booleans are no extra-spec values. A normalised
    flavor is validated again by the catalogue's rules and comes back as it was.
    """
    problems = Problems()
    no_effect: list[NoEffect] = []
    if not isinstance(flavor, Mapping):
        problems.add("ValidationError", "FLV-11", field, shown(flavor), {"type": "object"}, f"{field} must be an object")
        return checked(None, problems)
    normalised = check_schema(flavor, problems, field)
    version = None if normalised or microversion is None else _version(microversion)
    _check_keys(flavor, problems, field, version)
    value = _read_flavor(flavor, name, problems, no_effect, field)
    return checked(None if problems else value, problems, no_effect)


def _version(microversion: str) -> Microversion:
    """``2.101`` as numbers; the latest where the text is none (its own check is the caller's)."""
    found = _MICROVERSION.fullmatch(microversion)
    return (int(found[1]), int(found[2])) if found else (2, 9999)


def _check_keys(flavor: Mapping[Any, Any], problems: Problems, field: str, version: Microversion | None) -> None:
    known = {*FIELDS, *PREFIXED.values()}
    if version is not None:
        known -= {"disabled", PREFIXED["disabled"], "extra_specs"}
        if version < _SINCE_DESCRIPTION:
            known.discard("description")
        if version >= _SINCE_NO_RXTX:
            known.discard("rxtx_factor")
    check_unknown_keys(flavor, known, problems, field, "FLV-11")


def _read_flavor(
    flavor: Mapping[Any, Any], name: str | None, problems: Problems, no_effect: list[NoEffect], field: str
) -> Flavor:
    found_name = read_name(flavor, name, problems, field, "FLV-01")
    factor = _rxtx_factor(flavor, problems, field)
    if factor != 1.0:
        no_effect.append(NoEffect(field=join_path(field, "rxtx_factor"), reason="no driver but Nova's XenAPI one ever read it"))
    is_public = _boolean(flavor, "is_public", True, "FLV-09", problems, field)
    if not is_public:
        reason = "there are no projects to keep it from: everybody who runs the playbook can use the flavor"
        no_effect.append(NoEffect(field=join_path(field, "is_public"), reason=reason))
    specs = flavor.get("extra_specs", {})
    specs_field = join_path(field, "extra_specs")
    return Flavor(
        schema=SCHEMA,
        name=found_name,
        id=_id(flavor, found_name, problems, field),
        vcpus=_amount(flavor, "vcpus", "FLV-04", problems, field, minimum=1),
        ram=_amount(flavor, "ram", "FLV-03", problems, field, minimum=1),
        disk=_amount(flavor, "disk", "FLV-05", problems, field),
        ephemeral=_amount(flavor, "ephemeral", "FLV-06", problems, field, default=0),
        swap=_amount(flavor, "swap", "FLV-07", problems, field, default=0),
        rxtx_factor=factor,
        extra_specs=check_extra_specs(specs, problems, no_effect, specs_field),
        is_public=is_public,
        disabled=_boolean(flavor, "disabled", False, "FLV-12", problems, field),
        description=_description(flavor, problems, field),
    )


def _id(flavor: Mapping[Any, Any], name: str, problems: Problems, field: str) -> str:
    """The id as text; a flavor without one gets the identity of its name, as Nova makes one up for the number 0 too (rules
    FLV-02)."""
    given = flavor.get("id")
    if given is None or (isinstance(given, (int, float)) and not isinstance(given, bool) and given == 0):
        return identity("flavor", name)
    path = join_path(field, "id")
    text = str(given) if isinstance(given, float) or (isinstance(given, int) and abs(given) < 10**255) else given
    if isinstance(text, str) and not isinstance(given, bool) and _ID.fullmatch(text):
        return text
    allowed = {"type": "string or number", "min_length": 1, "max_length": 255, "pattern": _ID.pattern}
    message = f"{path} must be 1 to 255 letters, digits, spaces, dots, dashes and underscores with no space at either end"
    problems.add("ValidationError", "FLV-02", path, shown(given), allowed, message)
    return ""


def _amount(
    flavor: Mapping[Any, Any],
    key: str,
    rule: str,
    problems: Problems,
    field: str,
    *,
    minimum: int = 0,
    default: int | None = None,
) -> int:
    written = spelling(flavor, key, PREFIXED.get(key), problems, field, rule)
    path = join_path(field, written)
    kind = _POSITIVE if minimum else _NOT_NEGATIVE
    if written not in flavor:
        if default is None:
            problems.add("ValidationError", rule, path, None, kind.allowed, f"{path} is required")
        return default or 0
    return kind.check(flavor[written], problems, path, rule) or 0


def _boolean(flavor: Mapping[Any, Any], key: str, default: bool, rule: str, problems: Problems, field: str) -> bool:
    written = spelling(flavor, key, PREFIXED[key], problems, field, rule)
    if written not in flavor:
        return default
    return bool(BOOLEAN.check(flavor[written], problems, join_path(field, written), rule))


def _rxtx_factor(flavor: Mapping[Any, Any], problems: Problems, field: str) -> float:
    """A number or decimal text above zero (rules FLV-08)."""
    if "rxtx_factor" not in flavor:
        return 1.0
    given = flavor["rxtx_factor"]
    factor = math.nan
    if isinstance(given, str) and len(given) <= 255 and _DECIMAL.fullmatch(given):
        factor = float(given)
    elif isinstance(given, (int, float)) and not isinstance(given, bool):
        factor = float(given) if abs(given) <= MAX_RXTX else math.inf
    if 0 < factor <= MAX_RXTX:
        return factor
    path = join_path(field, "rxtx_factor")
    allowed = {"type": "number", "above": 0, "max": MAX_RXTX}
    problems.add(
        "ValidationError", "FLV-08", path, shown(given), allowed, f"{path} must be a number above 0, at most 3.40282e+38"
    )
    return 1.0


def _description(flavor: Mapping[Any, Any], problems: Problems, field: str) -> str | None:
    given = flavor.get("description")
    return None if given is None else _DESCRIPTION.check(given, problems, join_path(field, "description"), "FLV-10")
