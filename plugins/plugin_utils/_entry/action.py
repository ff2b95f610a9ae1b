# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The entry layer: what every action plugin of the collection does around its own work.

The one catch-all of the project stands here: a user gets one sentence, never a traceback."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.kilonova.compute.plugins.module_utils._argspec import Spec
from ansible_collections.kilonova.compute.plugins.module_utils._errors import KilonovaError

from .watch import State, watched

REPORT = "https://github.com/kilonova/kilonova.compute/issues"

# The package of each library that the controller's half imports.
_PACKAGES = {"lxml": "lxml", "pycdlib": "pycdlib", "jinja2": "Jinja2"}

display = Display()


class HostError(KilonovaError):
    """The module on the host failed; its own answer is passed on."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        super().__init__(str(answer.get("msg") or "the module on the host failed and said nothing"))
        self.answer = answer

    def to_result(self) -> dict[str, Any]:
        passed_on = ("error", "problems", "unreachable", "module_stderr", "module_stdout", "rc", "servers")
        return {key: self.answer[key] for key in passed_on if key in self.answer}


def plain(value: Any) -> Any:
    """A copy of Ansible's value as plain Python: what the contract judges has no lazy templates, tags or subclasses."""
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(item) for item in value]
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value if value is None else str(value)


class KilonovaAction(ActionBase):  # type: ignore[misc]
    """Subclasses give ``spec`` and ``work``; results, errors and the interpreter are seen to here."""

    _supports_check_mode = True
    _supports_async = False

    def spec(self) -> Spec:
        raise TypeError(f"{type(self).__name__} has no argument spec")

    def constraints(self) -> dict[str, Any]:
        """mutually_exclusive, required_one_of and the like, as ArgumentSpecValidator takes them."""
        return {}

    def work(self, params: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        raise TypeError(f"{type(self).__name__} does nothing")

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        self._host = (task_vars or {}).get("inventory_hostname")
        try:
            _validated, params = self.validate_argument_spec(argument_spec=self.spec(), **self.constraints())
            result.update(self.work(plain(params), task_vars or {}))
        except KilonovaError as exc:
            result.update(exc.to_result(), failed=True, msg=exc.message)
        except AnsibleError:
            raise
        except Exception as exc:
            display.vvv(traceback.format_exc())
            if isinstance(exc, ModuleNotFoundError) and exc.name in _PACKAGES:
                fix = f"install it for {sys.executable}: pip install {_PACKAGES[exc.name]}"
                return result | {"failed": True, "msg": f"the Python library {exc.name} is missing on the controller; {fix}"}
            sentence = f"{type(exc).__name__} in {self._task.action}: {exc}. This is a defect of kilonova.compute"
            result.update(failed=True, msg=f"{sentence}: please report it with the output of -vvv at {REPORT}")
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        return result

    @property
    def check_mode(self) -> bool:
        return bool(self._task.check_mode)

    @property
    def diff_mode(self) -> bool:
        return bool(self._task.diff)

    def read_file(self, path: str) -> bytes | None:
        """A file of the controller that a request names, looked for as Ansible does; None where it cannot be read."""
        try:
            with open(self._find_needle("files", path), "rb") as source:
                return source.read()
        except (AnsibleError, OSError):
            return None

    def watched(self, what: str, look: Callable[[], State | None]) -> AbstractContextManager[None]:
        """While the block runs, whoever waits for it is told now and then how far it has come; nothing where it is short."""
        host = self._task.delegate_to or self._host
        return watched(what, look, lambda text: display.display(f"{host}: {text}"))

    def run_on_host(self, name: str, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """One trip: runs our module of that name on the task's host. A failure is raised as HostError."""
        given = {key: value for key, value in arguments.items() if value is not None}
        answer: dict[str, Any] = self._execute_module(
            module_name=f"kilonova.compute.{name}", module_args=given, task_vars=self._with_interpreter(task_vars)
        )
        answer.pop("invocation", None)
        if answer.get("failed") or answer.get("unreachable"):
            raise HostError(answer)
        return answer

    def _with_interpreter(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Local modules run under this very interpreter: it has libvirt's binding, and what discovery finds may not."""
        _value, origin = C.config.get_config_value_and_origin("INTERPRETER_PYTHON")
        if getattr(self._connection, "transport", "") != "local" or origin != "default":
            return task_vars
        variables = dict(task_vars)
        scope = variables
        if self._task.delegate_to:
            delegated = dict(variables.get("ansible_delegated_vars") or {})
            scope = dict(delegated.get(self._task.delegate_to) or {})
            delegated[self._task.delegate_to] = scope
            variables["ansible_delegated_vars"] = delegated
        scope.setdefault("ansible_python_interpreter", sys.executable)
        return variables


class ControllerAction(KilonovaAction):
    """Works on the controller alone and changes nothing."""

    _requires_connection = False


class HostAction(KilonovaAction):
    """Hands a task over to the module of the same name on the host."""

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = ActionBase.run(self, tmp, task_vars)
        name = self._task.resolved_action or self._task.action
        answer = self._execute_module(module_name=name, task_vars=self._with_interpreter(task_vars or {}))
        result.update(answer)
        return result
