# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else may happen between two calls of libvirt, made to happen just there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class Gap:
    """A real object of libvirt. The first call of a method of ``before`` or ``after`` has what else happens just then."""

    def __init__(
        self,
        real: Any,
        *,
        before: Mapping[str, Callable[[], Any]] | None = None,
        after: Mapping[str, Callable[[], Any]] | None = None,
    ) -> None:
        self._real = real
        self._before = dict(before or {})
        self._after = dict(after or {})

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        return self._with(name, found) if name in self._before or name in self._after else found

    def _with(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def gap(*given: Any) -> Any:
            self._before.pop(name, _nothing)()
            answer = call(*given)
            self._after.pop(name, _nothing)()
            return answer

        return gap

    @property
    def happened(self) -> bool:
        return not self._before and not self._after


def _nothing() -> None:
    """All of it has happened."""
