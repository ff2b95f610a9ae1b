# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of elements of the integration tests (tests/integration/shapes) is whole; this says so without a host."""

from __future__ import annotations

import re

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.extra_spec import REGISTRY
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.image_table import PROPERTIES
from tests.integration.shapes import SHAPES
from tests.integration.shapes.refused import ELSEWHERE, REFUSED
from tests.unit.guest.test_every_input import HOST_OPTIONS


def test_every_input_that_reaches_a_domain_is_in_the_table() -> None:
    """And every row's input is one of its shape: the table cannot fall behind, and cannot claim what was not asked."""
    reaching = {spec.key for spec in REGISTRY if spec.effect.startswith(("domain", "block devices"))}
    reaching |= {entry.name for entry in PROPERTIES if entry.effect.startswith(("domain", "block devices"))}
    reaching |= {f"{group}.{name}" for group, name in HOST_OPTIONS}
    asked = {re.sub(r"(hw:numa_(cpus|mem))\.\d", r"\1.<n>", name) for shape in SHAPES.values() for name in shape.inputs()}
    asked |= {row.input for row in REFUSED}
    named = {source for shape in SHAPES.values() for source, _path, _value in shape.live + shape.guest}
    assert {name for shape in SHAPES.values() for name in shape.inputs()} <= named
    plain = {_twin(name) for name in asked | set(ELSEWHERE)}
    assert {name for name in reaching if _twin(name) not in plain} == set()
    assert {_twin(name) for name in ELSEWHERE} & {_twin(name) for name in asked} == set()


def _twin(name: str) -> str:
    """An extra spec and the image property that says the same."""
    return re.sub(r"^(hw|os)[:_]", r"\1_", name)
