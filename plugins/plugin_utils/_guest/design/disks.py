# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All disks of a guest: which there are, in which order, by which names (guest sections 1.2 and 7.3)."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.disk_mapping import (
    DiskMapping,
    device_kind,
    libvirt_disk_mapping,
)

from ..device_model import Controller, Disk
from ..volume_plan import VolumePlan
from .context import Context
from .disk_driver import ScsiUnits, design_scsi_controller
from .local_disks import image_disk, kernel_volumes, local_volume, needs_config_drive
from .volume_disks import volume_disk


@dataclass(frozen=True)
class DiskDesign:
    disks: tuple[Disk, ...]
    volumes: tuple[VolumePlan, ...]
    mapping: DiskMapping
    scsi_controller: Controller | None
    rescue_disk: Disk | None


def design_disks(context: Context) -> DiskDesign:
    mapping = _map(context)
    from_volume = "disk" not in mapping["mapping"]
    units = ScsiUnits(context, from_volume=from_volume)
    disks: list[Disk] = []
    volumes: list[VolumePlan] = kernel_volumes(context)
    for role in _local_roles(context, mapping):
        volume = local_volume(context, role)
        if volume is not None:
            volumes.append(volume)
            disks.append(image_disk(context, volume, mapping["mapping"][role], units))
    disks += _volume_disks(context, mapping, units)
    rescue = _stable_rescue(context, mapping, units, volumes)
    return DiskDesign(tuple(disks), tuple(volumes), mapping, design_scsi_controller(context), rescue)


def _map(context: Context) -> DiskMapping:
    rescue = context.resources.rescue
    image = context.server["image"]
    found = libvirt_disk_mapping(
        context.server["block_device_mapping"],
        flavor=dict(context.server["flavor"]),
        image_properties=context.properties,
        disk_format=image["disk_format"] if image is not None else None,
        root_device_name=context.server["root_device_name"],
        virt_type=context.virt_type,
        config_drive=needs_config_drive(context),
        config_drive_format=context.options.text("DEFAULT", "config_drive_format") or "iso9660",
        arch=context.arch,
        machine_type=context.machine,
        os_disk_bus=context.resources.os_models.get("disk_bus"),
        disk_prefix=context.options.text("libvirt", "disk_prefix"),
        max_disk_devices=context.options.number("compute", "max_disk_devices_to_attach"),
        rescue=rescue is not None,
        rescue_image_properties=rescue.image_properties if rescue is not None and rescue.keeps_devices else None,
        field=context.field("block_device_mapping"),
    )
    context.problems.extend(found.problems)
    return found.value


def _keeps_devices(context: Context) -> bool:
    return context.resources.rescue is None or context.resources.rescue.keeps_devices


def _local_roles(context: Context, mapping: DiskMapping) -> list[str]:
    """Nova's order of local disks. A rescue disk that all others join comes last, apart from them."""
    known = mapping["mapping"]
    ephemerals = [role for role in known if role.startswith("disk.eph")]
    order = ["disk", "disk.local", *ephemerals, "disk.swap", "disk.config", "disk.config.rescue"]
    if not _keeps_devices(context):
        order.insert(0, "disk.rescue")
    return [role for role in order if role in known]


def _volume_disks(context: Context, mapping: DiskMapping, units: ScsiUnits) -> list[Disk]:
    """Volumes in the order in which they were named (guest section 1.2)."""
    if not _keeps_devices(context):
        return []
    indexes = {
        device["device_name"]: index for index, device in enumerate(mapping["block_devices"]) if device_kind(device) == "volume"
    }
    made = context.resources.made_volumes
    disks = []
    for name, info in mapping["mapping"].items():
        if name not in indexes:
            continue
        device = mapping["block_devices"][indexes[name]]
        field = context.field(f"block_device_mapping[{indexes[name]}]")
        connection = context.resources.volumes.get(device["volume_id"] or "") or made.get(indexes[name])
        if connection is None:
            _no_connection(context, device["volume_id"], field)
            continue
        address = units.take_for_volume(info["bus"] or "", boots=device["boot_index"] == 0)
        disk = volume_disk(context, connection, info, address, field)
        disks += [] if disk is None else [disk]
    return disks


def _no_connection(context: Context, volume_id: str | None, field: str) -> None:
    if volume_id is None:
        message = "volumes that are made for a server are not built yet, so the request is refused"
        context.refuse("NotBuilt", "BDM-02", field, None, None, message)
    else:
        message = f"nothing says how the host reaches the volume {volume_id}"
        context.refuse("VolumeNotFound", "VOL-01", f"{field}.volume_id", volume_id, None, message)


def _stable_rescue(context: Context, mapping: DiskMapping, units: ScsiUnits, volumes: list[VolumePlan]) -> Disk | None:
    """The rescue disk beside all others, and the only one with a boot order of its own (guest MAP-12, BOOT-06)."""
    info = mapping["mapping"].get("disk.rescue")
    if context.resources.rescue is None or not _keeps_devices(context) or info is None:
        return None
    volume = local_volume(context, "disk.rescue")
    if volume is None:
        return None
    volumes.append(volume)
    return image_disk(context, volume, info, units, boot_order=1)
