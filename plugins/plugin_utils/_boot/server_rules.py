# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules between the parts of one request; no catalogue is asked here (rules section 3, NET-03..05)."""

from __future__ import annotations

from typing import NamedTuple

from .problems import Problems
from .request_wish import Wish


class Placement(NamedTuple):
    """An availability zone as asked for: ``zone``, ``zone:host``, ``zone:host:node`` or ``zone::node``."""

    zone: str | None
    host: str | None
    node: str | None


def check_rules(wish: Wish, problems: Problems) -> None:
    """Every rule that needs nothing but the request itself."""
    _check_counts(wish, problems)
    _check_nics(wish, problems)
    if wish.image is None and not wish.devices and not wish.source_refused:
        where = wish.where("image")
        message = f"{where}: the request names no image and no block device to boot from"
        problems.add("HTTPBadRequest", "REQ-47", where, None, ["image", "block devices"], message)
    if wish.trusted_certs and wish.image is None:
        where = wish.where("trusted_certs")
        message = f"{where} may stand only with an image, not when booting from a volume"
        problems.add("CertificateValidationFailed", "REQ-65", where, wish.trusted_certs, "image", message)


def _check_counts(wish: Wish, problems: Problems) -> None:
    if wish.min_count > wish.max_count:
        where = wish.where("min_count")
        message = f"{where} is {wish.min_count}, more than the max_count {wish.max_count}"
        problems.add("HTTPBadRequest", "REQ-42", where, wish.min_count, {"max": wish.max_count}, message)
    if wish.max_count > 1 and wish.hostname is not None:
        where = wish.where("hostname")
        message = f"{where} would be the same for {wish.max_count} servers"
        problems.add("AmbiguousHostnameForMultipleInstances", "REQ-48", where, wish.hostname, "max_count 1", message)


def _check_nics(wish: Wish, problems: Problems) -> None:
    if not isinstance(wish.nics, list):
        return
    ports: set[str] = set()
    for nic in wish.nics:
        if nic.port is None and nic.network is None:
            message = f"{nic.path} names neither a network nor a port"
            problems.add("HTTPBadRequest", "NET-05", nic.path, None, ["network", "port"], message)
        where = nic.where("fixed_ip")
        if nic.fixed_ip is not None and nic.port is not None:
            message = f"{where} may not stand next to a port, which has its own addresses"
            problems.add("HTTPBadRequest", "NET-04", where, nic.fixed_ip, None, message)
        elif nic.fixed_ip is not None and wish.max_count > 1:
            message = f"{where} would be the same for {wish.max_count} servers"
            problems.add("InvalidFixedIpAndMaxCountRequest", "REQ-49", where, nic.fixed_ip, "max_count 1", message)
        if nic.port is not None:
            _check_port(nic.port, nic.where("port"), ports, wish, problems)


def _check_port(port: str, where: str, ports: set[str], wish: Wish, problems: Problems) -> None:
    if port in ports:
        problems.add("HTTPBadRequest", "NET-03", where, port, "unique ports", f"{where} is the port of another NIC too")
    ports.add(port)
    if wish.max_count > 1:
        message = f"{where} would be the same for {wish.max_count} servers"
        problems.add("MultiplePortsNotApplicable", "REQ-50", where, port, "max_count 1", message)


def read_placement(wish: Wish, problems: Problems) -> Placement:
    """The parts of the zone (REQ-15, REQ-52, REQ-59), and the host and node fields, which exclude them (REQ-54)."""
    zone, host, node = _parse_zone(wish, problems)
    if host or node:
        for name in ("host", "hypervisor_hostname"):
            if getattr(wish, name) is not None:
                where = wish.where(name)
                message = f"{where} may not stand next to an availability zone that names a host or node"
                problems.add("HTTPBadRequest", "REQ-54", where, getattr(wish, name), None, message)
    return Placement(zone, host, node)


def _parse_zone(wish: Wish, problems: Problems) -> Placement:
    text = wish.availability_zone
    if text is None:
        return Placement(None, None, None)
    parts = text.split(":")
    if len(parts) > 3:
        where = wish.where("availability_zone")
        forms = ["zone", "zone:host", "zone:host:node", "zone::node"]
        message = f"{where} must have one of the forms {', '.join(forms)}"
        problems.add("InvalidInput", "REQ-52", where, text, forms, message)
        return Placement(None, None, None)
    zone, host, node = (*parts, "", "")[:3]
    return Placement(zone or None, host or None, node or None)
