# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an existing server is compared with its request."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import Problems
from ansible_collections.kilonova.compute.plugins.plugin_utils._plan.drift import drift
from ansible_collections.kilonova.compute.plugins.plugin_utils._plan.not_built import refuse_not_built

SERVER = {
    "schema": 1,
    "name": "web",
    "request": {"count": 1},
    "flavor": {"schema": 1, "ram": 512},
    "metadata": {"a": "b"},
    "tags": ["x"],
    "security_groups": ["default"],
    "networks": [{"network": None, "port": None, "fixed_ip": None, "tag": None}],
    "image": None,
    "extra": {"project": "p", "wait": True},
}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({}, [], id="the same"),
        pytest.param({"request": {"count": 3}}, [], id="another count"),
        pytest.param(
            {"extra": {"project": "p", "state": "stopped", "wait": False, "wait_timeout": 9}}, [], id="the task's part"
        ),
        pytest.param({"later": 1}, [], id="a field that was not recorded yet"),
        pytest.param(
            {"flavor": {"schema": 2, "ram": 1024}},
            [{"field": "flavor.ram", "current": 512, "wanted": 1024}],
            id="a nested field",
        ),
        pytest.param(
            {"metadata": {}, "tags": []},
            [{"field": "metadata.a", "current": "b", "wanted": None}, {"field": "tags", "current": ["x"], "wanted": []}],
            id="several, by field",
        ),
        pytest.param(
            {"extra": {"project": "q"}}, [{"field": "extra.project", "current": "p", "wanted": "q"}], id="a label of the owner"
        ),
    ],
)
def test_drift(change: dict[str, Any], expected: list[dict[str, Any]]) -> None:
    assert drift(SERVER, SERVER | change) == expected


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        pytest.param({}, [], id="nothing"),
        pytest.param({"security_groups": ["default", "web"]}, ["servers[2].security_groups"], id="a security group"),
        pytest.param(
            {"networks": [SERVER["networks"][0] | {"fixed_ip": "192.0.2.7"}]},  # type: ignore[index]
            ["servers[2].networks[0].fixed_ip"],
            id="a fixed address",
        ),
    ],
)
def test_what_is_not_built_is_refused_by_name(change: dict[str, Any], fields: list[str]) -> None:
    problems = Problems()
    refuse_not_built(SERVER | change, "servers[2]", problems)  # type: ignore[arg-type]
    assert [(problem.field, problem.code) for problem in problems] == [(field, "NotBuilt") for field in fields]
