# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What changed between two definitions of one domain, field by field: [{field, before, after}]."""

from __future__ import annotations

import json
from typing import Any, Dict, Iterator, List, Optional

from .parts import Element, Pair, natural_name, paired, tag_name

Change = Dict[str, Any]

HIDDEN = "(hidden)"
# What libvirt itself shows only to those who may see secrets (virDomainDefFormat with VIR_DOMAIN_XML_SECURE).
_SECRET_NAMES = frozenset(("passwd", "cookie", "dhCert", "session"))


def changes_between(before: Element, after: Element) -> List[Change]:
    """Ordered as the definition is. A field that only one of them has is None in the other; a device that only one has is a
    dict of its fields. Values are texts; secrets are hidden."""
    return list(_compare(before, after, "", ""))


def _compare(before: Element, after: Element, path: str, field: str) -> Iterator[Change]:
    """``path`` is for rules (devices), ``field`` for people (devices.disk[vda])."""
    for name in sorted(set(before.attrib) | set(after.attrib)):
        yield from _differ(_join(field, name), name, before.get(name), after.get(name))
    yield from _differ_text(field, tag_name(after), before.text, after.text)
    pairs = paired(list(before), list(after), path)
    for called, (old, new) in zip(_names(pairs, path), pairs):
        where = _join(field, called)
        if old is None or new is None:
            yield {"field": where, "before": _shown(old), "after": _shown(new)}
        else:
            yield from _compare(old, new, _join(path, new.tag) if path != "devices" else "device", where)


def _names(pairs: List[Pair], path: str) -> List[str]:
    """disk[vda], or serial[1] where several have no name of their own."""
    children: List[Any] = [old if new is None else new for old, new in pairs]
    named = [(tag_name(child), natural_name(child, path)) for child in children]
    found = []
    for index, (tag, name) in enumerate(named):
        if not name and named.count((tag, "")) > 1:
            name = str(named[:index].count((tag, "")))
        found.append("%s[%s]" % (tag, name) if name else tag)
    return found


def _join(path: str, name: str) -> str:
    return "%s.%s" % (path, name) if path else name


def _differ(field: str, name: str, before: Optional[str], after: Optional[str]) -> Iterator[Change]:
    if before != after:
        hide = name in _SECRET_NAMES
        yield {"field": field, "before": _masked(before, hide), "after": _masked(after, hide)}


def _masked(value: Optional[str], hide: bool) -> Optional[str]:
    return HIDDEN if hide and value is not None else value


def _differ_text(field: str, name: str, before: Optional[str], after: Optional[str]) -> Iterator[Change]:
    """A text that is JSON, as our record has it, is compared inside."""
    if before == after:
        return
    old, new = _json(before), _json(after)
    if old is None or new is None:
        yield from _differ(field, name, before, after)
    else:
        yield from _differ_values(field, old, new)


def _json(text: Optional[str]) -> Optional[Dict[str, Any]]:
    if not (text or "").startswith("{"):
        return None
    try:
        value = json.loads(text or "")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _differ_values(field: str, before: Any, after: Any) -> Iterator[Change]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(set(before) | set(after)):
            yield from _differ_values(_join(field, key), before.get(key), after.get(key))
    elif before != after:
        yield {"field": field, "before": before, "after": after}


def _shown(element: Optional[Element]) -> Any:
    """None, a text, or the fields of the element by their path in it."""
    if element is None:
        return None
    if not element.attrib and not len(element):
        return _masked(element.text or "", element.tag in _SECRET_NAMES)
    return dict(_fields(element, ""))


def _fields(element: Element, path: str) -> Iterator[Any]:
    for name in element.attrib:
        yield _join(path, name), _masked(element.get(name), name in _SECRET_NAMES)
    if element.text or (path and not element.attrib and not len(element)):
        yield path or "text", _masked(element.text or "", element.tag in _SECRET_NAMES)
    for child in element:
        yield from _fields(child, _join(path, tag_name(child)))
