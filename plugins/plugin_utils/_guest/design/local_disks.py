# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Local disks of a guest and the volumes behind them (guest sections 7.1 to 7.4)."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.kilonova.compute.plugins.module_utils._pool_kinds import has_files
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.disk_mapping import DiskInfo, device_kind
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import BlockDevice

from ..base_image import BaseImage
from ..device_model import Disk, DiskAuth, DiskSource
from ..hypervisor_facts import StoragePool
from ..resources import CLONES, KERNELS, LOCAL_DISKS, LVM, PREALLOCATION, RBD, VFAT_DRIVES
from ..volume_plan import VolumePlan
from .context import Context
from .disk_driver import ScsiUnits, disk_quotas, image_cache_mode, io_mode
from .local_encryption import encrypted
from .pool_source import pool_auth, pool_source

GIB = 1024**3
MIB = 1024**2
_VFAT_DRIVE = 64 * MIB  # guest CFG-02
_EPHEMERAL_FORMATS = ("ext2", "ext3", "ext4", "xfs")


def needs_config_drive(context: Context) -> bool:
    """Guest CFG-01."""
    mandatory = context.text_property("img_config_drive") == "mandatory"
    return context.server["config_drive"] or mandatory or context.options.flag("DEFAULT", "force_config_drive")


def image_disk(
    context: Context, volume: VolumePlan, info: DiskInfo, units: ScsiUnits, *, boot_order: int | None = None
) -> Disk:
    """A disk on a volume of ours."""
    pool = context.pool_of(volume.role)
    source = _source(context, volume) if has_files(pool) else pool_source(pool, volume.name, volume.path)
    cache = image_cache_mode(context, source.kind)
    return Disk(
        device=info["type"],
        source=source,
        target_dev=info["dev"] or "",
        target_bus=info["bus"] or "",
        driver_name=None if source.kind == "network" else "qemu",
        driver_type=volume.format,
        cache=cache,
        discard=context.options.text("libvirt", "hw_disk_discard"),
        io=io_mode(_io(context, source.kind), cache),
        auth=_auth(context, pool) if source.kind == "network" else None,
        iotune=disk_quotas(context),
        boot_order=boot_order,
        address=units.take(info["bus"] or ""),
    )


def _images_type(context: Context, role: str) -> str:
    """``file``, ``lvm`` or ``rbd``; a config drive is a file wherever that can be (guest DSK-05). The pool decides, where it is
    none of files: what the options say has led to it."""
    if not has_files(context.pool):
        return "file"
    kind = context.options.text("libvirt", "images_type") or "default"
    if kind == "rbd":
        return "rbd"
    return "lvm" if kind == "lvm" and not role.startswith("disk.config") else "file"


def _source(context: Context, volume: VolumePlan) -> DiskSource:
    """Guest IMG-01 to IMG-04."""
    kind = _images_type(context, volume.role)
    if kind == "lvm":
        group = context.options.text("libvirt", "images_volume_group")
        name = f"{context.uuid}_{volume.role.replace('_', '__')}"
        return DiskSource(kind="block", attributes=(("dev", f"/dev/{group}/{name}"),))
    if kind == "rbd":
        pool = context.options.text("libvirt", "images_rbd_pool")
        return DiskSource(kind="network", attributes=(("protocol", "rbd"), ("name", f"{pool}/{context.uuid}_{volume.role}")))
    secret = None if volume.encryption is None else volume.encryption["secret"]
    return DiskSource(kind="file", attributes=(("file", volume.path),), encryption_secret=secret)


def _auth(context: Context, pool: StoragePool) -> DiskAuth | None:
    """The host options of Nova come before what the pool itself says."""
    user = context.options.text("libvirt", "rbd_user")
    secret = context.options.text("libvirt", "rbd_secret_uuid")
    if user is None and not has_files(pool):
        return pool_auth(pool)
    return None if user is None else DiskAuth(username=user, secret_type="ceph", secret_uuid=secret)  # noqa: S106


def _io(context: Context, kind: str) -> str | None:
    """Guest IMG-10: native where the space is taken at once."""
    if kind == "network":
        return None
    if kind == "block":
        return None if context.options.flag("libvirt", "sparse_logical_volumes") else "native"
    return "native" if context.options.text("DEFAULT", "preallocate_images") == "space" else None


def local_volume(context: Context, role: str) -> VolumePlan | None:
    """The volume of a disk by Nova's name for it; None where a problem was found."""
    if role.startswith("disk.config"):
        return _drive_volume(context, role)
    volume = _root_volume(context, role) if role in ("disk", "disk.rescue") else _made_volume(context, role)
    return None if volume is None else encrypted(context, volume)


def _made_volume(context: Context, role: str) -> VolumePlan:
    """A swap area, or an ephemeral disk with its file system."""
    _need(context, LOCAL_DISKS, "flavor.ephemeral" if role != "disk.swap" else "flavor.swap")
    if role == "disk.swap":
        return replace(_blank_volume(context, role, _swap_size(context)), file_system="swap")
    volume = _blank_volume(context, role, _ephemeral_size(context, role))
    return replace(volume, file_system=_file_system(context, role), label=f"ephemeral{_ephemeral_number(role)}")


def kernel_volumes(context: Context) -> list[VolumePlan]:
    """Files of the server's own for a direct kernel boot (guest DSK-07, CACHE-05)."""
    if not context.properties.get("kernel_id"):
        return []
    _need(context, KERNELS, "image.properties.kernel_id")
    suffix = "" if context.resources.rescue is None else ".rescue"
    given = {"kernel": context.resources.kernel, "ramdisk": context.resources.ramdisk}
    return [
        replace(
            _volume(context, role + suffix, base["virtual_size"], "raw"),
            clone_of=base["name"],
            clone_format="raw",
            preallocate=False,
        )
        for role, base in given.items()
        if base is not None and context.properties.get(f"{role}_id")
    ]


def _root_volume(context: Context, role: str) -> VolumePlan | None:
    """An overlay over the base image, or a copy of it."""
    base = context.base_image
    if base is None:
        return None
    volume = _volume(context, role, _root_capacity(context, base, role), _format(context))
    if volume.file_pool is not None:
        return replace(volume, clone_of=base["name"], clone_format=base["format"], clone_pool=volume.file_pool)
    if volume.format == "raw":
        if _images_type(context, role) == "file":
            _need(context, CLONES, "host_options.libvirt.images_type")
        return replace(volume, clone_of=base["name"], clone_format=base["format"])
    return replace(volume, backing=base["name"], backing_path=base["path"], backing_format=base["format"])


def _root_capacity(context: Context, base: BaseImage, role: str) -> int:
    """As large as the flavor says; 0 and rescue disks take the image's own size (guest CACHE-07, CACHE-08)."""
    wanted = context.server["flavor"]["disk"] * GIB
    if not wanted or role == "disk.rescue":
        return base["virtual_size"]
    if wanted < base["virtual_size"]:
        message = f"the image needs {base['virtual_size']} bytes, and the flavor's root disk has {wanted}"
        field = context.field("flavor.disk")
        context.refuse("FlavorDiskSmallerThanImage", "SPW-31", field, wanted, {"minimum": base["virtual_size"]}, message)
    return wanted


def _ephemeral_number(role: str) -> int:
    """``disk.local`` is the only one of its server."""
    number = role.removeprefix("disk.eph")
    return int(number) if number.isdigit() else 0


def _file_system(context: Context, role: str) -> str:
    """Guest DSK-09."""
    device = _device_of(context, role)
    asked = device["guest_format"] if device is not None else None
    by_system = {"linux": "ext4", "windows": "ntfs"}.get(context.text_property("os_type") or "", "vfat")
    return asked or context.options.text("DEFAULT", "default_ephemeral_format") or by_system


def _format(context: Context) -> str:
    """Guest IMG-01 to IMG-04."""
    kind = context.options.text("libvirt", "images_type")
    if not has_files(context.pool):
        return "raw"
    if kind == "default":
        return "qcow2" if context.options.flag("DEFAULT", "use_cow_images") else "raw"
    return "qcow2" if kind == "qcow2" else "raw"


def _check_kind(context: Context, role: str) -> None:
    if context.pool_of(role)["type"] == "logical" and context.options.flag("libvirt", "sparse_logical_volumes"):
        field = "host_options.libvirt.sparse_logical_volumes"
        message = "what libvirt makes for a sparse logical volume is a snapshot, which can overflow: it is not made"
        context.refuse("NotBuilt", "IMG-10", field, True, [False], message)
    kind = _images_type(context, role)
    if kind != "file":
        _need(context, LVM if kind == "lvm" else RBD, "host_options.libvirt.images_type")
    if kind == "lvm" and not context.options.text("libvirt", "images_volume_group"):
        field = "host_options.libvirt.images_volume_group"
        message = "images_type lvm needs the volume group in images_volume_group"
        context.refuse("Invalid", "IMG-03", field, None, "a volume group", message)


def _drive_volume(context: Context, role: str) -> VolumePlan:
    """Always raw; the caller adds content and capacity once the drive is made (guest DSK-05)."""
    if context.options.text("DEFAULT", "config_drive_format") == "vfat":
        _need(context, VFAT_DRIVES, "host_options.DEFAULT.config_drive_format")
        return replace(_volume(context, role, 0, "raw"), capacity=_VFAT_DRIVE, file_system="vfat", label="config-2")
    return _volume(context, role, 0, "raw")


def _blank_volume(context: Context, role: str, capacity: int) -> VolumePlan:
    return _volume(context, role, capacity, _format(context))


def _volume(context: Context, role: str, capacity: int, volume_format: str) -> VolumePlan:
    _check_kind(context, role)
    pool = context.pool_of(role)
    preallocate = has_files(pool) and context.options.text("DEFAULT", "preallocate_images") == "space" and capacity > 0
    if preallocate:
        _need(context, PREALLOCATION, "host_options.DEFAULT.preallocate_images")
    return VolumePlan(
        role=role,
        pool=pool["name"],
        file_pool=None if has_files(pool) else context.file_pool["name"],
        name=context.volume_name(role),
        path=context.volume_path(role),
        capacity=capacity,
        format=volume_format,
        preallocate=preallocate,
        delete_on_termination=_deleted_with_server(context, role),
    )


def _deleted_with_server(context: Context, role: str) -> bool:
    device = _device_of(context, role)
    return True if device is None else device["delete_on_termination"]


def _device_of(context: Context, role: str) -> BlockDevice | None:
    """The entry of the block device mapping that a local disk comes from, if any."""
    kind = {"disk": "image", "disk.swap": "swap"}.get(role, "ephemeral")
    entries = [device for device in context.server["block_device_mapping"] if device_kind(device) == kind]
    if role in ("disk", "disk.swap"):
        return entries[-1] if entries else None
    number = role.removeprefix("disk.eph")
    return entries[int(number)] if number.isdigit() and int(number) < len(entries) else None


def _swap_size(context: Context) -> int:
    """Guest DSK-04, in bytes."""
    device = _device_of(context, "disk.swap")
    size = device["volume_size"] if device is not None and device["volume_size"] else context.server["flavor"]["swap"]
    return size * MIB


def _ephemeral_size(context: Context, role: str) -> int:
    """An entry without a size, and ``disk.local``, take all that the flavor has (guest DSK-02, BDM-08)."""
    device = _device_of(context, role)
    if device is not None:
        _check_format(context, device)
    size = device["volume_size"] if device is not None and device["volume_size"] else context.server["flavor"]["ephemeral"]
    return size * GIB


def _check_format(context: Context, device: BlockDevice) -> None:
    """Guest DSK-10."""
    wanted = device["guest_format"]
    if wanted is not None and wanted not in _EPHEMERAL_FORMATS:
        index = context.server["block_device_mapping"].index(device)
        field = context.field(f"block_device_mapping[{index}].guest_format")
        message = f"an ephemeral disk cannot be formatted as {wanted}"
        context.refuse("InvalidBDMFormat", "DSK-10", field, wanted, list(_EPHEMERAL_FORMATS), message)


def _need(context: Context, ability: str, field: str) -> None:
    """Whatever nobody makes yet is refused by name."""
    if ability not in context.resources.abilities:
        path = field if field.startswith("host_options") else context.field(field)
        context.refuse("NotBuilt", "REQ", path, None, None, f"{ability} are not made yet, so the request is refused")
