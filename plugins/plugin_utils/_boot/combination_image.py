# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an image may boot on a flavor: status, memory and disk (rules IMG-01..12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .problems import Problems, item_path, join_path
from .shapes import Flavor, Image
from .types import shown

_GIB: Final = 1024**3


def check_image_fits(
    flavor: Flavor,
    image: Image,
    root: Mapping[str, Any] | None,
    problems: Problems,
    field_flavor: str,
    field_image: str,
    *,
    zero_disk_flavor_allowed: bool,
    image_named: bool,
) -> None:
    """``root`` is the merged root device; None boots from a local disk made of the image. Equal sizes fit (rules IMG-12).
    ``image_named``: the request itself names the image, and not its root device alone."""
    from_volume = root is not None and root.get("destination_type") == "volume"
    _check_bootable(image, problems, field_image, straight=image_named or not from_volume)
    if flavor["ram"] < image["min_ram"]:
        message = f"the flavor has {flavor['ram']} MiB of memory, the image needs {image['min_ram']} MiB"
        path = join_path(field_flavor, "ram")
        problems.add("FlavorMemoryTooSmall", "IMG-04", path, flavor["ram"], {"min": image["min_ram"]}, message)
    if root is not None and from_volume:
        _check_volume(image, root, problems, field_image)
    else:
        _check_disk(flavor, image, problems, field_flavor, zero_disk_flavor_allowed)


def _check_bootable(image: Image, problems: Problems, field: str, *, straight: bool) -> None:
    if image["status"] != "active":
        message = f"only active images boot, this one is {image['status']}"
        problems.add("ImageNotActive", "IMG-01", join_path(field, "status"), image["status"], ["active"], message)
    key = "cinder_encryption_key_id"
    if image["properties"].get(key) and straight:
        path = item_path(join_path(field, "properties"), key)
        message = "an encrypted volume's image boots only by way of a volume, named by its block device alone"
        problems.add("ImageUnacceptable", "IMG-02", path, shown(image["properties"][key]), None, message)


def _check_volume(image: Image, root: Mapping[str, Any], problems: Problems, field: str) -> None:
    """A volume that exists already has no size here; the image's own size is not compared (rules IMG-09..11)."""
    size = root.get("volume_size")
    if isinstance(size, int) and size < image["min_disk"]:
        message = f"the root volume has {size} GiB, the image needs {image['min_disk']} GiB"
        problems.add(
            "VolumeSmallerThanMinDisk", "IMG-09", join_path(field, "min_disk"), image["min_disk"], {"max": size}, message
        )


def _check_disk(flavor: Flavor, image: Image, problems: Problems, field: str, zero_disk_flavor_allowed: bool) -> None:
    """Rules IMG-05..08."""
    disk = flavor["disk"]
    path = join_path(field, "disk")
    if disk == 0:
        if not zero_disk_flavor_allowed:
            message = "a flavor with disk 0 boots from a volume only"
            problems.add("BootFromVolumeRequiredForZeroDiskFlavor", "IMG-07", path, 0, {"min": 1}, message)
        return
    if image["size"] > disk * _GIB:
        needed = -(-image["size"] // _GIB)
        message = f"the flavor has {disk} GiB of disk, the image's size is {image['size']} bytes"
        problems.add("FlavorDiskSmallerThanImage", "IMG-05", path, disk, {"min": needed}, message)
    if image["min_disk"] > disk:
        message = f"the flavor has {disk} GiB of disk, the image needs {image['min_disk']} GiB"
        problems.add("FlavorDiskSmallerThanMinDisk", "IMG-06", path, disk, {"min": image["min_disk"]}, message)
