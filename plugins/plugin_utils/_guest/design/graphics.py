# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Graphics, video, input devices and the channels of agents (guest section 9)."""

from __future__ import annotations

from ..device_model import Channel, Graphics, Input, SpiceOptions, Video
from .context import Context

_SPICE_CHANNELS = ("main", "display", "inputs", "cursor", "playback", "record", "smartcard", "usbredir")
_AGENT_SOCKET = "/var/lib/libvirt/qemu/org.qemu.guest_agent.0.{}.sock"
# The longest path that a socket can have (sun_path without its terminator).
_SOCKET_PATH_MAX = 107


def design_graphics(context: Context) -> tuple[Graphics, ...]:
    """VNC before SPICE; neither is fine too (guest GFX-01 to GFX-03)."""
    found = []
    for kind in ("vnc", "spice"):
        if context.options.flag(kind, "enabled"):
            spice = _spice_options(context) if kind == "spice" else SpiceOptions()
            found.append(Graphics(type=kind, listen=context.options.text(kind, "server_listen") or "127.0.0.1", spice=spice))
    return tuple(found)


def _spice_options(context: Context) -> SpiceOptions:
    options = context.options
    playback = options.flag_or_none("spice", "playback_compression")
    return SpiceOptions(
        image=options.text("spice", "image_compression"),
        jpeg=options.text("spice", "jpeg_compression"),
        zlib=options.text("spice", "zlib_compression"),
        playback=None if playback is None else ("on" if playback else "off"),
        streaming=options.text("spice", "streaming_mode"),
        secure_channels=_SPICE_CHANNELS if options.flag("spice", "require_secure") else (),
    )


def _spice_agent(context: Context) -> bool:
    return context.options.flag("spice", "enabled") and context.options.flag("spice", "agent_enabled")


def design_spice_channel(context: Context) -> Channel | None:
    """Guest GFX-04."""
    return Channel(type="spicevmc", target_name="com.redhat.spice.0") if _spice_agent(context) else None


def design_agent_channel(context: Context) -> Channel | None:
    """Guest CHN-01. Where the domain's name makes the socket's path too long, libvirt chooses a shorter one."""
    if not context.flag_property("hw_qemu_guest_agent"):
        return None
    path = _AGENT_SOCKET.format(context.name)
    fits = len(path.encode()) <= _SOCKET_PATH_MAX
    return Channel(type="unix", target_name="org.qemu.guest_agent.0", path=path if fits else None)


def design_video(context: Context, graphics: tuple[Graphics, ...]) -> Video | None:
    """Guest VID-01 to VID-04, GFX-05. Memory is written only where flavor and image both speak of it."""
    if not graphics:
        return None
    default = "vga" if context.arch in ("ppc", "ppc64", "ppc64le") else "virtio"
    ram = context.combination.video_ram
    return Video(model=context.text_property("hw_video_model") or default, vram=None if ram is None else ram * 1024)


def design_inputs(context: Context, graphics: tuple[Graphics, ...]) -> tuple[Input, ...]:
    if not graphics:
        return ()
    return (*_pointer(context, graphics), *_keyboard(context))


def _pointer(context: Context, graphics: tuple[Graphics, ...]) -> tuple[Input, ...]:
    """Guest INP-01 to INP-03. SPICE's agent moves the pointer by itself, so it needs no tablet; nothing but a whole
    machine has one."""
    bus = context.text_property("hw_input_bus")
    wanted = bus or context.text_property("hw_pointer_model") or context.options.text("DEFAULT", "pointer_model")
    without_vnc = all(graphic.type != "vnc" for graphic in graphics)
    if wanted == "ps2mouse" or (context.text_property("hw_vm_mode") or "hvm") != "hvm":
        return ()
    if without_vnc and _spice_agent(context):
        if context.text_property("hw_pointer_model"):
            reason = "with SPICE's agent and without VNC there is no tablet (guest INP-03)"
            context.no_effect.append({"field": context.property_field("hw_pointer_model"), "reason": reason})
        return ()
    return (Input(type="tablet", bus=bus or "usb"),)


def _keyboard(context: Context) -> tuple[Input, ...]:
    """Guest INP-04: x86 has one without asking."""
    bus = context.text_property("hw_input_bus") or ("usb" if context.arch == "aarch64" else None)
    return () if bus is None else (Input(type="keyboard", bus=bus),)
