# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a volume is: its pool, and the pool of files beside it that holds its record where its own cannot."""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional

from .._errors import HypervisorError
from .._pool_kinds import FILE, KINDS, PoolKind, kind_of, volume_path
from .._volume_name import content_name, host_name_of, record_elsewhere, record_name
from .connection import host_uuid
from .pools import files_of, pool_facts
from .storage import open_pool, path_of

# Of a copy: bytes done, bytes in all.
OnCopy = Callable[[int, int], None]


def _nobody(_done: int, _total: int) -> None:
    """Where nobody waits."""


class VolumePlace:
    """``files`` is the pool of records, the same as ``pool`` where that is one of files. ``on_copy`` is told how far a copy
    to the pool has come."""

    def __init__(
        self,
        connection: Any,
        name: str,
        file_pool: Optional[str] = None,
        *,
        files: Any = None,
        on_copy: Optional[OnCopy] = None,
    ) -> None:
        self.connection = connection
        self.on_copy: OnCopy = on_copy or _nobody
        self.name = name
        self.pool: Any = open_pool(connection, name)
        self.facts: Dict[str, Any] = pool_facts(self.pool)
        self.kind: PoolKind = _known(self.facts)
        self.elsewhere = self.kind.source != FILE
        if not self.elsewhere:
            self.files: Any = self.pool
        else:
            self.files = files if files is not None else open_pool(connection, files_of(connection, name, file_pool))

    @property
    def files_facts(self) -> Dict[str, Any]:
        return pool_facts(self.files)

    @property
    def file_pool(self) -> Optional[str]:
        """The name of the pool of records where it is another one."""
        return str(self.files.name()) if self.elsewhere else None

    def record_name(self, name: str) -> str:
        return record_elsewhere(name, self.name) if self.elsewhere else record_name(name)

    def content_name(self, name: str, volume_format: str) -> str:
        """Pools without files may be shared with hosts that know nothing of our records; what was there before has its name."""
        if not self.elsewhere:
            return content_name(name, volume_format)
        return host_name_of(content_name(name, "raw"), host_uuid(self.connection)) if self.kind.makes else name

    def path_of(self, content: Any) -> str:
        """As a domain names it."""
        return volume_path(self.facts, content.name()) if self.kind.source == "network" else path_of(content)


def _known(facts: Dict[str, Any]) -> PoolKind:
    kind = kind_of(facts)
    if kind is None:
        raise HypervisorError(
            "the pool %s is of the type %s, whose volumes cannot be used here (but those of %s)"
            % (facts["name"], facts["type"], ", ".join(sorted(KINDS))),
            action="open the storage pool %s" % facts["name"],
        )
    return kind
