# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Designing and rendering many servers of mixed shape, against building the very same trees with lxml alone."""

from __future__ import annotations

import argparse
import gc
import resource
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.designer import Design
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.render import render_domain
from tests.unit.guest.values import ROOT, design, flavor, hypervisor, image, nic, numa_cell, server

PINNED = {"hw:cpu_policy": "dedicated", "hw:numa_nodes": "2", "hw:mem_page_size": "2048"}
LIMITED = {"quota:disk_read_iops_sec": "100", "quota:vif_inbound_average": "100", "hw:watchdog_action": "reset"}
HOST = hypervisor(numa_cells=[numa_cell(cell, 16, 65536, threads=2, pages={2048: 8192}) for cell in range(2)], vcpus=32)

# What a rack of servers asks for: mostly plain ones, some of every heavier kind.
SHAPES: tuple[dict[str, Any], ...] = (
    {},
    {"networks": [nic(), nic("other")], "metadata": {"role": "web", "team": "a"}},
    {"flavor": flavor(vcpus=4, extra_specs=LIMITED), "image": image(properties={"hw_machine_type": "q35"})},
    {"image": image(properties={"hw_firmware_type": "uefi", "hw_machine_type": "q35", "hw_disk_bus": "scsi"})},
    {"image": image(properties={"os_type": "windows", "hw_vif_model": "e1000e", "hw_video_model": "vga"})},
    {"flavor": flavor(vcpus=4, ram=4096, extra_specs=PINNED)},
    {"networks": [nic(tag="front")], "block_device_mapping": [{**ROOT, "tag": "root"}]},
    {"config_drive": False, "user_data": {"size": 100, "sha256": "0" * 64}, "tags": [f"tag{i}" for i in range(20)]},
)
OPTIONS = {"compute": {"cpu_dedicated_set": "4-31", "cpu_shared_set": "0-3"}}

# A tree as nested tuples: tag, namespaces, attributes, text, children.
Plan = tuple[str, dict[str | None, str], dict[str, str], str | None, list[Any]]


@dataclass(frozen=True)
class Row:
    """Milliseconds for each server."""

    count: int
    designing: float
    rendering: float
    floor: float
    kilobytes: float


def designs(count: int) -> Iterator[Design]:
    for index in range(count):
        wanted = server(name=f"web-{index}", hostname=f"web-{index}", **SHAPES[index % len(SHAPES)])
        yield design(wanted, uuid=str(uuid.UUID(int=index + 1)), host=HOST, host_options=OPTIONS)


def plan_of(element: etree._Element) -> Plan:
    parent = element.getparent()
    known = {} if parent is None else dict(parent.nsmap)
    namespaces = {prefix: uri for prefix, uri in element.nsmap.items() if known.get(prefix) != uri}
    text = element.text if element.text and element.text.strip() else None
    attributes = {str(name): str(value) for name, value in element.attrib.items()}
    return str(element.tag), namespaces, attributes, text, [plan_of(child) for child in element]


def build(plan: Plan, parent: etree._Element | None = None) -> etree._Element:
    tag, namespaces, attributes, text, children = plan
    if parent is None:
        element = etree.Element(tag, attributes, namespaces)
    else:
        element = etree.SubElement(parent, tag, attributes, namespaces)
    element.text = text
    for child in children:
        build(child, element)
    return element


def written(plan: Plan) -> str:
    root = build(plan)
    etree.indent(root)
    return etree.tostring(root, encoding="unicode") + "\n"


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of processor time: the machine may be busy with other things."""
    gc.collect()
    start = time.process_time()
    found = work()
    return time.process_time() - start, found


def measure(count: int) -> Row:
    spent_designing, made = timed(lambda: list(designs(count)))
    wrong = [problem.message for found in made for problem in found.problems]
    if wrong:
        raise SystemExit(wrong[0])
    spent_rendering, texts = timed(lambda: [render_domain(found.domain) for found in made])
    plans = [plan_of(etree.fromstring(text)) for text in texts]
    spent_building, built = timed(lambda: [written(plan) for plan in plans])
    if built != texts:
        raise SystemExit("the trees that were compared are not the same")
    size = sum(len(text) for text in texts) / count / 1024
    return Row(count, *(1000 * spent / count for spent in (spent_designing, spent_rendering, spent_building)), size)


def show(rows: Sequence[Row]) -> None:
    print(f"{'servers':>8} {'design':>9} {'render':>9} {'lxml':>9} {'render/lxml':>12} {'XML':>9}")
    for row in rows:
        ratio = row.rendering / row.floor
        times = "".join(f"{value:>7.3f}ms" for value in (row.designing, row.rendering, row.floor))
        print(f"{row.count:>8} {times} {ratio:>11.2f}x {row.kilobytes:>6.1f}KiB")
    first, last = rows[0], rows[-1]
    growth = (last.designing + last.rendering) / (first.designing + first.rendering)
    print(f"growth of the time for one server from {first.count} to {last.count}: {growth:.2f}x")
    print(f"most memory at once: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB, all results kept")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("counts", nargs="*", type=int, default=[1000, 10000])
    counts = parser.parse_args().counts
    measure(len(SHAPES) * 4)  # templates are read and compiled once
    show([measure(count) for count in counts])


if __name__ == "__main__":
    main()
