# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a request reaches the guest, what only placement reads, and what nothing honours yet."""

from __future__ import annotations

import re

from ..xml_text import illegal_texts
from .context import Context

# Grows until it holds the whole of Nova's registry; whatever is missing here is refused by name.
HONOURED_SPECS: tuple[str, ...] = ()
HONOURED_PROPERTIES: tuple[str, ...] = ()

_SPECS = re.compile("|".join(HONOURED_SPECS) or r"(?!)")
_PROPERTIES = re.compile("|".join(HONOURED_PROPERTIES) or r"(?!)")

# The parts of a request whose texts stand in the XML as they are; the rest is JSON there, which escapes everything.
_IN_XML = ("name", "flavor", "image", "block_device_mapping", "networks", "root_device_name")


def refuse_unsupported(context: Context) -> None:
    """One problem for each spec, property, device and network that nothing here honours yet, and for hostile text."""
    for name, value in context.specs.items():
        if not _SPECS.fullmatch(name):
            _not_built(context, context.spec_field(name), value, f"the extra spec {name!r}")
    for name, value in context.properties.items():
        if not _PROPERTIES.fullmatch(name):
            _not_built(context, context.property_field(name), value, f"the image property {name!r}")
    _refuse_devices(context)
    _refuse_illegal_text(context)


def _refuse_devices(context: Context) -> None:
    for index, device in enumerate(context.server["block_device_mapping"]):
        path = context.field(f"block_device_mapping[{index}]")
        if (device["source_type"], device["destination_type"], device["boot_index"]) != ("image", "local", 0):
            _not_built(context, path, device["source_type"], "this block device")
        elif device["disk_bus"] not in (None, "virtio") or device["device_type"] not in (None, "disk"):
            _not_built(context, f"{path}.disk_bus", device["disk_bus"], "another bus or type of the root disk")
        if device["tag"] is not None:
            _not_built(context, f"{path}.tag", device["tag"], "a device tag")
    for index, nic in enumerate(context.server["networks"]):
        path = context.field(f"networks[{index}]")
        if nic["network"] is None:
            _not_built(context, f"{path}.port", nic["port"], "a port without a network")
        if nic["tag"] is not None:
            _not_built(context, f"{path}.tag", nic["tag"], "a device tag")


def _not_built(context: Context, path: str, given: object, what: str) -> None:
    context.refuse("NotBuilt", "REQ", path, given, None, f"{what} is not honoured yet, so the request is refused")


def _refuse_illegal_text(context: Context) -> None:
    for key in _IN_XML:
        for path, found in illegal_texts(context.server.get(key), context.field(key)):
            message = f"{path} holds {', '.join(found)}, which XML cannot carry"
            context.refuse("Invalid", "META-02", path, found, "printable text", message)
