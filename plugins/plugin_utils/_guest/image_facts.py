# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image whose properties shape a guest: the one that it boots, or the one that its boot volume was made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import Image, Server


def image_facts(server: Server) -> Image | None:
    """Rules IMG-19: a volume that a server boots from carries the facts of its image. None where nothing is known of any."""
    if server["image"] is not None:
        return server["image"]
    found: Image | None = server.get("extra", {}).get("boot_image")
    return found


def image_properties(server: Server) -> Mapping[str, Any]:
    image = image_facts(server)
    return {} if image is None else image["properties"]
