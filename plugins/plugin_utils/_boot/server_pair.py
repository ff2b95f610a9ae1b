# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flavor of a request with the image that its root disk comes from (rules sections 6 and 8, IMG-16..19)."""

from __future__ import annotations

from .block_device_check import Known
from .block_device_entry import Entry, root_device
from .block_device_volume import boot_source_metadata
from .combination import check_flavor_image
from .image import validate_image
from .problems import Problems
from .request_wish import Wish
from .server_world import World
from .shapes import BlockDevice, Flavor, Image


def boot_image(wish: Wish, devices: list[BlockDevice], world: World, problems: Problems) -> Image | None:
    """What stands in for the image of a request that boots from a volume: the image that the volume is made from, or the
    image facts that the volume carries. None where nothing is known about it."""
    root = root_device(devices)
    if wish.image is not None or root is None:
        return None
    if root["image_id"] is not None:
        return world.images.find(root["image_id"])
    reference = root["volume_id"] or root["snapshot_id"] or ""
    where = wish.where("devices")
    known = Known(images=world.images.entries, volumes=world.volumes, snapshots=world.snapshots)
    found = boot_source_metadata([Entry(root, where)], known)
    problems.extend(found.problems)
    if found.value is None:
        return None
    answer = validate_image({"name": reference or "volume", "id": reference or None, **found.value}, field=where)
    problems.extend(answer.problems)
    return answer.value


def check_pair(
    wish: Wish, flavor: Flavor, image: Image | None, devices: list[BlockDevice], world: World, problems: Problems
) -> None:
    """Every rule of the two together; a pair that has no problem with such a root disk is checked once in a call."""
    root = root_device(devices)
    size = (root["destination_type"], root["volume_size"]) if root is not None else (None, None)
    named = wish.image is not None
    key = (id(flavor), id(image), *size, named)
    if key in world.good_pairs:
        return
    answer = check_flavor_image(
        flavor, image, root=root, field_flavor=wish.where("flavor"), field_image=wish.where("image"), image_named=named
    )
    problems.extend(answer.problems)
    if not answer.problems:
        # The objects are kept, so that an id is never used again for another one.
        world.good_pairs[key] = (flavor, image)
    wish.no_effect += answer.no_effect
