# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders domain XML on the controller."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from ansible_collections.kilonova.compute.plugins.module_utils._argspec import Spec, domain_xml_spec
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import NoEffect, Problems
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.action import ControllerAction
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.contract import read_requests, refuse
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.host_options import check_host_options
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.render import render_domain
from ansible_collections.kilonova.compute.plugins.plugin_utils._plan.entry import Place, design, find_pool
from ansible_collections.kilonova.compute.plugins.plugin_utils._plan.planning import Intent, Minting, match

# Nothing is minted for a look: the uuid follows from the name, and the clock stands still, so that the answer does too.
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:kilonova:compute:1/server")
_CLOCK = datetime(2000, 1, 1, tzinfo=UTC)
_INTENT = Intent("present", persistent=True, wait=False, timeout=1, console_pattern=None)


class ActionModule(ControllerAction):
    """See the documentation of the module."""

    def spec(self) -> Spec:
        return domain_xml_spec()

    def work(self, params: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        requests = read_requests(params["servers"], params, single=False)
        problems = Problems()
        no_effect: list[NoEffect] = list(requests.no_effect)
        options = check_host_options(params["host_options"])
        problems.extend(options.problems)
        no_effect.extend(options.no_effect)
        hypervisor: Any = params["hypervisor"]
        pool = find_pool(hypervisor, params["pool"], problems)
        refuse(problems)
        domains = []
        for request in requests.planned:
            name = request.server["name"]
            minting = Minting(lambda name=name: str(uuid.uuid5(_NAMESPACE, name)), _CLOCK, bytes)  # type: ignore[misc]
            [item] = match([request.server], hypervisor, _INTENT, minting, problems)
            path = f"servers[{request.server['request']['index']}]"
            designed = design(item, Place(hypervisor, options.value, pool), minting, path, problems, no_effect)
            if not problems:
                domains.append({"name": designed.domain.name, "uuid": item.uuid, "xml": render_domain(designed.domain)})
        refuse(problems)
        return {"changed": False, "domains": domains, "no_effect": no_effect}
