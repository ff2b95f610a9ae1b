# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Serial ports and the console log (guest CON-01)."""

from __future__ import annotations

from ..device_model import CharLog, Serial
from ..volume_plan import VolumePlan
from .context import Context


def design_serials(context: Context) -> tuple[Serial, ...]:
    """The console is the first serial port's; libvirt adds the console element itself, so none is written."""
    return (Serial(type="pty", log=CharLog(file=context.volume_path("console.log"), append="off")),)


def console_volume(context: Context) -> VolumePlan:
    """A file in the pool, empty at first, so that the log can be read as a volume over any URI."""
    return VolumePlan(
        role="console.log",
        pool=context.pool["name"],
        name=context.volume_name("console.log"),
        path=context.volume_path("console.log"),
        capacity=0,
        format="raw",
    )
