# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Device names: the pure helpers, the generic choice of a name, and the libvirt disk mapping."""

from __future__ import annotations

from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot import device_name
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.block_device_entry import empty_device
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.disk_mapping import libvirt_disk_mapping
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import BlockDevice
from tests.conformance.outcome import Outcome

_KINDS = {
    "image": {"source_type": "image", "destination_type": "local", "boot_index": 0},
    "volume": {"source_type": "volume", "destination_type": "volume"},
    "ephemeral": {"source_type": "blank", "destination_type": "local"},
    "swap": {"source_type": "blank", "destination_type": "local", "guest_format": "swap"},
}
_RENAMED = {"mount_device": "device_name", "swap_size": "volume_size", "size": "volume_size"}


def run(given: dict[str, Any]) -> Outcome | None:
    operation = given["op"]
    if operation in ("strip_dev", "prepend_dev"):
        return Outcome(True, {"name": getattr(device_name, operation)(given["name"])})
    if operation == "device_letter":
        return Outcome(True, {"letter": device_name.device_letter(given["name"])})
    if operation == "generate":
        return Outcome(True, {"name": device_name.generate_name(given["prefix"], given["index"])})
    if operation == "image_root_name":
        return Outcome(True, {"name": device_name.image_root_device_name(given["properties"])})
    if operation == "next":
        answer = device_name.next_device_name(
            given["root_device_name"],
            given["used"],
            given["requested"],
            max_devices=given.get("max_disk_devices_to_attach", -1),
        )
        return Outcome(answer.ok, {"name": answer.value}, tuple(p.message for p in answer.problems))
    return _libvirt_map(given) if operation == "libvirt_map" else None


def _libvirt_map(given: dict[str, Any]) -> Outcome:
    answer = libvirt_disk_mapping(
        [_device(entry) for entry in given["devices"]],
        flavor=given["flavor"],
        image_properties=given["image_properties"],
        disk_format=given.get("disk_format"),
        root_device_name=given.get("root_device_name"),
        virt_type=given["virt_type"],
        config_drive=given["config_drive"],
        config_drive_format=given["config_drive_format"],
        disk_prefix=given.get("disk_prefix"),
        max_disk_devices=given.get("max_disk_devices_to_attach", -1),
    )
    return Outcome(answer.ok, {"mapping": answer.value["mapping"]}, tuple(p.message for p in answer.problems))


def _device(entry: dict[str, Any]) -> BlockDevice:
    fields = {_RENAMED.get(key, key): value for key, value in entry.items() if key != "kind"}
    return empty_device(**{**_KINDS[entry["kind"]], **fields})
