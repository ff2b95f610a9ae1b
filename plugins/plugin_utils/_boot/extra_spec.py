# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Extra specs of a flavor: the container's rules (FLV-20, FLV-21) and the registry of known keys (rules ESP)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .extra_specs import hw, quota, scheduling
from .extra_specs.spec import Spec
from .problems import NoEffect, Problems, item_path
from .types import METADATA_KEY, scalar_text, shown
from .unread import NOT_PLACED, why_unread

# Every registered key, in the order of the reference; what the parity table lists.
REGISTRY: tuple[Spec, ...] = (*hw.SPECS, *quota.SPECS, *scheduling.SPECS)

_EXACT: dict[str, Spec] = {spec.key: spec for spec in REGISTRY if not spec.pattern}
_PATTERNS: tuple[tuple[re.Pattern[str], Spec], ...] = tuple(
    (re.compile(spec.pattern), spec) for spec in REGISTRY if spec.pattern
)
_KNOWN_NAMESPACE = re.compile(
    "accel|aggregate_instance_extra_specs|capabilities|hw|hw_rng|hw_video|os|pci_passthrough|quota|vmware"
    f"|(resources|trait){scheduling.GROUP}"
)


def registered(key: str) -> Spec | None:
    """The registry's entry for a key (rules ESP-01, ESP-02)."""
    exact = _EXACT.get(key)
    if exact is not None:
        return exact
    for pattern, spec in _PATTERNS:
        found = pattern.fullmatch(key)
        if found and (not spec.names or found["name"] in spec.names):
            return spec
    return None


def known_namespace(key: str) -> bool:
    """Whether an unregistered key is refused: its first part is a namespace of the registry (rules ESP-03..05, ESP-09)."""
    namespace, colon, _rest = key.partition(":")
    return bool(colon) and _KNOWN_NAMESPACE.fullmatch(namespace) is not None


def extra_spec_text(key: object, value: object, problems: Problems, field: str, *, booleans: bool = True) -> str | None:
    """The stored text of one extra spec (rules FLV-20, FLV-21), or None after adding its problems.

    Numbers are stored as their text. YAML turns ``yes`` and ``true`` into booleans before anybody sees them: with ``booleans``
    they are stored as ``True`` and ``False``, without it they are refused as the API does.
    """
    fits = METADATA_KEY.check(key, problems, field, "FLV-20") is not None
    allowed: dict[str, Any] = {"type": "string or number", "max_length": 255}
    if isinstance(value, bool) and not booleans:
        readable = False
    else:
        readable = isinstance(value, (str, int)) or (isinstance(value, float) and abs(value) < float("inf"))
    if not isinstance(value, (str, int, float)) or not readable:
        problems.add("ValidationError", "FLV-21", field, shown(value), allowed, f"{field} must be a text or a number")
        return None
    text = scalar_text(value)
    if len(text) > 255:
        problems.add("ValidationError", "FLV-21", field, shown(value), allowed, f"{field} must be at most 255 characters long")
        return None
    return text if fits else None


def check_registered(key: str, text: str, problems: Problems, field: str) -> Spec | None:
    """Adds a problem where the registry refuses the key or its value; answers the registry's entry (rules ESP-01..08)."""
    spec = registered(key)
    if spec is None:
        if known_namespace(key):
            problems.add("ValidationError", "ESP-05", field, key, _similar(key), _unknown(key))
        return None
    if not spec.value.fits(text):
        message = f"{key} must be {spec.value.says}"
        problems.add("ValidationError", spec.rule, field, shown(text), spec.value.allowed, message)
    return spec


def check_extra_specs(specs: object, problems: Problems, no_effect: list[NoEffect], field: str) -> dict[str, str]:
    """The extra specs as stored, each key and value checked against the container's rules and the registry (rules FLV-23)."""
    if not isinstance(specs, Mapping):
        problems.add("ValidationError", "FLV-20", field, shown(specs), {"type": "object"}, f"{field} must be an object")
        return {}
    stored = {}
    for key, value in specs.items():
        path = item_path(field, key)
        text = extra_spec_text(key, value, problems, path)
        if text is None:
            continue
        stored[key] = text
        spec = check_registered(key, text, problems, path)
        reason = (spec.no_effect or why_unread(key, spec.effect)) if spec else _nothing_reads(key)
        if reason:
            no_effect.append(NoEffect(field=path, reason=reason))
    return stored


def _nothing_reads(key: str) -> str:
    """Keys without a namespace are matched by host filters; a foreign namespace is nobody's."""
    if ":" not in key:
        return NOT_PLACED
    return "" if known_namespace(key) else "nothing reads this namespace"


def _similar(key: str) -> list[str]:
    """The registered keys of the same namespace, at most twenty of them, likeliest first."""
    namespace = re.sub(r"^(resources|trait).*", r"\1", key.partition(":")[0])
    keys = [spec.key for spec in REGISTRY if spec.key.partition(":")[0].partition("<")[0] == namespace]
    return sorted(keys, key=lambda known: (-_common_prefix(known, key), known))[:20]


def _common_prefix(left: str, right: str) -> int:
    length = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        length += 1
    return length


def _unknown(key: str) -> str:
    on_image = hw.READ_BUT_NOT_REGISTERED.get(key)
    if on_image:
        return f"{key} is not a registered extra spec; set the image property {on_image} instead"
    return f"{key} is not a registered extra spec, and its namespace takes registered ones only"
