# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Display names and host names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.names import sanitize_hostname, server_names

UUID = "33333333-aaaa-bbbb-cccc-333333333333"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("My Server_01.a", "my-server-01-a", id="separators become dashes"),
        pytest.param("a--b", "a--b", id="inner runs stay"),
        pytest.param("..-a-..", "a", id="trimmed at both ends"),
        pytest.param("Ünï", "ünï", id="Latin-1 letters stay"),
        pytest.param("名a名", "a", id="letters beyond Latin-1 go"),
        pytest.param("a!b@c", "abc", id="other characters go"),
        pytest.param("x" * 64, "x" * 63, id="cut at 63"),
        pytest.param("-" * 60 + "abcdef", "abc", id="cut before trimming"),
        pytest.param("名" * 30 + "x" * 63, "x" * 63, id="dropped before the cut"),
        pytest.param("---", "", id="nothing left"),
        pytest.param("", "", id="empty"),
    ],
)
def test_sanitize(name: str, expected: str) -> None:
    assert sanitize_hostname(name) == expected


@given(st.text(max_size=100))
def test_sanitizing_again_changes_nothing(name: str) -> None:
    once = sanitize_hostname(name)
    assert sanitize_hostname(once) == once
    assert len(once) <= 63


def test_suffix_depends_on_what_is_built() -> None:
    assert server_names("vm", 1, 0) == ("vm", "vm")
    assert server_names("vm", 2, 1) == ("vm-2", "vm-2")


def test_suffix_may_pass_63_characters() -> None:
    assert server_names("x" * 80, 10, 9).hostname == "x" * 63 + "-10"


def test_names_that_need_the_uuid() -> None:
    assert server_names("名", 2, 0) == ("名-1", None)
    assert server_names("名", 2, 0, uuid=UUID) == ("名-1", f"Server-{UUID}")
    assert server_names(None, 1, 0, uuid=UUID) == (f"Server {UUID}", f"server-{UUID}")


def test_requested_hostname_is_not_touched() -> None:
    assert server_names("vm", 2, 1, requested_hostname="A.b_C") == ("vm-2", "A.b_C")
    assert server_names("vm", 2, 1, requested_hostname="") == ("vm-2", "vm-2")
