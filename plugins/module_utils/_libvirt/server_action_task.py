# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work of the module `server_action` on a host."""

from __future__ import annotations

from typing import Any, Dict

from .attachment import Attachments
from .errors import translate_errors
from .servers import describe


def server_action(connection: Any, params: Dict[str, Any], *, check_mode: bool) -> Dict[str, Any]:
    """Returns {changed, server, diff}, and ``guest`` where a volume is to be attached and nobody has said yet as which disk."""
    volumes = Attachments(
        connection, params["name"], check_mode=check_mode, attempts=params["attempts"], timeout_s=params["timeout"]
    )
    before = _volumes(volumes, connection)
    guest = {}
    if params["action"] == "attach_volume":
        target = params.get("target")
        changed = volumes.attach(params["volume"], target, delete_on_termination=params["delete_on_termination"])
        if changed and target is None:
            guest = {"guest": volumes.facts()}
    else:
        changed = volumes.detach(params["volume"])
    after = _volumes(volumes, connection)
    return {
        "changed": changed,
        "server": after["server"],
        "diff": {"before": before["names"], "after": after["names"]},
        **guest,
    }


def _volumes(volumes: Attachments, connection: Any) -> Dict[str, Any]:
    with translate_errors("read the host's name"):
        host = connection.getHostname()
    server = describe(volumes.domain, host) or {}
    return {"server": server, "names": {"volumes": [volume["name"] for volume in server.get("volumes", [])]}}
