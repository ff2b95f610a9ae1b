# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Graphics, video and input devices (guest section 9)."""

from __future__ import annotations

from ..device_model import Graphics, Input, Video
from .context import Context


def design_graphics(context: Context) -> tuple[Graphics, ...]:
    if not context.options.flag("vnc", "enabled"):
        return ()
    return (Graphics(type="vnc", listen=context.options.text("vnc", "server_listen") or "127.0.0.1"),)


def design_video(_context: Context, graphics: tuple[Graphics, ...]) -> Video | None:
    return Video(model="virtio") if graphics else None


def design_inputs(context: Context, graphics: tuple[Graphics, ...]) -> tuple[Input, ...]:
    if not graphics or context.options.text("DEFAULT", "pointer_model") != "usbtablet":
        return ()
    return (Input(type="tablet", bus="usb"),)
