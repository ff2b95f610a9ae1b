# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every domain that any test renders from our own templates holds against libvirt's schema.

What is generated is the same in each run, and how long an example takes, or the making of one, decides nothing: `make fuzz`
looks for new ones."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from ansible_collections.kilonova.compute.plugins.plugin_utils._guest import render
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.shape import PLAIN, Shape

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.unit.guest.schema import assert_valid

settings.register_profile("kilonova", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kilonova")


@pytest.fixture(autouse=True)
def every_domain_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = render.render_tree

    def checked(domain: Any, shape: Shape = PLAIN) -> Any:
        root = plain(domain, shape)
        if shape.is_plain:
            assert_valid(root)
        return root

    monkeypatch.setattr(render, "render_tree", checked)
