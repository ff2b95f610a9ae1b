# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One domain: look-up, state, definition, start and end. One libvirt call each; the sequence is elsewhere."""

from __future__ import annotations

import time
from typing import Any, Callable, Dict, Optional, Tuple

from .._errors import HypervisorError
from .binding import libvirt
from .errors import is_error, translate_errors

KILONOVA_NS = "urn:kilonova:compute:1"

# How often something else may happen to a domain just then.
_ATTEMPTS = 4
_ENDED = ("VIR_ERR_OPERATION_INVALID", "VIR_ERR_OPERATION_FAILED", "VIR_ERR_INTERNAL_ERROR", "VIR_ERR_NO_DOMAIN")
_DYING = (0.0, 0.1, 0.2, 0.4, 0.8)

# libvirt state -> Nova's power state (rules STA-06): a blocked domain runs, a domain that shuts down still counts as shut down.
_POWER_STATES = {
    "VIR_DOMAIN_NOSTATE": "pending",
    "VIR_DOMAIN_RUNNING": "running",
    "VIR_DOMAIN_BLOCKED": "running",
    "VIR_DOMAIN_PAUSED": "paused",
    "VIR_DOMAIN_SHUTDOWN": "shutdown",
    "VIR_DOMAIN_SHUTOFF": "shutdown",
    "VIR_DOMAIN_CRASHED": "crashed",
    "VIR_DOMAIN_PMSUSPENDED": "suspended",
}


def power_state_name(state: int) -> str:
    """Nova's word for a libvirt state number."""
    for name, power_state in _POWER_STATES.items():
        if getattr(libvirt, name) == state:
            return power_state
    return "pending"


def find_domain(connection: Any, name_or_uuid: str) -> Optional[Any]:
    """The domain of that name, else of that uuid, else None. VIR_ERR_NO_DOMAIN is the one code that is read as an answer."""
    for lookup in (connection.lookupByName, connection.lookupByUUIDString):
        try:
            with translate_errors("look up the domain %s" % name_or_uuid, name_or_uuid):
                return lookup(name_or_uuid)
        except HypervisorError as exc:
            # a name is no uuid: libvirt calls that an invalid argument
            if not is_error(exc, "VIR_ERR_NO_DOMAIN", "VIR_ERR_INVALID_ARG"):
                raise
    return None


def power_state(domain: Any) -> str:
    """running, paused, shutdown, crashed, suspended or pending."""
    with translate_errors("read the state of %s" % domain.name(), domain.name()):
        state, _reason = domain.state()
    return power_state_name(state)


def define(connection: Any, xml: str, name: str) -> Any:
    """Defines with validation against libvirt's own schema. A second domain of that name is refused by libvirt: the claim."""
    with translate_errors("define the domain %s" % name, name):
        return connection.defineXMLFlags(xml, libvirt.VIR_DOMAIN_DEFINE_VALIDATE)


def start(domain: Any, *, paused: bool = False) -> None:
    flags = libvirt.VIR_DOMAIN_START_PAUSED if paused else 0
    try:
        with translate_errors("start the domain %s" % domain.name(), domain.name()):
            domain.createWithFlags(flags)
    except HypervisorError:
        # A run beside us was quicker: the domain is started once.
        if not is_active(domain):
            raise


def start_transient(connection: Any, xml: str, name: str, *, paused: bool = False) -> Any:
    """createXML: the domain runs from this XML and is not kept once its persistent definition is gone."""
    flags = libvirt.VIR_DOMAIN_START_VALIDATE
    if paused:
        flags |= libvirt.VIR_DOMAIN_START_PAUSED
    try:
        with translate_errors("start the transient domain %s" % name, name):
            return connection.createXML(xml, flags)
    except HypervisorError as exc:
        running = find_domain(connection, name) if is_error(exc, "VIR_ERR_OPERATION_INVALID") else None
        if running is None or not is_active(running):
            raise
        return running


def undefine(domain: Any) -> None:
    """Removes the definition with everything libvirt keeps for it: NVRAM, managed save, snapshots', checkpoints' metadata."""
    name = domain.name()
    flags = (
        libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
        | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
        | libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
        | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
    )
    try:
        with translate_errors("undefine the domain %s" % name, name):
            domain.undefineFlags(flags)
    except HypervisorError as exc:
        if is_error(exc, "VIR_ERR_OPERATION_INVALID") and not is_persistent(domain):
            return  # a run beside us was quicker
        # The test driver knows none of these flags.
        if not is_error(exc, "VIR_ERR_INVALID_ARG", "VIR_ERR_NO_SUPPORT", "VIR_ERR_ARGUMENT_UNSUPPORTED"):
            raise
        with translate_errors("undefine the domain %s" % name, name):
            domain.undefine()


def destroy(domain: Any) -> None:
    """Takes the power away; a domain that is already off is fine."""
    name = domain.name()
    if not is_active(domain):
        return
    try:
        with translate_errors("power off the domain %s" % name, name):
            domain.destroy()
    except HypervisorError:
        # It may have gone by itself meanwhile; a transient domain that went cannot even be asked.
        if is_active(domain):
            raise


def is_active(domain: Any) -> bool:
    try:
        with translate_errors("read the state of %s" % domain.name(), domain.name()):
            return bool(domain.isActive())
    except HypervisorError as exc:
        if is_error(exc, "VIR_ERR_NO_DOMAIN"):
            return False
        raise


def is_persistent(domain: Any) -> bool:
    with translate_errors("read %s" % domain.name(), domain.name()):
        return bool(domain.isPersistent())


def parts_of(domain: Any) -> int:
    """VIR_DOMAIN_AFFECT_CONFIG where it has a definition, and VIR_DOMAIN_AFFECT_LIVE where it runs (guest ATT-01)."""
    flags = int(libvirt.VIR_DOMAIN_AFFECT_CONFIG) if is_persistent(domain) else 0
    return flags | (int(libvirt.VIR_DOMAIN_AFFECT_LIVE) if is_active(domain) else 0)


def ended_by(domain: Any, exc: HypervisorError) -> bool:
    """Whether a call failed because its guest ended. Where QEMU dies in the middle of it, libvirt tells that before it has
    noted it."""
    if not is_error(exc, *_ENDED):
        return False
    for pause in _DYING:
        time.sleep(pause)
        if not is_active(domain):
            return True
        if is_error(exc, "VIR_ERR_OPERATION_INVALID"):
            return False
    return False


def affect(domain: Any, change: Callable[[int], None]) -> None:
    """Changes its definition, and the running domain, whichever there is: ``change`` gets the flags. A domain may end, be
    started or lose its definition between the look and the change; then ``change`` is called again for what there is now."""
    for _attempt in range(_ATTEMPTS):
        flags = parts_of(domain)
        try:
            change(flags)
        except HypervisorError as exc:
            changed = is_error(exc, "VIR_ERR_OPERATION_INVALID") and parts_of(domain) != flags
            if not changed and not (flags & libvirt.VIR_DOMAIN_AFFECT_LIVE and ended_by(domain, exc)):
                raise
        else:
            if flags & libvirt.VIR_DOMAIN_AFFECT_LIVE or not is_active(domain):
                return
    change(parts_of(domain))


def addresses(domain: Any, networks: Dict[str, Tuple[str, str]]) -> Dict[str, Any]:
    """{network: [{addr, version, mac}]} by DHCP lease. ``networks`` maps MAC -> (network name, ...). Empty when it is off."""
    found: Dict[str, Any] = {}
    try:
        with translate_errors("read the addresses of %s" % domain.name(), domain.name()):
            reply = domain.interfaceAddresses(libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE)
    except HypervisorError:
        # Off, or a driver without leases: no address is the true answer.
        return found
    for interface in reply.values():
        mac = interface.get("hwaddr") or ""
        network = networks.get(mac.lower(), ("", ""))[0]
        for address in interface.get("addrs") or []:
            entry = {"addr": address["addr"], "version": 4 if address["type"] == 0 else 6, "mac": mac}
            found.setdefault(network, []).append(entry)
    return found
