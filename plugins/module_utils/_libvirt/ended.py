# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that ended with their power: what is left of them on a host.

A transient domain takes its metadata along when it goes. A small volume, written before such a server starts and deleted
after all its others, says which volumes were made for it."""

from __future__ import annotations

import io
import json
from typing import Any, Dict, List, Optional, Tuple

from .._volume_name import record_elsewhere, tpm_secret_id
from .._volume_name import record_name as volume_record_name
from .connection import host_uuid
from .copying import copier_name
from .domain import find_domain
from .json_record import read_json_record
from .making import plain_name
from .mdev import remove_mdevs
from .secret import undefine_secret
from .storage import delete_volume, ensure_volume, list_pools, open_pool, refresh, upload, volume_names, while_active
from .volume_use import list_uses, uses_of

SUFFIX = "_server.json"
_SCHEMA = 1


def record_name(uuid: str) -> str:
    return uuid + SUFFIX


def write_ended_record(connection: Any, entry: Dict[str, Any]) -> None:
    """``entry`` is the build plan's: {name, uuid, domain, volumes}. The record lies in the pool of its console log,
    which goes whatever stays."""
    record = {"schema": _SCHEMA, "host": host_uuid(connection)}
    record.update({key: entry[key] for key in ("name", "uuid", "domain")})
    record["volumes"] = [{key: value for key, value in v.items() if key not in ("content", "fill")} for v in entry["volumes"]]
    text = json.dumps(record, sort_keys=True).encode()
    pools = [v["pool"] for v in entry["volumes"] if v["role"] == "console.log"]
    pool = open_pool(connection, pools[0] if pools else entry["volumes"][0]["pool"])
    volume = ensure_volume(pool, {"name": record_name(entry["uuid"]), "capacity": len(text), "format": "raw", "sparse": False})
    upload(connection, volume, io.BytesIO(text), len(text))


def delete_ended_record(connection: Any, uuid: str, pools: List[str]) -> None:
    for name in pools:
        delete_volume(open_pool(connection, name), record_name(uuid))


def has_ended(connection: Any, record: Dict[str, Any]) -> bool:
    """Whether its domain is gone by now."""
    return find_domain(connection, record["uuid"]) is None


def list_records(connection: Any) -> List[Dict[str, Any]]:
    """The records of this host: {name, uuid, domain, volumes}. A pool may be shared: other hosts' are passed over."""
    pools = list_pools(connection, active=True)
    found = []
    here: Optional[str] = None
    for pool in pools:
        for name in (name for name in while_active(volume_names, pool) if name.endswith(SUFFIX)):
            here = here or host_uuid(connection)
            record = _read(connection, pool, name)
            if record is not None and record["host"] == here:
                found.append(record)
    return found


def _read(connection: Any, pool: Any, name: str) -> Optional[Dict[str, Any]]:
    """None for what is gone, is not ours, or was left half-written: its domain was still defined then, and says it all."""
    record = read_json_record(connection, pool, name, _SCHEMA)
    is_ours = record is not None and record_name(str(record.get("uuid"))) == name
    return record if is_ours else None


def is_named(record: Dict[str, Any], name_or_uuid: str) -> bool:
    return name_or_uuid in (record["name"], record["domain"], record["uuid"])


def _parts(connection: Any, uuid: str, volume: Dict[str, Any]) -> List[Tuple[str, str]]:
    """Its parts as (pool, name), the record of a volume of ours first. None where another domain has it meanwhile."""
    pool, files, name = volume["pool"], volume.get("file_pool"), volume.get("recorded_as")
    helper = [(files, copier_name("%s/%s" % (pool, volume["name"])))] if files else []
    if not name:
        plain = [(pool, plain_name(volume["name"]))] if volume.get("encryption") else []
        return [*helper, *plain, (pool, volume["name"])]
    if any(use["uuid"] != uuid for use in uses_of(list_uses(connection), volume, key="name")):
        return []
    if not files:
        return [(pool, volume_record_name(name)), (pool, volume["name"])]
    return [*helper, (files, record_elsewhere(name, pool)), (pool, volume["name"])]


def remove_volumes(connection: Any, uuid: str, volumes: List[Dict[str, Any]]) -> None:
    """Deletes these volumes ({pool, name}), older parts of the console log, then their secrets, the record at the very end.
    What else was made for the server goes first: its mediated devices."""
    remove_mdevs(connection, uuid)
    by_pool: Dict[str, List[str]] = {}
    secrets = [tpm_secret_id(uuid)]
    for volume in volumes:
        parts = _parts(connection, uuid, volume)
        for pool_name, name in parts:
            by_pool.setdefault(pool_name, []).append(name)
        if parts and volume.get("encryption"):
            secrets.append(volume["encryption"]["secret"])
    for pool_name, names in sorted(by_pool.items()):
        pool = open_pool(connection, pool_name)
        # virtlogd's older parts of a console log are known to the pool only after a refresh.
        refresh(pool)
        rotated = [n for n in volume_names(pool) if n.startswith("%s_console.log." % uuid)]
        for name in names + rotated:
            delete_volume(pool, name)
    for secret in secrets:
        undefine_secret(connection, secret)
    delete_ended_record(connection, uuid, sorted(by_pool))
