# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of server."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from typing import Any

from ansible_collections.kilonova.compute.plugins.module_utils._argspec import (
    REQUEST_FORMS,
    Spec,
    request_spec,
    server_spec,
)
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.action import KilonovaAction
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.host_view import HostView

# Ansible forks a process for each task: what its main process has loaded is not loaded again by each of them. A library that
# is missing is told when it is used.
with suppress(ImportError):
    import_module("ansible_collections.kilonova.compute.plugins.plugin_utils._plan.server_task")


class ActionModule(KilonovaAction):
    """See the documentation of the module."""

    _requires_connection = True

    def spec(self) -> Spec:
        return server_spec()

    def constraints(self) -> dict[str, Any]:
        forms = ["name", *REQUEST_FORMS]
        return {"mutually_exclusive": [forms], "required_one_of": [forms]}

    def work(self, params: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        # Imported here, so that a library that is missing on the controller is one sentence and no traceback.
        from ansible_collections.kilonova.compute.plugins.plugin_utils._plan.server_task import ServerTask

        return ServerTask(
            params=params,
            request_options=tuple(request_spec()),
            run_on_host=lambda name, arguments: self._trip(name, arguments, task_vars),
            read_file=self.read_file,
            check_mode=self.check_mode,
            diff_mode=self.diff_mode,
        ).run()

    def _trip(self, name: str, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Whoever waits for a long build is told where its servers are."""
        if name != "spawn":
            return self.run_on_host(name, arguments, task_vars)
        view = HostView(self)
        note = view.new_file()
        with self.watched("servers", view.noted_in(note)):
            return self.run_on_host(name, arguments | {"progress_file": note}, task_vars)
