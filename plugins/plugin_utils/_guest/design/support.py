# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a request is known and not built yet, and which text cannot stand in XML: both are refused by name."""

from __future__ import annotations

from ..image_facts import image_facts
from ..xml_text import illegal_texts
from .context import Context

# Settings that would change the guest and that nothing honours yet, with the values that ask for nothing. Everything else
# that the registries of extra specs and image properties say reaches the domain does so; a test holds them together.
LATER_PROPERTIES: dict[str, tuple[object, ...]] = {
    "hw_ephemeral_encryption_secret_uuid": (),
}

# The parts of a request whose texts stand in the XML as they are; the rest is JSON there, which escapes everything.
_IN_XML = ("name", "flavor", "image", "block_device_mapping", "networks", "root_device_name")


def refuse_unsupported(context: Context) -> None:
    for name, innocent in LATER_PROPERTIES.items():
        if context.properties.get(name) not in (*innocent, None):
            _not_built(context, context.property_field(name), context.properties[name], f"the image property {name}")
    _refuse_devices(context)
    _refuse_illegal_text(context)


def _refuse_devices(context: Context) -> None:
    for index, nic in enumerate(context.server["networks"]):
        path = context.field(f"networks[{index}]")
        if nic["network"] is None and context.resources.vifs is None:
            _not_built(context, f"{path}.port", nic["port"], "a port without a network")


def _not_built(context: Context, path: str, given: object, what: str) -> None:
    context.refuse("NotBuilt", "REQ", path, given, None, f"{what} is not honoured yet, so the request is refused")


def _refuse_illegal_text(context: Context) -> None:
    shown = {key: context.server.get(key) for key in _IN_XML} | {"image": image_facts(context.server)}
    for key, value in shown.items():
        for path, found in illegal_texts(value, context.field(key)):
            message = f"{path} holds {', '.join(found)}, which XML cannot carry"
            context.refuse("Invalid", "META-02", path, found, "printable text", message)
