# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""python -m tools.bench [--sizes 1,10,40] [--disks 20] [--import-mib 1024] [--repeat 1] [--no-peer] [--servers 1000]: tables,
and build/bench.json."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.lab import Lab

from .boots import Boots
from .plays import CHECKOUT, make_peer
from .storage import Storage

BOOTS = ("N", "way", "total s", "ms each", "to floor", "to peer", "peak MiB", "trips")
STORAGE = ("what", "way", "total s", "to floor", "written MiB")


def table(headings: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    cells = [headings, *(tuple("-" if value is None else str(value) for value in row.values()) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(headings))]
    return "\n".join("  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True)) for line in cells)


def plans(count: int) -> dict[str, Any]:
    """In a process of its own, so that its memory is its own too."""
    argv = [sys.executable, "-m", "tools.bench.plans", str(count)]
    done = subprocess.run(argv, cwd=CHECKOUT, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.bench")
    parser.add_argument("--sizes", default="1,10,40", help="how many guests, one measurement each")
    parser.add_argument("--disks", type=int, default=20, help="how many root disks are made of one image")
    parser.add_argument("--import-mib", type=int, default=1024, help="how large the image is that is imported")
    parser.add_argument("--repeat", type=int, default=1, help="measure so often and take the median")
    parser.add_argument("--no-peer", action="store_true", help="leave community.libvirt out")
    parser.add_argument("--servers", type=int, default=1000, help="how many servers to check and render without a host")
    parser.add_argument("--out", type=Path, default=CHECKOUT / "build" / "bench.json")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    if not options.no_peer:
        make_peer()
    boots: list[dict[str, Any]] = []
    with Lab(hosts=1) as lab:
        bench = Boots(lab.hosts[0], lab.shared, options.repeat, not options.no_peer)
        for size in filter(None, options.sizes.split(",")):
            boots += [row.to_dict() for row in bench.rows(int(size))]
            print(f"measured {size}", file=sys.stderr)
    with Lab(hosts=1) as lab:
        disks = Storage(lab.hosts[0], lab.shared, options.repeat, not options.no_peer)
        storage = [row.to_dict() for row in (*disks.disks(options.disks), *disks.imports(options.import_mib))]
    rendered = plans(options.servers)
    print(table(BOOTS, boots))
    print(table(STORAGE, storage))
    print(
        f"{rendered['count']} servers without a host: {rendered['check_ms']} ms each to check, "
        f"{rendered['check_and_render_ms']} ms each to check and render, peak {rendered['peak_mib']} MiB"
    )
    options.out.parent.mkdir(parents=True, exist_ok=True)
    facts = {"cpus": os.cpu_count(), "repeat": options.repeat}
    found = {"machine": facts, "boots": boots, "storage": storage, "plans": rendered}
    options.out.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
