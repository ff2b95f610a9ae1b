# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page about requests: every example on it runs, and what it shows of problems is what comes out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.kilonova.compute.plugins.module_utils._argspec import request_spec
from ansible_collections.kilonova.compute.plugins.module_utils._errors import ContractError
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.request_table import LATEST_MINOR
from tests.unit.entry.asking import ask

PAGE = (Path(__file__).parents[3] / "docs/requests.md").read_text(encoding="utf-8")
BLOCKS = [
    (form, yaml.safe_load(text)) for form, text in re.findall(r"^```yaml\n# (\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
]
(CATALOGUES,) = (value for form, value in BLOCKS if form == "catalogues")
EXAMPLES = [(form, value) for form, value in BLOCKS if form not in ("catalogues", "refused")]


def names_of(form: str, value: Any) -> list[str]:
    options = value if form == "options" else {form: value}
    return [planned.server["name"] for planned in ask(options, **CATALOGUES).planned]


@pytest.mark.parametrize(
    ("form", "value"), EXAMPLES, ids=[f"{number} {form}" for number, (form, _value) in enumerate(EXAMPLES)]
)
def test_an_example_runs(form: str, value: Any) -> None:
    names = names_of(form, value)
    assert names
    assert all(name.startswith(("web", "db")) for name in names)


def test_every_form_has_an_example() -> None:
    assert {form for form, _value in EXAMPLES} == {"options", "api_request", "nova_boot", "ec2_request"}
    assert PAGE.count("```yaml") == len(BLOCKS)


def test_the_problems_are_what_the_page_says() -> None:
    (value,) = (value for form, value in BLOCKS if form == "refused")
    in_bulk = {"servers": [value]}  # a task's own options are judged by their names before the contract sees them
    with pytest.raises(ContractError) as caught:
        ask(in_bulk, **CATALOGUES)
    assert f"```\n{str(caught.value).replace('servers[0].', '')}\n```" in PAGE


def test_every_option_is_on_the_page() -> None:
    floating = {"auto_ip", "floating_ips", "floating_ip_pools", "reuse_ips", "delete_fip"}
    assert sorted(name for name in set(request_spec()) - floating if f"`{name}`" not in PAGE) == []


def test_the_latest_version_is_the_latest() -> None:
    assert f"by default the latest (2.{LATEST_MINOR})" in PAGE
