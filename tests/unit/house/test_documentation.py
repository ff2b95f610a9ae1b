# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation and argument specs say the same, for modules and for action plugins, which no other tool compares."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.kilonova.compute.plugins.module_utils import _argspec

ROOT = Path(__file__).parents[3]
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))
GROUP = yaml.safe_load((ROOT / "meta/runtime.yml").read_text(encoding="utf-8"))["action_groups"]["compute"]

SPECS = {
    "domain": {**_argspec.connection_spec(), **_argspec.domain_spec(), **_argspec.wait_spec()},
    "domain_xml": _argspec.domain_xml_spec(),
    "hypervisor_info": {**_argspec.connection_spec(), **_argspec.hypervisor_info_spec()},
    "image": {**_argspec.connection_spec(), **_argspec.image_spec()},
    "image_info": {**_argspec.connection_spec(), **_argspec.image_info_spec()},
    "server": _argspec.server_spec(),
    "server_action": {**_argspec.connection_spec(), **_argspec.server_action_spec()},
    "server_info": {**_argspec.connection_spec(), "name": {"type": "str", "aliases": ["uuid"]}},
    "spawn": {**_argspec.connection_spec(), "plan": {"type": "str", "required": True}, "progress_file": {"type": "path"}},
    "validate_block_device_mapping": _argspec.validate_block_device_mapping_spec(),
    "validate_flavor": _argspec.validate_flavor_spec(),
    "validate_image": _argspec.validate_image_spec(),
    "validate_server": _argspec.validate_server_spec(),
    "volume": {**_argspec.connection_spec(), **_argspec.volume_spec()},
    "volume_info": {**_argspec.connection_spec(), **_argspec.volume_info_spec()},
}


@pytest.fixture(scope="session")
def documentation() -> dict[str, Any]:
    """What ansible-doc says of every module, fragments resolved."""
    tool = Path(sys.executable).parent / "ansible-doc"
    names = [f"kilonova.compute.{module}" for module in MODULES]
    done = subprocess.run([str(tool), "--json", *names], capture_output=True, text=True, check=True)
    return {name.rpartition(".")[2]: entry["doc"] for name, entry in json.loads(done.stdout).items()}


def test_every_module_has_a_spec_and_is_in_the_action_group() -> None:
    assert sorted(SPECS) == MODULES
    assert sorted(GROUP) == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_the_documentation_is_the_argument_spec(module: str, documentation: dict[str, Any]) -> None:
    spec, options = SPECS[module], documentation[module]["options"]
    assert sorted(options) == sorted(spec)
    for name, option in options.items():
        for key in ("type", "default", "choices", "aliases", "elements", "required"):
            plain = {"type": "str", "required": False, "aliases": []}.get(key)
            assert option.get(key, plain) == spec[name].get(key, plain), (name, key)


@pytest.mark.parametrize("module", [module for module in MODULES if module != "spawn"])
def test_an_action_plugin_stands_before_each_module(module: str, documentation: dict[str, Any]) -> None:
    """It sees to the interpreter; `spawn` is run by the server's."""
    assert documentation[module]["has_action"]


@pytest.mark.parametrize("module", MODULES)
def test_a_module_file_is_small(module: str) -> None:
    text = (ROOT / f"plugins/modules/{module}.py").read_text(encoding="utf-8")
    code = text.split('"""')[-1]
    assert sum(bool(line.strip()) for line in code.splitlines()) <= 60
