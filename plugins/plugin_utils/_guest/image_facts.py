# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image whose properties shape a guest: the one that it boots, or the one that its boot volume was made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import Image, Server
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.types import NO_KERNEL


def image_facts(server: Server) -> Image | None:
    """Rules IMG-19: a volume that a server boots from carries the facts of its image. None where nothing is known of any."""
    if server["image"] is not None:
        return server["image"]
    found: Image | None = server.get("extra", {}).get("boot_image")
    return found


def image_properties(server: Server) -> Mapping[str, Any]:
    """What the image says, and of the kernel and ramdisk what the request says instead (rules REQ-69, REQ-70)."""
    image = image_facts(server)
    properties = {} if image is None else image["properties"]
    extra = server.get("extra", {})
    if extra.get("nokernel") or properties.get("kernel_id") == NO_KERNEL:
        return {key: value for key, value in properties.items() if key not in ("kernel_id", "ramdisk_id")}
    named = {f"{name}_id": extra[name]["id"] for name in ("kernel", "ramdisk") if name in extra}
    return {**properties, **named} if named else properties
