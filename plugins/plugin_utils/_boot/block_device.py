# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Block devices of one server: any form in, the complete list with names out (rules sections 9, 10 and 17)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypedDict

from .block_device_check import Known, Table, check_block_devices
from .block_device_entry import Entry, root_device
from .block_device_merge import check_multiple, merge_block_devices
from .block_device_naming import Guest, check_buildable, name_devices
from .block_device_request import Request, read_request
from .checked import Checked, checked
from .device_name import image_root_device_name, prepend_dev
from .problems import Problem, Problems, join_path
from .shapes import BlockDevice, Flavor, Image
from .types import shown


class BlockDeviceMapping(TypedDict):
    """``block_device_mapping`` in final order, merged, sized and named. ``root_device_name`` with ``/dev/``; it is None, like
    the name of a cdrom in the list, where only the host's machine type can tell on which bus a cdrom sits."""

    block_device_mapping: list[BlockDevice]
    root_device_name: str | None


def validate_block_device_mapping(
    mapping: object,
    *,
    format: str = "auto",
    flavor: Flavor | None = None,
    image: Image | None = None,
    images: object = None,
    volumes: object = None,
    snapshots: object = None,
    volume_types: Collection[str] | Mapping[str, str] | None = None,
    ec2_ids: Mapping[str, str] | None = None,
    root_device_name: str | None = None,
    max_local_block_devices: int = 3,
    max_count: int = 1,
    default_ephemeral_format: str | None = None,
    virt_type: str = "kvm",
    arch: str | None = None,
    machine_type: str | None = None,
    disk_prefix: str | None = None,
    max_disk_devices: int = -1,
    field: str = "block_device_mapping",
) -> Checked[BlockDeviceMapping]:
    """Checks, converts and completes the block devices of one server; every problem at once, never an exception.

    ``mapping``: a list in v2, legacy or EC2 form, the command line's object of legacy texts, a list from an earlier answer
    (which stays as it is), or nothing (boot from the image). ``images``, ``volumes``, ``snapshots``: dicts by id or name, or
    lists of objects with ``id`` or ``name``; a table that is None is not looked into. ``max_count``: how many servers get
    these devices. ``arch``, ``machine_type``: the host's defaults, where they are known.
    """
    request = read_request(
        mapping,
        format=format,
        image_given=image is not None,
        ec2_ids=ec2_ids,
        default_ephemeral_format=default_ephemeral_format,
        path=field,
    )
    known = Known(
        image=image,
        images=_table(images, request.problems, "images"),
        volumes=_table(volumes, request.problems, "volumes"),
        snapshots=_table(snapshots, request.problems, "snapshots"),
        volume_types=volume_types,
    )
    properties: Mapping[str, Any] = image["properties"] if image else {}
    disk_format = image["disk_format"] if image else None
    guest = Guest(properties, disk_format, virt_type, arch, machine_type, disk_prefix, max_disk_devices, flavor)
    root_name = root_device_name or prepend_dev(image_root_device_name(properties))
    entries = _merged(request, known, guest, flavor, root_name, max_count, default_ephemeral_format, field)
    return _complete(entries, request, known, guest, flavor, root_name, max_local_block_devices, field)


def _merged(
    request: Request,
    known: Known,
    guest: Guest,
    flavor: Flavor | None,
    root_name: str | None,
    max_count: int,
    default_ephemeral_format: str | None,
    field: str,
) -> list[Entry]:
    if request.normalised:
        check_multiple(request.entries, max_count, request.problems)
        return request.entries
    parent = field.rpartition(".")[0]
    merged = merge_block_devices(
        request.entries,
        legacy=request.legacy,
        image_id=known.image_id,
        image_properties=guest.image_properties,
        root_device_name=root_name,
        flavor=flavor,
        max_count=max_count,
        default_ephemeral_format=default_ephemeral_format,
        image_field=join_path(parent, "image"),
        flavor_field=join_path(parent, "flavor"),
    )
    _add_later(request, merged.problems, field)
    return merged.value


def _complete(
    entries: list[Entry],
    request: Request,
    known: Known,
    guest: Guest,
    flavor: Flavor | None,
    root_name: str | None,
    max_local_block_devices: int,
    field: str,
) -> Checked[BlockDeviceMapping]:
    """The rules of the whole list, then names."""
    no_effect = request.no_effect
    sequence_is_known = not _boot_index_unread(request, field)
    valid = check_block_devices(
        entries, flavor=flavor, known=known, max_local_block_devices=max_local_block_devices, field=field
    )
    later = [problem for problem in valid.problems if sequence_is_known or problem.rule != "BDM-70"]
    buildable = check_buildable(valid.value, known)
    later += buildable.problems
    no_effect += buildable.no_effect
    entries = valid.value
    if request.normalised:
        root = root_device([entry.device for entry in entries])
        root_name = (root["device_name"] if root else None) or root_name
    else:
        named = name_devices(entries, root_name, guest, field=field)
        later += named.problems
        no_effect += named.no_effect
        entries, root_name = named.value.entries, named.value.root_device_name
    value = BlockDeviceMapping(
        block_device_mapping=[entry.device for entry in entries], root_device_name=prepend_dev(root_name)
    )
    _add_later(request, later, field)
    return checked(value, request.problems, no_effect)


def _add_later(request: Request, found: Iterable[Problem], field: str) -> None:
    """What a later step finds in a field that an earlier one could not read only repeats it."""
    seen = {problem.field for problem in request.problems} - {field}
    request.problems.extend([problem for problem in found if problem.field not in seen])


def _boot_index_unread(request: Request, field: str) -> bool:
    """Whether a boot index got lost with a field or entry that could not be read: the sequence then says nothing."""
    whole = {field, *(entry.origin for entry in request.entries)}
    return any(problem.field in whole or problem.field.endswith(".boot_index") for problem in request.problems)


def _table(given: object, problems: Problems, name: str) -> Table | None:
    """A catalogue by id or name; a list is keyed by the id or name that its objects carry."""
    if given is None:
        return None
    if isinstance(given, Mapping) and all(isinstance(record, Mapping) for record in given.values()):
        return {str(key): record for key, record in given.items()}
    if isinstance(given, (list, tuple)) and all(isinstance(record, Mapping) for record in given):
        return {str(record.get("id") or record.get("name")): record for record in given}
    message = f"{name} must be a list of objects, or an object of objects by id or name"
    problems.add("ValidationError", "BDM-75", name, shown(given), {"type": "object"}, message)
    return None
