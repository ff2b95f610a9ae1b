# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quotas: how many servers of a request fit, and the limits on metadata and injected files (rules QTA-01..17, NET-18..21)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .problems import Problems
from .types import shown
from .user_data import InjectedFile

UNLIMITED = -1

# What Nova's options default to; a quota that the caller does not give is unlimited here.
NOVA_DEFAULTS: dict[str, int] = {
    "instances": 10,
    "cores": 20,
    "ram": 51200,
    "metadata_items": 128,
    "injected_files": 5,
    "injected_file_path_length": 255,
    "injected_file_content_bytes": 10240,
    "key_pairs": 100,
    "server_groups": 10,
    "server_group_members": 10,
    "ports": UNLIMITED,
}
_COUNTED = ("instances", "cores", "ram", "ports", "key_pairs", "server_groups", "server_group_members")


@dataclass(slots=True)
class Quota:
    """Limits and what is in use: ram in MiB, everything else in pieces; a limit of -1 or an absent one is unlimited."""

    limits: Mapping[str, int] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)

    def limit(self, name: str) -> int:
        return self.limits.get(name, UNLIMITED)

    def free(self, name: str) -> int | None:
        """What is left (negative when overdrawn), None where there is no limit."""
        limit = self.limit(name)
        return None if limit < 0 else limit - self.used.get(name, 0)

    def take(self, amounts: Mapping[str, int]) -> None:
        for name, amount in amounts.items():
            self.used[name] = self.used.get(name, 0) + amount


@dataclass(frozen=True, slots=True)
class Fit:
    """``count`` servers may be built; ``exceeded`` names the resources that stand against more."""

    count: int
    exceeded: tuple[str, ...] = ()


def fit_servers(quota: Quota, vcpus: int, ram: int, min_count: int, max_count: int) -> Fit:
    """How many of ``max_count`` fit; 0 when not even ``min_count`` does (QTA-11, QTA-12). A full quota is allowed (QTA-16)."""
    each = {"instances": 1, "cores": vcpus, "ram": ram}
    count = max_count
    exceeded = []
    for name, amount in each.items():
        free = quota.free(name)
        if free is None or amount * max_count <= free:
            continue
        exceeded.append(name)
        count = min(count, max(free, 0) // amount)
    if exceeded and quota.limits.get("instances") == UNLIMITED:
        count = 0  # Nova reckons with -1 as with a number here: where another limit is exceeded, it lowers nothing
    return Fit(count if count >= min_count else 0, tuple(exceeded))


def fit_ports(quota: Quota, needed: int, min_count: int, max_count: int) -> Fit:
    """The same for ports: every NIC that is not a given port needs one per server (NET-18..21)."""
    free = quota.free("ports")
    if free is None or not needed:
        return Fit(max_count)
    count = max(free, 0) // needed
    if count >= max_count:
        return Fit(max_count)
    return Fit(count if count >= min_count else 0, ("ports",))


def read_quota(quota: object, usage: object, problems: Problems, *, field: str = "quota", usage_field: str = "usage") -> Quota:
    """``quota`` and ``usage`` as users write them: objects of whole numbers, either of them may be null."""
    return Quota(
        _numbers(quota, field, -1, tuple(NOVA_DEFAULTS), problems), _numbers(usage, usage_field, 0, _COUNTED, problems)
    )


def _numbers(value: object, path: str, minimum: int, names: Sequence[str], problems: Problems) -> dict[str, int]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        problems.add("ValidationError", "QTA-01", path, shown(value), list(names), f"{path} must be an object of whole numbers")
        return {}
    found = {}
    for key, number in value.items():
        where = f"{path}.{key}"
        if key not in names:
            problems.add("ValidationError", "QTA-01", where, shown(number), list(names), f"{where} is not a known quota")
        elif number is None:
            continue
        elif isinstance(number, bool) or not isinstance(number, int) or number < minimum:
            allowed = {"type": "integer", "min": minimum}
            problems.add(
                "ValidationError", "QTA-01", where, shown(number), allowed, f"{where} must be a whole number from {minimum}"
            )
        else:
            found[str(key)] = number
    return found


def check_metadata_count(count: int, quota: Quota, path: str, problems: Problems) -> None:
    limit = quota.limit("metadata_items")
    if 0 <= limit < count:
        problems.add(
            "MetadataLimitExceeded", "QTA-04", path, count, limit, f"{path} has {count} items, the quota allows {limit}"
        )


def check_injected_files(files: Sequence[InjectedFile], quota: Quota, path: str, problems: Problems) -> None:
    """All three limits at once; contents are measured as sent, in base64 (QTA-05..07, QTA-14)."""
    measures = (
        ("OnsetFileLimitExceeded", "QTA-05", "injected_files", len(files), "files"),
        (
            "OnsetFilePathLimitExceeded",
            "QTA-06",
            "injected_file_path_length",
            max((len(file.path) for file in files), default=0),
            "characters in the longest path",
        ),
        (
            "OnsetFileContentLimitExceeded",
            "QTA-07",
            "injected_file_content_bytes",
            max((file.content.encoded_length for file in files), default=0),
            "characters of base64 in the longest content",
        ),
    )
    for code, rule, name, amount, what in measures:
        limit = quota.limit(name)
        if 0 <= limit < amount:
            problems.add(code, rule, path, amount, limit, f"{path} has {amount} {what}, the quota allows {limit}")
