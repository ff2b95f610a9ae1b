# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The entry layer: plain values, one sentence for what nobody expected, a missing library by name, no secret in an answer."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.kilonova.compute.plugins.module_utils._errors import ContractError
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry import action
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.action import REPORT, ControllerAction, HostError, plain

Work = Callable[[], dict[str, Any]]


class Text(str):
    """A subclass, as Ansible's tagged texts are."""


class Acting(ControllerAction):
    """An action plugin whose work is given; what a plugin gets from Ansible beside it is the least that there is."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self.removed: list[Any] = []
        self._task = SimpleNamespace(action="kilonova.compute.test", args={}, async_val=0, check_mode=False, diff=False)
        self._connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))

    def spec(self) -> dict[str, dict[str, Any]]:
        return {}

    def work(self, params: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        return self._work()

    def _remove_tmp_path(self, tmp_path: Any, force: bool = False) -> None:
        self.removed.append(tmp_path)


@pytest.fixture
def act(monkeypatch: pytest.MonkeyPatch) -> Callable[[Work], dict[str, Any]]:
    monkeypatch.setattr(action.ActionBase, "run", lambda self, tmp=None, task_vars=None: {})

    def run(work: Work) -> dict[str, Any]:
        acting = Acting(work)
        result = acting.run()
        assert acting.removed == [None]
        return result

    return run


def raising(error: Exception) -> Work:
    def work() -> dict[str, Any]:
        raise error

    return work


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        pytest.param(Text("a"), "a", id="text"),
        pytest.param({Text("k"): (Text("a"), True, 1, 1.5, None)}, {"k": ["a", True, 1, 1.5, None]}, id="nested"),
        pytest.param({1: {2}}, {1: [2]}, id="set"),
        pytest.param(complex(1, 2), "(1+2j)", id="anything else is its text"),
    ],
)
def test_plain(value: Any, wanted: Any) -> None:
    found = plain(value)
    assert found == wanted
    assert type(found) is type(wanted)


def test_plain_has_no_subclass_anywhere() -> None:
    found = plain([Text("a"), {Text("k"): Text("v")}])
    assert [type(found[0]), *map(type, found[1]), *map(type, found[1].values())] == [str, str, str]


def test_plain_is_a_copy() -> None:
    given = {"a": [1]}
    plain(given)["a"].append(2)
    assert given == {"a": [1]}


def test_the_result_of_the_work_is_the_result(act: Callable[[Work], dict[str, Any]]) -> None:
    assert act(lambda: {"changed": False, "x": 1}) == {"changed": False, "x": 1}


def test_what_nobody_expected_is_one_sentence(act: Callable[[Work], dict[str, Any]]) -> None:
    result = act(raising(KeyError("flavor")))
    assert result["failed"] is True
    assert result["msg"].startswith("KeyError in kilonova.compute.test: 'flavor'. This is a defect of kilonova.compute")
    assert REPORT in result["msg"]
    assert "\n" not in result["msg"]
    assert set(result) == {"failed", "msg"}


@pytest.mark.parametrize(("library", "package"), [("lxml", "lxml"), ("jinja2", "Jinja2"), ("pycdlib", "pycdlib")])
def test_a_missing_library_is_named_with_its_package(library: str, package: str, act: Callable[[Work], dict[str, Any]]) -> None:
    result = act(raising(ModuleNotFoundError(f"No module named {library!r}", name=library)))
    assert result["failed"] is True
    assert result["msg"].endswith(f"install it for {sys.executable}: pip install {package}")
    assert f"the Python library {library} is missing on the controller" in result["msg"]


def test_another_missing_module_is_a_defect(act: Callable[[Work], dict[str, Any]]) -> None:
    assert "This is a defect" in act(raising(ModuleNotFoundError("No module named 'x'", name="x")))["msg"]


def test_every_problem_is_in_the_message_and_in_the_result(act: Callable[[Work], dict[str, Any]]) -> None:
    problem = {"code": "C", "rule": "R", "field": "f", "given": 1, "allowed": 2, "message": "f must be 2"}
    result = act(raising(ContractError([problem, {**problem, "message": "and more"}])))
    assert result["problems"][0] == problem
    assert result["msg"].splitlines() == ["The request is refused, 2 problems:", "- f must be 2 [C]", "- f: and more [C]"]


def test_what_the_host_says_is_passed_on_and_nothing_else(act: Callable[[Work], dict[str, Any]]) -> None:
    answer = {"msg": "no host", "unreachable": True, "invocation": {"module_args": {"plan": "secret"}}, "rc": 1}
    assert act(raising(HostError(answer))) == {"failed": True, "msg": "no host", "unreachable": True, "rc": 1}
    assert act(raising(HostError({})))["msg"] == "the module on the host failed and said nothing"


def test_errors_of_ansible_itself_pass(act: Callable[[Work], dict[str, Any]]) -> None:
    with pytest.raises(AnsibleActionFail):
        act(raising(AnsibleActionFail("its own")))


def test_the_result_is_plain_json(act: Callable[[Work], dict[str, Any]]) -> None:
    json.dumps(act(raising(ValueError("x"))))
