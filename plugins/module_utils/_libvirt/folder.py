# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Folders of a host, looked at through the storage API: a pool over a folder, for as long as it is looked at."""

from __future__ import annotations

import hashlib
import threading
from contextlib import contextmanager
from typing import Any, Dict, Iterator, Optional
from xml.etree import ElementTree

from .._errors import HypervisorError
from .errors import is_error, translate_errors, unless_gone
from .storage import LOOK_PREFIX, refresh

# libvirt allows one pool over a folder.
_ATTEMPTS = 5
_one_at_a_time = threading.Lock()


def read_permissions(pool: ElementTree.Element) -> Optional[Dict[str, int]]:
    """{mode, owner, group} of the folder of a pool or volume, from its XML; None where libvirt does not tell."""
    found = pool.find("target/permissions")
    values = [None if found is None else found.findtext(name) for name in ("mode", "owner", "group")]
    if not all(values):
        return None
    mode, owner, group = values
    return {"mode": int(str(mode), 8), "owner": int(str(owner)), "group": int(str(group))}


@contextmanager
def folder_pool(connection: Any, path: str) -> Iterator[Any]:
    """A transient pool over a folder, which must have no pool of its own. One that a killed run left is taken over."""
    name = LOOK_PREFIX + hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    root = ElementTree.Element("pool", type="dir")
    ElementTree.SubElement(root, "name").text = name
    target = ElementTree.SubElement(root, "target")
    ElementTree.SubElement(target, "path").text = path
    xml = ElementTree.tostring(root, encoding="unicode")
    with _one_at_a_time:
        pool = _open(connection, path, name, xml)
        try:
            yield pool
        finally:
            _close(pool, path)


def _open(connection: Any, path: str, name: str, xml: str) -> Any:
    for _attempt in range(_ATTEMPTS):
        try:
            with translate_errors("look at the folder %s" % path):
                return connection.storagePoolCreateXML(xml, 0)
        except HypervisorError as exc:
            if not is_error(exc, "VIR_ERR_OPERATION_FAILED"):
                raise
        pool = unless_gone(_taken_over, connection, path, name, else_on=("VIR_ERR_OPERATION_INVALID",))
        if pool is not None:
            return pool
    return _taken_over(connection, path, name)


def _taken_over(connection: Any, path: str, name: str) -> Any:
    """Another run that looks at the same folder may close it at any moment."""
    with translate_errors("look at the folder %s" % path):
        pool = connection.storagePoolLookupByName(name)
    refresh(pool)
    return pool


def _close(pool: Any, path: str) -> None:
    try:
        with translate_errors("close the folder %s" % path):
            pool.destroy()
    except HypervisorError as exc:
        # Another run that looked at the same folder has closed it for both.
        if not is_error(exc, "VIR_ERR_NO_STORAGE_POOL", "VIR_ERR_OPERATION_INVALID"):
            raise


def folder_permissions(connection: Any, path: str) -> Optional[Dict[str, int]]:
    """None where it cannot be looked at: another run does at this moment, or it is not there."""
    try:
        with folder_pool(connection, path) as pool, translate_errors("look at the folder %s" % path):
            return read_permissions(ElementTree.fromstring(pool.XMLDesc(0)))
    except HypervisorError:
        return None
