# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quotas at their limits."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import Problems
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.quota import (
    NOVA_DEFAULTS,
    Fit,
    Quota,
    check_injected_files,
    check_metadata_count,
    fit_ports,
    fit_servers,
    read_quota,
)
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.user_data import Content, InjectedFile


@pytest.mark.parametrize(
    ("limits", "used", "counts", "expected"),
    [
        pytest.param({}, {}, (1, 99), Fit(99), id="no limits"),
        pytest.param({"instances": -1}, {"instances": 500}, (1, 9), Fit(9), id="unlimited by number"),
        pytest.param({"instances": -1, "cores": 4}, {}, (1, 9), Fit(0, ("cores",)), id="unlimited by number, lowered by none"),
        pytest.param({"cores": 4}, {}, (1, 9), Fit(2, ("cores",)), id="unlimited, lowered"),
        pytest.param({"instances": 5}, {"instances": 2}, (1, 3), Fit(3), id="exactly full"),
        pytest.param({"instances": 5}, {"instances": 2}, (1, 4), Fit(3, ("instances",)), id="lowered"),
        pytest.param({"instances": 5}, {"instances": 2}, (4, 4), Fit(0, ("instances",)), id="minimum does not fit"),
        pytest.param({"cores": 7}, {}, (1, 9), Fit(3, ("cores",)), id="whole servers of two cores"),
        pytest.param({"instances": 2, "ram": 1024}, {}, (1, 3), Fit(1, ("instances", "ram")), id="the tightest counts"),
        pytest.param({"instances": 1}, {"instances": 3}, (1, 1), Fit(0, ("instances",)), id="overdrawn"),
        pytest.param({"instances": 0}, {}, (1, 1), Fit(0, ("instances",)), id="forbidden"),
    ],
)
def test_servers(limits: dict[str, int], used: dict[str, int], counts: tuple[int, int], expected: Fit) -> None:
    assert fit_servers(Quota(limits, used), 2, 1024, *counts) == expected


@pytest.mark.parametrize(
    ("limit", "existing", "needed", "counts", "expected"),
    [
        pytest.param(5, 0, 2, (1, 5), Fit(2, ("ports",)), id="lowered"),
        pytest.param(5, 0, 0, (1, 5), Fit(5), id="given ports need none"),
        pytest.param(5, 5, 1, (1, 1), Fit(0, ("ports",)), id="full"),
        pytest.param(-1, 999, 3, (1, 9), Fit(9), id="unlimited"),
    ],
)
def test_ports(limit: int, existing: int, needed: int, counts: tuple[int, int], expected: Fit) -> None:
    assert fit_ports(Quota({"ports": limit}, {"ports": existing}), needed, *counts) == expected


def test_metadata_at_its_limit() -> None:
    problems = Problems()
    check_metadata_count(128, Quota(NOVA_DEFAULTS), "metadata", problems)
    assert not problems
    check_metadata_count(129, Quota(NOVA_DEFAULTS), "metadata", problems)
    assert [problem.code for problem in problems] == ["MetadataLimitExceeded"]


def test_injected_files_report_every_limit() -> None:
    files = [InjectedFile("p" * 256, Content(b"", 10241))] * 6
    problems = Problems()
    check_injected_files(files, Quota(NOVA_DEFAULTS), "personality", problems)
    assert [problem.rule for problem in problems] == ["QTA-05", "QTA-06", "QTA-07"]
    problems = Problems()
    check_injected_files([InjectedFile("p" * 255, Content(b"", 10240))] * 5, Quota(NOVA_DEFAULTS), "personality", problems)
    assert not problems


@pytest.mark.parametrize(
    ("quota", "usage", "fields"),
    [
        pytest.param({"instances": -1, "ram": None}, None, [], id="unlimited and not given"),
        pytest.param({"instances": -2}, None, ["quota.instances"], id="below unlimited"),
        pytest.param({"servers": 1}, {"cores": -1}, ["quota.servers", "usage.cores"], id="both sides"),
        pytest.param({"cores": True}, None, ["quota.cores"], id="boolean"),
        pytest.param([], 3, ["quota", "usage"], id="no objects"),
    ],
)
def test_reading(quota: Any, usage: Any, fields: list[str]) -> None:
    problems = Problems()
    read_quota(quota, usage, problems)
    assert [problem.field for problem in problems] == fields
