# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of a request that the contract accepts, as Nova does, and that nothing here carries out yet: refused by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import Problems, join_path
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import Server


def refuse_not_built(server: Server, path: str, problems: Problems) -> None:
    """``path`` stands before the fields of problems (``servers[3]``); it is empty for a single request."""
    for field, rule, given, what in _later(server):
        where = join_path(path, field)
        message = f"{where}: {what} is not built yet, so the request is refused"
        problems.add("NotBuilt", rule, where, given, None, message)


def _later(server: Server) -> Iterator[tuple[str, str, Any, str]]:
    for name in server["security_groups"]:
        # `default` is what every server gets in Nova, and what a plain libvirt network does anyway.
        if name != "default":
            yield "security_groups", "NET-29", name, "filtering by security groups"
    for index, nic in enumerate(server["networks"]):
        if nic["fixed_ip"] is not None:
            yield f"networks[{index}].fixed_ip", "REQ-07", nic["fixed_ip"], "giving a NIC a fixed address"
