# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The disks of a request: the image root and what the flavor adds (rules BDM-59..62)."""

from __future__ import annotations

from .problems import Problems
from .request_wish import Wish
from .shapes import BlockDevice, Flavor, Image


def plain_devices(flavor: Flavor, image: Image) -> list[BlockDevice]:
    """The list of a request that names an image and no block device."""
    devices = [_local("image", boot_index=0, device_type="disk", image_id=image["id"])]
    if flavor["ephemeral"]:
        devices.append(_local("blank", volume_size=flavor["ephemeral"]))
    if flavor["swap"]:
        devices.append(_local("blank", volume_size=flavor["swap"], guest_format="swap"))
    return devices


def _local(
    source: str,
    *,
    boot_index: int = -1,
    device_type: str | None = None,
    image_id: str | None = None,
    volume_size: int | None = None,
    guest_format: str | None = None,
) -> BlockDevice:
    return BlockDevice(
        source_type=source,
        destination_type="local",
        boot_index=boot_index,
        device_name=None,
        device_type=device_type,
        disk_bus=None,
        guest_format=guest_format,
        volume_size=volume_size,
        volume_type=None,
        delete_on_termination=True,
        image_id=image_id,
        volume_id=None,
        snapshot_id=None,
        no_device=False,
        tag=None,
    )


def refuse_devices(wish: Wish, problems: Problems) -> None:
    where = wish.where("devices")
    problems.add("NotBuilt", "REQ-29", where, None, [], f"{where} is not built yet")
