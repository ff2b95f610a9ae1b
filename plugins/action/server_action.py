# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of server_action: a volume becomes the disk that Nova would make of it."""

from __future__ import annotations

from typing import Any

from ansible_collections.kilonova.compute.plugins.module_utils._argspec import Spec, connection_spec, server_action_spec
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.action import KilonovaAction


class ActionModule(KilonovaAction):
    """See the documentation of the module."""

    _requires_connection = True

    def spec(self) -> Spec:
        return connection_spec() | server_action_spec()

    def constraints(self) -> dict[str, Any]:
        return {"required_if": [("action", "attach_volume", ("volume",)), ("action", "detach_volume", ("volume",))]}

    def work(self, params: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        # Imported here, so that a library that is missing on the controller is one sentence and no traceback.
        from ansible_collections.kilonova.compute.plugins.plugin_utils._plan.attach import attach_target, read_options

        options, no_effect = read_options(params)
        for name, option in (("attempts", "device_detach_attempts"), ("timeout", "device_detach_timeout")):
            params[name] = params[name] or options.number("libvirt", option)
        answer = self.run_on_host("server_action", params | {"target": None}, task_vars)
        guest = answer.pop("guest", None)
        if guest is not None:
            params["target"] = attach_target(guest, options)
            if not self.check_mode:
                answer = self.run_on_host("server_action", params, task_vars)
        return answer | {"no_effect": no_effect}
