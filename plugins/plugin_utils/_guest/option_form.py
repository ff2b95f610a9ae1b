# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What texts of host options must look like, where libvirt's schema knows a form."""

from __future__ import annotations

import ipaddress
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Form:
    says: str
    fits: Callable[[str], bool]


def _is_address(text: str) -> bool:
    """libvirt's schema has names of hosts beside addresses."""
    if re.fullmatch(r"[A-Za-z0-9.-]+", text):
        return True
    try:
        return not getattr(ipaddress.ip_address(text), "scope_id", None)
    except ValueError:
        return False


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


PATH = Form("an absolute path", lambda text: re.fullmatch(r"/[^\x00-\x1f\x7f]+", text) is not None)
ADDRESS = Form("an IP address or the name of a host", _is_address)
UUID = Form("a uuid", _is_uuid)
CPU_FLAG = Form(
    "names of CPU features, with + or - before them or not", lambda text: bool(re.fullmatch(r"[+-]?[\w.-]+", text, re.A))
)
