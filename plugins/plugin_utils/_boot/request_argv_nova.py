# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``nova boot``: the command line of novaclient, old and current (rules CLI-01..33).

The old client is meant where the command line has an option that only it has (``--num-instances``), or names a compute API
below 2.57 with injected files (``--file``); everything else is read as the current client reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .block_device_legacy import parse_legacy_text
from .problems import Problems
from .request_argv import Argument, Arguments, Syntax, split_pairs
from .request_argv_wish import Files, Writer, argv_wish
from .request_table import LATEST_MINOR, parse_microversion
from .request_wish import Wish
from .shapes import Image
from .types import IPV4, IPV6, shown

SYNTAX = Syntax(
    words=("boot",),
    single=frozenset(
        (
            "access-ip-v4",
            "access-ip-v6",
            "admin-pass",
            "availability-zone",
            "boot-volume",
            "config-drive",
            "description",
            "flavor",
            "host",
            "hostname",
            "hypervisor-hostname",
            "image",
            "key-name",
            "max-count",
            "min-count",
            "num-instances",
            "security-groups",
            "snapshot",
            "swap",
            "tags",
            "user-data",
        )
    ),
    repeated=frozenset(
        (
            "block-device",
            "block-device-mapping",
            "ephemeral",
            "file",
            "hint",
            "image-with",
            "meta",
            "nic",
            "trusted-image-certificate-id",
        )
    ),
    flags=frozenset(("poll", "return-reservation-id")),
    silent={"debug": False, "timings": False},
)
_PLAIN = {
    "flavor": "flavor",
    "image": "image",
    "key-name": "key_name",
    "availability-zone": "availability_zone",
    "security-groups": "security_groups",
    "admin-pass": "admin_pass",
    "access-ip-v4": "access_ip_v4",
    "access-ip-v6": "access_ip_v6",
    "description": "description",
    "host": "host",
    "hypervisor-hostname": "hypervisor_hostname",
    "hostname": "hostname",
}
# The first minor version at which the current client has the option.
_SINCE = {
    "description": 19,
    "tags": 52,
    "trusted-image-certificate-id": 63,
    "host": 74,
    "hypervisor-hostname": 74,
    "hostname": 90,
}
_NEW_DEVICES = ("block-device", "boot-volume", "snapshot", "ephemeral", "swap")
_DEVICE_KEYS = {
    "id": "uuid",
    "source": "source_type",
    "dest": "destination_type",
    "bus": "disk_bus",
    "device": "device_name",
    "size": "volume_size",
    "format": "guest_format",
    "bootindex": "boot_index",
    "type": "device_type",
    "shutdown": "delete_on_termination",
    "tag": "tag",
    "volume_type": "volume_type",
}
_NIC_KEYS = ("net-id", "net-name", "port-id", "v4-fixed-ip", "v6-fixed-ip")


def read_nova_boot(arguments: Arguments, images: Mapping[str, Image], files: Files, problems: Problems) -> tuple[Wish, int]:
    """The wish, and the minor version of the API that the client would have used."""
    version = arguments.last("os-compute-api-version")
    minor = _minor(version, problems)
    old = "num-instances" in arguments.options or (version is None and "file" in arguments.options)
    wish = argv_wish(arguments.path, arguments)
    writer = Writer(wish, arguments, files, problems)
    writer.name()
    for name, option in _PLAIN.items():
        writer.option(name, option)
    if "flavor" not in wish.at:
        writer.refuse("CLI-05", arguments.path, None, "--flavor", "--flavor is missing")
        wish.at["flavor"] = arguments.path
    _check_versions(writer, minor)
    _counts(writer)
    writer.image_by_properties("image-with", "CLI-04" if old else "CLI-33", images)
    writer.metadata("meta", "CLI-07")
    writer.hints("hint", "CLI-13")
    writer.user_data()
    _files(writer, minor, old)
    _lists(writer)
    writer.config_drive(arguments.last("config-drive"), "CLI-14" if old else "CLI-30")
    _nics(writer, minor)
    _devices(writer)
    if "poll" in arguments.options:
        writer.put("wait", True, arguments.options["poll"][-1].path)
    wish.reservation_only = "return-reservation-id" in arguments.options
    return wish, 56 if old else minor


def _minor(version: Argument | None, problems: Problems) -> int:
    if version is None or version.value in ("latest", "2.latest"):
        return LATEST_MINOR
    if version.value in ("2", "1.1"):
        return 1
    return parse_microversion(version.value, version.path, problems)


def _check_versions(writer: Writer, minor: int) -> None:
    for name, since in _SINCE.items():
        argument = writer.arguments.last(name)
        if argument is not None and minor < since:
            writer.refuse("CLI", argument.path, f"2.{minor}", f"2.{since}", f"--{name} needs the compute API 2.{since}")


def _counts(writer: Writer) -> None:
    """Old client: ``--num-instances`` above 1 sets the maximum alone (CLI-02); current one: the minimum sets both (CLI-20)."""
    wish, arguments = writer.wish, writer.arguments
    number = writer.count("num-instances", "CLI-02", minimum=2)
    least = writer.count("min-count", "CLI-20")
    most = writer.count("max-count", "CLI-20")
    both = arguments.given("min-count", "max-count")
    if both and "num-instances" in arguments.options:
        argument = arguments.options["num-instances"][-1]
        writer.refuse("CLI-20", argument.path, argument.value, None, f"--num-instances may not stand next to --{both[0]}")
    wish.min_count = least or 1
    wish.max_count = most or number or wish.min_count
    for attribute, names in (("min_count", ("min-count",)), ("max_count", ("max-count", "num-instances", "min-count"))):
        found = next((arguments.options[name][-1].path for name in names if name in arguments.options), None)
        if found is not None:
            wish.at[attribute] = found


def _files(writer: Writer, minor: int, old: bool) -> None:
    given = writer.arguments.all("file")
    if given and not old and minor >= 57:
        writer.refuse("CLI-30", given[0].path, f"2.{minor}", "at most 2.56", "--file is gone from the compute API 2.57 on")
        return
    writer.injected_files("CLI-08")


def _lists(writer: Writer) -> None:
    tags = writer.arguments.last("tags")
    if tags is not None and tags.value:
        writer.put("tags", tags.value.split(","), tags.path)
    certificates = writer.arguments.all("trusted-image-certificate-id")
    if certificates:
        writer.put("trusted_image_certificates", [one.value for one in certificates], certificates[0].path)


def _nics(writer: Writer, minor: int) -> None:
    """Every ``--nic`` is one NIC; ``auto`` and ``none`` stand alone (CLI-12, CLI-29)."""
    given = writer.arguments.all("nic")
    keys = (*_NIC_KEYS, "tag") if 32 <= minor <= 36 or minor >= 42 else _NIC_KEYS
    words = [argument for argument in given if argument.value in ("auto", "none")]
    for argument in words:
        if minor < 37:
            writer.refuse("CLI-29", argument.path, argument.value, list(keys), "auto and none need the compute API 2.37")
        elif len(given) > 1:
            writer.refuse("CLI-29", argument.path, argument.value, None, "auto or none must be the only --nic")
        else:
            writer.put("nics", argument.value, argument.path)
    for argument in given:
        if argument not in words:
            _nic(argument, keys, writer)


def _nic(argument: Argument, keys: tuple[str, ...], writer: Writer) -> None:
    parts = split_pairs(argument.value, argument.path, "CLI-29", writer.problems, keys)
    parts = {key: value for key, value in parts.items() if value}
    networks = [key for key in ("net-id", "net-name", "port-id") if key in parts]
    if len(networks) != 1:
        allowed = ["net-id", "net-name", "port-id"]
        writer.refuse("CLI-29", argument.path, shown(argument.value), allowed, "exactly one of these must name the network")
        return
    for key, kind in (("v4-fixed-ip", IPV4), ("v6-fixed-ip", IPV6)):
        if key in parts and kind.read(parts[key]) is None:
            del parts[key]
            writer.refuse("CLI-29", argument.path, shown(argument.value), kind.allowed, f"{key} must be {kind.says}")
    writer.nic(argument.path, parts)


def _devices(writer: Writer) -> None:
    wish, arguments = writer.wish, writer.arguments
    new = arguments.given(*_NEW_DEVICES)
    roots: list[str] = [name for name in ("image", "boot-volume", "snapshot") if name in arguments.options]
    if wish.image is not None and "image" not in roots:
        roots.insert(0, "image-with")
    if len(roots) > 1:
        path = arguments.options[roots[1]][-1].path
        message = f"--{roots[1]} may not stand next to --{roots[0]}: a server boots from one of them"
        writer.refuse("CLI-21", path, roots, "one of them", message)
    if new and "block-device-mapping" in arguments.options:
        path = arguments.options["block-device-mapping"][0].path
        message = f"--block-device-mapping may not stand next to --{new[0]}: old and new block devices do not mix"
        writer.refuse("CLI-22", path, new, None, message)
        wish.source_refused = True
    elif "block-device-mapping" in arguments.options:
        _old_devices(writer)
    elif new:
        _new_devices(writer)


def _old_devices(writer: Writer) -> None:
    writer.wish.device_format = "v1"
    for argument in writer.arguments.all("block-device-mapping"):
        if "=" not in argument.value:
            form = "DEV=ID[:TYPE[:SIZE[:DELETE]]]"
            writer.refuse("CLI-11", argument.path, shown(argument.value), form, f"it must be of the form {form}")
            continue
        answer = parse_legacy_text(argument.value, field=argument.path)
        writer.problems.extend(answer.problems)
        if not answer.problems:
            writer.device(answer.value, argument.path)


def _new_devices(writer: Writer) -> None:
    wish, arguments = writer.wish, writer.arguments
    wish.device_format = "v2"
    if wish.image is not None:
        root = {"source_type": "image", "destination_type": "local", "boot_index": 0, "delete_on_termination": True}
        writer.device({**root, "uuid": wish.image}, wish.where("image"))
    for name, source in (("boot-volume", "volume"), ("snapshot", "snapshot")):
        argument = writer.reference(name, "CLI-26")
        if argument is not None:
            root = {"boot_index": 0, "delete_on_termination": False, "destination_type": "volume"}
            writer.device({**root, "source_type": source, "uuid": argument.value}, argument.path)
    for argument in arguments.all("block-device"):
        _block_device(argument, writer)
    add_blank_disks(writer, "CLI-27")


def _block_device(argument: Argument, writer: Writer) -> None:
    """``--block-device``: short keys, with the client's defaults for source, destination and shutdown (CLI-23..25)."""
    parts = split_pairs(argument.value, argument.path, "CLI-23", writer.problems, _DEVICE_KEYS)
    entry: dict[str, Any] = {_DEVICE_KEYS[key]: value for key, value in parts.items()}
    source = entry.setdefault("source_type", "blank")
    if not entry.get("destination_type"):
        entry["destination_type"] = "local" if source in ("image", "blank") else "volume"
    shutdown = entry.get("delete_on_termination")
    if shutdown is not None:
        if shutdown not in ("remove", "preserve"):
            writer.refuse("CLI-25", argument.path, shown(shutdown), ["remove", "preserve"], "shutdown is remove or preserve")
        entry["delete_on_termination"] = shutdown == "remove"
    elif entry["destination_type"] == "local":
        entry["delete_on_termination"] = True
    writer.device(entry, argument.path)


def add_blank_disks(writer: Writer, rule: str) -> None:
    """``--ephemeral size=N[,format=F]`` and ``--swap N`` (CLI-27, CLI-45)."""
    blank = {"source_type": "blank", "destination_type": "local", "boot_index": -1, "delete_on_termination": True}
    for argument in writer.arguments.all("ephemeral"):
        parts = split_pairs(argument.value, argument.path, rule, writer.problems, ("size", "format"))
        names = {"size": "volume_size", "format": "guest_format"}
        writer.device({**blank, **{names[key]: value for key, value in parts.items()}}, argument.path)
    swap = writer.arguments.last("swap")
    if swap is not None and swap.value:
        writer.device({**blank, "guest_format": "swap", "volume_size": swap.value}, swap.path)
