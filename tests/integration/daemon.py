# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""libvirtd of a test host; its guests run on without it."""

from __future__ import annotations

import time

from .world import PATIENCE_S, World


def restart(world: World) -> None:
    """Also where it is just ending by itself."""
    end_it = "for p in $(pgrep -x libvirtd); do kill $p; while [ -d /proc/$p ]; do sleep 0.05; done; done 2>/dev/null"
    world.host.run(["sh", "-c", f"{end_it}; libvirtd -l -d"])
    end = time.monotonic() + PATIENCE_S
    while world.host.run(["virsh", "-q", "-c", "qemu:///system", "version"], check=False).returncode:
        assert time.monotonic() < end
        time.sleep(0.1)
