# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The form of the compute API: a ``POST /servers`` body at a microversion (rules REQ-01..29, HNT-01..09)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from .problems import Problems, join_path
from .request_api_devices import device_list
from .request_hints import read_hints
from .request_options import dropped_hints
from .request_table import Found, Property, Reader, Table, leaf, list_of
from .request_values import (
    REFERENCE,
    read_api_security_groups,
    read_certificates,
    read_count,
    read_disk_config,
    read_metadata,
    read_personality,
    read_tags,
)
from .request_wish import Nic, Nics, Wish
from .types import (
    BOOLEAN,
    DESCRIPTION,
    FQDN,
    HOSTNAME,
    IP_ADDRESS,
    IPV4,
    IPV6,
    NAME,
    NAME_TRIMMED,
    TAG,
    UUID,
    shown,
    text,
)
from .user_data import ENCODED, read_user_data

_TEXT = text()


def _flavor_ref(value: object, path: str, problems: Problems) -> str | None:
    """The last path segment of what may be a URL; a query string does not count (REQ-02)."""
    reference = REFERENCE.check(value, problems, path, "REQ-02")
    return None if reference is None else reference.split("?")[0].rstrip("/").rpartition("/")[2]


def _uuid_or(known: Collection[str], rule: str, *, empty: bool = False) -> Reader:
    """A uuid, or the name of a catalogue entry, which may stand wherever its id may."""

    def read(value: object, path: str, problems: Problems) -> str | None:
        if isinstance(value, str) and ((empty and not value) or value in known):
            return value
        found = UUID.check(value, problems, path, rule)
        return None if found is None else str(value)

    return read


def _user_data(value: object, path: str, problems: Problems) -> Any:
    return read_user_data(value, path, problems, ENCODED)


def _network_table(minor: int, networks: Collection[str]) -> Table:
    tag = Property("tag", "REQ-08", leaf(TAG, "REQ-08"), since=32)
    tags = () if 37 <= minor <= 41 else (tag,)
    # Before 2.37 the schema takes any text, and the code behind it refuses what is not a uuid (NET-06).
    return Table(
        "REQ-04",
        Property("uuid", "REQ-05", _uuid_or(networks, "REQ-05" if minor >= 37 else "NET-06"), target="network"),
        Property("port", "REQ-06", leaf(UUID, "REQ-06"), null=True),
        Property("fixed_ip", "REQ-07", leaf(IP_ADDRESS, "REQ-07")),
        *tags,
    )


def _networks(minor: int, networks: Collection[str]) -> Reader:
    table = _network_table(minor, networks)

    def entry(value: object, path: str, problems: Problems) -> Nic | None:
        found = table.read(value, path, problems, minor=minor)
        return Nic(path, found.at, **found.values) if isinstance(value, Mapping) and _complete(found) else None

    entries = list_of(entry, "REQ-04")

    def read(value: object, path: str, problems: Problems) -> Nics:
        if minor >= 37 and value in ("auto", "none"):
            return "auto" if value == "auto" else "none"
        if minor >= 37 and not isinstance(value, (list, tuple)):
            allowed = {"type": "array", "words": ["auto", "none"]}
            problems.add("ValidationError", "REQ-04", path, shown(value), allowed, f"{path} must be a list, auto or none")
            return None
        found: list[Nic] | None = entries(value, path, problems)
        return found

    return read


def _complete(found: Found) -> bool:
    """Whether the parts that say which network it is could be read; else more problems about it would only repeat."""
    return all(part in found.values for part in ("network", "port") if part in found.at)


@cache
def _fixed_properties(minor: int) -> tuple[Property, ...]:
    """The properties that no catalogue has a say in; in 2.0 names may have spaces around them, which are cut off."""
    name = leaf(NAME_TRIMMED if minor == 0 else NAME, "REQ-01")
    hostname = leaf(HOSTNAME if minor < 94 else FQDN, "REQ-18")
    return (
        Property("name", "REQ-01", name, required=0),
        Property("flavorRef", "REQ-02", _flavor_ref, target="flavor", required=0),
        Property("metadata", "REQ-09", read_metadata),
        Property("tags", "REQ-10", read_tags, since=52),
        Property("personality", "REQ-11", read_personality, target="files", until=56, secret=True),
        Property("user_data", "REQ-12", _user_data, null=minor == 0, secret=True),
        Property("key_name", "REQ-13", name),
        Property("config_drive", "REQ-14", leaf(BOOLEAN, "REQ-14")),
        Property("availability_zone", "REQ-15", name),
        Property("host", "REQ-16", leaf(FQDN, "REQ-16"), since=74),
        Property("hypervisor_hostname", "REQ-17", leaf(FQDN, "REQ-17"), since=74),
        Property("hostname", "REQ-18", hostname, since=90),
        Property("min_count", "REQ-19", read_count("REQ-19")),
        Property("max_count", "REQ-20", read_count("REQ-20")),
        Property("return_reservation_id", "REQ-21", leaf(BOOLEAN, "REQ-21"), target="reservation_only"),
        Property("security_groups", "REQ-22", read_api_security_groups),
        Property("OS-DCF:diskConfig", "REQ-23", read_disk_config, target="disk_config"),
        Property("accessIPv4", "REQ-24", leaf(IPV4, "REQ-24"), target="access_ip_v4"),
        Property("accessIPv6", "REQ-24", leaf(IPV6, "REQ-24"), target="access_ip_v6"),
        Property("description", "REQ-25", leaf(DESCRIPTION, "REQ-25"), since=19, null=True),
        Property("adminPass", "REQ-26", leaf(_TEXT, "REQ-26", secret=True), target="admin_pass", secret=True),
        Property("trusted_image_certificates", "REQ-27", read_certificates, target="trusted_certs", since=63, null=True),
    )


def server_table(minor: int, images: Collection[str], networks: Collection[str], volumes: Collection[str] = ()) -> Table:
    """The object ``server``. The collections hold the names that may stand where Nova takes ids only; ``volumes`` snapshots
    too."""
    disks = {*images, *volumes}
    return Table(
        "REQ",
        *_fixed_properties(minor),
        Property("imageRef", "REQ-03", _uuid_or(images, "REQ-03", empty=True), target="image"),
        Property("networks", "REQ-04", _networks(minor, networks), target="nics", required=37),
        Property("block_device_mapping", "REQ-28", device_list("REQ-28", minor, disks), target="legacy_devices"),
        Property("block_device_mapping_v2", "REQ-29", device_list("REQ-29", minor, disks), target="devices"),
    )


def body_table(minor: int, images: Collection[str], networks: Collection[str], volumes: Collection[str] = ()) -> Table:
    """The whole body (see server_table)."""
    server = server_table(minor, images, networks, volumes)
    return Table(
        "REQ",
        Property("server", "REQ", _keep(server, minor), required=0),
        Property("os:scheduler_hints", "HNT-01", read_hints, target="hints"),
        Property("OS-SCH-HNT:scheduler_hints", "HNT-01", read_hints, target="old_hints"),
    )


def _keep(table: Table, minor: int) -> Reader:
    def read(value: object, path: str, problems: Problems) -> Found:
        return table.read(value, path, problems, minor=minor)

    return read


_EXTRAS = ("access_ip_v4", "access_ip_v6")


def read_api_body(body: object, path: str, table: Table, minor: int, problems: Problems) -> Wish:
    """The wish of a body; ``table`` is body_table's for the same microversion."""
    found = table.read(body, path, problems, minor=minor)
    server: Found = found.values.get("server") or Found({}, {})
    values = server.values
    # Nova would leave the drive out, but it has a metadata service to fall back on (design: shapes and identity).
    wish = Wish(0, join_path(path, "server"), at=dict(server.at), strict_networks=True, config_drive=True)
    _take_devices(wish, values, server, problems)
    for name, value in values.items():
        if name in _EXTRAS:
            wish.extra[name] = value
        else:
            setattr(wish, name, value)
    wish.image = wish.image or None
    wish.source_refused = "image" in server.at and "image" not in values
    if "max_count" not in values:
        wish.max_count = wish.min_count
    if minor < 19:
        wish.description = wish.name
    _take_hints(wish, found, body, path)
    return wish


def _take_devices(wish: Wish, values: dict[str, Any], server: Found, problems: Problems) -> None:
    """One of the two lists; an empty one counts as absent (REQ-45, REQ-46)."""
    legacy = values.pop("legacy_devices", None)
    if not legacy:
        return
    where = server.at["legacy_devices"]
    if values.get("devices"):
        message = f"{where} and block_device_mapping_v2 are two syntaxes of the same list; a request uses one of them"
        problems.add("HTTPBadRequest", "REQ-45", where, shown(legacy), [], message)
        return
    values["devices"], wish.device_format, wish.at["devices"] = legacy, "v1", where


def _take_hints(wish: Wish, found: Found, body: object, path: str) -> None:
    """The newer key hides its old alias (section 2)."""
    name = "hints" if "hints" in found.at else "old_hints"
    wish.hints = found.values.get(name) or {}
    if name not in found.at:
        return
    wish.at["hints"] = found.at[name]
    key = "os:scheduler_hints" if name == "hints" else "OS-SCH-HNT:scheduler_hints"
    wish.no_effect += dropped_hints(body.get(key) if isinstance(body, Mapping) else None, found.at[name])
    if name == "hints" and "old_hints" in found.at:
        reason = "os:scheduler_hints stands in the same body and hides it"
        wish.no_effect.append({"field": found.at["old_hints"], "reason": reason})
