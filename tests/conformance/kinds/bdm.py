# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Block devices, v2: single entries, the merged list, its rules, and what a boot volume tells about its image."""

from __future__ import annotations

from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.block_device_check import Known, check_block_devices
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.block_device_entry import (
    Entry,
    empty_device,
    parse_entry,
    parse_stored_entry,
)
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.block_device_legacy import parse_legacy_entry
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.block_device_merge import merge_block_devices
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.block_device_volume import boot_volume_metadata
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.checked import Checked
from tests.conformance.outcome import Outcome


def run(given: dict[str, Any]) -> Outcome | None:
    operation = given["op"]
    if operation == "entry":
        entry = parse_entry(given["entry"], image_given=given["image_ref_given"])
        return outcome(entry, dict(entry.value))
    if operation == "merge":
        return merge(given)
    if operation == "validate":
        return _validate(given)
    if operation == "boot_volume_metadata":
        metadata = boot_volume_metadata(given["volume"])
        return outcome(metadata, dict(metadata.value))
    return None


def outcome(answer: Checked[Any], values: dict[str, Any], *before: Checked[Any]) -> Outcome:
    """Accepted when this answer and those before it found no problem."""
    reasons = tuple(f"{problem.code}: {problem.message}" for part in (*before, answer) for problem in part.problems)
    return Outcome(not reasons, values, reasons)


def merge(given: dict[str, Any]) -> Outcome:
    parsed: list[Checked[Any]] = [
        parse_legacy_entry(raw) if given["legacy_format"] else parse_stored_entry(raw) for raw in given["request_devices"]
    ]
    merged = merge_block_devices(
        [Entry(entry.value, f"block_device_mapping[{index}]") for index, entry in enumerate(parsed)],
        legacy=given["legacy_format"],
        image_id=given["image_ref"] or None,
        image_properties=given["image_properties"],
        root_device_name=given["root_device_name"],
        flavor=given["flavor"],
        max_count=max(given["min_count"], given["max_count"]),
    )
    return outcome(merged, {"devices": [dict(entry.device) for entry in merged.value]}, *parsed)


def _validate(given: dict[str, Any]) -> Outcome:
    answer = check_block_devices(
        [Entry(empty_device(**device), f"block_device_mapping[{index}]") for index, device in enumerate(given["devices"])],
        flavor=given["flavor"],
        known=Known(
            volumes=given.get("volumes", {}),
            snapshots=given.get("snapshots", {}),
            images=given.get("images"),
            volume_types=given.get("volume_types"),
        ),
        max_local_block_devices=given["max_local_block_devices"],
    )
    return outcome(answer, {"sizes": [entry.device["volume_size"] for entry in answer.value]})
