# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copying a disk to where libvirt's storage API cannot write: a domain that never runs has it, and QEMU copies it.

The domain is transient, paused from its start on, and ends with the connection that started it: nothing of it outlives a killed
run. Its name is the claim: libvirt starts no second domain of that name."""

from __future__ import annotations

import hashlib
import time
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, Optional
from xml.etree import ElementTree

from .._errors import HypervisorError
from .binding import libvirt
from .disk_xml import disk_element
from .domain import destroy, find_domain
from .errors import is_error, translate_errors

PREFIX = "kilonova-copy-"
_DEVICE = "vda"
_POLL_S = 0.1
# How long a copy may stand still: storage that is away answers nothing.
_STALL_S = 300.0
# Between two steps a copier has no job for a moment; one that has none for so long lost its run with libvirt's daemon.
_IDLE_LOOKS = 20

Disk = Dict[str, Any]


def copier_name(target: str) -> str:
    """The name of the domain that fills a target ("pool/volume"), and of a file that it needs for it."""
    return PREFIX + hashlib.sha256(target.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@contextmanager
def copier(connection: Any, target: str, source: Disk, source_format: str) -> Iterator[Any]:
    """A domain that has ``source`` as its only disk, until the end of the block. VIR_ERR_STORAGE_VOL_EXIST where another run
    fills that target."""
    name = copier_name(target)
    try:
        domain = _start(connection, name, source, source_format)
    except HypervisorError as exc:
        if not is_error(exc, "VIR_ERR_OPERATION_FAILED") or find_domain(connection, name) is None:
            raise
        raise HypervisorError(
            "another run is filling %s (domain %s)" % (target, name),
            action="fill %s" % target,
            symbol="VIR_ERR_STORAGE_VOL_EXIST",
        ) from exc
    try:
        yield domain
    finally:
        destroy(domain)


def _start(connection: Any, name: str, source: Disk, source_format: str) -> Any:
    root = ElementTree.Element("domain", type="qemu")
    ElementTree.SubElement(root, "name").text = name
    ElementTree.SubElement(root, "memory", unit="MiB").text = "16"
    ElementTree.SubElement(ElementTree.SubElement(root, "os"), "type").text = "hvm"
    devices = ElementTree.SubElement(root, "devices")
    disk = disk_element(source, source_format)
    ElementTree.SubElement(disk, "target", dev=_DEVICE, bus="virtio")
    ElementTree.SubElement(disk, "readonly")
    devices.append(disk)
    ElementTree.SubElement(devices, "controller", type="usb", model="none")
    ElementTree.SubElement(devices, "memballoon", model="none")
    flags = libvirt.VIR_DOMAIN_START_PAUSED | libvirt.VIR_DOMAIN_START_AUTODESTROY
    with translate_errors("start the domain %s" % name, name):
        return connection.createXML(ElementTree.tostring(root, encoding="unicode"), flags)


def disk_size(connection: Any, target: str, disk: Disk) -> int:
    """Bytes of a disk that is the target of a copy to come, as QEMU finds it."""
    with copier(connection, target, disk, "raw") as domain, translate_errors("read the size of %s" % target, domain.name()):
        return int(domain.blockInfo(_DEVICE)[0])


def copy_disk(domain: Any, target: Disk, name: str, on_copy: Callable[[int, int], None]) -> None:
    """Copies the copier's disk to a raw disk that is there and has the same size. ``name`` is for errors, ``on_copy`` is told
    bytes done and bytes in all."""
    xml = ElementTree.tostring(disk_element(target, "raw"), encoding="unicode")
    flags = libvirt.VIR_DOMAIN_BLOCK_COPY_REUSE_EXT | libvirt.VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB
    with translate_errors("copy to %s" % name, domain.name()):
        domain.blockCopy(_DEVICE, xml, {}, flags)
    _await(domain, name, on_copy)
    with translate_errors("finish the copy to %s" % name, domain.name()):
        domain.blockJobAbort(_DEVICE, 0)  # of a copy that is ready: it ends, and is whole


def _await(domain: Any, name: str, on_copy: Callable[[int, int], None], clock: Callable[[], float] = time.monotonic) -> None:
    seen, since = -1, clock()
    while True:
        job = _job(domain)
        if job is None:
            raise _broken(name, "broke off. Is there room?")
        if job["cur"] == job["end"] and _is_ready(domain):
            return
        if job["cur"] != seen:
            seen, since = job["cur"], clock()
            on_copy(seen, job["end"])
        elif clock() - since > _STALL_S:
            raise _broken(name, "stood still for %g s at %d of %d bytes" % (_STALL_S, seen, job["end"]))
        time.sleep(_POLL_S)


def _broken(name: str, what: str) -> HypervisorError:
    return HypervisorError("the copy to %s %s" % (name, what), action="copy to %s" % name)


def _job(domain: Any) -> Optional[Dict[str, int]]:
    with translate_errors("watch the copy of %s" % domain.name(), domain.name()):
        found: Dict[str, int] = domain.blockJobInfo(_DEVICE, 0)
    return found or None


def _is_ready(domain: Any) -> bool:
    with translate_errors("watch the copy of %s" % domain.name(), domain.name()):
        tree = ElementTree.fromstring(domain.XMLDesc(0))
    return tree.find("devices/disk/mirror[@ready='yes']") is not None


def refuse_copying(connection: Any, target: str) -> None:
    """Raises VIR_ERR_OPERATION_INVALID while somebody fills that target; a copier that nobody drives any more is removed."""
    for _look in range(_IDLE_LOOKS):
        domain = find_domain(connection, copier_name(target))
        if domain is None:
            return
        if _works(domain):
            raise HypervisorError("%s is being filled" % target, action="fill %s" % target, symbol="VIR_ERR_OPERATION_INVALID")
        time.sleep(0.5)
    domain = find_domain(connection, copier_name(target))
    if domain is not None:
        destroy(domain)


def _works(domain: Any) -> bool:
    try:
        job = _job(domain)
    except HypervisorError:
        return False  # gone meanwhile
    return job is not None and job["cur"] < job["end"]
