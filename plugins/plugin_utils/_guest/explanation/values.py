# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other values for an input: what its registry allows besides, or the nearest of its kind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.extra_spec import registered
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.image_table import BY_NAME
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import item_path, join_path
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.types import strict_bool

from ..option_table import Option

Path = tuple[str | int, ...]


class _Absent:
    """Stands for: not there at all."""


ABSENT: Final = _Absent()

# A few other words are enough to see where a value goes.
_MOST = 4
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BY_CHOICE = ("extra_specs", "properties")
_WORDS: dict[str, tuple[str, ...]] = {
    "disk_bus": ("virtio", "scsi", "sata", "ide"),
    "device_type": ("disk", "cdrom"),
    "disk_format": ("qcow2", "raw", "iso"),
    "root_device_name": ("/dev/vdb", "/dev/sda"),
    "guest_format": ("ext4", "ext3"),
    "fixed_ip": ("192.0.2.7", "192.0.2.8"),
}
# What belongs to the request and not to the server.
_SKIPPED = ("schema", "request")


def server_leaves(server: Mapping[str, Any]) -> Iterator[tuple[Path, Any, list[Any]]]:
    """(path, value, other values) for everything that a normalised server says. What it leaves open is not there."""
    for key in server:
        if key not in _SKIPPED:
            yield from _leaves((key,), server[key])


def _leaves(path: Path, value: Any) -> Iterator[tuple[Path, Any, list[Any]]]:
    if isinstance(value, Mapping):
        for key in value:
            if key != "schema":
                yield from _leaves((*path, key), value[key])
    elif isinstance(value, (list, tuple)) and not _is_property(path):
        for index, item in enumerate(value):
            if isinstance(item, Mapping):
                yield (*path, index), None, [ABSENT]
            yield from _leaves((*path, index), item)
    elif value is not None:
        yield path, value, other_values(path, value)


def _is_property(path: Path) -> bool:
    return len(path) > 1 and path[-2] in _BY_CHOICE


def other_values(path: Path, value: Any) -> list[Any]:
    if not _is_property(path):
        words = _WORDS.get(str(path[-1]))
        return [word for word in words if word != value] if words is not None else _nearby(value)
    name = str(path[-1])
    found: list[Any] = [ABSENT]
    if path[-2] == "extra_specs":
        spec = registered(name)
        allowed = spec.value.allowed if spec is not None else None
        near = [text for text in map(str, _nearby(_typed(value))) if spec is None or spec.value.fits(text)]
    else:
        known = BY_NAME.get(name)
        allowed = known.kind.allowed if known is not None else None
        near = [other for other in _nearby(value) if known is None or known.kind.read(other) is not None]
    flag = strict_bool(str(value))
    if isinstance(allowed, list) and flag is not None and not isinstance(value, bool):
        return [*found, "false" if flag else "true"]
    if isinstance(allowed, list) and not isinstance(value, bool):
        return [*found, *[word for word in allowed if word != value][:_MOST]]
    return found + near


def _typed(text: Any) -> Any:
    return int(text) if isinstance(text, str) and text.isdigit() else text


def _nearby(value: Any) -> list[Any]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value * 2, value // 2] if value > 1 else [value + 1, value + 2]
    if isinstance(value, float):
        return [value * 2]
    return [other_text(value)] if isinstance(value, str) else []


def other_text(text: str) -> str:
    """Another text of the same form: a uuid stays one."""
    if _UUID.fullmatch(text):
        return text[:-1] + ("0" if text[-1] != "0" else "1")
    return f"{text}x"


def option_values(option: Option, value: Any) -> list[Any]:
    """Other values that the option's own table allows."""
    if option.choices:
        return [choice for choice in option.choices if choice != value][:_MOST]
    if option.kind == "flag":
        return [not value]
    if option.kind == "number":
        numbers = (0, 1, 2) if value is None else (value + 1, value - 1, value * 2)
        low, high = option.low, option.high
        return [n for n in numbers if (low is None or n >= low) and (high is None or n <= high)]
    if option.kind in ("list", "objects"):
        return [value[1:], value[:-1]] if value else []
    return [] if value is None else [other_text(str(value))]


def put(container: Any, path: Path, value: Any) -> Any:
    """A copy of nested dicts and lists with another value at one place, or without it."""
    first, rest = path[0], path[1:]
    if isinstance(container, Mapping):
        if not rest and value is ABSENT:
            return {key: item for key, item in container.items() if key != first}
        return {**container, first: put(container[first], rest, value) if rest else value}
    items: Sequence[Any] = container
    if not rest and value is ABSENT:
        return [item for index, item in enumerate(items) if index != first]
    return [(put(item, rest, value) if rest else value) if index == first else item for index, item in enumerate(items)]


def dotted(path: Path) -> str:
    """As problems name their fields; the facts that a boot volume carries count as the image's."""
    if path[:2] == ("extra", "boot_image"):
        path = ("image", *path[2:])
    found = ""
    for key in path:
        found = item_path(found, key) if found.endswith(_BY_CHOICE) else join_path(found, key)
    return found
