# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs over one thing: what the other one makes is waited for, what nobody makes any more is replaced."""

from __future__ import annotations

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

    def exists(self) -> bool:
        return not self.removed

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
    return claiming.make_once(other.exists, other.complete, other.refuse, other.remove, other.make)


class Late(Other):
    """It begins while we make the thing too, and takes it out of our hands."""

    def __init__(self, making: float, finishing: float) -> None:
        super().__init__(making, finishing)
        self.has_begun = False

    def exists(self) -> bool:
        return self.has_begun and not self.removed

    def make(self) -> None:
        if self.has_begun:
            self.made = True
            return
        self.has_begun = True
        raise HypervisorError("could not fill the volume: it does not hold what was written")


@pytest.mark.parametrize(("making", "finishing"), [(0, 0), (2, 0), (5, 3)])
def test_who_loses_a_thing_to_another_run_leaves_it_there(making: float, finishing: float) -> None:
    late = Late(making, finishing)
    assert not _make_once(late)
    assert (late.removed, late.made) == (False, False)


def test_who_fails_alone_says_why_and_leaves_nothing() -> None:
    late = Late(0, float("inf"))
    with pytest.raises(HypervisorError, match="does not hold what was written"):
        _make_once(late)
    assert late.removed


def test_what_a_run_took_away_after_it_failed_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(claiming.time, "sleep", pauses.append)
    looks = iter([True, False])
    assert claiming.make_once(lambda: next(looks), lambda: False, lambda: None, lambda: None, lambda: None)
    assert pauses == []


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
