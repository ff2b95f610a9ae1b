# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small devices: random numbers, memory balloon, USB controller (guest section 10)."""

from __future__ import annotations

from collections.abc import Iterable

from ..device_model import Controller, Disk, Input, MemBalloon, Rng
from .context import Context


def design_rng(context: Context) -> Rng:
    return Rng(source=context.options.text("libvirt", "rng_dev_path") or "/dev/urandom")


def design_memballoon(context: Context) -> MemBalloon:
    """Guest MEM-13, MEM-14: without statistics the balloon itself goes."""
    period = context.options.number("libvirt", "mem_stats_period_seconds")
    return MemBalloon(model="virtio", period=period) if period > 0 else MemBalloon(model="none", period=None)


def design_usb_controller(_context: Context, disks: Iterable[Disk], inputs: Iterable[Input]) -> Controller:
    """Guest USB-01, USB-02: written even where nothing needs USB, because libvirt would add one by itself."""
    needed = any(disk.target_bus == "usb" for disk in disks) or any(device.bus == "usb" for device in inputs)
    return Controller(type="usb", index=0, model=None if needed else "none")
