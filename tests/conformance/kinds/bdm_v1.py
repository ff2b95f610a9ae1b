# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Block devices in the legacy form: single entries, whole lists, merged lists, and the way back."""

from __future__ import annotations

from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.block_device_entry import parse_stored_entry
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.block_device_legacy import (
    from_legacy_list,
    parse_legacy_entry,
    to_legacy,
)
from tests.conformance.kinds.bdm import merge, outcome
from tests.conformance.outcome import Outcome


def run(given: dict[str, Any]) -> Outcome | None:
    operation = given["op"]
    if operation == "entry":
        entry = parse_legacy_entry(given["entry"], default_ephemeral_format=given.get("default_ephemeral_format"))
        return outcome(entry, dict(entry.value))
    if operation == "list":
        listed = from_legacy_list(
            given["entries"],
            image_id=given["image_ref"] or None,
            root_device_name=given["root_device_name"],
            image_defines_root=given["image_defines_root"],
        )
        return outcome(listed, {"devices": [dict(entry.device) for entry in listed.value]})
    if operation == "merge":
        return merge(given)
    if operation == "to_legacy":
        stored = parse_stored_entry(given["entry"])
        legacy = to_legacy(stored.value)
        return outcome(legacy, dict(legacy.value or {}), stored)
    return None
