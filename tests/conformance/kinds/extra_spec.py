# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kind extra_spec: one key and value against the registry or the container's schema, and CPU lists."""

from __future__ import annotations

from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.cpu import CpuListError, parse_cpu_mask
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.extra_spec import check_registered, extra_spec_text
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import Problems
from tests.conformance.outcome import Outcome


def run(given: dict[str, Any]) -> Outcome | None:
    return {"validate": _validate, "container": _container, "cpu_mask": _cpu_mask}.get(given["op"], lambda _: None)(given)


def _outcome(problems: Problems, values: dict[str, Any]) -> Outcome:
    return Outcome(not problems, values, tuple(problem.message for problem in problems))


def _validate(given: dict[str, Any]) -> Outcome:
    """The registry judges what the container would store."""
    problems = Problems()
    text = extra_spec_text(given["key"], given["value"], problems, "value", booleans=False)
    if text is not None:
        check_registered(given["key"], text, problems, "value")
    return _outcome(problems, {"stored_value": text})


def _container(given: dict[str, Any]) -> Outcome:
    problems = Problems()
    text = extra_spec_text(given["key"], given["value"], problems, "value", booleans=False)
    return _outcome(problems, {"stored_value": text})


def _cpu_mask(given: dict[str, Any]) -> Outcome:
    try:
        return Outcome(True, {"cpus": parse_cpu_mask(given["text"])})
    except CpuListError as error:
        return Outcome(False, reasons=(str(error),))
