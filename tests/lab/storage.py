# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Storage servers inside a test host, and pools over them. They end with the host and leave nothing behind it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .host import Host
from .process import tool

SCRIPT = Path(__file__).with_name("storage.sh")
TARGET = "iqn.2026-01.org.example:units"
INITIATOR = "iqn.2026-01.org.example:host"


@dataclass(frozen=True)
class Ceph:
    """A Ceph cluster of one monitor and one OSD in memory (about 7 s, 370 MB), with a pool `rbd` of 1 GiB and no cephx."""

    host: Host

    @property
    def configuration(self) -> Path:
        return self.host.directory / "ceph" / "ceph.conf"

    def start(self) -> None:
        self.host.run(["bash", str(SCRIPT), "ceph", str(self.configuration.parent), self.host.address])

    def run(self, *argv: str) -> str:
        """One of Ceph's own tools."""
        return self.host.run(argv, env={"CEPH_CONF": str(self.configuration)}, timeout=600).stdout

    @property
    def pool_xml(self) -> str:
        source = f"<source><name>rbd</name><host name='{self.host.address}' port='6789'/></source>"
        return f"<pool type='rbd'><name>ceph</name>{source}</pool>"


def start_iscsi(host: Host, sizes: Sequence[int]) -> list[Path]:
    """A target with a unit of each size (bytes), numbered from 1; the sparse files behind them."""
    files = [host.directory / f"unit-{number}" for number in range(1, len(sizes) + 1)]
    for file, size in zip(files, sizes, strict=True):
        file.touch()
        os.truncate(file, size)
    host.run(["bash", str(SCRIPT), "iscsi", host.address, TARGET, *map(str, files)])
    return files


def iscsi_pool_xml(host: Host) -> str:
    source = (
        f"<host name='{host.address}' port='3260'/><device path='{TARGET}'/><initiator><iqn name='{INITIATOR}'/></initiator>"
    )
    return f"<pool type='iscsi-direct'><name>san</name><source>{source}</source></pool>"


def start_xfs_pool(host: Host, name: str, path: str, size: int) -> None:
    """A pool of the type fs over a loop device of the machine with a new xfs; the device goes with its last mount."""
    file = host.directory / "xfs"
    file.touch()
    os.truncate(file, size)
    tool("mkfs.xfs", "-q", "-f", str(file))
    device = tool("losetup", "--find", "--show", str(file)).stdout.strip()
    try:
        # The host has the first eight; a machine may be further.
        host.run(["bash", "-c", f"[ -e {device} ] || mknod -m 660 {device} b 7 {device.removeprefix('/dev/loop')}"])
        source = f"<source><device path='{device}'/><format type='xfs'/></source>"
        xml = f"<pool type='fs'><name>{name}</name>{source}<target><path>{path}</path></target></pool>"
        host.virsh("pool-define", "/dev/stdin", input=xml)
        host.virsh("pool-build", name)
        host.virsh("pool-start", name)
    finally:
        tool("losetup", "--detach", device)  # while it is mounted, this only says that it goes with its mount
