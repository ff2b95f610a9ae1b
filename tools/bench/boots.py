# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same guests by three ways: the module server, a plain loop (the floor), tasks of community.libvirt (the peer)."""

from __future__ import annotations

import statistics
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import libvirt

from tests.lab import Host

from .command import Cost, run
from .plays import BIN, CHECKOUT, PEER, measured, play

CATALOGUES = {"flavors": {"bench": {"vcpus": 1, "ram": 64, "disk": 1}}, "images": {"blank": {"src": "blank.raw"}}}


@dataclass
class Row:
    count: int
    way: str
    seconds: float
    per_server_ms: float
    to_floor: float | None
    to_peer: float | None
    peak_mib: float
    trips: int | None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class Boots:
    """Guests that are started paused, each with a disk over a blank base image and a config drive.

    The floor and the peer get the very XML of our domains, and find their volumes made already. The peer cannot start a guest
    paused: its guests run, and find nothing to boot."""

    def __init__(self, host: Host, folder: Path, repeat: int, with_peer: bool) -> None:
        self._host = host
        self._folder = folder
        self._repeat = repeat
        self._with_peer = with_peer
        image = folder / "blank.raw"
        image.write_bytes(bytes(1 << 20))
        play(self._folder, BIN, [{"kilonova.compute.image": {"name": "blank", "src": str(image), "uri": host.uri_unix}}])

    def rows(self, count: int) -> list[Row]:
        ours, floor, peer = [], [], []
        for _ in range(self._repeat):
            ours.append(play(self._folder, BIN, [self._server_task(count)], "-vvv"))
            with tempfile.TemporaryDirectory(dir=self._folder) as folder:
                self._save_xml(Path(folder), count)
                self._clear()
                argv = [sys.executable, CHECKOUT / "tools" / "bench" / "floor.py", self._host.uri_unix, folder]
                floor.append(measured(self._folder, lambda where, argv=argv: run(argv, where)))  # type: ignore[misc]
                self._clear()
                if self._with_peer:
                    peer.append(play(self._folder, PEER / "bin", self._peer_tasks(Path(folder)), "-vvv"))
                    self._clear()
            self._delete_volumes()
        return self._compared(count, {"server": ours, "floor": floor, "peer": peer})

    def _server_task(self, count: int) -> dict[str, Any]:
        request = {"name": "bench", "min_count": count, "max_count": count, "flavor": "bench", "image": "blank"}
        return {"kilonova.compute.server": {"uri": self._host.uri_unix, "state": "paused", **request, **CATALOGUES}}

    def _peer_tasks(self, folder: Path) -> list[dict[str, Any]]:
        paths = sorted(folder.glob("*.xml"))
        common = {"uri": self._host.uri_unix}
        define = {**common, "command": "define", "xml": "{{ lookup('ansible.builtin.file', item) }}"}
        start = {**common, "command": "start", "name": "{{ item }}"}
        return [
            {"community.libvirt.virt": define, "loop": [str(path) for path in paths]},
            {"community.libvirt.virt": start, "loop": [path.stem for path in paths]},
        ]

    def _save_xml(self, folder: Path, count: int) -> None:
        connection = libvirt.open(self._host.uri_unix)
        domains = connection.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE)
        paused = [domain for domain in domains if domain.state()[0] == libvirt.VIR_DOMAIN_PAUSED]
        if len(paused) != count:
            raise RuntimeError(f"{len(paused)} of {count} guests are there and paused")
        for domain in paused:
            (folder / f"{domain.name()}.xml").write_text(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
        connection.close()

    def _clear(self) -> None:
        connection = libvirt.open(self._host.uri_unix)
        for domain in connection.listAllDomains():
            domain.destroy()
            domain.undefine()
        connection.close()

    def _delete_volumes(self) -> None:
        connection = libvirt.open(self._host.uri_unix)
        for volume in connection.storagePoolLookupByName("default").listAllVolumes():
            if not volume.name().startswith("base_"):
                volume.delete()
        connection.close()

    def _compared(self, count: int, costs: dict[str, list[Cost]]) -> list[Row]:
        medians = {way: statistics.median(cost.seconds for cost in found) for way, found in costs.items() if found}
        rows = []
        for way, seconds in medians.items():
            trips = None if way == "floor" else costs[way][0].output.count("Using module file")
            rows.append(
                Row(
                    count=count,
                    way=way,
                    seconds=round(seconds, 2),
                    per_server_ms=round(seconds / count * 1000, 1),
                    to_floor=round(seconds / medians["floor"], 2),
                    to_peer=round(seconds / medians["peer"], 2) if "peer" in medians else None,
                    peak_mib=round(max(cost.peak_mib for cost in costs[way]), 1),
                    trips=trips,
                )
            )
        return rows
