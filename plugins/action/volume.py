# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of volume: what its type says. The host gets plain options."""

from __future__ import annotations

from typing import Any

from ansible_collections.kilonova.compute.plugins.module_utils._argspec import (
    VOLUME_SOURCES,
    Spec,
    connection_spec,
    volume_spec,
)
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import Problems
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.volume_type import (
    find_volume_type,
    read_encryption,
    settings_of,
    validate_volume_types,
)
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.action import KilonovaAction
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.contract import refuse


class ActionModule(KilonovaAction):
    """See the documentation of the module."""

    _requires_connection = True

    def spec(self) -> Spec:
        return connection_spec() | volume_spec()

    def constraints(self) -> dict[str, Any]:
        return {"mutually_exclusive": [list(VOLUME_SOURCES)]}

    def work(self, params: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        types, wanted = params.pop("volume_types"), params["volume_type"]
        problems = Problems()
        known = validate_volume_types(types or {})
        problems.extend(known.problems)
        chosen = None if wanted is None else find_volume_type(known.value, wanted, problems, "volume_type")
        # A default is nobody's word: only what the task says can contradict its type.
        given = {name: params[name] for name in ("pool", "format", "preallocate") if name in self._task.args}
        if params["encryption"] is not None:
            given["encryption"] = read_encryption(params["encryption"], "encryption", problems)
        settings = settings_of(chosen, given, problems, "volume_type" if chosen else "encryption")
        refuse(problems)
        said = {key: value for key, value in settings.items() if value is not None}
        if chosen is not None:
            said["volume_type"] = chosen["name"]
        return self.run_on_host("volume", params | said, task_vars)
