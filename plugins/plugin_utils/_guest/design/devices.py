# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All devices of a guest, in Nova's order (guest section 1.2)."""

from __future__ import annotations

from ..device_model import Devices, MdevHostdev
from ..host_devices.mdev import ChosenMdev
from .consoles import design_serials
from .context import Context
from .disks import DiskDesign
from .graphics import design_agent_channel, design_graphics, design_inputs, design_spice_channel, design_video
from .host_devices import (
    design_filesystems,
    design_hostdevs,
    design_nvdimms,
    design_pcie_controllers,
    design_redirdevs,
    design_usb_controller,
)
from .interfaces import design_interfaces
from .numa import NumaDesign
from .small_devices import design_iommu, design_memballoon, design_rng, design_sound, design_tpm, design_watchdog


def design_devices(context: Context, storage: DiskDesign, numa: NumaDesign, mdevs: tuple[ChosenMdev, ...]) -> Devices:
    graphics = design_graphics(context)
    inputs = design_inputs(context, graphics)
    disks = (*storage.disks, *(() if storage.rescue_disk is None else (storage.rescue_disk,)))
    return Devices(
        disks=storage.disks,
        scsi_controller=storage.scsi_controller,
        rescue_disk=storage.rescue_disk,
        interfaces=design_interfaces(context),
        serials=design_serials(context),
        spice_channel=design_spice_channel(context),
        sound=design_sound(context),
        graphics=graphics,
        video=design_video(context, graphics),
        inputs=inputs,
        agent_channel=design_agent_channel(context),
        rng=design_rng(context),
        tpm=design_tpm(context),
        pcie_controllers=design_pcie_controllers(context),
        usb_controller=design_usb_controller(context, disks, inputs),
        redirdevs=design_redirdevs(context),
        hostdevs=design_hostdevs(context, numa.pci_devices),
        filesystems=design_filesystems(context),
        watchdog=design_watchdog(context),
        memballoon=design_memballoon(context),
        mdevs=tuple(MdevHostdev(uuid=mdev.uuid) for mdev in mdevs),
        nvdimms=design_nvdimms(context),
        iommu=design_iommu(context),
    )
