# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How disks are driven: cache mode, asynchronous I/O, limits, SCSI units (guest sections 7.4 and 7.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..device_model import Controller, DriveAddress, IoTune
from ..host_options import CACHE_MODES, CACHED_SOURCES
from .context import Context

_DIRECT = ("none", "directsync")
# Nova mixes bytes and operations (guest IMG-13). The order means nothing to libvirt, but libxml2 finds only limits of one unit
# valid that stand together, so that defining with validation would refuse Nova's order.
_QUOTAS = tuple(f"{kind}_{what}_sec" for what in ("bytes", "iops") for kind in ("total", "read", "write"))
_LIMITS = (*_QUOTAS, *(f"{name}_max" for name in _QUOTAS), "size_iops_sec")


def cache_mode(context: Context, kind: str, default: str, *, shareable: bool = False) -> str:
    """``kind`` is the type of the disk's source (guest IMG-06 to IMG-08); of several entries for it the last counts."""
    if shareable:
        return "none"
    for entry in reversed(context.options.items("libvirt", "disk_cachemodes")):
        source, _equals, mode = entry.partition("=")
        if source == kind and source in CACHED_SOURCES and mode in CACHE_MODES:
            return mode
    return default


def image_cache_mode(context: Context, kind: str) -> str:
    """Guest IMG-06: without O_DIRECT the page cache has to serve."""
    return cache_mode(context, kind, "none" if context.hypervisor.get("o_direct", True) else "writeback")


def io_mode(wanted: str | None, cache: str) -> str | None:
    """Guest IMG-09: native I/O needs a cache mode that goes past the page cache."""
    return "threads" if wanted == "native" and cache not in _DIRECT else wanted


def disk_quotas(context: Context) -> IoTune | None:
    """The flavor's limits, for every local disk (guest IMG-12)."""
    found = {name: context.number_spec(f"quota:disk_{name}", "IMG-12") for name in _QUOTAS}
    return limits({name: value for name, value in found.items() if value is not None})


def limits(given: Mapping[str, Any]) -> IoTune | None:
    """Those of ``given`` that libvirt knows, in its order; None without any."""
    known = tuple((name, int(given[name])) for name in _LIMITS if given.get(name) is not None)
    return IoTune(limits=known) if known else None


def design_scsi_controller(context: Context) -> Controller | None:
    """Guest IMG-14: written even where no disk sits on it."""
    model = context.text_property("hw_scsi_model")
    return None if model is None else Controller(type="scsi", index=0, model=model)


class ScsiUnits:
    """Hands out units on the virtio-scsi controller; 0 stays for a boot volume (guest IMG-15)."""

    def __init__(self, context: Context, *, from_volume: bool) -> None:
        self._active = context.text_property("hw_scsi_model") == "virtio-scsi"
        self._next = 1 if from_volume else 0

    def take(self, bus: str) -> DriveAddress | None:
        """For a local disk."""
        if not self._active or bus != "scsi":
            return None
        self._next += 1
        return DriveAddress(controller=0, unit=self._next - 1)

    def take_for_volume(self, bus: str, *, boots: bool) -> DriveAddress | None:
        """Nova counts every volume, on whichever bus it is (``_get_guest_storage_config``)."""
        unit = 0 if boots else self._next
        self._next += not boots
        return DriveAddress(controller=0, unit=unit) if self._active and bus == "scsi" else None
