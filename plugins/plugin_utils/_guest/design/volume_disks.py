# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes that a guest gets as disks (guest section 7.5)."""

from __future__ import annotations

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.disk_mapping import DiskInfo

from ..device_model import BlockIo, Disk, DiskAuth, DiskHost, DiskSource, DriveAddress
from ..resources import VolumeConnection
from .context import Context
from .disk_driver import cache_mode, io_mode, limits
from .pool_source import pool_auth, pool_source

_BLOCK_DRIVERS = ("local", "iscsi", "fibre_channel", "nvme", "iser", "aoe", "lightos", "storpool")
_FILE_DRIVERS = ("nfs", "quobyte", "smbfs", "vzstorage")
_SHORT_USB_SERIALS = 9000000  # QEMU 9.0.0


def volume_disk(
    context: Context, connection: VolumeConnection, info: DiskInfo, address: DriveAddress | None, field: str
) -> Disk | None:
    """One volume; None after a problem with its connection. ``field`` is the entry of the block device mapping."""
    source = _source(context, connection, field)
    if source is None:
        return None
    shareable = bool(connection.get("multiattach"))
    cache = cache_mode(context, source.kind, "none", shareable=shareable)
    identity = connection.get("id")
    lun = info["type"] == "lun"
    return Disk(
        device=info["type"],
        source=source,
        target_dev=info["dev"] or "",
        target_bus=info["bus"] or "",
        driver_name="qemu",
        driver_type=connection.get("format", "raw"),
        cache=cache,
        discard="unmap" if connection.get("discard") else None,
        io=io_mode(_io(context, connection), cache),
        alias=f"ua-{identity}" if identity else None,
        auth=_auth(context, connection),
        serial=None if lun else _serial(context, info, identity),
        iotune=limits(connection.get("qos_specs") or {}),
        blockio=None if lun else _block_io(connection),
        readonly=_readonly(context, connection, field),
        shareable=shareable,
        address=address,
        encryption_secret=connection.get("encryption_secret"),
    )


def _serial(context: Context, info: DiskInfo, identity: str | None) -> str | None:
    """QEMU starts no guest with a serial for a floppy disk, nor, a newer one, with a long serial on USB: there the guest sees
    as much of it as on virtio (scsi-disk.c, scsi_realize; virtio-blk.h, VIRTIO_BLK_ID_BYTES)."""
    if info["type"] == "floppy" and context.definable:
        return None
    short = info["bus"] == "usb" and context.hypervisor["hypervisor_version"] >= _SHORT_USB_SERIALS
    return identity[:20] if short and identity else identity


def _source(context: Context, connection: VolumeConnection, field: str) -> DiskSource | None:
    """Guest VOL-02 to VOL-05; ``pool`` is a volume in one of libvirt's."""
    driver = connection.get("driver")
    if driver == "pool":
        return pool_source(connection["pool"], connection["name"], connection["path"])
    if driver in _BLOCK_DRIVERS:
        return DiskSource(kind="block", attributes=(("dev", connection["device_path"]),))
    if driver in _FILE_DRIVERS:
        return DiskSource(kind="file", attributes=(("file", connection["device_path"]),))
    if driver == "rbd":
        ports = connection.get("ports") or []
        hosts = tuple(
            DiskHost(name=host, port=str(ports[index]) if index < len(ports) else None)
            for index, host in enumerate(connection.get("hosts") or [])
        )
        return DiskSource(kind="network", attributes=(("protocol", "rbd"), ("name", connection["name"])), hosts=hosts)
    allowed = ["pool", *_BLOCK_DRIVERS, *_FILE_DRIVERS, "rbd"]
    context.refuse("VolumeDriverNotFound", "VOL-02", field, driver, allowed, f"volumes of the kind {driver} cannot be attached")
    return None


def _io(context: Context, connection: VolumeConnection) -> str | None:
    """Guest VOL-02 to VOL-04."""
    if connection.get("driver") in ("pool", "local", "rbd"):
        return None
    return None if context.options.flag("libvirt", "use_default_aio_mode_for_volumes") else "native"


def _auth(context: Context, connection: VolumeConnection) -> DiskAuth | None:
    """Guest VOL-05: without a secret of the connection the host's own user and secret serve."""
    if connection.get("driver") == "pool":
        return pool_auth(connection["pool"])
    if connection.get("driver") != "rbd":
        return None
    enabled, user, secret = connection.get("auth_enabled"), connection.get("auth_username"), connection.get("secret_uuid")
    if not (enabled and secret):
        user, secret = context.options.text("libvirt", "rbd_user") or user, context.options.text("libvirt", "rbd_secret_uuid")
    if not enabled and not secret:
        return None
    return DiskAuth(username=user or "", secret_type=connection.get("secret_type", "ceph"), secret_uuid=secret)


def _block_io(connection: VolumeConnection) -> BlockIo | None:
    """Guest VOL-09."""
    logical, physical = connection.get("logical_block_size"), connection.get("physical_block_size")
    if not logical and not physical:
        return None
    return BlockIo(
        logical_block_size=str(logical) if logical else None, physical_block_size=str(physical) if physical else None
    )


def _readonly(context: Context, connection: VolumeConnection, field: str) -> bool:
    """Guest VOL-07."""
    mode = connection.get("access_mode")
    if mode and mode not in ("ro", "rw"):
        message = f"a volume is attached ro or rw, not {mode}"
        context.refuse("InvalidVolumeAccessMode", "VOL-07", field, mode, ["ro", "rw"], message)
    return mode == "ro"
