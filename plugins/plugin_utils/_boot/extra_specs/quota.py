# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Extra specs of the namespace quota (rules ESP-64..71)."""

from __future__ import annotations

from .spec import Spec, number, words

_VMWARE_ONLY = "only Nova's VMware driver reads it; for libvirt use cpu_shares, cpu_quota, disk_* and vif_* limits"
_DEVICES = ("cpu", "memory", "disk_io", "vif")

SPECS: tuple[Spec, ...] = (
    *(Spec(f"quota:{device}_limit", "ESP-64", number(0), no_effect=_VMWARE_ONLY) for device in _DEVICES),
    *(Spec(f"quota:{device}_reservation", "ESP-65", number(), no_effect=_VMWARE_ONLY) for device in _DEVICES),
    *(
        Spec(f"quota:{device}_shares_level", "ESP-66", words("custom", "high", "normal", "low"), no_effect=_VMWARE_ONLY)
        for device in _DEVICES
    ),
    *(Spec(f"quota:{device}_shares_share", "ESP-67", number(0), no_effect=_VMWARE_ONLY) for device in _DEVICES),
    Spec("quota:cpu_shares", "ESP-68", number(0), "domain: cputune/shares"),
    Spec("quota:cpu_period", "ESP-68", number(0), "domain: cputune/period"),
    Spec("quota:cpu_quota", "ESP-69", number(), "domain: cputune/quota"),
    *(
        Spec(f"quota:disk_{direction}_{unit}_sec", "ESP-70", number(0), "domain: disk/iotune")
        for direction in ("read", "write", "total")
        for unit in ("bytes", "iops")
    ),
    *(
        Spec(f"quota:vif_{direction}_{measure}", "ESP-71", number(0), "domain: interface/bandwidth")
        for direction in ("inbound", "outbound")
        for measure in ("average", "peak", "burst")
    ),
)
