# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What domains take of a host's cells and ports: read from their XML, ours or not."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest

from ansible_collections.kilonova.compute.plugins.module_utils._claims import (
    add_claims,
    at_home,
    claim,
    claims_of,
    count_claims,
    device_holders,
    parse_cpus,
    release,
)
from tests.unit.guest.values import hypervisor, numa_cell

CELLS: list[Any] = [numa_cell(cell, 4, 8192, pages={2048: 1024}) for cell in range(2)]
for _cell in CELLS:
    for _page in _cell["pages"]:
        _page.pop("free")


def domain(inner: str, *, vcpus: int = 2, memory: int = 1048576, attributes: str = "") -> ElementTree.Element:
    return ElementTree.fromstring(xml(inner, vcpus=vcpus, memory=memory, attributes=attributes))


def xml(inner: str, *, vcpus: int = 2, memory: int = 1048576, attributes: str = "") -> str:
    return f"<domain><memory unit='KiB'>{memory}</memory><vcpu {attributes}>{vcpus}</vcpu>{inner}</domain>"


def claims(inner: str, **changes: Any) -> dict[str, Any]:
    return claims_of(domain(inner, **changes), CELLS)


def pins(*cpusets: str, emulator: str | None = None) -> str:
    found = "".join(f"<vcpupin vcpu='{index}' cpuset='{cpuset}'/>" for index, cpuset in enumerate(cpusets))
    return f"<cputune>{found}" + (f"<emulatorpin cpuset='{emulator}'/>" if emulator else "") + "</cputune>"


STRICT = "<numatune><memory mode='strict' nodeset='1'/></numatune>"
HUGE = "<memoryBacking><hugepages><page size='2048' unit='KiB'/></hugepages></memoryBacking>"


@pytest.mark.parametrize(
    ("text", "cpus"), [("0-3,^2,8", {0, 1, 3, 8}), ("", set()), ("5", {5}), ("1-2,^1-2", set()), (" 1 , 3 ", {1, 3})]
)
def test_cpu_lists(text: str, cpus: set[int]) -> None:
    assert parse_cpus(text) == cpus


def test_a_domain_without_tuning_claims_nothing() -> None:
    assert claims("") == {}


def test_pinned_cpus_and_the_emulators() -> None:
    assert claims(pins("5", "6", emulator="7") + STRICT) == {
        "cells": [{"id": 1, "pinned_cpus": [5, 6, 7], "memory": 1024, "cpus": 0, "pages": {}}]
    }


def test_whole_cells_are_shared() -> None:
    [cell] = claims(pins("4-7", "4-7", emulator="4-7") + STRICT)["cells"]
    assert (cell["pinned_cpus"], cell["cpus"]) == ([], 2)
    assert claims(pins("0-7", "0-7")) == {}


def test_a_part_of_a_cell_is_taken_whoever_defined_it() -> None:
    assert claims("", attributes="cpuset='1-2'")["cells"][0]["pinned_cpus"] == [1, 2]
    assert [cell["pinned_cpus"] for cell in claims(pins("3-4"))["cells"]] == [[3], [4]]


def test_memory_by_guest_cell() -> None:
    cells = "".join(f"<cell id='{cell}' cpus='{cell}' memory='{size}' unit='MiB'/>" for cell, size in enumerate((512, 256)))
    nodes = "<memnode cellid='0' mode='strict' nodeset='1'/><memnode cellid='1' mode='strict' nodeset='0'/>"
    tune = f"<numatune><memory mode='strict' nodeset='0-1'/>{nodes}</numatune>"
    found = claims(f"<cpu><numa>{cells}</numa></cpu>{tune}{HUGE}")["cells"]
    assert [(cell["memory"], cell["pages"]) for cell in found] == [(256, {2048: 128}), (512, {2048: 256})]


def test_huge_pages_that_are_bound_nowhere_come_from_everywhere() -> None:
    assert [(cell["memory"], cell["pages"]) for cell in claims(HUGE)["cells"]] == [(0, {2048: 256}), (0, {2048: 256})]


def test_ports_of_serial_consoles() -> None:
    bound = "<serial type='tcp'><source mode='bind' host='127.0.0.1' service='10001'/></serial>"
    called = "<serial type='tcp'><source mode='connect' host='10.0.0.1' service='9'/></serial><serial type='pty'/>"
    assert claims(f"<devices>{bound}{called}</devices>") == {"ports": [10001]}


def entry(inner: str, uuid: str = "one", *, active: bool = False, **changes: Any) -> dict[str, Any]:
    return {"name": uuid, "uuid": uuid, "active": active, "claims": claims(inner, **changes)}


def test_counting() -> None:
    domains = [entry(pins("5", "6") + STRICT), entry(pins("4-7", "4-7") + STRICT + HUGE, "two"), entry("", "three")]
    zero, one = count_claims(CELLS, domains)
    assert (zero["pinned_cpus"], zero["memory_used"], zero["cpu_used"]) == ([], 0, 0)
    assert (one["pinned_cpus"], one["memory_used"], one["cpu_used"]) == ([5, 6], 2048, 2)
    assert [page["free"] for page in one["pages"]] == [8192 * 256 - 1024 * 256, 1024 - 512]
    assert "free" not in CELLS[1]["pages"][0]


def test_the_kernel_has_counted_what_runs() -> None:
    cells = [dict(cell, pages=[dict(page) for page in cell["pages"]]) for cell in CELLS]
    for cell in cells:
        cell["pages"][1]["free"] = 600
    inner = STRICT + HUGE
    counted = count_claims(cells, [entry(inner, active=True), entry(inner, "two", memory=2048 * 100)])
    assert [cell["pages"][1]["free"] for cell in counted] == [600, 500]
    assert count_claims(CELLS, [entry(inner, active=True)])[1]["pages"][1]["free"] == 512


def test_claim_and_release_undo_each_other() -> None:
    host = hypervisor(numa_cells=count_claims(CELLS, []), ports_in_use=[10000])
    serial = "<devices><serial type='tcp'><source mode='bind' host='::1' service='10001'/></serial></devices>"
    taken = json.loads(json.dumps(claim(host, "one", "web", xml(pins("5", "6") + STRICT + HUGE + serial))))
    assert (taken["numa_cells"][1]["pinned_cpus"], taken["ports_in_use"]) == ([5, 6], [10000, 10001])
    assert taken["numa_cells"][1]["pages"][1]["free"] == 512
    assert release(taken, "one") == host
    assert release(taken, "another") == taken


def test_a_cpu_that_two_are_pinned_to_stays_taken() -> None:
    host = hypervisor(numa_cells=count_claims(CELLS, []), ports_in_use=[])
    both = claim(claim(host, "one", "one", xml(pins("5", "6"))), "two", "two", xml(pins("6", "7")))
    assert release(both, "one")["numa_cells"][1]["pinned_cpus"] == [6, 7]


def test_a_domain_that_claims_nothing_changes_nothing() -> None:
    assert add_claims(CELLS, {"name": "x"}) == CELLS
    host = hypervisor(numa_cells=CELLS)
    assert claim(host, "one", "one", xml("")) is host


def test_a_domain_at_home_has_its_own_cpus_and_nothing_else() -> None:
    """Defined anew, a server stays on the CPUs and cells that it has, though others are free."""
    pins = "<cputune><vcpupin vcpu='0' cpuset='6'/><vcpupin vcpu='1' cpuset='7'/></cputune>"
    bound = "<numatune><memory mode='strict' nodeset='1'/></numatune>"
    facts: dict[str, Any] = {"domains": [], "numa_cells": count_claims(CELLS, []), "ports_in_use": []}
    assert at_home(facts, "u") is None
    there = claim(facts, "u", "one", xml(pins + bound))
    home = at_home(there, "u")
    assert home is not None
    assert [cell["pinned_cpus"] for cell in home["numa_cells"]] == [[0, 1, 2, 3], [4, 5]]
    assert home["numa_cells"][0]["memory_used"] > 1 << 30
    assert home["numa_cells"][1]["memory_used"] == 0
    assert home["domains"] == []


DEVICES = """<devices>
<hostdev mode='subsystem' type='pci'><source><address domain='0x0000' bus='0x0A' slot='0x1f' function='0x1'/></source></hostdev>
<interface type='hostdev'><source><address type='pci' domain='0' bus='11' slot='0' function='0'/></source></interface>
<hostdev mode='subsystem' type='mdev'><source><address uuid='C60CC781-7620-4D03-9F28-0CBB0D7A0001'/></source></hostdev>
<hostdev mode='subsystem' type='usb'><source><address bus='1' device='2'/></source></hostdev>
<memory model='nvdimm'><source><path>/dev/dax0.0</path></source></memory>
<memory model='dimm'/></devices>"""
HELD = ["/dev/dax0.0", "0000:0a:1f.1", "0000:0b:00.0", "c60cc781-7620-4d03-9f28-0cbb0d7a0001"]


def test_devices_of_the_host() -> None:
    assert claims(DEVICES) == {"devices": HELD}
    facts = claim(hypervisor(), "1", "web", xml(DEVICES))
    assert device_holders(facts["domains"]) == dict.fromkeys(HELD, "web")
    assert device_holders(release(facts, "1")["domains"]) == {}


def test_at_home_there_are_no_other_devices() -> None:
    facts = claim(hypervisor(), "1", "web", xml(DEVICES))
    home = at_home(facts, "1")
    assert home is not None
    assert home["home_devices"] == HELD
    assert home["numa_cells"] == facts["numa_cells"]
    assert device_holders(home["domains"]) == {}
