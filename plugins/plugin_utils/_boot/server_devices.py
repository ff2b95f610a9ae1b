# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The block devices of a request: its own list, or just the image's root and what the flavor adds (rules section 9)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from .block_device import BlockDeviceMapping, validate_block_device_mapping
from .block_device_check import find
from .checked import Checked
from .problems import Problem, Problems
from .request_wish import Wish
from .server_world import World
from .shapes import BlockDevice, Flavor, Image

_NOTHING = BlockDeviceMapping(block_device_mapping=[], root_device_name=None)


def choose_devices(
    wish: Wish, flavor: Flavor | None, image: Image | None, world: World, problems: Problems
) -> BlockDeviceMapping:
    """The complete list with names. Requests for the same flavor and image share one list where they ask for no more."""
    if not wish.devices:
        if flavor is None or image is None:
            return _NOTHING
        key = (id(flavor), id(image))
        found = world.plain_devices.get(key)
        if found is None or found.problems:
            found = world.plain_devices[key] = _validate(wish, flavor, image, world)
    else:
        found = _validate(wish, flavor, image, world)
        _check_multiattach(wish, found.value["block_device_mapping"], world, problems)
    problems.extend(_moved(found.problems, wish))
    wish.no_effect += found.no_effect
    return found.value


def _validate(wish: Wish, flavor: Flavor | None, image: Image | None, world: World) -> Checked[BlockDeviceMapping]:
    return validate_block_device_mapping(
        wish.devices or None,
        format=wish.device_format if wish.devices else "v1",
        flavor=flavor,
        image=image,
        images=world.images.entries,
        volumes=world.volumes,
        snapshots=world.snapshots,
        volume_types=world.volume_types,
        ec2_ids=world.ec2_ids,
        max_local_block_devices=world.max_local_block_devices,
        disk_prefix=world.disk_prefix,
        max_count=max(wish.min_count, wish.max_count),
        field=_field(wish),
    )


def _field(wish: Wish) -> str:
    return wish.where("devices") if "devices" in wish.at else f"{wish.path}.block_device_mapping"


def _moved(found: Iterable[Problem], wish: Wish) -> Iterator[Problem]:
    """Entries that were made of other options are named by those options."""
    field = _field(wish)
    for problem in found:
        for index, path in enumerate(wish.device_paths):
            entry = f"{field}[{index}]"
            if problem.field == entry or problem.field.startswith((f"{entry}.", f"{entry}[")):
                moved = path + problem.field[len(entry) :] if path.startswith(f"{field}[") else path
                yield replace(problem, field=moved, message=problem.message.replace(problem.field, moved))
                break
        else:
            yield problem


def _check_multiattach(wish: Wish, devices: list[BlockDevice], world: World, problems: Problems) -> None:
    if world.minor >= 60 or world.volumes is None:
        return
    for device in devices:
        record = find(world.volumes, device["volume_id"]) if device["volume_id"] else None
        if record is not None and record[1].get("multiattach"):
            where = _field(wish)
            message = f"{where}: volume {device['volume_id']} allows several servers, which the API knows from 2.60 on"
            problems.add("MultiattachNotSupportedOldMicroversion", "REQ-73", where, device["volume_id"], "2.60", message)
