# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Defining one of our servers anew. The steps: define, stop and start where that is asked, the power that is asked for.

A run that is killed leaves the earlier definition or the new one, whole; the next run does what is left to do."""

from __future__ import annotations

import copy
from typing import Any, Dict, List, Optional

from .._domain_xml.changes import Change
from .._domain_xml.kept import CREATED
from .._domain_xml.parts import Element
from .._domain_xml.text import parse_domain_text
from .._errors import HypervisorError
from .base_check import BaseCheck
from .domain import is_active, power_state, start
from .mdev import ensure_mdevs
from .power import ConsoleWait, change_power
from .redefinition import Redefinition, definition_of
from .removal import find_ours
from .servers import ServerRecord, parse_domain, read_record
from .wait import LifecycleEvents


class Redefined:
    """``changes`` of the definition; ``pending`` where the server runs with an earlier one; ``power`` as it is or would be."""

    def __init__(self, domain: Any) -> None:
        self.domain = domain
        self.changes: List[Change] = []
        self.pending = False
        self.changed = False
        self.restarting = False
        self.power = power_state(domain)


def redefine_server(connection: Any, entry: Dict[str, Any], events: LifecycleEvents, bases: BaseCheck) -> Redefined:
    """With ``check`` in the entry nothing is changed, and the answer is what the real run would say."""
    domain = find_ours(connection, entry["uuid"])
    record = None if domain is None else read_record(parse_domain(domain))
    if domain is None or record is None or record.state != "active":
        message = "the server %s is gone or not finished: run the task again" % entry["name"]
        raise HypervisorError(message, action="find the server", domain=entry["domain"])
    wanted = parse_domain_text(entry["xml"])
    _add_attached(wanted, definition_of(domain), record)
    redefinition = Redefinition(connection, domain.name(), wanted, entry["xml"], domain)
    found = Redefined(domain)
    found.changes = redefinition.predicted()
    if not entry.get("check"):
        found.domain, found.changes = redefinition.carry_out()
        ensure_mdevs(connection, entry["uuid"], entry["mdevs"])
    active = is_active(domain)
    found.pending = active and (bool(found.changes) or _runs_with_an_earlier_one(domain))
    console = ConsoleWait(connection, entry)
    try:
        _see_to_power(found, entry, record, events, bases, console)
    except HypervisorError as exc:
        if found.restarting and found.changes and not is_active(found.domain):
            _run_again(found.domain, redefinition, exc)
        raise
    found.changed = found.changed or bool(found.changes)
    return found


def _see_to_power(
    found: Redefined,
    entry: Dict[str, Any],
    record: ServerRecord,
    events: LifecycleEvents,
    bases: BaseCheck,
    console: ConsoleWait,
) -> None:
    steps = []
    wanted: Optional[str] = entry["wanted"]
    if found.pending and entry["restart"]:
        found.restarting = True
        steps = ["stopped", wanted or ("paused" if found.power == "paused" else "running")]
    elif wanted is not None:
        steps = [wanted]
    for step in steps:
        power = {"stopped": "shutdown"}.get(step, step)
        if power == found.power:
            continue
        if not entry.get("check"):
            if step != "stopped" and not is_active(found.domain):
                bases.check(entry["name"], record.volumes)
            change_power(found.domain, events, wanted=step, timeout_s=entry["timeout"], wait=entry["wait"], console=console)
        found.changed = True
        found.power = power
        found.pending = found.pending and step != "stopped"


def _run_again(domain: Any, redefinition: Redefinition, exc: HypervisorError) -> None:
    """A server that ran and cannot run with its new definition runs with the earlier one again."""
    try:
        redefinition.take_back()
        start(domain)
        exc.message += "; it runs again with the definition that it had before"
    except HypervisorError as second:
        exc.message += "; and it could not be started as it was before: %s" % second.message


def _runs_with_an_earlier_one(domain: Any) -> bool:
    """Each definition says when it was made (guest META-03)."""
    return parse_domain(domain).findtext(CREATED) != definition_of(domain).findtext(CREATED)


def _add_attached(wanted: Element, definition: Element, record: ServerRecord) -> None:
    """Volumes that were attached later are in the record and in the definition, and in no request."""
    devices = wanted.find("devices")
    had = {_volume_of(disk) for disk in wanted.findall("devices/disk")}
    attached = {(volume["pool"], volume["name"]) for volume in record.volumes if volume.get("existing")} - had
    for disk in definition.findall("devices/disk"):
        if devices is not None and _volume_of(disk) in attached:
            devices.append(copy.deepcopy(disk))


def _volume_of(disk: Element) -> Any:
    source = disk.find("source")
    return None if source is None else (source.get("pool"), source.get("volume"))
