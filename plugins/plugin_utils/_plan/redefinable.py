# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which changes of a request a new definition of the same domain carries out, and which need more than that (guest RBT-03)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import Problems
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import Server
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.volume_plan import VolumePlan

# Fields of the request, with everything below them. The rest is on a disk, in the drive, or a matter of another host.
_TAKEN = ("flavor", "image.properties", "image.min_disk", "image.min_ram", "metadata", "tags", "description")
_DISK_SIZES = ("flavor.disk", "flavor.ephemeral", "flavor.swap")
# What Nova does with the others, by the first field that fits.
_OTHERWISE = (
    *((field, "resizing it") for field in _DISK_SIZES),
    ("networks", "attaching and detaching network interfaces"),
    ("block_device_mapping", "attaching and detaching volumes"),
    ("root_device_name", "rebuilding it"),
    ("availability_zone", "migrating it"),
    ("host", "migrating it"),
    ("hypervisor_hostname", "migrating it"),
    ("scheduler_hints", "migrating it"),
    ("security_groups", "filtering by security groups"),
    ("persistent", "starting it anew"),
    ("", "rebuilding it"),
)


def check_redefinable(
    server: Server, existing: Mapping[str, Any], drift: Sequence[Mapping[str, Any]], problems: Problems
) -> None:
    """Adds a problem for each field that differs and that a definition does not carry."""
    name = server["name"]
    if not existing["persistent"] and not any(entry["field"] == "persistent" for entry in drift):
        message = f"{name} is not persistent: it has no definition that could change"
        problems.add("Invalid", "RBT-03", "redefine", True, [False], message)
    for entry in drift:
        field = entry["field"]
        if field not in _DISK_SIZES and any(_within(field, taken) for taken in _TAKEN):
            continue
        action = next(what for prefix, what in _OTHERWISE if not prefix or _within(field, prefix))
        message = (
            f"{field} of {name} is {entry['current']!r}; to make it {entry['wanted']!r} needs {action}, which redefine is not"
        )
        problems.add("NotBuilt", "RBT-03", field, entry["wanted"], entry["current"], message)


def check_same_volumes(
    name: str, volumes: Sequence[VolumePlan], existing: Mapping[str, Any], path: str, problems: Problems
) -> None:
    """The disks stay as they are: what would make others (a host option, a pool) is refused. Attached volumes are beside it."""
    had = {(volume["role"], volume["name"]): volume for volume in existing["volumes"]}
    wanted = {(volume.role, volume.name): volume.to_dict() for volume in volumes}
    for key in sorted(set(had) | set(wanted)):
        before, after = had.get(key), wanted.get(key)
        if before == after or (after is None and before is not None and before.get("existing")):
            continue
        where = f"{path}.volumes" if path else "volumes"
        old, new = before or {}, after or {}
        differing = ", ".join(sorted(field for field in set(old) | set(new) if old.get(field) != new.get(field)))
        message = f"{where}: the {key[0]} of {name} would not be what it is ({differing}), and redefine changes no disk"
        problems.add("NotBuilt", "RBT-03", where, after, before, message)


def _within(field: str, prefix: str) -> bool:
    return field == prefix or field.startswith((prefix + ".", prefix + "["))
