# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of openstack.cloud.server that mean nothing to a libvirt host: refused by name, or listed as without effect."""

from __future__ import annotations

from collections.abc import Mapping

from .problems import NoEffect, Problems, join_path
from .types import strict_bool

_NO_CLOUD = "there is no cloud to log in to; the option uri says which libvirt to talk to"
_CLOUD = (
    "api_timeout",
    "auth",
    "auth_type",
    "ca_cert",
    "cacert",
    "cert",
    "client_cert",
    "client_key",
    "cloud",
    "endpoint_type",
    "interface",
    "key",
    "region_name",
    "sdk_log_level",
    "sdk_log_path",
    "validate_certs",
    "verify",
)
_FLOATING = "a floating IP is never part of a boot request; module floating_ip maps one to the server afterwards"
_FLOATING_WISHES = ("floating_ips", "floating_ip_pools", "auto_ip", "auto_floating_ip", "public_ip")
_FLOATING_MANNERS = ("reuse_ips", "delete_ips", "delete_fip")

UNSUPPORTED = frozenset((*_CLOUD, *_FLOATING_WISHES, *_FLOATING_MANNERS))


def take_unsupported(request: Mapping[str, object], path: str, problems: Problems) -> tuple[dict[str, object], list[NoEffect]]:
    """The request without these options, after saying what became of each of them; null is not given."""
    rest: dict[str, object] = {}
    without: list[NoEffect] = []
    for key, value in request.items():
        if key not in UNSUPPORTED:
            rest[key] = value
        elif value is not None:
            _take(key, value, join_path(path, key), problems, without)
    return rest, without


def _take(key: str, value: object, where: str, problems: Problems, without: list[NoEffect]) -> None:
    if key in _CLOUD:
        problems.add("Unsupported", "REQ", where, "(hidden)", None, f"{where} is not an option here: {_NO_CLOUD}")
    elif key in _FLOATING_MANNERS:
        without.append(NoEffect(field=where, reason="it concerns floating IPs only, and a boot request has none here"))
    elif value == [] or (not isinstance(value, (list, tuple)) and strict_bool(value) is False):
        without.append(NoEffect(field=where, reason="no floating IP is ever added to a server at boot"))
    else:
        problems.add("Unsupported", "NET-33", where, "(hidden)", [False], f"{where} is not an option here: {_FLOATING}")
