# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders domain XML on the controller."""

from __future__ import annotations

from typing import Any

from ansible_collections.kilonova.compute.plugins.module_utils._argspec import REQUEST_FORMS, Spec, domain_xml_spec
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.action import ControllerAction


class ActionModule(ControllerAction):
    """See the documentation of the module."""

    def spec(self) -> Spec:
        return domain_xml_spec()

    def constraints(self) -> dict[str, Any]:
        return {"mutually_exclusive": [list(REQUEST_FORMS)], "required_one_of": [list(REQUEST_FORMS)]}

    def work(self, params: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        # Imported here, so that a library that is missing on the controller is one sentence and no traceback.
        from ansible_collections.kilonova.compute.plugins.plugin_utils._plan.domain_xml_task import show_domains

        return show_domains(params, self.read_file)
