# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs over one thing: what the other one makes is waited for, what nobody makes any more is replaced."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ansible_collections.kilonova.compute.plugins.module_utils._errors import HypervisorError
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt import claiming


class Other:
    """A run beside us: it makes the thing for so many looks, and needs so many more until it says that it is whole."""

    def __init__(self, making: float, finishing: float) -> None:
        self._left = {"refuse": making, "complete": finishing}
        self.removed = False
        self.made = False

    def refuse(self) -> None:
        if self._left["refuse"] > 0:
            self._left["refuse"] -= 1
            raise HypervisorError("still being allocated", symbol="VIR_ERR_OPERATION_INVALID")

    def complete(self) -> bool:
        if self._left["refuse"] > 0:
            return False
        self._left["complete"] -= 1
        return self._left["complete"] < 0

    def remove(self) -> None:
        self.removed = True

    def make(self) -> None:
        assert self.removed
        self.made = True


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claiming.time, "sleep", lambda _seconds: None)


@pytest.mark.parametrize(("making", "finishing"), [(0, 0), (0, 3), (5, 0), (5, 3), (100, 5)])
def test_what_another_run_makes_is_left_to_it(making: float, finishing: float) -> None:
    """Also where it looks unfinished for a moment when it was made."""
    other = Other(making, finishing)
    assert not _make_once(other)
    assert (other.removed, other.made) == (False, False)


@pytest.mark.parametrize("making", [0, 5])
def test_what_nobody_makes_any_more_is_replaced(making: float) -> None:
    other = Other(making, float("inf"))
    assert _make_once(other)
    assert (other.removed, other.made) == (True, True)


def _make_once(other: Other) -> bool:
    exists: Callable[[], bool] = lambda: not other.removed  # noqa: E731
    return claiming.make_once(exists, other.complete, other.refuse, other.remove, other.make)


def test_the_first_error_is_told_where_nothing_can_be_removed() -> None:
    """A connection that broke while something was made breaks its removal too."""

    def broken(words: str) -> None:
        raise HypervisorError(words, symbol="VIR_ERR_SYSTEM_ERROR")

    with pytest.raises(HypervisorError, match="broken pipe"):
        claiming.make_once(
            exists=lambda: False,
            complete=lambda: False,
            refuse=lambda: None,
            remove=lambda: broken("client socket is closed"),
            make=lambda: broken("broken pipe"),
        )
