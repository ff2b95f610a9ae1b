# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From one image to many root disks, and an image into a pool: our modules, qemu-img called directly (the floor), and tasks of
community.libvirt.virt_volume (the peer). Written bytes are what the files of the pool occupy."""

from __future__ import annotations

import random
import shlex
import statistics
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import libvirt

from tests.lab import Host

from .command import Cost, run
from .plays import BIN, PEER, measured, play

MIB = 1 << 20
POOL = "/var/lib/libvirt/images"
FLAVORS = {"bench": {"vcpus": 1, "ram": 64, "disk": 1}}
IMAGE_MIB = 64


@dataclass
class StorageRow:
    what: str
    way: str
    seconds: float
    to_floor: float | None
    written_mib: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class Storage:
    """Disks are of 1 GiB, over or copied from an image of 64 MiB of noise. Ours are the disks of servers that are not started,
    so each has its domain and its console log too; they have no config drive."""

    def __init__(self, host: Host, place: Path, repeat: int, with_peer: bool) -> None:
        self._host = host
        self._place = place
        self._repeat = repeat
        self._with_peer = with_peer
        self._folder = host.path(POOL)

    def disks(self, count: int) -> list[StorageRow]:
        base = self._base()
        rows = []
        for what in ("overlay", "copy"):
            ways: dict[str, Callable[[], Cost]] = {
                "server": lambda what=what: self._servers(count, what),  # type: ignore[misc]
                "floor": lambda what=what: self._floor(base, count, what),  # type: ignore[misc]
                "peer": lambda what=what: self._peer(base, count, what),  # type: ignore[misc]
            }
            rows += self._compared(f"{count} disks, {what}", ways)
        self._remove(base.name)
        return rows

    def imports(self, mib: int) -> list[StorageRow]:
        source = self._noise("import.raw", mib)
        task = {"kilonova.compute.image": {"name": "import", "src": str(source), "uri": self._host.uri_unix}}
        convert = ["qemu-img", "convert", "-f", "raw", "-O", "raw", source, self._folder / "floor.raw"]
        ways: dict[str, Callable[[], Cost]] = {
            "image": lambda: play(self._place, BIN, [task]),
            "floor": lambda: measured(self._place, lambda folder: run(convert, folder)),
        }
        rows = self._compared(f"import of {mib} MiB", ways)
        source.unlink()
        return rows

    def _noise(self, name: str, mib: int) -> Path:
        path = self._place / name
        generator = random.Random(mib)
        with path.open("wb") as file:
            for _ in range(mib):
                file.write(generator.randbytes(MIB))
        return path

    def _base(self) -> Path:
        """The base image as our module keeps it, under the name that it has in the pool."""
        noise, image = self._noise("noise.raw", IMAGE_MIB), self._place / "noise.qcow2"
        subprocess.run(["qemu-img", "convert", "-O", "qcow2", noise, image], check=True)
        play(self._place, BIN, [{"kilonova.compute.image": {"name": "noise", "src": str(image), "uri": self._host.uri_unix}}])
        noise.unlink()
        image.unlink()
        (base,) = [path for path in self._folder.glob("base_*") if path.suffix != ".json"]
        return base

    def _servers(self, count: int, what: str) -> Cost:
        request = {"name": "bench", "min_count": count, "max_count": count, "flavor": "bench", "image": "noise"}
        options = {"libvirt": {"images_type": "raw" if what == "copy" else "qcow2"}}
        task = {"state": "stopped", "config_drive": False, "host_options": options, "uri": self._host.uri_unix}
        catalogues = {"flavors": FLAVORS, "images": {"noise": {"src": "noise.qcow2"}}}
        return play(self._place, BIN, [{"kilonova.compute.server": request | task | catalogues}])

    def _floor(self, base: Path, count: int, what: str) -> Cost:
        """One process after the other, as a shell script would."""
        lines = []
        for number in range(count):
            disk = shlex.quote(str(self._folder / f"bench-{number}"))
            if what == "overlay":
                lines.append(f"qemu-img create -q -f qcow2 -F qcow2 -b {shlex.quote(str(base))} {disk} 1G")
            else:
                lines.append(f"qemu-img convert -f qcow2 -O raw {shlex.quote(str(base))} {disk}")
                lines.append(f"qemu-img resize -q -f raw {disk} 1G")
        return measured(self._place, lambda folder: run(["sh", "-ec", "\n".join(lines)], folder))

    def _peer(self, base: Path, count: int, what: str) -> Cost:
        backing = f"<backingStore><path>{POOL}/{base.name}</path><format type='qcow2'/></backingStore>"
        kind, more = ("qcow2", backing) if what == "overlay" else ("raw", "")
        xml = "<volume><name>{{ item }}</name><capacity unit='G'>1</capacity><allocation>0</allocation><target><format type='"
        options = {"pool": "default", "command": "create", "xml": f"{xml}{kind}'/></target>{more}</volume>"}
        clone = {} if what == "overlay" else {"clone_source": base.name}
        task = {"community.libvirt.virt_volume": {"uri": self._host.uri_unix, **options, **clone}}
        return play(self._place, PEER / "bin", [task | {"loop": [f"bench-{number}" for number in range(count)]}])

    def _compared(self, what: str, ways: dict[str, Callable[[], Cost]]) -> list[StorageRow]:
        found: dict[str, tuple[float, float]] = {}
        for way, work in ways.items():
            if way == "peer" and not self._with_peer:
                continue
            seconds = []
            for _ in range(self._repeat):
                before = set(self._folder.iterdir())
                seconds.append(work().seconds)
                new = set(self._folder.iterdir()) - before
                written = sum(path.stat().st_blocks * 512 for path in new) / MIB
                self._clear({path.name for path in before})
            found[way] = (statistics.median(seconds), written)
        floor = found["floor"][0]
        return [
            StorageRow(what, way, round(seconds, 2), round(seconds / floor, 2), round(written, 1))
            for way, (seconds, written) in found.items()
        ]

    def _clear(self, kept: set[str]) -> None:
        connection = libvirt.open(self._host.uri_unix)
        for domain in connection.listAllDomains():
            domain.undefine()
        connection.close()
        self._remove(*(path.name for path in self._folder.iterdir() if path.name not in kept))

    def _remove(self, *names: str) -> None:
        for name in names:
            for path in self._folder.glob(f"{name}*"):
                path.unlink()
        connection = libvirt.open(self._host.uri_unix)
        connection.storagePoolLookupByName("default").refresh()
        connection.close()
