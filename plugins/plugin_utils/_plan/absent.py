# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which servers `state: absent` means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.kilonova.compute.plugins.module_utils._errors import ContractError
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import Problems, join_path


def absent_names(params: Mapping[str, Any], request_options: Sequence[str]) -> list[str]:
    """Names or uuids, in the order given. Every other option of a request is refused: it would be ignored."""
    problems = Problems()
    if params["servers"] is None:
        wishes = [("", {name: params[name] for name in request_options if params.get(name) is not None})]
    else:
        wishes = [(join_path("servers", index), wish) for index, wish in enumerate(params["servers"])]
    names = [_name(path, wish, problems) for path, wish in wishes]
    found = [problem.to_dict() for problem in problems]
    if found:
        raise ContractError(found)
    return list(dict.fromkeys(names))


def _name(path: str, wish: Mapping[str, Any], problems: Problems) -> str:
    for key in sorted(wish):
        if key not in ("name", "state"):
            where = join_path(path, key)
            message = f"{where} means nothing for state absent, which takes a name or uuid and nothing else"
            problems.add("ValidationError", "REQ-01", where, None, ["name"], message)
    name = wish.get("name")
    if not isinstance(name, str) or not name:
        where = join_path(path, "name")
        problems.add("ValidationError", "REQ-01", where, name, "a name or uuid", f"{where} is needed: the name or uuid")
        return ""
    return name
