# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Nova would write and libvirt refuses to define: found here, it is named by its field before anything is made."""

from __future__ import annotations

from ..device_model import Disk, Interface, IoTune
from ..domain_model import Domain
from .context import Context

_VIRTIO_SOUND = 10004000
# What libvirt 9.0.0 takes, by its schema and by its own check.
_CPU_LIMITS: dict[str, tuple[tuple[int, ...], int, int]] = {
    "shares": ((0,), 2, 262144),
    "period": ((), 1000, 1000000),
    "quota": ((-1, 0), 1000, 17592186044415),
}
# Machines that have neither IDE nor a way to add it, by architecture; "" is any.
_WITHOUT_IDE = {"aarch64": "virt", "ppc64": "", "ppc64le": "", "riscv64": "virt", "s390x": "", "i686": "q35", "x86_64": "q35"}
_DISK_NAMES = ("fd", "hd", "sd", "vd", "xvd", "ubd")


def refuse_undefinable(context: Context, domain: Domain) -> None:
    _check_redirdevs(context, domain)
    _check_packed(context, domain)
    _check_address_width(context, domain)
    _check_sound(context, domain)
    _check_disk_prefix(context)
    _check_mode(context, domain)
    _check_cpu_limits(context, domain)
    _check_pointer(context, domain)
    _check_screen(context, domain)
    for disk in (*domain.devices.disks, domain.devices.rescue_disk):
        if disk is not None:
            _check_disk(context, disk)


def _check_redirdevs(context: Context, domain: Domain) -> None:
    devices = domain.devices
    if not devices.redirdevs or any(graphics.type == "spice" for graphics in devices.graphics):
        return
    field = context.wish_field("hw:redirected_usb_ports")
    message = "redirected USB ports go through SPICE, and the host option spice.enabled is off"
    context.refuse("Invalid", "USB-04", field, len(devices.redirdevs), [0], message)


def _check_packed(context: Context, domain: Domain) -> None:
    nics = [nic for nic in domain.devices.interfaces if isinstance(nic, Interface)]
    if any(nic.driver is not None and nic.driver.packed and nic.model != "virtio" for nic in nics):
        field = context.wish_field("hw:virtio_packed_ring")
        message = "packed rings need network interfaces of the model virtio"
        context.refuse("Invalid", "VIF-10", field, True, [False], message)


def _check_address_width(context: Context, domain: Domain) -> None:
    width = domain.cpu.max_phys_addr if domain.cpu is not None else None
    if width is not None and width.mode == "passthrough" and width.bits is not None:
        field = context.wish_field("hw:maxphysaddr_bits")
        message = "the width of addresses is passed through from the host, so it cannot have a number of bits"
        context.refuse("Invalid", "CPU-13", field, width.bits, None, message)


def _check_sound(context: Context, domain: Domain) -> None:
    """Nova leaves this to its scheduler, by traits of the host (guest VER-10)."""
    sound = domain.devices.sound
    if sound is not None and sound.model == "virtio" and context.hypervisor["libvirt_version"] < _VIRTIO_SOUND:
        field = context.wish_field("hw:sound_model")
        message = "a virtio sound card needs libvirt 10.4.0 on the host"
        context.refuse("UnsupportedHardware", "VER-10", field, "virtio", None, message)


def _check_disk_prefix(context: Context) -> None:
    """libvirt's schema knows these names of disks only."""
    prefix = context.options.text("libvirt", "disk_prefix")
    if prefix is not None and prefix not in _DISK_NAMES:
        message = f"libvirt knows no disk whose name begins with {prefix}"
        context.refuse("Invalid", "BUS-08", "host_options.libvirt.disk_prefix", prefix, list(_DISK_NAMES), message)


def _check_mode(context: Context, domain: Domain) -> None:
    """QEMU's guests are whole machines."""
    if domain.os.type != "hvm":
        message = f"a {domain.type} guest cannot be of the mode {domain.os.type}"
        context.refuse("Invalid", "OS-01", context.property_field("hw_vm_mode"), domain.os.type, ["hvm"], message)


def _check_cpu_limits(context: Context, domain: Domain) -> None:
    for name, (special, low, high) in _CPU_LIMITS.items():
        value: int | None = getattr(domain.cpu_tune, name, None)
        if value is not None and value not in special and not low <= value <= high:
            allowed = {"one_of": list(special), "min": low, "max": high}
            message = f"libvirt takes cpu_{name} from {low} to {high}"
            context.refuse("Invalid", "QCPU-02", context.spec_field(f"quota:cpu_{name}"), value, allowed, message)


def _check_pointer(context: Context, domain: Domain) -> None:
    if context.arch == "s390x" and any(device.bus == "usb" for device in domain.devices.inputs):
        field = "host_options.DEFAULT.pointer_model"
        message = "an s390x guest has no USB for a tablet; without vnc and spice, or with ps2mouse, it has no tablet"
        context.refuse("Invalid", "INP-02", field, "usbtablet", ["ps2mouse"], message)


def _check_screen(context: Context, domain: Domain) -> None:
    """Where distributions ship SPICE and its card apart from QEMU, libvirt tells that they are not there."""
    if context.arch != context.hypervisor["arch"]:
        return  # what the host says is about guests of its own architecture
    offered = context.hypervisor["domain_capabilities"]
    video, models = domain.devices.video, (offered.get("video") or {}).get("modelType")
    if video is not None and models and video.model not in models:
        message = f"QEMU on this host has no video card {video.model}"
        context.refuse("UnsupportedHardware", "VID-02", context.property_field("hw_video_model"), video.model, models, message)
    kinds = (offered.get("graphics") or {}).get("type")
    for graphics in domain.devices.graphics:
        if kinds and graphics.type not in kinds:
            message = f"QEMU on this host has no {graphics.type}"
            field = f"host_options.{graphics.type}.enabled"
            context.refuse("UnsupportedHardware", "GFX-01", field, True, kinds, message)


def _check_bus(context: Context, disk: Disk) -> None:
    """The bus of a drive is the image's matter; the bus of a disk may be that of its block device (guest BUS-01, BUS-02)."""
    without_ide = _WITHOUT_IDE.get(context.arch)
    ide = disk.target_bus == "ide" and without_ide is not None and without_ide in (context.machine or "")
    if not ide and not (disk.target_bus == "usb" and context.arch == "s390x"):
        return
    name = "hw_cdrom_bus" if disk.device == "cdrom" else "hw_disk_bus"
    of_image = disk.device == "cdrom" or context.text_property(name) == disk.target_bus
    field = context.property_field(name) if of_image else context.field("block_device_mapping")
    message = f"a {context.arch} guest of the machine type {context.machine} has no {disk.target_bus} for {disk.target_dev}"
    context.refuse("UnsupportedHardware", "BUS-04", field, disk.target_bus, ["scsi", "virtio"], message)


def _check_disk(context: Context, disk: Disk) -> None:
    _check_bus(context, disk)
    clashing = _clashing(disk.iotune)
    if clashing is not None:
        message = f"a disk has either {clashing} or limits for reading and writing alone, not both"
        field = context.spec_field(f"quota:disk_{clashing}")
        context.refuse("Invalid", "IMG-12", field, clashing, None, message)
    if disk.auth is not None and disk.auth.secret_uuid is None and disk.auth.secret_usage is None:
        field = "host_options.libvirt.rbd_secret_uuid"
        message = f"the user {disk.auth.username} of the disk {disk.target_dev} has no secret"
        context.refuse("Invalid", "IMG-04", field, None, "the uuid of a secret of libvirt", message)
    if disk.shareable and disk.driver_type not in (None, "raw"):
        message = f"the shared disk {disk.target_dev} must be raw, and it is {disk.driver_type}"
        context.refuse("Invalid", "VOL-10", context.field("block_device_mapping"), disk.driver_type, ["raw"], message)


def _clashing(iotune: IoTune | None) -> str | None:
    """A limit for reading and writing together beside one for either of them."""
    names = {name for name, _limit in iotune.limits} if iotune is not None else set()
    for total in sorted(name for name in names if name.startswith("total_")):
        if {total.replace("total_", "read_"), total.replace("total_", "write_")} & names:
            return total
    return None
