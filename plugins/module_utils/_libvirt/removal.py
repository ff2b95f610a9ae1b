# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking a server away: what we made for it, and nothing else."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from .._errors import HypervisorError
from .domain import destroy, find_domain, is_persistent, undefine
from .domain_record import set_record_state
from .ended import remove_volumes
from .errors import translate_errors, unless_gone
from .servers import parse_domain, read_record

# What a server cannot outlive, whatever its request says of its disks.
_ALWAYS = ("disk.config", "console.log")


def goes(volume: Dict[str, Any]) -> bool:
    """A volume that was taken, not made, never does: whatever is deleted, it is not ours."""
    wanted = bool(volume.get("delete_on_termination")) or volume.get("role") in _ALWAYS
    return wanted and not volume.get("taken")


def find_ours(connection: Any, name_or_uuid: str) -> Optional[Any]:
    """Our domain of that server name, domain name or uuid; None when there is none.

    Raises HypervisorError for a domain that is not ours, and for a name that several servers carry."""
    domain = find_domain(connection, name_or_uuid)
    tree = None if domain is None else unless_gone(parse_domain, domain)
    if tree is not None:
        if read_record(tree) is None:
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
        tree = unless_gone(parse_domain, domain)
        record = None if tree is None else read_record(tree)
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
    return _listed(domain.name(), record.volumes if record else [])


def _listed(domain: str, volumes: List[Dict[str, Any]]) -> Dict[str, Any]:
    return {
        "domain": domain,
        "volumes": ["%s/%s" % (v["pool"], v["name"]) for v in volumes if goes(v)],
        "kept": ["%s/%s" % (v["pool"], v["name"]) for v in volumes if not goes(v)],
    }


def remove_server(connection: Any, domain: Any, *, everything: bool = False) -> bool:
    """Power off, volumes, definition, in this order: whatever kills us leaves the record, and the next run goes on.

    The state `deleting` comes first, so that nobody takes a half-deleted server for a stopped one. ``everything`` is for a
    boot that failed: its disks hold nothing but what we put there, so delete_on_termination does not keep them. A domain that
    ends or is removed by others meanwhile loses its volumes all the same. True, or VIR_ERR_NO_DOMAIN with nothing done."""
    record = read_record(parse_domain(domain))
    uuid = domain.UUIDString()
    persistent = unless_gone(is_persistent, domain)
    if persistent:
        unless_gone(set_record_state, domain, "deleting")
    destroy(domain)
    remove_volumes(connection, uuid, [v for v in (record.volumes if record else []) if _leaves(v, everything)])
    if persistent:
        unless_gone(undefine, domain)
        destroy(domain)  # somebody may have started it again
    return True


def _leaves(volume: Dict[str, Any], everything: bool) -> bool:
    """A boot that failed loses what it made; a volume that was there before it has nothing to do with that."""
    return not volume.get("existing") if everything else goes(volume)


def ended_removal_list(record: Dict[str, Any]) -> Dict[str, Any]:
    """The same for a server whose domain is gone."""
    return _listed(record["domain"], record["volumes"])


def remove_ended(connection: Any, record: Dict[str, Any]) -> None:
    remove_volumes(connection, record["uuid"], [volume for volume in record["volumes"] if goes(volume)])
