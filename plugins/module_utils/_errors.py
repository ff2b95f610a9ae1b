# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors of the collection. Everything that a user can meet is a KilonovaError.

KilonovaError          a message, and what the failed task returns beside it
  ContractError        a request that must be refused: all its problems at once
  HypervisorError      libvirt or a host said no: number, symbolic name, domain, what was being done
  WaitError            a server that did not get where it should
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, Optional


class KilonovaError(Exception):
    """Base of all. ``to_result()`` is what fail_json and results carry beside ``msg``."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def to_result(self) -> Dict[str, Any]:
        return {"error": {"code": type(self).__name__, "message": self.message}}


def _line(problem: Mapping[str, Any]) -> str:
    """One line for people; most messages name the field already."""
    message = "%s [%s]" % (problem["message"], problem["code"])
    return message if problem["field"] in message else "%s: %s" % (problem["field"], message)


class ContractError(KilonovaError):
    """``problems``: list of {code, rule, field, given, allowed, message}, ordered by field. Nothing has been touched."""

    def __init__(self, problems: Iterable[Mapping[str, Any]]) -> None:
        self.problems: List[Dict[str, Any]] = [dict(problem) for problem in problems]
        lines = [_line(problem) for problem in self.problems]
        count = len(lines)
        head = "1 problem" if count == 1 else "%d problems" % count
        super().__init__("The request is refused, %s:\n- %s" % (head, "\n- ".join(lines)))

    def to_result(self) -> Dict[str, Any]:
        return {"problems": self.problems}


class HypervisorError(KilonovaError):
    """``number`` and ``symbol`` are libvirt's (None where libvirt was not involved); ``action`` says what was being done;
    ``fault`` is {path, user, reason, command} where somebody has no right to something and it is known what mends it."""

    def __init__(
        self,
        message: str,
        *,
        action: Optional[str] = None,
        domain: Optional[str] = None,
        number: Optional[int] = None,
        symbol: Optional[str] = None,
        logs: Optional[Mapping[str, str]] = None,
    ) -> None:
        super().__init__(message)
        self.action = action
        self.domain = domain
        self.number = number
        self.symbol = symbol
        self.logs = dict(logs or {})
        self.fault: Dict[str, str] = {}

    def to_result(self) -> Dict[str, Any]:
        error: Dict[str, Any] = {
            "code": self.symbol or type(self).__name__,
            "message": self.message,
            "action": self.action,
            "domain": self.domain,
            "libvirt": None if self.number is None else {"number": self.number, "symbol": self.symbol},
        }
        if self.fault:
            error["fault"] = self.fault
        if self.logs:
            error["logs"] = self.logs
        return {"error": error}


class WaitError(HypervisorError):
    """The wait ended, but not where it should. ``outcome``: crashed, shutoff, vanished or timeout."""

    def __init__(self, message: str, *, outcome: str, **details: Any) -> None:
        super().__init__(message, **details)
        self.outcome = outcome

    def to_result(self) -> Dict[str, Any]:
        result = super().to_result()
        result["error"]["outcome"] = self.outcome
        return result
