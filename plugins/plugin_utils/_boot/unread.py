# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the contract takes and nothing reads yet: placing, and what happens to a server after its boot.

Whoever builds one of them takes it out of the table here, and its settings are no longer listed as without effect."""

from __future__ import annotations

import re

from .problems import NoEffect, join_path
from .request_wish import Wish

NOT_PLACED = "servers are not placed yet: each is built on the host that its task runs for"
# The first word of a setting's effect -> why it has none yet.
_UNREAD = {
    "schedule": NOT_PLACED,
    "server_action": "it matters to a server that is there already, and the module server_action is not built yet",
}
# Placing is not the only reader of these (guest POL-09, POL-10, CPU-07, MDV-01).
_ALSO_IN_GUEST = re.compile(r"resources[^:]*:(VCPU|PCPU|VGPU)|trait[^:]*:HW_CPU_(HYPERTHREADING|X86_[A-Z0-9_]+)")


_CUSTOM = re.compile(r"resources[^:]*:CUSTOM_.+")
_NOT_OF_MDEVS = f"but for a class that host options give a type of mediated devices: {NOT_PLACED}"


def why_unread(key: str, effect: str) -> str:
    """Why an extra spec or image property has no effect yet; empty where something reads it."""
    if _CUSTOM.fullmatch(key):
        return _NOT_OF_MDEVS
    return "" if _ALSO_IN_GUEST.fullmatch(key) else _UNREAD.get(effect.partition(":")[0], "")


def unread_wishes(wish: Wish) -> list[NoEffect]:
    """The parts of a request that only placing reads."""
    found = [
        NoEffect(field=wish.where(name), reason=NOT_PLACED) for name in ("host", "hypervisor_hostname") if getattr(wish, name)
    ]
    if wish.availability_zone is not None:
        reason = f"{NOT_PLACED}; the zone is only told to the guest"
        found.append(NoEffect(field=wish.where("availability_zone"), reason=reason))
    found += [NoEffect(field=join_path(wish.where("hints"), key), reason=NOT_PLACED) for key in wish.hints]
    return found
