# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kind hostname: free text to host name, and the names of the servers of one request."""

from __future__ import annotations

from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.names import sanitize_hostname, server_names
from tests.conformance.outcome import Outcome


def run(case: dict[str, Any]) -> Outcome | None:
    if case["op"] == "sanitise":
        return Outcome(True, {"hostname": sanitize_hostname(case["name"])})
    if case["op"] != "names":
        return None
    names = server_names(
        case["display_name"],
        case["instances_built"],
        case["index"],
        uuid=case["uuid"],
        requested_hostname=case.get("requested_hostname"),
    )
    return Outcome(True, {"hostname": names.hostname, "display_name": names.display_name})
