# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of elements: a few servers with many features each, and where each input must be found once the guest runs.

A row is ``(input, path, expected)``: which input asks for it, where it is, what must be there. A path of ``live`` is an XPath
into the running domain's XML that gives a list of texts (one text stands for a list of one), ``[]`` says that nothing may be
there. A path of ``guest`` is ``fact.member`` of what the guest says on its console; ``disk.vdb.bytes`` picks by name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MIB = 1 << 20
GIB = 1 << 30
Row = tuple[str, str, Any]

# Run by every guest: what its devices are to its kernel, beside the facts that it says anyway.
PROBE = r"""#!/bin/sh
. /lib/probe.sh
devices=
for device in /sys/bus/pci/devices/*; do
    read -r vendor < "$device/vendor"; read -r model < "$device/device"; read -r class < "$device/class"
    devices="$devices ${vendor#0x}:${model#0x}:${class#0x}"
done
products=
for device in /sys/bus/usb/devices/*/product; do [ -r "$device" ] && products="$products $(tr ' ' '-' < "$device")"; done
say devices "pci:=$(list "$devices")" "usb:=$(list "$products")" \
    "uarts:=$(grep -c 'uart:16' /proc/tty/driver/serial)" "tables:=$(list "$(ls /sys/firmware/acpi/tables)")" \
    "packed:=$(cut -c35 /sys/class/net/eth0/device/features 2> /dev/null || echo null)"
for disk in /sys/block/sd*; do case "$(readlink -f "$disk")" in */usb*) probe_disk "${disk##*/}" ;; esac; done
mkdir -p /mnt/share
mount -t virtiofs share /mnt/share 2> /dev/null && say share "text=$(cat /mnt/share/hello)"
exit 0
"""


@dataclass(frozen=True)
class Shape:
    """``ends``: ``ready`` (the guest says so), ``running`` (it cannot: its processor is another), ``stopped`` (defined only:
    what libvirt takes and a machine of this kind cannot start).

    ``ram`` in MiB. ``devices`` stand behind the image's own entry of the block device mapping. ``host`` replaces facts of
    the host; ``resources`` are what nothing gives a server yet: shares."""

    specs: dict[str, str] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    options: dict[str, dict[str, Any]] = field(default_factory=dict)
    devices: tuple[dict[str, Any], ...] = ()
    request: dict[str, Any] = field(default_factory=dict)
    host: dict[str, Any] = field(default_factory=dict)
    resources: tuple[str, ...] = ()
    ends: str = "ready"
    vcpus: int = 2
    ram: int = 192
    ephemeral: int = 0
    swap: int = 0
    live: tuple[Row, ...] = ()
    guest: tuple[Row, ...] = ()

    def inputs(self) -> set[str]:
        """Every input by its name; options with their group."""
        options = {f"{group}.{name}" for group, values in self.options.items() for name in values}
        return {*self.specs, *self.properties, *options, *self.resources}


def blank(size: int = 1, **changes: Any) -> dict[str, Any]:
    """An empty volume of that many GiB."""
    entry = {"source_type": "blank", "destination_type": "volume", "volume_size": size, "delete_on_termination": True}
    return {**entry, **changes}


@dataclass(frozen=True)
class Refusal:
    """``needs`` is what this host lacks; on a host that has it (``libvirt`` is its number, ``capability`` its name among the
    domain capabilities) the row says nothing. ``where`` is a part of the problem's field where that is not the input's name:
    fitting asks about all specs together."""

    input: str
    needs: str
    code: str
    specs: dict[str, str] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    libvirt: int | None = None
    capability: str = ""
    vcpus: int = 1
    where: str = ""

    def counts(self, facts: dict[str, Any]) -> bool:
        newer = self.libvirt is not None and facts["libvirt_version"] >= self.libvirt
        return not newer and not facts["domain_capabilities"].get(self.capability)
