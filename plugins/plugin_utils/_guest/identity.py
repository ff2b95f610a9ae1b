# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and addresses that follow from a server's name and uuid: domain name, volume names, MAC addresses."""

from __future__ import annotations

import hashlib
import re

DOMAIN_NAME_MAX = 64

_UNSAFE = re.compile(r"[^A-Za-z0-9._+-]+")


def domain_name(server_name: str, uuid: str) -> str:
    """The name of a server's domain: safe for libvirt, for file names and for socket names, at most 64 characters.

    A safe and short name stays as it is. Any other is made safe and cut, and ``-`` with the first eight digits of the uuid
    follows, so that two names that become equal stay apart.
    """
    safe = _UNSAFE.sub("-", server_name).lstrip(".-")
    if safe == server_name and 0 < len(safe) <= DOMAIN_NAME_MAX:
        return safe
    suffix = "-" + uuid.replace("-", "")[:8]
    stem = safe[: DOMAIN_NAME_MAX - len(suffix)].rstrip(".-")
    return (stem or "server") + suffix


def mac_address(uuid: str, nic_index: int) -> str:
    """The MAC of a server's NIC, the same every time it is asked for.

    The prefix is Neutron's ``fa:16:3e`` and not QEMU's ``52:54:00``: libvirt draws its own random addresses from the latter,
    so guests of ours never meet an address that libvirt made up for somebody else's guest on the same network.
    """
    digest = hashlib.sha256(f"{uuid.lower()}/{nic_index}".encode()).digest()
    return "fa:16:3e:" + ":".join(f"{octet:02x}" for octet in digest[:3])


def volume_name(uuid: str, role: str) -> str:
    """``<uuid>_disk``, ``<uuid>_disk.eph0``, ``<uuid>_disk.config``, ``<uuid>_console.log``: Nova's names of RBD images."""
    return f"{uuid}_{role}"
