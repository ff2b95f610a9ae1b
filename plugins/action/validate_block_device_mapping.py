# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks block devices on the controller."""

from __future__ import annotations

from typing import Any

from ansible_collections.kilonova.compute.plugins.module_utils._argspec import Spec, validate_block_device_mapping_spec
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.block_device import validate_block_device_mapping
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.flavor import validate_flavor
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.image import validate_image
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import Problems
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.volume_type import type_names, validate_volume_types
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.action import ControllerAction
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.contract import refuse

_PASSED_ON = (
    "format",
    "volumes",
    "snapshots",
    "ec2_ids",
    "root_device_name",
    "max_local_block_devices",
    "virt_type",
)


class ActionModule(ControllerAction):
    """See the documentation of the module."""

    def spec(self) -> Spec:
        return validate_block_device_mapping_spec()

    def work(self, params: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        problems = Problems()
        flavor = image = None
        if params["flavor"] is not None:
            checked_flavor = validate_flavor(params["flavor"])
            flavor = checked_flavor.value
            problems.extend(checked_flavor.problems)
        if params["image"] is not None:
            checked_image = validate_image(params["image"])
            image = checked_image.value
            problems.extend(checked_image.problems)
        options = {name: params[name] for name in _PASSED_ON}
        if params["volume_types"] is not None:
            checked_types = validate_volume_types(params["volume_types"])
            options["volume_types"] = type_names(checked_types.value)
            problems.extend(checked_types.problems)
        answer = validate_block_device_mapping(params["block_device_mapping"], flavor=flavor, image=image, **options)
        problems.extend(answer.problems)
        refuse(problems)
        return {"changed": False, "no_effect": list(answer.no_effect)} | dict(answer.value)
