# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Designing an existing server anew, from the request, catalogues and host options as they are now."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ansible_collections.kilonova.compute.plugins.module_utils._claims import at_home
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import NoEffect, Problems
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import Server
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.designer import Design

from .drift import NOT_COMPARED, OF_THE_TASK
from .entry import Place, design, power_entry
from .planning import Minting, Planned
from .redefinable import check_same_volumes


def redesign(item: Planned, place: Place, minting: Minting, path: str, problems: Problems, no_effect: list[NoEffect]) -> Design:
    """The design of a server that is there. It keeps its CPUs, nodes and devices of the host as long as they fit."""
    existing = item.existing or {}
    wanted = item.server
    item.server = _as_recorded(wanted, existing["request"])
    home = _home(place, item)
    tried, ignored = Problems(), list[NoEffect]()
    found = design(item, home or place, minting, path, tried, ignored)
    if tried and home is not None:
        tried, ignored = Problems(), list[NoEffect]()
        found = design(item, place, minting, path, tried, ignored)
    item.server = wanted
    problems.extend(tried)
    no_effect.extend(ignored)
    if not tried:
        check_same_volumes(wanted["name"], found.volumes, existing, path, problems)
    return found


def _home(place: Place, item: Planned) -> Place | None:
    facts = at_home(dict(place.hypervisor), item.uuid)
    if facts is None:
        return None
    view = copy.copy(place)
    view.hypervisor = facts  # type: ignore[assignment]
    return view


def _as_recorded(wanted: Server, recorded: Mapping[str, Any]) -> Server:
    """What is no part of the server stays as it was when it was built: as which of how many, in which task."""
    found = copy.deepcopy(wanted)
    for key in NOT_COMPARED:
        if key in recorded:
            found[key] = recorded[key]  # type: ignore[literal-required]
    extra, before = dict(found.get("extra") or {}), recorded.get("extra") or {}
    for path in OF_THE_TASK:
        name = path.partition(".")[2]
        extra.pop(name, None)
        if name in before:
            extra[name] = before[name]
    if extra or "extra" in recorded:
        found["extra"] = extra
    else:
        found.pop("extra", None)
    return found


def redefine_entry(item: Planned, designed: Design, xml: str) -> dict[str, Any]:
    """What the host half gets: the new definition, the mediated devices in it, and what to do with the power."""
    mdevs = [asdict(mdev) for mdev in designed.mdevs]
    return power_entry(item) | {"action": "redefine", "xml": xml, "mdevs": mdevs, "restart": item.intent.restart}
