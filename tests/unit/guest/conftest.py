# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Golden files for the tests of the guest. KILONOVA_GOLDEN=rewrite writes the files anew."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3]))

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="session")
def golden() -> Callable[[str, str], None]:
    def compare(name: str, xml: str) -> None:
        path = GOLDEN / f"{name}.xml"
        if os.environ.get("KILONOVA_GOLDEN") == "rewrite":
            path.parent.mkdir(exist_ok=True)
            path.write_text(xml, encoding="utf-8")
        assert xml == path.read_text(encoding="utf-8")

    return compare
