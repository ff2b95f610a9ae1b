# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the cases of a folder: ``python -m tests.conformance [DIR] [--kind K] [-v]``."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.conformance.outcome import Outcome

HERE = Path(__file__).parent


def load_cases(folder: Path) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Yields kind, case and the file's defaults, for every case file of the folder (``*.yaml``, ``*.yml``, ``*.json``)."""
    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".yaml", ".yml", ".json")):
        with path.open(encoding="utf-8") as stream:
            document = yaml.load(stream, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        for case in document["cases"]:
            yield case.get("kind", "guest_xml"), case, document.get("defaults", {})


def adapter(kind: str) -> Any:
    name = f"tests.conformance.kinds.{kind}"
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


def differences(expected: dict[str, Any], outcome: Outcome) -> list[str]:
    """Why the outcome is not what the case expects; empty when it is."""
    accepts = expected["result"] == "accept"
    if outcome.accepted != accepts:
        said = "accepted" if outcome.accepted else "refused: " + "; ".join(outcome.reasons)
        return [f"expected {expected['result']} ({expected.get('reason', '')}), {said}"]
    if not accepts:
        return []
    wanted = expected.get("values") or {}
    return [
        f"{key}: expected {value!r}, got {outcome.values.get(key, '(nothing)')!r}"
        for key, value in wanted.items()
        if key not in outcome.values or not same(value, outcome.values[key])
    ]


def same(expected: Any, got: Any) -> bool:
    """Plain data compared: what an expected object does not list is not judged; true is not 1."""
    if isinstance(expected, dict) and isinstance(got, dict):
        return all(key in got and same(value, got[key]) for key, value in expected.items())
    if isinstance(expected, list) and isinstance(got, list):
        return len(expected) == len(got) and all(map(same, expected, got))
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    return bool(expected == got)


def judge(kind: str, case: dict[str, Any], defaults: dict[str, Any]) -> tuple[str, list[str]]:
    module = adapter(kind)
    if module is None:
        return "not built", []
    if hasattr(module, "judge"):  # a kind that judges by other means than accept and values
        verdict: tuple[str, list[str]] = module.judge(case, defaults)
        return verdict
    outcome = module.run(case["input"])
    if outcome is None:
        return "not built", []
    found = differences(case["expect"], outcome)
    return ("failed" if found else "passed"), found


def main() -> int:
    parser = argparse.ArgumentParser(prog="conformance")
    parser.add_argument("folder", nargs="?", type=Path, default=HERE / "cases")
    parser.add_argument("--kind", action="append", help="only this kind")
    options = parser.parse_args()
    table: dict[str, Counter[str]] = {}
    for kind, case, defaults in load_cases(options.folder):
        if options.kind and kind not in options.kind:
            continue
        verdict, reasons = judge(kind, case, defaults)
        table.setdefault(kind, Counter())[verdict] += 1
        if verdict == "failed":
            print(f"FAILED {case['id']} ({kind} {case['input'].get('op', '')}): " + "; ".join(reasons))
    print(f"{'kind':<22}{'passed':>8}{'failed':>8}{'not built':>11}")
    for kind in sorted(table):
        row = table[kind]
        print(f"{kind:<22}{row['passed']:>8}{row['failed']:>8}{row['not built']:>11}")
    passed, failed = (sum(row[verdict] for row in table.values()) for verdict in ("passed", "failed"))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
