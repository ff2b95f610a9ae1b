# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers for the parts that only our own options have, in every spelling that openstack.cloud.server takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .problems import Problems, join_path
from .request_table import Property, Table, leaf
from .request_values import REFERENCE, read_metadata
from .request_wish import Nic, Nics
from .types import IP_ADDRESS, IPV4, IPV6, NAME, TAG, ValueType, shown, text


def _read_network(value: object) -> str | None:
    """A name or an id; a name that no catalogue lists is handed to libvirt, so it must be one."""
    reference = REFERENCE.read(value)
    return None if reference is None else NAME.read(reference)


_REF = leaf(ValueType(_read_network, NAME.allowed, "the name or id of a network"), "REQ-05")
NIC = Table(
    "REQ-04",
    Property(
        "net-id", "REQ-05", _REF, target="network", null=True, aliases=("net-name", "uuid", "network", "net_id", "net_name")
    ),
    Property(
        "port-id", "REQ-06", leaf(REFERENCE, "REQ-06"), target="port", null=True, aliases=("port-name", "port", "port_id")
    ),
    Property("fixed_ip", "REQ-07", leaf(IP_ADDRESS, "REQ-07"), null=True),
    Property("v4-fixed-ip", "REQ-07", leaf(IPV4, "REQ-07"), target="v4", null=True, aliases=("v4_fixed_ip",)),
    Property("v6-fixed-ip", "REQ-07", leaf(IPV6, "REQ-07"), target="v6", null=True, aliases=("v6_fixed_ip",)),
    Property("tag", "REQ-08", leaf(TAG, "REQ-08"), null=True),
)


def read_nics(value: object, path: str, problems: Problems) -> Nics:
    """``nics`` and ``network``: a list of objects or of texts like ``net-name=internal``, one such text, or ``auto``/``none``.

    A text without ``=`` names a network; several parts of one text are split at commas, a repeated key begins the next NIC.
    """
    if value in ("auto", "none"):
        return "auto" if value == "auto" else "none"
    if isinstance(value, (str, Mapping)):
        entries: list[tuple[str, object]] = [(path, value)]
    elif isinstance(value, (list, tuple)):
        entries = [(join_path(path, index), entry) for index, entry in enumerate(value)]
    else:
        allowed = {"type": ["array", "string"], "words": ["auto", "none"]}
        problems.add(
            "ValidationError", "REQ-04", path, shown(value), allowed, f"{path} must be a list of networks, auto or none"
        )
        return None
    nics = []
    for where, entry in entries:
        if isinstance(entry, str):
            nics += _text_nics(entry, where, problems)
        elif (nic := _nic(entry, where, problems)) is not None:
            nics.append(nic)
    return nics


def _text_nics(text: str, path: str, problems: Problems) -> list[Nic]:
    """Everything that is said about them stands at the path of the text: it has no keys that a path could name."""
    found = Problems()
    nics = [nic for part in _split(text, path, found) if (nic := _nic(part, path, found)) is not None]
    for problem in found:
        message = problem.message.replace(problem.field, path, 1)
        problems.add(problem.code, problem.rule, path, problem.given, problem.allowed, message)
    for nic in nics:
        nic.at = dict.fromkeys(nic.at, path)
    return nics


def _split(entry: str, path: str, problems: Problems) -> Iterator[dict[str, str]]:
    if entry in ("auto", "none"):
        message = f"{path}: {entry} must stand alone, not among other networks"
        problems.add("ValidationError", "REQ-04", path, entry, "a network", message)
        return
    nic: dict[str, str] = {}
    for part in entry.split(","):
        key, equals, value = part.partition("=")
        if not equals:
            key, value = "net-name", part
        key = key.strip()
        if nic and (key in nic or key in _STARTS):
            yield nic
            nic = {}
        nic[key] = value.strip()
    yield nic


_STARTS = ("net-id", "net-name", "port-id", "port-name")


def _nic(entry: object, path: str, problems: Problems) -> Nic | None:
    if not isinstance(entry, Mapping):
        problems.add("ValidationError", "REQ-04", path, shown(entry), {"type": "object"}, f"{path} must be an object or a text")
        return None
    found = NIC.read(entry, path, problems)
    values = found.values
    if any(name in found.at and name not in values for name in ("network", "port")):
        return None
    addresses = [name for name in ("fixed_ip", "v4", "v6") if name in values]
    if len(addresses) > 1:
        where = found.at[addresses[1]]
        message = f"{where}: a NIC takes one fixed IP in a request"
        problems.add("ValidationError", "CLI-29", where, values[addresses[1]], "one address", message)
    at: dict[str, str] = {key: found.at[key] for key in ("network", "port", "tag") if key in found.at}
    if addresses:
        at["fixed_ip"] = found.at[addresses[0]]
    address = values[addresses[0]] if addresses else None
    return Nic(path, at, values.get("network"), values.get("port"), address, values.get("tag"))


def read_option_metadata(value: object, path: str, problems: Problems) -> dict[str, str] | None:
    """An object, or text such as ``hostname=test1,group=uge_master``."""
    if isinstance(value, str):
        pairs = [part.partition("=") for part in value.split(",") if part.strip()]
        wrong = [key for key, equals, _item in pairs if not equals]
        if wrong:
            message = f"{path} must be an object, or text of the form key=value,key=value"
            problems.add("ValidationError", "REQ-09", path, shown(value), "key=value,key=value", message)
            return None
        value = {key.strip(): item.strip() for key, _equals, item in pairs}
    return read_metadata(value, path, problems)


def read_names(rule: str) -> Any:
    """A list of names (or of ``{name: ...}`` objects), or text with commas; without repeats."""

    def read(value: object, path: str, problems: Problems) -> list[str] | None:
        entries = [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        if not isinstance(entries, (list, tuple)):
            problems.add("ValidationError", rule, path, shown(value), {"type": "array"}, f"{path} must be a list of names")
            return None
        found = []
        for index, entry in enumerate(entries):
            plain = entry["name"] if isinstance(entry, Mapping) and set(entry) == {"name"} else entry
            name = NAME.check(plain, problems, join_path(path, index), rule)
            if name is not None:
                found.append(name)
        return list(dict.fromkeys(found))

    return read


ANY_TEXT = text()
