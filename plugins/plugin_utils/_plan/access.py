# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps QEMU from the pools of a server, as the host's facts have it: found before anything is made."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import Problems
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.hypervisor_facts import Hypervisor
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.volume_plan import VolumePlan


def check_access(volumes: Iterable[VolumePlan], hypervisor: Hypervisor, problems: Problems) -> None:
    """One problem for each fault of a pool that a server's disks are in; what mends it stands in ``allowed`` too."""
    used = {volume.pool for volume in volumes}
    for pool in hypervisor["pools"]:
        for fault in pool.get("faults", ()) if pool["name"] in used else ():
            message = f"pool {pool['name']}: {fault['reason']}. Run on the host {hypervisor['hostname']}: {fault['command']}"
            problems.add("PathNotAccessible", "DSK-01", "pool", fault["path"], fault["command"], message)
