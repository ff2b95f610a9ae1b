# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The answer of `server` in the form that the request came in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.reply import (
    RESERVATION_ALPHABET,
    Built,
    api_reply,
    client_reply,
    ec2_reply,
)
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server_argv import client_of

from .planning import Planned


def reply_to(
    params: Mapping[str, Any], planned: Sequence[Planned], results: Sequence[Mapping[str, Any]]
) -> dict[str, Any] | None:
    """None where the request came in our own form. Passwords stay out: results are seen by more people than the asker."""
    built = [_built(item, result) for item, result in zip(planned, results, strict=True) if not result.get("error")]
    reservation_id = _reservation_id(built)
    if params.get("api_request") is not None:
        return api_reply(built, reservation_id=reservation_id)
    if params.get("nova_boot") is not None:
        return client_reply(client_of(params["nova_boot"]), built, reservation_id=reservation_id)
    if params.get("ec2_request") is not None:
        return ec2_reply(built, reservation_id=reservation_id)
    return None


def _built(item: Planned, result: Mapping[str, Any]) -> Built:
    return Built(
        server=item.server,
        id=item.uuid,
        status=result.get("status") or "BUILD",
        hostname=item.server["hostname"],
        host=result.get("host"),
    )


def _reservation_id(built: Sequence[Built]) -> str:
    """Follows from the first server's uuid, so that the same request answers the same when it is made again (rules REQ-21)."""
    digest = hashlib.sha256((built[0].id if built else "").encode()).digest()
    return "r-" + "".join(RESERVATION_ALPHABET[byte % len(RESERVATION_ALPHABET)] for byte in digest[:8])
