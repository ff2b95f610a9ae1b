# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks whole requests on the controller."""

from __future__ import annotations

from typing import Any

from ansible_collections.kilonova.compute.plugins.module_utils._argspec import REQUEST_FORMS, Spec, validate_server_spec
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import Problems
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.action import ControllerAction
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.contract import read_requests, refuse
from ansible_collections.kilonova.compute.plugins.plugin_utils._plan.not_built import refuse_not_built


class ActionModule(ControllerAction):
    """See the documentation of the module."""

    def spec(self) -> Spec:
        return validate_server_spec()

    def constraints(self) -> dict[str, Any]:
        return {"mutually_exclusive": [list(REQUEST_FORMS)], "required_one_of": [list(REQUEST_FORMS)]}

    def work(self, params: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        requests = read_requests(params, read_file=self.read_file)
        servers = [planned.server for planned in requests.planned]
        problems = Problems()
        for planned in requests.planned:
            refuse_not_built(planned.server, planned.wish.path, problems)
        refuse(problems)
        return {"changed": False, "servers": servers, "no_effect": requests.no_effect}
