# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks flavors on the controller."""

from __future__ import annotations

from typing import Any

from ansible_collections.kilonova.compute.plugins.module_utils._argspec import Spec, validate_flavor_spec
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.flavor import validate_flavors
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.action import ControllerAction
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.contract import refuse


class ActionModule(ControllerAction):
    """See the documentation of the module."""

    def spec(self) -> Spec:
        return validate_flavor_spec()

    def work(self, params: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        answer = validate_flavors(params["flavors"])
        refuse(answer.problems)
        return {"changed": False, "flavors": answer.value, "no_effect": list(answer.no_effect)}
