# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nova's host options (``[libvirt]cpu_mode`` and the like): which exist, what they may say, and their defaults."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.checked import Checked, checked
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import NoEffect, Problems, item_path

from .cpu_list import parse_cpu_list
from .host_devices.mdev import GROUP as MDEV_GROUP
from .host_devices.mdev import check_mdev_options
from .host_devices.pci import check_pci_options
from .host_devices.pmem import check_pmem_options
from .option_table import OPTIONS, Option, option_of
from .xml_text import illegal_characters

TRUE = frozenset(("1", "t", "true", "on", "y", "yes"))
FALSE = frozenset(("0", "f", "false", "off", "n", "no"))


CACHED_SOURCES = ("file", "block", "network", "mount")
CACHE_MODES = ("default", "none", "writethrough", "writeback", "directsync", "unsafe")


@dataclass(frozen=True)
class HostOptions:
    """The value of every known option; ``given`` holds the names ``(group, option)`` that the user set."""

    values: Mapping[tuple[str, str], Any]
    given: frozenset[tuple[str, str]] = frozenset()

    def text(self, group: str, name: str) -> str | None:
        value = self.values[group, name]
        return None if value is None else str(value)

    def flag(self, group: str, name: str) -> bool:
        return bool(self.values[group, name])

    def flag_or_none(self, group: str, name: str) -> bool | None:
        value = self.values[group, name]
        return None if value is None else bool(value)

    def number(self, group: str, name: str) -> int:
        return int(self.values[group, name])

    def number_or_none(self, group: str, name: str) -> int | None:
        value = self.values[group, name]
        return None if value is None else int(value)

    def items(self, group: str, name: str) -> tuple[str, ...]:
        return tuple(self.values[group, name])

    @property
    def names_node_devices(self) -> bool:
        """Whether they give servers devices that only a listing of the host's tells."""
        return bool(self.values["pci", "device_spec"] or self.values["devices", "enabled_mdev_types"])

    def of_requests(self) -> dict[str, Any]:
        """Those that the rules before the hypervisor read, by their names there."""
        return {
            "max_local_block_devices": self.number("DEFAULT", "max_local_block_devices"),
            "disk_prefix": self.text("libvirt", "disk_prefix"),
        }


@dataclass
class _Check:
    values: dict[tuple[str, str], Any]
    problems: Problems = field(default_factory=Problems)
    no_effect: list[NoEffect] = field(default_factory=list)


def check_host_options(given: Mapping[str, Any] | None, *, path: str = "host_options") -> Checked[HostOptions]:
    """Checks ``{group: {option: value}}`` and fills in Nova's defaults (guest OPT-01 to OPT-36).

    Unknown groups, unknown options and bad values are problems by name, as are options of Nova that nothing here honours yet.
    The value carries defaults where something was wrong.
    """
    check = _Check({key: option.default for key, option in OPTIONS.items()})
    named: set[tuple[str, str]] = set()
    groups = given if given is not None else {}
    if not isinstance(groups, Mapping):
        check.problems.add("Invalid", "OPT-01", path, groups, "groups of options", "must be a dictionary of option groups")
        groups = {}
    for group, options in groups.items():
        for name, value in _options_of(check, group, options, path):
            named.add((group, name))
            _take(check, group, name, value, item_path(item_path(path, group), name))
    _check_cpu_sets(check, path)
    _check_cache_modes(check, path)
    check_pci_options(check.values, path, check.problems, check.no_effect)
    check_mdev_options(check.values, named, path, check.problems, check.no_effect)
    check_pmem_options(check.values, path, check.problems)
    return checked(HostOptions(check.values, frozenset(named)), check.problems, check.no_effect)


def _options_of(check: _Check, group: str, options: Any, path: str) -> list[tuple[str, Any]]:
    groups = sorted({key[0] for key in OPTIONS})
    if group not in groups and not group.startswith("mdev_"):
        check.problems.add("Invalid", "OPT-01", item_path(path, group), group, groups, f"there is no option group {group!r}")
        return []
    if options is None:
        return []
    if not isinstance(options, Mapping):
        message = f"the option group {group!r} must be a dictionary"
        check.problems.add("Invalid", "OPT-01", item_path(path, group), options, "options by name", message)
        return []
    return list(options.items())


def _take(check: _Check, group: str, name: str, value: Any, path: str) -> None:
    option = option_of(group, name)
    if option is None:
        table = MDEV_GROUP if group.startswith("mdev_") else group
        known = sorted(key[1] for key in OPTIONS if key[0] == table)
        check.problems.add("Invalid", "OPT-01", path, value, known, f"there is no option {name!r} in group {group!r}")
        return
    if option.use == "later":
        message = f"the option {group}.{name} is known, and nothing here honours it yet"
        check.problems.add("NotBuilt", option.rule, path, value, None, message)
        return
    converted, allowed = _convert(option, value)
    if allowed is not None:
        message = f"the option {group}.{name} must be {allowed}"
        check.problems.add("Invalid", option.rule, path, value, option.choices or allowed, message)
        return
    if option.use not in ("", "later"):
        check.no_effect.append({"field": path, "reason": option.use})
    check.values[group, name] = converted


def _convert(option: Option, value: Any) -> tuple[Any, str | None]:
    """The value as the option's type, or what would have been allowed."""
    if value is None or (value == "" and option.kind != "text"):
        return option.default, None
    converters = {"flag": _flag, "number": _number, "text": _text, "list": _list, "objects": _objects}
    return converters[option.kind](option, value)


def _flag(_option: Option, value: Any) -> tuple[Any, str | None]:
    if isinstance(value, bool):
        return value, None
    word = str(value).strip().lower()
    return word in TRUE, None if word in TRUE | FALSE else "true or false"


def _number(option: Option, value: Any) -> tuple[Any, str | None]:
    allowed = "a whole number" if option.low is None else f"a whole number from {option.low}"
    if option.high is not None:
        allowed += f" to {option.high}"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    try:
        number = value if isinstance(value, int) and not isinstance(value, bool) else int(str(value).strip())
    except ValueError:
        return None, allowed
    if (option.low is not None and number < option.low) or (option.high is not None and number > option.high):
        return None, allowed
    if option.choices and number not in option.choices:
        return None, "one of " + ", ".join(map(str, option.choices))
    return number, None


def _text(option: Option, value: Any) -> tuple[Any, str | None]:
    if isinstance(value, (Mapping, list)):
        return None, "text"
    word = str(value)
    if option.choices and word not in option.choices:
        return None, "one of " + ", ".join(map(str, option.choices))
    return word, _unfit(option, word)


def _unfit(option: Option, *words: str) -> str | None:
    """What the texts should have been, where one is not; an empty one stands for none."""
    if any(illegal_characters(word) for word in words):
        return "printable text"
    return option.form.says if option.form and not all(option.form.fits(word) for word in words if word) else None


def _list(option: Option, value: Any) -> tuple[Any, str | None]:
    parts: tuple[str, ...] = ()
    if isinstance(value, str):  # Nova's configuration files write lists with commas
        parts = tuple(part.strip() for part in value.split(",") if part.strip())
    elif isinstance(value, (list, tuple)) and all(isinstance(part, (str, int, float)) for part in value):
        parts = tuple(str(part) for part in value)
    else:
        return None, "a list of texts"
    return parts, _unfit(option, *parts)


def _objects(_option: Option, value: Any) -> tuple[Any, str | None]:
    """Dictionaries, or texts of JSON with one or a list of them, as Nova's configuration has them. YAML makes flags of yes and
    no, where Nova has the words."""
    allowed = "a dictionary, a list of them, or JSON text of either"
    listed = list(value) if isinstance(value, (list, tuple)) else [value]
    found: list[dict[str, Any]] = []
    for item in listed:
        try:
            entry = json.loads(item) if isinstance(item, str) else item
        except (ValueError, RecursionError):
            return None, allowed
        for part in entry if isinstance(entry, list) else [entry]:
            if not isinstance(part, Mapping):
                return None, allowed
            found.append({str(key): _as_word(each) for key, each in part.items()})
    return tuple(found), None


def _as_word(value: Any) -> Any:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


def _check_cpu_sets(check: _Check, path: str) -> None:
    """Nova refuses to start with overlapping sets (guest HST-08)."""
    sets: dict[str, frozenset[int]] = {}
    for name in ("cpu_shared_set", "cpu_dedicated_set"):
        text = check.values["compute", name]
        if text is None:
            continue
        try:
            sets[name] = parse_cpu_list(text)
        except ValueError as error:
            check.problems.add("Invalid", "DOM-14", f"{path}.compute.{name}", text, "a list such as 1-4,^3,6", str(error))
    if len(sets) == 2 and sets["cpu_shared_set"] & sets["cpu_dedicated_set"]:
        both = sorted(sets["cpu_shared_set"] & sets["cpu_dedicated_set"])
        message = f"the shared and the dedicated set must not overlap; both have {both}"
        check.problems.add("Invalid", "HST-08", f"{path}.compute.cpu_dedicated_set", both, "disjoint sets", message)


def _check_cache_modes(check: _Check, path: str) -> None:
    """Nova ignores bad entries with a warning (guest IMG-07)."""
    field = f"{path}.libvirt.disk_cachemodes"
    for entry in check.values["libvirt", "disk_cachemodes"]:
        kind, _equals, mode = entry.partition("=")
        if kind not in CACHED_SOURCES or mode not in CACHE_MODES:
            check.no_effect.append({"field": field, "reason": f"{entry!r} is no pair of source type and cache mode"})
