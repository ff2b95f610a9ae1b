# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What QEMU, or libvirt for it, was refused: the words of the error made into what is wrong, for whom, and what mends it.

Before a start only some faults can be seen (``access.py``). The others are told by errors, in words alone: libvirt's own look
at a disk as QEMU's user, QEMU's attempt to open it, and what making a volume runs into."""

from __future__ import annotations

import posixpath
import re
import shlex
from contextlib import contextmanager, suppress
from typing import Any, Dict, Iterator, List, Optional, Tuple
from xml.etree import ElementTree

from .._errors import HypervisorError
from .access import Fault, closed_folder, folders_above, may_search, read_qemu_process, sentence, user_name
from .errors import translate_errors
from .folder import folder_permissions, read_permissions
from .storage import list_pools, refresh

# libvirt, as QEMU's user, asks only whether the file is there: what keeps it away is a folder.
_UNSEEN = re.compile(r"Cannot access (?:storage|backing) file '([^']+)'.*: Permission denied")
_UNOPENED = re.compile(r"Could not open '([^']+)': Permission denied")
_READ_ONLY = re.compile(r"'([^']+)': Read-only file system")
# Making a file and giving it to its owner, which libvirt does as root: nothing but a file server says no to that.
_REFUSED_TO_ROOT = re.compile(
    r"(?:[Cc]ould not create|[Ff]ailed to create|cannot (?:create|chown|unlink|set))[^']*'(/[^']+)'.*"
    r": (?:Operation not permitted|Permission denied)"
)

_RELABEL = (
    "sed -i 's/^#*dynamic_ownership.*/dynamic_ownership = 1/' /etc/libvirt/qemu.conf && "
    "systemctl try-restart libvirtd virtqemud"
)
_FILE_SERVER = "its file server, once no_root_squash stands in the line of that share in /etc/exports"


@contextmanager
def explained(connection: Any) -> Iterator[None]:
    """Errors of what is done inside say what was refused to whom, where that is the reason."""
    try:
        yield
    except HypervisorError as exc:
        explain(connection, exc)
        raise


def explain(connection: Any, exc: HypervisorError) -> None:
    """Adds the fault to an error that has none yet. What was made must still be there."""
    if exc.fault or exc.symbol is None:
        return
    with suppress(HypervisorError):  # the error that there was is the one to tell
        fault = _fault(connection, exc.message)
        if fault:
            exc.fault = fault
            exc.message += ". " + sentence(fault)[:1].upper() + sentence(fault)[1:]


def _fault(connection: Any, message: str) -> Optional[Fault]:
    readings = ((_READ_ONLY, _read_only), (_UNSEEN, _unseen), (_UNOPENED, _unopened), (_REFUSED_TO_ROOT, _squashed))
    for pattern, reading in readings:
        match = pattern.search(message)
        if match:
            return reading(connection, match.group(1))
    return None


def _process(connection: Any) -> Tuple[Dict[str, Any], str]:
    with translate_errors("read the capabilities of the host"):
        process = read_qemu_process(ElementTree.fromstring(connection.getCapabilities()))
    return process, user_name(connection, process)


def _read_only(_connection: Any, path: str) -> Fault:
    folder = posixpath.dirname(path)
    reason = "the file system of %s is mounted read-only, so libvirt (as root) can make and change nothing there" % folder
    command = 'mount -o remount,rw "$(findmnt -no TARGET --target %s)"' % shlex.quote(folder)
    return {"path": folder, "user": "root", "reason": reason, "command": command}


def _squashed(_connection: Any, path: str) -> Fault:
    folder = posixpath.dirname(path)
    reason = "root itself, as which libvirt makes files, is refused in %s, as a share does that squashes root" % folder
    return {"path": folder, "user": "root", "reason": reason, "command": "exportfs -ra", "where": _FILE_SERVER}


def _unseen(connection: Any, path: str) -> Optional[Fault]:
    process, user = _process(connection)
    sure, unsure = _closed(connection, path, process, user)
    return next(iter(sure + unsure), None) or _confined(path, process, user) or _elsewhere(path, user)


def _unopened(connection: Any, path: str) -> Fault:
    process, user = _process(connection)
    sure, unsure = _closed(connection, path, process, user)
    if sure:
        return sure[0]
    return _confined(path, process, user) or next(iter(unsure), None) or _foreign(connection, path, user)


def _closed(connection: Any, path: str, process: Dict[str, Any], user: str) -> Tuple[List[Fault], List[Fault]]:
    """Folders on the way that QEMU's user cannot search, and those that it perhaps cannot."""
    found: Dict[Optional[bool], List[Fault]] = {False: [], None: [], True: []}
    for folder in folders_above(path):
        permissions = _permissions(connection, folder)
        if permissions is not None:
            found[may_search(permissions, process)].append(closed_folder(folder, permissions, process, user))
    return found[False], found[None]


def _permissions(connection: Any, folder: str) -> Optional[Dict[str, int]]:
    """By the pool over that folder, or by one that is made for the look."""
    for pool in list_pools(connection, active=True):
        with translate_errors("read the storage pool %s" % pool.name()):
            found = ElementTree.fromstring(pool.XMLDesc(0)).findtext("target/path") == folder
        if found:
            refresh(pool)
            with translate_errors("read the storage pool %s" % pool.name()):
                return read_permissions(ElementTree.fromstring(pool.XMLDesc(0)))
    return folder_permissions(connection, folder)


def _elsewhere(path: str, user: str) -> Fault:
    """None of the folders that the path names: one behind a symbolic link, which libvirt's storage does not tell of."""
    folder = posixpath.dirname(path)
    reason = "%s cannot search one of the folders on the way to %s, which leads through a symbolic link" % (user, folder)
    command = 'd=$(readlink -f %s); while [ -n "$d" ]; do chmod o+x "$d"; d=${d%%/*}; done' % shlex.quote(folder)
    return {"path": folder, "user": user, "reason": reason, "command": command}


def _confined(path: str, process: Dict[str, Any], user: str) -> Optional[Fault]:
    """What else than owner and mode confines QEMU on this host."""
    folder = posixpath.dirname(path)
    if "apparmor" in process["security_models"]:
        # AppArmor sees a path without its symbolic links.
        real = '\\"$(readlink -f %s)/**\\"' % shlex.quote(folder)
        rule = 'echo "%s rwk," >> /etc/apparmor.d/local/abstractions/libvirt-qemu' % real
        reason = "owner and mode leave %s open to %s, and AppArmor's profile of the guest does not" % (path, user)
        return {"path": path, "user": user, "reason": reason, "command": rule}
    if "selinux" in process["security_models"]:
        command = "semanage fcontext -a -t virt_image_t '%s(/.*)?' && restorecon -R %s" % (folder, shlex.quote(folder))
        reason = "owner and mode leave %s open to %s, and SELinux does not (an NFS share needs virt_use_nfs)" % (path, user)
        return {"path": path, "user": user, "reason": reason, "command": command}
    return None


def _foreign(connection: Any, path: str, user: str) -> Fault:
    """A file that libvirt did not give to QEMU's user: it may not, or it is told not to."""
    found: Optional[Dict[str, int]] = None
    with suppress(HypervisorError), translate_errors("look up the file %s" % path):
        found = read_permissions(ElementTree.fromstring(connection.storageVolLookupByPath(path).XMLDesc(0)))
    if found and found["owner"]:
        return dict(_squashed(connection, path), user=user)
    whose = " of uid %(owner)d, gid %(group)d with mode %(mode)04o" % found if found else ""
    reason = "%s may not open the file %s%s, and libvirt does not give it away (dynamic_ownership)" % (
        user,
        path,
        whose,
    )
    return {"path": path, "user": user, "reason": reason, "command": _RELABEL}
