# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our own option form of a request: the options of openstack.cloud.server by the same names, and what Nova has beyond them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .problems import NoEffect, Problems, join_path
from .request_hints import read_hints
from .request_option_values import ANY_TEXT, read_names, read_nics, read_option_metadata
from .request_table import Found, Property, Reader, Table, leaf, list_of
from .request_unsupported import take_unsupported
from .request_values import (
    REFERENCE,
    read_certificates,
    read_count,
    read_disk_config,
    read_option_personality,
    read_tags,
)
from .request_wish import Wish
from .types import (
    DESCRIPTION,
    FQDN,
    IPV4,
    IPV6,
    NAME,
    NON_NEGATIVE_INTEGER,
    POSITIVE_INTEGER,
    STRICT_BOOLEAN,
    VOLUME_SIZE,
    choice,
    shown,
    text,
)
from .user_data import PLAIN, read_user_data

STATES = ("present", "running", "stopped", "paused", "suspended", "absent")
_BOOLEAN = leaf(STRICT_BOOLEAN, "REQ-14")


def _user_data(value: object, path: str, problems: Problems) -> Any:
    return read_user_data(value, path, problems, PLAIN)


def _hints(value: object, path: str, problems: Problems) -> Any:
    return read_hints(value, path, problems, names=True)


def _devices(value: object, path: str, problems: Problems) -> list[Any] | None:
    """The entries as they are: their own rules read them."""
    if isinstance(value, (list, tuple)):
        return list(value)
    problems.add("ValidationError", "REQ-29", path, shown(value), {"type": "array"}, f"{path} must be a list")
    return None


def _option(name: str, rule: str, read: Reader, target: str = "", *aliases: str, secret: bool = False) -> Property:
    """Ansible passes null for an option that was not given, so null is absent everywhere."""
    return Property(name, rule, read, target=target, null=True, aliases=aliases, secret=secret)


# Attributes of Wish.
_WISHES = (
    Property("name", "REQ-01", leaf(NAME, "REQ-01"), required=0),
    _option("hostname", "REQ-18", leaf(FQDN, "REQ-18")),
    _option("description", "REQ-25", leaf(DESCRIPTION, "REQ-25")),
    _option("flavor", "REQ-02", leaf(REFERENCE, "REQ-02")),
    _option("flavor_ram", "REQ-02", leaf(POSITIVE_INTEGER, "REQ-02")),
    _option("flavor_include", "REQ-02", leaf(text(1, 255), "REQ-02")),
    _option("image", "REQ-03", leaf(ANY_TEXT, "REQ-03")),
    _option("image_exclude", "REQ-03", leaf(text(), "REQ-03")),
    _option("min_count", "REQ-19", read_count("REQ-19")),
    _option("max_count", "REQ-20", read_count("REQ-20")),
    _option("nics", "REQ-04", read_nics),
    _option("network", "REQ-04", read_nics, "network"),
    _option("metadata", "REQ-09", read_option_metadata, "", "meta"),
    _option("tags", "REQ-10", read_tags),
    _option("security_groups", "REQ-22", read_names("REQ-22")),
    _option("key_name", "REQ-13", leaf(NAME, "REQ-13")),
    _option("config_drive", "REQ-14", _BOOLEAN),
    _option("user_data", "REQ-12", _user_data, "", "userdata", secret=True),
    _option("personality", "REQ-11", read_option_personality, "files", secret=True),
    _option("admin_pass", "REQ-26", leaf(text(), "REQ-26", secret=True), "", "adminPass", secret=True),
    _option("availability_zone", "REQ-15", leaf(NAME, "REQ-15")),
    _option("host", "REQ-16", leaf(FQDN, "REQ-16")),
    _option("hypervisor_hostname", "REQ-17", leaf(FQDN, "REQ-17")),
    _option("scheduler_hints", "HNT-01", _hints, "hints"),
    _option("disk_config", "REQ-23", read_disk_config, "disk_config", "OS-DCF:diskConfig"),
    _option("trusted_image_certificates", "REQ-27", read_certificates, "trusted_certs"),
    _option("block_device_mapping", "REQ-29", _devices, "devices", "block_device_mapping_v2"),
)
# How openstack.cloud.server describes disks; turned into block devices.
_VOLUMES = (
    _option("volumes", "REQ-29", list_of(leaf(REFERENCE, "REQ-29"), "REQ-29")),
    _option("boot_from_volume", "REQ-29", _BOOLEAN),
    _option("boot_volume", "REQ-29", leaf(REFERENCE, "REQ-29"), "", "root_volume"),
    _option("volume_size", "REQ-32", leaf(VOLUME_SIZE, "REQ-32")),
    _option("terminate_volume", "REQ-34", _BOOLEAN),
)
# Not part of what Nova is asked, but of what the modules do with the server.
EXTRA_OPTIONS = (
    _option("access_ip_v4", "REQ-24", leaf(IPV4, "REQ-24"), "", "accessIPv4"),
    _option("access_ip_v6", "REQ-24", leaf(IPV6, "REQ-24"), "", "accessIPv6"),
    _option("project", "MDJ-08", leaf(NAME, "MDJ-08"), "", "project_id"),
    _option("user", "MDJ-08", leaf(NAME, "MDJ-08"), "", "user_id"),
    _option("state", "STA-01", leaf(choice(*STATES), "STA-01")),
    _option("wait", "SPW-07", _BOOLEAN),
    _option("wait_timeout", "SPW-07", leaf(NON_NEGATIVE_INTEGER, "SPW-07"), "", "timeout"),
)

TABLE = Table("REQ", *_WISHES, *_VOLUMES, *EXTRA_OPTIONS)
_EXTRA_NAMES = tuple(prop.attribute for prop in EXTRA_OPTIONS)
_VOLUME_NAMES = frozenset(prop.attribute for prop in _VOLUMES)
_DEFAULT_VOLUME_SIZE = 50


def read_options(request: object, path: str, index: int, problems: Problems) -> Wish:
    """One entry of ``servers``. The config drive is on unless the request says otherwise (design: shapes and identity)."""
    wish = Wish(index, path, config_drive=True, nics="auto", device_format="auto")
    if isinstance(request, Mapping):
        request, wish.no_effect = take_unsupported(request, path, problems)
    found = TABLE.read(request, path, problems)
    wish.at = found.at
    values = found.values
    _merge_networks(found, problems)
    for name, value in values.items():
        if name in _EXTRA_NAMES:
            wish.extra[name] = value
        elif name not in _VOLUME_NAMES:
            setattr(wish, name, value)
    if "min_count" in values and "max_count" not in values:
        wish.max_count = wish.min_count
    wish.image = wish.image or None
    wish.source_refused = any(name in found.at and name not in values for name in ("image", "devices"))
    _add_volumes(wish, found, problems)
    if isinstance(request, Mapping):
        wish.no_effect += dropped_hints(request.get("scheduler_hints"), join_path(path, "scheduler_hints"))
    return wish


def dropped_hints(hints: object, path: str) -> list[NoEffect]:
    """Hints that Nova keeps for itself are removed before scheduling (HNT-09)."""
    if not isinstance(hints, Mapping):
        return []
    reason = "hints that begin with _nova are Nova's own and removed before scheduling"
    return [NoEffect(field=join_path(path, key), reason=reason) for key in hints if isinstance(key, str) and key[:5] == "_nova"]


def _merge_networks(found: Found, problems: Problems) -> None:
    """``network`` comes before ``nics``, as in openstack.cloud.server, which takes either or both."""
    network = found.values.pop("network", None)
    nics = found.values.get("nics")
    if network is None:
        return
    if nics is None:
        found.values["nics"] = network
        found.at["nics"] = found.at["network"]
    elif isinstance(nics, list) and isinstance(network, list):
        found.values["nics"] = [*network, *nics]
    else:
        where = found.at["network"]
        message = f"{where} and nics: auto or none must stand alone, not among other networks"
        problems.add("ValidationError", "REQ-04", where, "auto or none", "networks", message)


def _add_volumes(wish: Wish, found: Found, problems: Problems) -> None:
    """The volume options as v2 entries; whatever they add comes before the block devices of the request."""
    values = found.values
    boot_volume = values.get("boot_volume")
    from_volume = bool(values.get("boot_from_volume"))
    volumes = values.get("volumes") or []
    if boot_volume is None and not from_volume:
        for name in ("volume_size", "terminate_volume"):
            if name in values:
                reason = "it describes the boot volume, and the request boots from none"
                wish.no_effect.append(NoEffect(field=found.at[name], reason=reason))
        if not volumes:
            _add_image_root(wish)
            return
    paths: list[str] = []
    root: dict[str, Any] = {"boot_index": 0, "delete_on_termination": bool(values.get("terminate_volume"))}
    entries: list[dict[str, Any]] = []
    if boot_volume is not None:
        entries.append({**root, "source_type": "volume", "destination_type": "volume", "uuid": boot_volume})
        paths.append(found.at["boot_volume"])
        wish.image = None
    elif from_volume and wish.image is None:
        where = found.at["boot_from_volume"]
        message = f"{where} needs an image to make the volume from, or boot_volume"
        problems.add("ImageNotFound", "CLI-41", where, True, ["image", "boot_volume"], message)
    elif from_volume:
        size = values.get("volume_size", _DEFAULT_VOLUME_SIZE)
        image = {"source_type": "image", "destination_type": "volume", "uuid": wish.image, "volume_size": size}
        entries.append({**root, **image})
        paths.append(found.at["boot_from_volume"])
        wish.image = None
    attached = {"boot_index": -1, "delete_on_termination": False, "source_type": "volume", "destination_type": "volume"}
    entries += [{**attached, "uuid": volume} for volume in volumes]
    paths += [join_path(found.at["volumes"], index) for index in range(len(volumes))]
    _prepend(wish, entries, paths)
    _add_image_root(wish)


def _prepend(wish: Wish, entries: list[dict[str, Any]], paths: list[str]) -> None:
    """Puts devices before those of the request, which keep the paths they have."""
    field = wish.at.setdefault("devices", join_path(wish.path, "block_device_mapping"))
    given = wish.device_paths or [join_path(field, index) for index in range(len(wish.devices))]
    wish.devices, wish.device_paths = [*entries, *wish.devices], [*paths, *given]


def _add_image_root(wish: Wish) -> None:
    """A list of v2 devices next to an image gets the image's root disk first, as the clients do it (CLI-28)."""
    entries = [entry for entry in wish.devices if isinstance(entry, Mapping)]
    if wish.image is None or not any("source_type" in entry for entry in entries):
        return
    if any(str(entry.get("boot_index")) == "0" for entry in entries):
        return
    root = {"source_type": "image", "destination_type": "local", "boot_index": 0, "delete_on_termination": True}
    _prepend(wish, [{**root, "uuid": wish.image}], [wish.where("image")])
