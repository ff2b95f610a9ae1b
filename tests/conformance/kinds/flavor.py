# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kind flavor: the properties of a flavor to be created, at microversion 2.101."""

from __future__ import annotations

from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.flavor import validate_flavor
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import identity
from tests.conformance.outcome import Outcome


def run(given: dict[str, Any]) -> Outcome:
    answer = validate_flavor(given, microversion="2.101")
    if answer.value is None:
        return Outcome(False, reasons=tuple(problem.message for problem in answer.problems))
    values: dict[str, Any] = dict(answer.value)
    values["name_length"] = len(values["name"])
    values["description_length"] = len(values["description"] or "")
    values["id_generated"] = not given.get("id") and values["id"] == identity("flavor", values["name"])
    return Outcome(True, values)
