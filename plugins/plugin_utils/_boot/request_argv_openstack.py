# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``openstack server create``: the command line of openstackclient (rules CLI-40..48)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .problems import NoEffect, Problems
from .request_argv import Argument, Arguments, Syntax, split_pairs
from .request_argv_nova import add_blank_disks
from .request_argv_wish import Files, Writer, argv_wish
from .request_table import LATEST_MINOR, parse_microversion
from .request_wish import Wish
from .shapes import Image
from .types import IPV4, IPV6, VOLUME_SIZE, integer_text, shown, strict_bool

SYNTAX = Syntax(
    words=("server", "create"),
    single=frozenset(
        (
            "availability-zone",
            "boot-from-volume",
            "config-drive",
            "description",
            "flavor",
            "host",
            "hostname",
            "hypervisor-hostname",
            "image",
            "key-name",
            "max",
            "min",
            "password",
            "server-group",
            "snapshot",
            "swap",
            "user-data",
            "volume",
        )
    ),
    repeated=frozenset(
        (
            "block-device",
            "block-device-mapping",
            "ephemeral",
            "file",
            "hint",
            "image-property",
            "network",
            "nic",
            "port",
            "property",
            "security-group",
            "tag",
            "trusted-image-cert",
        )
    ),
    flags=frozenset(
        (
            "auto-network",
            "delete-on-termination",
            "no-config-drive",
            "no-network",
            "no-security-group",
            "use-config-drive",
            "wait",
        )
    ),
    silent={
        "c": True,
        "column": True,
        "debug": False,
        "f": True,
        "fit-width": False,
        "format": True,
        "max-width": True,
        "noindent": False,
        "prefix": True,
        "print-empty": False,
        "q": False,
        "quiet": False,
        "v": False,
        "variable": True,
        "verbose": False,
    },
)
_PLAIN = {
    "flavor": "flavor",
    "image": "image",
    "key-name": "key_name",
    "availability-zone": "availability_zone",
    "password": "admin_pass",
    "description": "description",
    "host": "host",
    "hypervisor-hostname": "hypervisor_hostname",
    "hostname": "hostname",
}
_SINCE = {
    "description": 19,
    "tag": 52,
    "trusted-image-cert": 63,
    "host": 74,
    "hypervisor-hostname": 74,
    "hostname": 90,
}
_SOURCES = ("image", "image-property", "volume", "snapshot")
_DEVICE_KEYS = (
    "uuid",
    "source_type",
    "destination_type",
    "disk_bus",
    "device_type",
    "device_name",
    "volume_size",
    "guest_format",
    "boot_index",
    "delete_on_termination",
    "tag",
    "volume_type",
)
_NIC_KEYS = ("net-id", "port-id", "v4-fixed-ip", "v6-fixed-ip", "tag")


def read_server_create(arguments: Arguments, images: Mapping[str, Image], files: Files, problems: Problems) -> tuple[Wish, int]:
    """The wish, and the minor version of the API that the client would have used."""
    version = arguments.last("os-compute-api-version")
    minor = LATEST_MINOR if version is None else _minor(version, problems)
    wish = argv_wish(arguments.path, arguments)
    writer = Writer(wish, arguments, files, problems)
    writer.name()
    for name, option in _PLAIN.items():
        writer.option(name, option)
    if "flavor" not in wish.at:
        writer.refuse("CLI-40", arguments.path, None, "--flavor", "--flavor is missing")
        wish.at["flavor"] = arguments.path
    for name, since in _SINCE.items():
        argument = arguments.last(name)
        if argument is not None and minor < since:
            writer.refuse("CLI", argument.path, f"2.{minor}", f"2.{since}", f"--{name} needs the compute API 2.{since}")
    _counts(writer)
    writer.image_by_properties("image-property", "CLI-40", images)
    writer.metadata("property", "CLI-07")
    writer.hints("hint", "CLI-13")
    writer.user_data()
    _files(writer, minor)
    _lists(writer)
    _config_drive(writer)
    _nics(writer, minor)
    _devices(writer)
    if "wait" in arguments.options:
        writer.put("wait", True, arguments.options["wait"][-1].path)
    return wish, minor


def _minor(version: Argument, problems: Problems) -> int:
    return 1 if version.value == "2" else parse_microversion(version.value, version.path, problems)


def _counts(writer: Writer) -> None:
    """Both default to 1 and neither moves the other (CLI-45)."""
    wish = writer.wish
    wish.min_count = writer.count("min", "CLI-45") or 1
    wish.max_count = writer.count("max", "CLI-45") or 1
    for attribute, name in (("min_count", "min"), ("max_count", "max")):
        argument = writer.arguments.last(name)
        if argument is not None:
            wish.at[attribute] = argument.path


def _files(writer: Writer, minor: int) -> None:
    """Without a version the client would talk the newest one that knows the option (CLI-47)."""
    given = writer.arguments.all("file")
    if given and minor >= 57 and "os-compute-api-version" in writer.arguments.options:
        writer.refuse("CLI-47", given[0].path, f"2.{minor}", "at most 2.56", "--file is gone from the compute API 2.57 on")
        return
    writer.injected_files("CLI-47")


def _lists(writer: Writer) -> None:
    arguments = writer.arguments
    for name, option in (
        ("tag", "tags"),
        ("security-group", "security_groups"),
        ("trusted-image-cert", "trusted_image_certificates"),
    ):
        given = arguments.all(name)
        if given:
            writer.put(option, [one.value for one in given], given[0].path)
    if "no-security-group" in arguments.options:
        path = arguments.options["no-security-group"][-1].path
        if "security-group" in arguments.options:
            writer.refuse("CLI", path, None, None, "--no-security-group may not stand next to --security-group")
        else:
            writer.put("security_groups", [], path)
            reason = "an empty list asks for the group default, whatever the option's name promises (REQ-71)"
            writer.wish.no_effect.append(NoEffect(field=path, reason=reason))
    group = arguments.last("server-group")
    if group is not None:
        writer.wish.hints = {**writer.wish.hints, "group": group.value}
        writer.wish.at.setdefault("hints", group.path)


def _config_drive(writer: Writer) -> None:
    names = writer.arguments.given("use-config-drive", "no-config-drive", "config-drive")
    if len(names) > 1:
        path = writer.arguments.options[names[1]][-1].path
        writer.refuse("CLI-30", path, names, None, f"--{names[1]} may not stand next to --{names[0]}")
    elif names == ["config-drive"]:
        writer.config_drive(writer.arguments.last("config-drive"), "CLI-30")
    elif names:
        writer.put("config_drive", names == ["use-config-drive"], writer.arguments.options[names[0]][-1].path)


def _nics(writer: Writer, minor: int) -> None:
    """In the order of the command line; auto and none exclude everything else (CLI-46)."""
    arguments = writer.arguments
    names = ("nic", "network", "port", "no-network", "auto-network")
    given = [(name, argument) for name in names for argument in arguments.all(name)]
    given.sort(key=lambda entry: _position(entry[1].path))
    for name, argument in given:
        word = {"no-network": "none", "auto-network": "auto"}.get(name, argument.value if name == "nic" else "")
        if word not in ("auto", "none"):
            _nic(name, argument, writer)
        elif len(given) > 1:
            writer.refuse("CLI-46", argument.path, word, None, "auto or none must be the only network option")
        elif minor < 37:
            writer.refuse("CLI-46", argument.path, word, "2.37", "auto and none need the compute API 2.37")
        else:
            writer.put("nics", word, argument.path)


def _position(path: str) -> int:
    """The index of the word, which a path of the form ``argv[12]`` ends with."""
    return int(path.rpartition("[")[2].rstrip("]"))


def _nic(name: str, argument: Argument, writer: Writer) -> None:
    if name != "nic":
        if "," in argument.value or "=" in argument.value:
            allowed = "a name or an id"
            writer.refuse("CLI-46", argument.path, shown(argument.value), allowed, f"--{name} takes one name or id")
            return
        parts = {"net-id" if name == "network" else "port-id": argument.value}
    else:
        parts = split_pairs(argument.value, argument.path, "CLI-46", writer.problems, _NIC_KEYS)
    for first, second in (("net-id", "port-id"), ("v4-fixed-ip", "v6-fixed-ip")):
        if first in parts and second in parts:
            message = f"{first} and {second} may not stand together"
            writer.refuse("CLI-46", argument.path, shown(argument.value), [first, second], message)
            del parts[second]
    for key, kind in (("v4-fixed-ip", IPV4), ("v6-fixed-ip", IPV6)):
        if key in parts and kind.read(parts[key]) is None:
            del parts[key]
            writer.refuse("CLI-46", argument.path, shown(argument.value), kind.allowed, f"{key} must be {kind.says}")
    writer.nic(argument.path, parts)


def _devices(writer: Writer) -> None:
    wish, arguments = writer.wish, writer.arguments
    wish.device_format = "v2"
    sources = arguments.given(*_SOURCES)
    for second in sources[1:]:
        path = arguments.options[second][-1].path
        writer.refuse("CLI-40", path, sources, "one of them", f"--{second} may not stand next to --{sources[0]}")
    _root(writer)
    add_blank_disks(writer, "CLI-45")
    for argument in arguments.all("block-device-mapping"):
        _mapping(argument, writer)
    for argument in arguments.all("block-device"):
        _block_device(argument, writer)
    if not any(device.get("boot_index") == 0 for device in wish.devices) and "image" not in wish.at and not wish.source_refused:
        allowed = ["--image", "--image-property", "--volume", "--snapshot", "--block-device with boot_index 0"]
        writer.refuse("CLI-40", arguments.path, None, allowed, "there is nothing to boot from")
        wish.source_refused = True


def _root(writer: Writer) -> None:
    wish, arguments = writer.wish, writer.arguments
    size = arguments.last("boot-from-volume")
    delete = arguments.last("delete-on-termination")
    if delete is not None and size is None:
        message = "--delete-on-termination may stand only with --boot-from-volume"
        writer.refuse("CLI-42", delete.path, "--delete-on-termination", "--boot-from-volume", message)
    if size is not None:
        _boot_from_volume(size, delete is not None, writer)
    elif wish.image is not None:
        root = {"source_type": "image", "destination_type": "local", "delete_on_termination": True}
        writer.device({**root, "boot_index": 0, "uuid": wish.image}, wish.where("image"))
    for name in ("volume", "snapshot"):
        argument = writer.reference(name, "CLI-40")
        if argument is None:
            continue
        if size is not None:
            writer.refuse("CLI-41", argument.path, name, None, f"--{name} may not stand next to --boot-from-volume")
            continue
        root = {"source_type": name, "destination_type": "volume", "delete_on_termination": False}
        writer.device({**root, "boot_index": 0, "uuid": argument.value}, argument.path)


def _boot_from_volume(size: Argument, delete: bool, writer: Writer) -> None:
    wish = writer.wish
    number = VOLUME_SIZE.check(size.value, writer.problems, size.path, "CLI-41")
    if wish.image is None:
        writer.refuse("CLI-41", size.path, size.value, "--image", "--boot-from-volume needs an image")
        wish.source_refused = True
        return
    root = {"source_type": "image", "destination_type": "volume", "boot_index": 0, "delete_on_termination": delete}
    writer.device({**root, "uuid": wish.image, "volume_size": number or 1}, size.path)
    if wish.trusted_certs:
        path = wish.where("trusted_certs")
        writer.refuse("CLI-47", path, wish.trusted_certs, None, "trusted certificates are for servers that boot from an image")
    wish.image = None


def _mapping(argument: Argument, writer: Writer) -> None:
    """``--block-device-mapping DEV=ID[:TYPE[:SIZE[:DELETE]]]`` (CLI-44)."""
    name, equals, rest = argument.value.partition("=")
    parts = rest.split(":")
    form = "DEV=ID[:TYPE[:SIZE[:DELETE]]]"
    if not name or not equals or not parts[0] or len(parts) > 4:
        writer.refuse("CLI-44", argument.path, shown(argument.value), form, f"it must be of the form {form}")
        return
    source, kind, size, delete = (*parts, "", "", "")[:4]
    if kind not in ("", "volume", "snapshot", "image"):
        allowed = ["volume", "snapshot", "image"]
        writer.refuse("CLI-44", argument.path, shown(kind), allowed, "TYPE must be volume, snapshot or image")
        return
    entry: dict[str, Any] = {"device_name": name, "uuid": source, "source_type": kind or "volume"}
    entry |= {"volume_size": size} if size else {}
    entry |= {"delete_on_termination": delete} if delete else {}
    writer.device({**entry, "destination_type": "volume"}, argument.path)


def _block_device(argument: Argument, writer: Writer) -> None:
    """``--block-device``: API keys, with the client's defaults; an image goes to a volume unless it says local (CLI-43)."""
    entry: dict[str, Any] = {**split_pairs(argument.value, argument.path, "CLI-43", writer.problems, _DEVICE_KEYS)}
    if "boot_index" in entry:
        index = integer_text(entry["boot_index"])
        if index is None:
            given = shown(entry.pop("boot_index"))
            writer.refuse("CLI-43", argument.path, given, {"type": "integer"}, "boot_index must be a whole number")
        else:
            entry["boot_index"] = index
    source = entry.setdefault("source_type", "blank")
    entry.setdefault("destination_type", "local" if source == "blank" else "volume")
    if "delete_on_termination" in entry:
        flag = strict_bool(entry["delete_on_termination"])
        if flag is None:
            given = shown(entry["delete_on_termination"])
            writer.refuse("CLI-43", argument.path, given, [True, False], "delete_on_termination must be a boolean value")
        entry["delete_on_termination"] = bool(flag)
    elif entry["destination_type"] == "local":
        entry["delete_on_termination"] = True
    writer.device(entry, argument.path)
