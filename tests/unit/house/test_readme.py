# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The README promises what is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_playbook_is_the_example() -> None:
    assert (ROOT / "docs/examples/web.yml").read_text(encoding="utf-8") in README


def test_every_module_and_role_is_named() -> None:
    names = {path.stem for path in (ROOT / "plugins/modules").glob("*.py")}
    names |= {path.name for path in (ROOT / "roles").iterdir()}
    assert {name for name in names if f"`{name}`" not in README} == set()


def test_files_that_it_names_are_there() -> None:
    named = set(re.findall(r"`((?:docs|tests|tools|playbooks)/[\w./-]+)`", README))
    assert named
    assert {name for name in named if not (ROOT / name).exists()} == set()
