# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps QEMU from the files of a pool: found before anything is made, each with its path, its user and its remedy.

Modules have libvirt's socket and nothing else. It tells the user of QEMU and its security models (capabilities), owner and
mode of a pool's folder, and those of the folders above it by a pool that lasts only as long as the look. It tells nothing of
access lists, nor of further groups of that user: a folder that its group may search counts as open until QEMU says otherwise
(``denial.py``)."""

from __future__ import annotations

import posixpath
import pwd
import shlex
import socket
from typing import Any, Dict, Iterable, List, Optional
from xml.etree import ElementTree

from .._errors import HypervisorError
from .._pool_kinds import has_files
from .errors import translate_errors
from .folder import folder_permissions, read_permissions
from .storage import open_pool, refresh

Fault = Dict[str, str]

# Folders that distributions ship open to all, and where file systems are mounted: a look makes libvirt open what is in them.
_SHIPPED_OPEN = frozenset(
    ["/", "/home", "/media", "/mnt", "/opt", "/run", "/srv", "/tmp", "/usr", "/var", "/var/lib", "/var/lib/libvirt", "/var/tmp"]  # noqa: S108
)

# What libvirt's AppArmor helper lets no disk be in (virt-aa-helper.c, valid_path).
_APPARMOR_FORBIDS = (
    "/bin/", "/boot/", "/etc/", "/lib", "/lost+found/", "/proc/", "/sbin/", "/selinux/", "/sys/", "/usr/bin/", "/usr/lib",
    "/usr/local/bin/", "/usr/local/etc/", "/usr/local/lib", "/usr/local/sbin/", "/usr/sbin/", "/usr/share/",
)  # fmt: skip


def read_qemu_process(capabilities: ElementTree.Element) -> Dict[str, Any]:
    """{uid, gid, security_models} of the QEMU processes of a host. Both ids are None where libvirt does not change users."""
    found: Dict[str, Any] = {"uid": None, "gid": None, "security_models": []}
    for model in capabilities.findall("host/secmodel"):
        name = model.findtext("model") or "none"
        if name != "none":
            found["security_models"].append(name)
        label = model.findtext("baselabel") or ""
        uid, _colon, gid = label.replace("+", "").partition(":")
        if name == "dac" and uid.isdigit() and gid.isdigit():
            found.update(uid=int(uid), gid=int(gid))
    return found


def user_name(connection: Any, process: Dict[str, Any]) -> str:
    """The user of QEMU in words; by name only where this code runs on the host itself."""
    name = ""
    with translate_errors("read the host's name"):
        here = connection.getHostname() == socket.gethostname()
    if here and process["uid"] is not None:
        name = next((entry.pw_name + ", " for entry in pwd.getpwall() if entry.pw_uid == process["uid"]), "")
    return "QEMU's user (%suid %s, gid %s)" % (name, process["uid"], process["gid"])


def may_search(permissions: Dict[str, int], process: Dict[str, Any]) -> Optional[bool]:
    """Whether QEMU's user gets through a folder; None where only its group does, which may be that user by an access list."""
    mode, uid = permissions["mode"], process["uid"]
    if not uid:  # root, or libvirt does not change users
        return True
    if permissions["owner"] == uid:
        return bool(mode & 0o100)
    if permissions["group"] == process["gid"]:
        return bool(mode & 0o010)
    return True if mode & 0o001 else (None if mode & 0o010 else False)


def closed_folder(path: str, permissions: Dict[str, int], process: Dict[str, Any], user: str) -> Fault:
    """The fault of a folder that is not searched, and the bit that opens it."""
    who = "u" if permissions["owner"] == process["uid"] else "g" if permissions["group"] == process["gid"] else "o"
    reason = "%s cannot search the folder %s, which has mode %04o and belongs to uid %d, gid %d" % (
        user, path, permissions["mode"], permissions["owner"], permissions["group"],
    )  # fmt: skip
    return {"path": path, "user": user, "reason": reason, "command": "chmod %s+x %s" % (who, shlex.quote(path))}


def sentence(fault: Fault) -> str:
    return "%s. Run on %s: %s" % (fault["reason"], fault.get("where", "the host"), fault["command"])


def folders_above(path: str) -> List[str]:
    """The folders on the way to a path, the first one first, without those that are open everywhere."""
    found: List[str] = []
    while path != posixpath.dirname(path):
        path = posixpath.dirname(path)
        found.insert(0, path)
    return [folder for folder in found if folder not in _SHIPPED_OPEN]


def add_faults(connection: Any, facts: Dict[str, Any], domains: Iterable[Any]) -> None:
    """Adds ``faults`` to the active pools of files that have any. What a running guest's QEMU reads is open: its pool is not
    looked at. ``domains`` are those of ``read_domains``."""
    process = facts["qemu_process"]
    used = {path for known in domains if known.active for path in _paths(known.tree)}
    pools = {entry["path"]: entry for entry in facts["pools"] if entry["active"] and has_files(entry)}
    for path, entry in pools.items():
        if not any(name.startswith(path.rstrip("/") + "/") for name in used):
            faults = _faults(connection, entry, pools, process)
            if faults:
                entry["faults"] = faults


def _paths(domain: ElementTree.Element) -> List[str]:
    return [source.get("file") or "" for source in domain.findall("devices/disk/source")]


def _faults(connection: Any, entry: Dict[str, Any], pools: Dict[str, Any], process: Dict[str, Any]) -> List[Fault]:
    path, found = entry["path"], []
    if "apparmor" in process["security_models"] and (path + "/").startswith(_APPARMOR_FORBIDS):
        reason = "AppArmor's profile of guests, as libvirt makes it, never has a disk below %s" % path
        move = "virsh pool-destroy %s, and make it anew below /var/lib/libvirt" % shlex.quote(entry["name"])
        found.append({"path": path, "user": user_name(connection, process), "reason": reason, "command": move})
    if not process["uid"]:
        return found
    for folder in (*folders_above(path), path):
        known = pools.get(folder)
        permissions = _of_pool(connection, known, process) if known else folder_permissions(connection, folder)
        if permissions is not None and may_search(permissions, process) is False:
            found.append(closed_folder(folder, permissions, process, user_name(connection, process)))
    return found


def _of_pool(connection: Any, entry: Dict[str, Any], process: Dict[str, Any]) -> Optional[Dict[str, int]]:
    """libvirt knows them as of its last look at the pool: where they are a fault, it looks again."""
    try:
        pool = open_pool(connection, entry["name"])
        permissions = _read(pool)
        if permissions is not None and may_search(permissions, process) is False:
            refresh(pool)
            permissions = _read(pool)
        return permissions
    except HypervisorError:
        return None  # stopped meanwhile


def _read(pool: Any) -> Optional[Dict[str, int]]:
    with translate_errors("read the storage pool %s" % pool.name()):
        return read_permissions(ElementTree.fromstring(pool.XMLDesc(0)))
