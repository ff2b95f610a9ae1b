# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking a disk away from a running guest: asked again and again, until it has let go (guest DET-01 to DET-07)."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import Any, Iterator, List, Optional
from xml.etree import ElementTree

from .._errors import HypervisorError
from .binding import libvirt
from .domain import ended_by
from .errors import is_error, translate_errors, unless_gone

ATTEMPTS = 8
TIMEOUT_S = 20.0

_GONE = ("VIR_ERR_DEVICE_MISSING", "VIR_ERR_NO_DOMAIN")


class _Removal:
    """What the guest says of one device. The waiter is there before the request, so that no answer is missed."""

    def __init__(self, alias: str) -> None:
        self._alias = alias
        self._answer = threading.Event()
        self.failed = False

    def on_removed(self, _connection: Any, _domain: Any, device: str, _opaque: Any) -> None:
        if device == self._alias:
            self._answer.set()

    def on_failed(self, _connection: Any, _domain: Any, device: str, _opaque: Any) -> None:
        if device == self._alias:
            self.failed = True
            self._answer.set()

    def wait(self, seconds: float) -> None:
        self._answer.wait(seconds)


@contextmanager
def _watched(connection: Any, domain: Any, alias: str) -> Iterator[_Removal]:
    removal = _Removal(alias)
    kinds = (
        (libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, removal.on_removed),
        (libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED, removal.on_failed),
    )
    handles = []
    try:
        for kind, callback in kinds:
            with translate_errors("register for events of %s" % domain.name(), domain.name()):
                handles.append(connection.domainEventRegisterAny(domain, kind, callback, None))
        yield removal
    finally:
        for handle in handles:
            with translate_errors("unregister from events of %s" % domain.name(), domain.name()):
                connection.domainEventDeregisterAny(handle)


def disks_of(domain: Any, *, live: bool) -> List[ElementTree.Element]:
    """Those of the running domain, or of its definition."""
    flags = 0 if live else libvirt.VIR_DOMAIN_XML_INACTIVE
    with translate_errors("read the domain %s" % domain.name(), domain.name()):
        return ElementTree.fromstring(domain.XMLDesc(flags)).findall("devices/disk")


def find_disk(domain: Any, target: str, *, live: bool) -> Optional[ElementTree.Element]:
    """The one of that target name; None where there is none, or no domain any more."""
    disks = unless_gone(lambda: disks_of(domain, live=live)) or []
    return next((disk for disk in disks if _target(disk) == target), None)


def _target(disk: ElementTree.Element) -> Optional[str]:
    element = disk.find("target")
    return None if element is None else element.get("dev")


def detach_live(connection: Any, domain: Any, target: str, *, attempts: int = ATTEMPTS, timeout_s: float = TIMEOUT_S) -> None:
    """Returns when the running guest has no disk of that name any more. HypervisorError where the guest does not let go."""
    for _attempt in range(attempts):
        disk = find_disk(domain, target, live=True)
        if disk is None:
            return
        alias = disk.find("alias")
        name = "" if alias is None else alias.get("name") or ""
        with _watched(connection, domain, name) as removal:
            if ask(domain, disk, target, live=True):
                return
            removal.wait(timeout_s)
        if removal.failed:
            raise _refusal(domain, target, "its guest refuses to give it up")
    if find_disk(domain, target, live=True) is not None:
        raise _refusal(domain, target, "its guest did not give it up in %d times %g s" % (attempts, timeout_s))


def ask(domain: Any, disk: ElementTree.Element, target: str, *, live: bool) -> bool:
    """Takes a disk out of the definition, or asks the running guest for it. True where there is nothing to take away any more:
    another run has, or the guest has ended. A request that is already on its way is waited for."""
    flags = libvirt.VIR_DOMAIN_AFFECT_LIVE if live else libvirt.VIR_DOMAIN_AFFECT_CONFIG
    try:
        with translate_errors("detach %s from %s" % (target, domain.name()), domain.name()):
            domain.detachDeviceFlags(ElementTree.tostring(disk, encoding="unicode"), flags)
    except HypervisorError as exc:
        if is_error(exc, *_GONE) or (is_error(exc, "VIR_ERR_OPERATION_FAILED") and "not found" in exc.message):
            return True
        if not (is_error(exc, "VIR_ERR_INTERNAL_ERROR") and "in the process of unplug" in exc.message):
            if live and ended_by(domain, exc):
                return True
            raise
    return False


def _refusal(domain: Any, target: str, why: str) -> HypervisorError:
    return HypervisorError(
        "the disk %s of %s is busy, %s: it stays attached" % (target, domain.name(), why),
        action="detach %s" % target,
        domain=domain.name(),
    )
