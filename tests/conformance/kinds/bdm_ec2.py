# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Block devices as EC2 gave and showed them, the image state that it asked for, and its counts."""

from __future__ import annotations

from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.block_device_ec2 import (
    check_ec2_image_state,
    describe_ec2_image,
    ec2_counts,
    format_ec2_entry,
    parse_ec2_entry,
)
from tests.conformance.kinds.bdm import outcome
from tests.conformance.outcome import Outcome


def run(given: dict[str, Any]) -> Outcome | None:
    operation = given["op"]
    if operation == "parse":
        parsed = parse_ec2_entry(given["entry"], given["known_ids"])
        return outcome(parsed, {"entry": parsed.value})
    if operation == "format":
        return Outcome(True, {"item": format_ec2_entry(given["entry"])})
    if operation == "describe":
        items = describe_ec2_image(given["mappings"], given["block_device_mapping"])
        return Outcome(True, {"items": items, "order_significant": False})
    if operation == "image_state":
        return outcome(check_ec2_image_state(given["image"]), {})
    if operation == "counts":
        counts = ec2_counts(given.get("min_count"), given.get("max_count"))
        return outcome(counts, dict(zip(("min_count", "max_count"), counts.value, strict=True)))
    return None
