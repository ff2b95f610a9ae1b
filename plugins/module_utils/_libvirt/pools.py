# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pools of a host are, and which of them holds the files that another one cannot."""

from __future__ import annotations

from typing import Any, Dict, List, Optional
from xml.etree import ElementTree

from .._errors import HypervisorError
from .._pool_kinds import DEFAULT_POOL, has_files
from .errors import translate_errors, unless_gone
from .storage import list_pools, open_pool

_SECRETS = {"secret_uuid": "uuid", "secret_usage": "usage"}


def list_pool_facts(connection: Any) -> List[Dict[str, Any]]:
    """See the documentation of the module hypervisor_info for the shape."""
    found = [unless_gone(pool_facts, pool) for pool in list_pools(connection)]
    return sorted((entry for entry in found if entry), key=lambda entry: str(entry["name"]))


def pool_facts(pool: Any) -> Dict[str, Any]:
    with translate_errors("read the storage pool %s" % pool.name()):
        tree = ElementTree.fromstring(pool.XMLDesc(0))
        _state, capacity, allocation, available = pool.info()
        found = {
            "name": pool.name(),
            "type": tree.get("type"),
            "active": bool(pool.isActive()),
            "autostart": bool(pool.autostart()),
            "path": tree.findtext("target/path"),
            "capacity": capacity,
            "allocation": allocation,
            "available": available,
        }
    source = _source(tree.find("source"))
    return dict(found, source=source) if source else found


def _source(element: Optional[ElementTree.Element]) -> Dict[str, Any]:
    """Where a pool comes from; empty for a folder. Of a secret only what it is called, never its value."""
    if element is None:
        return {}
    found: Dict[str, Any] = {
        "name": element.findtext("name"),
        "hosts": [{"name": host.get("name"), "port": host.get("port")} for host in element.findall("host")],
        "device": next((device.get("path") for device in element.findall("device")), None),
        "initiator": next((iqn.get("name") for iqn in element.findall("initiator/iqn")), None),
        "auth": None,
    }
    auth = element.find("auth")
    if auth is not None:
        secret = auth.find("secret")
        found["auth"] = {"type": auth.get("type"), "username": auth.get("username")}
        found["auth"].update({key: None if secret is None else secret.get(name) for key, name in _SECRETS.items()})
    return found if any(found.values()) else {}


def files_of(connection: Any, pool_name: str, wanted: Optional[str]) -> str:
    """The name of the pool of files beside a pool: itself, where it has files, else ``wanted``, else `default`."""
    if has_files(pool_facts(open_pool(connection, pool_name))):
        return pool_name
    name = wanted or DEFAULT_POOL
    facts = pool_facts(open_pool(connection, name))
    if not has_files(facts):
        raise HypervisorError(
            "the pool %s is of the type %s and cannot hold files, which the pool %s needs beside it: give file_pool"
            % (name, facts["type"], pool_name),
            action="find a pool of files",
        )
    return name
