# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes every task's result as one line of JSON into the file that KILONOVA_RECORD names."""

from __future__ import annotations

DOCUMENTATION = r"""
name: kilonova_record
type: aggregate
short_description: Write task results as lines of JSON
description: For the tests of this collection.
requirements: [enabled in the configuration]
"""

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Each line: {task, host, status, result}."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "kilonova_record"
    CALLBACK_NEEDS_ENABLED = True

    def _write(self, result: Any, status: str) -> None:
        told = json.loads(self._dump_results(result.result, indent=0))
        if "diff" in result.result:  # which dumping leaves out
            told["diff"] = result.result["diff"]
        line = {"task": result.task.get_name(), "host": result.host.get_name(), "status": status, "result": told}
        with open(os.environ["KILONOVA_RECORD"], "a", encoding="utf-8") as record:
            record.write(json.dumps(line) + "\n")

    def v2_runner_on_ok(self, result: Any) -> None:
        self._write(result, "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._write(result, "failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._write(result, "unreachable")
