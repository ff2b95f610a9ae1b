# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server groups: policies and their rules (rules GRP-01..04)."""

from __future__ import annotations

from typing import Any, TypedDict

from .checked import Checked, checked
from .problems import Problems, join_path
from .request_catalogue import catalogue_entries
from .request_table import LATEST_MINOR, Property, Table, leaf, list_of, parse_microversion, table_reader
from .request_values import read_count
from .shapes import SCHEMA, identity
from .types import NAME, UUID, choice, integer, text

_POLICIES = ("affinity", "anti-affinity", "soft-affinity", "soft-anti-affinity")


class ServerGroup(TypedDict):
    """``rules`` holds ``max_server_per_host`` or nothing; ``members`` are ids of servers that exist already."""

    schema: int
    name: str
    id: str
    policy: str
    rules: dict[str, int]
    members: list[str]


_RULES = Table("GRP-02", Property("max_server_per_host", "GRP-02", read_count("GRP-02")))


def _table(soft: bool) -> Table:
    policy = leaf(choice(*(_POLICIES if soft else _POLICIES[:2])), "GRP-01")
    return Table(
        "GRP-01",
        Property("name", "GRP-01", leaf(NAME, "GRP-01"), required=0),
        Property("policy", "GRP-01", policy, since=64, required=64),
        Property("policies", "GRP-03", list_of(policy, "GRP-03", minimum=1, maximum=1), until=63),
        Property("rules", "GRP-02", table_reader(_RULES), since=64),
        Property("id", "GRP-04", leaf(UUID, "GRP-04"), null=True),
        Property("members", "GRP-05", list_of(leaf(text(1, 255), "GRP-05"), "GRP-05"), null=True),
        Property("schema", "GRP-01", leaf(integer(SCHEMA, SCHEMA), "GRP-01")),
    )


_TABLES = {True: _table(True), False: _table(False)}


def validate_server_group(
    group: object, *, microversion: str | None = None, field: str = "server_group"
) -> Checked[ServerGroup]:
    """One group ``{name, policy, rules}``; before 2.64 ``{name, policies: [one]}``, before 2.15 without the soft policies."""
    problems = Problems()
    minor = parse_microversion(microversion, "microversion", problems)
    return checked(_read(group, field, problems, minor), problems)


def validate_server_groups(groups: object, *, field: str = "server_groups") -> Checked[dict[str, ServerGroup]]:
    """A catalogue: a list of groups, or an object by name; a plain text stands for the policy."""
    problems = Problems()
    found: dict[str, ServerGroup] = {}
    for path, entry in catalogue_entries(groups, field, problems, "GRP-01", bare="policy"):
        value = _read(entry, path, problems, LATEST_MINOR)
        if value["name"] in found:
            where = join_path(path, "name")
            problems.add("ValidationError", "GRP-01", where, value["name"], "unique names", f"{where} names another group too")
        found[value["name"]] = value
    return checked(found, problems)


def _read(group: object, path: str, problems: Problems, minor: int) -> ServerGroup:
    found = _TABLES[minor >= 15].read(group, path, problems, minor=minor)
    values: dict[str, Any] = found.values
    if minor < 64 and "policies" not in found.at and found.at:
        where = join_path(path, "policies")
        problems.add("ValidationError", "GRP-03", where, None, "required", f"{where} is required")
    policy = values["policy"] if "policy" in values else next(iter(values.get("policies", [])), "")
    rules = values.get("rules", {})
    if rules and policy and policy != "anti-affinity":
        where = found.at["rules"]
        message = f"{where} may stand only with the policy anti-affinity, the policy is {policy}"
        problems.add("ValidationError", "GRP-02", where, dict(rules), "anti-affinity", message)
    name = values.get("name", "")
    return ServerGroup(
        schema=SCHEMA,
        name=name,
        id=values.get("id") or identity("server_group", name),
        policy=policy,
        rules=rules,
        members=values.get("members", []),
    )
