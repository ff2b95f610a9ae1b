# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking a server away: what we made for it, and nothing else."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from .._errors import HypervisorError
from .domain import destroy, find_domain, is_persistent, undefine
from .domain_record import set_record_state
from .errors import is_error, translate_errors
from .servers import ServerRecord, parse_domain, read_record
from .storage import delete_volume, open_pool, refresh, volume_names

# What a server cannot outlive, whatever its request says of its disks.
_ALWAYS = ("disk.config", "console.log")


def goes(volume: Dict[str, Any]) -> bool:
    return bool(volume.get("delete_on_termination")) or volume.get("role") in _ALWAYS


def find_ours(connection: Any, name_or_uuid: str) -> Optional[Any]:
    """Our domain of that server name, domain name or uuid; None when there is none.

    Raises HypervisorError for a domain that is not ours, and for a name that several servers carry."""
    domain = find_domain(connection, name_or_uuid)
    if domain is not None:
        if read_record(parse_domain(domain)) is None:
            raise HypervisorError(
                "the domain %s on this host was not made by kilonova.compute and is left alone" % name_or_uuid,
                action="find the server %s" % name_or_uuid,
                domain=name_or_uuid,
            )
        return domain
    return _find_by_server_name(connection, name_or_uuid)


def _find_by_server_name(connection: Any, name: str) -> Optional[Any]:
    """A server whose domain had to be named otherwise is found by what its record says."""
    with translate_errors("list the domains"):
        domains = connection.listAllDomains()
    matches = []
    for domain in domains:
        try:
            record = read_record(parse_domain(domain))
        except HypervisorError as exc:
            if is_error(exc, "VIR_ERR_NO_DOMAIN"):
                continue
            raise
        if record is not None and record.request.get("name") == name:
            matches.append(domain)
    if len(matches) > 1:
        raise HypervisorError(
            "%d servers on this host are named %s: give the uuid (%s)"
            % (len(matches), name, ", ".join(sorted(d.UUIDString() for d in matches))),
            action="find the server %s" % name,
        )
    return matches[0] if matches else None


def removal_list(domain: Any) -> Dict[str, Any]:
    """What removing would take away: {domain, volumes: ["pool/name"]}, and what it would keep."""
    record = read_record(parse_domain(domain))
    volumes = record.volumes if record else []
    return {
        "domain": domain.name(),
        "volumes": ["%s/%s" % (v["pool"], v["name"]) for v in volumes if goes(v)],
        "kept": ["%s/%s" % (v["pool"], v["name"]) for v in volumes if not goes(v)],
    }


def remove_server(connection: Any, domain: Any, *, everything: bool = False) -> None:
    """Power off, volumes, definition, in this order: whatever kills us leaves the record, and the next run goes on.

    The state `deleting` comes first, so that nobody takes a half-deleted server for a stopped one. ``everything`` is for a
    boot that failed: its disks hold nothing but what we put there, so delete_on_termination does not keep them."""
    record = read_record(parse_domain(domain))
    uuid = domain.UUIDString()
    persistent = is_persistent(domain)
    if persistent:
        set_record_state(domain, "deleting")
    destroy(domain)
    _remove_volumes(connection, uuid, record, everything=everything)
    if persistent:
        undefine(domain)


def _remove_volumes(connection: Any, uuid: str, record: Optional[ServerRecord], *, everything: bool) -> None:
    by_pool: Dict[str, List[str]] = {}
    for volume in record.volumes if record else []:
        if everything or goes(volume):
            by_pool.setdefault(volume["pool"], []).append(volume["name"])
    for pool_name, names in sorted(by_pool.items()):
        pool = open_pool(connection, pool_name)
        # virtlogd's older parts of a console log are known to the pool only after a refresh.
        refresh(pool)
        rotated = [n for n in volume_names(pool) if n.startswith("%s_console.log." % uuid)]
        for name in names + rotated:
            delete_volume(pool, name)
