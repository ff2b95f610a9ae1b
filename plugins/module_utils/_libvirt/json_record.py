# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small JSON records that lie in a pool beside the volumes that they tell of."""

from __future__ import annotations

import json
from typing import Any, Dict, Optional

from .._errors import HypervisorError
from .errors import is_error
from .storage import download, find_volume


def read_json_record(connection: Any, pool: Any, volume_name: str, schema: int) -> Optional[Dict[str, Any]]:
    """The record in that volume; None where it is gone, half-written, of another schema, or not a record at all."""
    found = find_volume(pool, volume_name)
    if found is None:
        return None
    try:
        record = json.loads(download(connection, found))
    except ValueError:
        return None
    except HypervisorError as exc:
        if is_error(exc, "VIR_ERR_NO_STORAGE_VOL", "VIR_ERR_OPERATION_INVALID"):
            return None  # deleted meanwhile, or not written to its end
        raise
    return record if isinstance(record, dict) and record.get("schema") == schema else None
