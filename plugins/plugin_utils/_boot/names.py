# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Display names and host names of the servers of one request (rules NAM-01..11)."""

from __future__ import annotations

import re
from typing import NamedTuple

_DROPPED = re.compile(r"[^\w.-]+")
_LABEL_LENGTH = 63


class ServerNames(NamedTuple):
    """``hostname`` is None where it contains the uuid and the uuid is not known yet (NAM-05)."""

    display_name: str
    hostname: str | None


def sanitize_hostname(name: str) -> str:
    """A host name made of free text, in the order of NAM-01; empty when nothing is left.

    The cut to 63 characters comes before the trimming, so the result may be shorter (NAM-03); letters of Latin-1 survive
    (NAM-02) and inner runs of dashes are kept (NAM-04).
    """
    latin = name.encode("latin-1", "ignore").decode("latin-1")[:_LABEL_LENGTH]
    dashed = latin.replace(" ", "-").replace("_", "-").replace(".", "-")
    return _DROPPED.sub("", dashed).lower().strip(".-")


def server_names(
    display_name: str | None,
    built: int,
    index: int,
    *,
    uuid: str | None = None,
    requested_hostname: str | None = None,
) -> ServerNames:
    """The names of one server out of ``built``, ``index`` counting from 0.

    The suffix ``-<n>`` (n from 1) depends on how many are built, not on how many were allowed (NAM-07, NAM-08). A host name
    that the user gave is never changed (NAM-09), an empty one is none; without a display name both derive from the uuid
    (NAM-10).
    """
    if display_name is None:
        if uuid is None:
            return ServerNames("", requested_hostname)
        display_name, base = f"Server {uuid}", f"server-{uuid}"
    else:
        base = sanitize_hostname(display_name)
    suffix = f"-{index + 1}" if built > 1 else ""
    if requested_hostname:
        hostname: str | None = requested_hostname
    elif base:
        hostname = f"{base}{suffix}"
    else:
        hostname = None if uuid is None else f"Server-{uuid}"
    return ServerNames(f"{display_name}{suffix}", hostname)
