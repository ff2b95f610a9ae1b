# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guest cells onto host cells: what fits, what is taken, what is refused and with which words."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.designer import Design
from tests.unit.guest.values import design, flavor, hypervisor, image, numa_cell, server

PINNED = {"hw:cpu_policy": "dedicated"}


def fit(specs: dict[str, str], cells: list[Any], *, options: Any = None, vcpus: int = 4, ram: int = 4096) -> Design:
    wanted = server(flavor=flavor(vcpus=vcpus, ram=ram, extra_specs=specs), image=image())
    count = sum(len(cell["cpus"]) for cell in cells)
    return design(wanted, host=hypervisor(numa_cells=cells, vcpus=count), host_options={"compute": options or {}})


def pins(found: Design) -> list[str]:
    assert found.problems == ()
    tune = found.domain.cpu_tune
    assert tune is not None
    return [pin.cpuset for pin in tune.vcpu_pins]


def nodes(found: Design) -> list[str]:
    assert found.problems == ()
    assert found.domain.numa_tune is not None
    return [node.nodeset for node in found.domain.numa_tune.mem_nodes]


def test_pinned_guests_take_whole_cores() -> None:
    cell = numa_cell(0, 8, 16384, threads=2)
    cell["pinned_cpus"] = [0]
    assert pins(fit(PINNED, [cell], options={"cpu_dedicated_set": "0-7"})) == ["2", "3", "4", "5"]


def test_without_a_policy_single_threads_will_do() -> None:
    cell = numa_cell(0, 8, 16384, threads=2)
    cell["pinned_cpus"] = [0, 2, 4, 6]
    assert pins(fit(PINNED, [cell], options={"cpu_dedicated_set": "0-7"})) == ["1", "3", "5", "7"]


@pytest.mark.parametrize(
    ("policy", "threads", "fits"),
    [("require", 2, True), ("require", 1, False), ("isolate", 1, True), ("isolate", 2, False), ("prefer", 1, True)],
)
def test_thread_policies(policy: str, threads: int, fits: bool) -> None:
    specs = {**PINNED, "hw:cpu_thread_policy": policy}
    found = fit(specs, [numa_cell(0, 8, 16384, threads=threads)], options={"cpu_dedicated_set": "0-7"})
    assert [problem.code for problem in found.problems] == ([] if fits else ["ComputeResourcesUnavailable"])


def test_cpus_that_others_have_pinned_are_not_there() -> None:
    cell = numa_cell(0, 4, 16384)
    cell["pinned_cpus"] = [1]
    found = fit(PINNED, [cell], options={"cpu_dedicated_set": "0-3"})
    assert [problem.code for problem in found.problems] == ["ComputeResourcesUnavailable"]
    assert found.problems[0].allowed[0]["free_dedicated_cpus"] == 3


def test_a_host_without_a_dedicated_set_says_so() -> None:
    found = fit(PINNED, [numa_cell(0, 8, 16384)], options={"cpu_shared_set": "0-7"})
    assert "compute.cpu_dedicated_set" in found.problems[0].message


def test_cells_spread_over_the_emptiest_nodes() -> None:
    cells = [numa_cell(node, 8, 16384) for node in range(3)]
    cells[0]["cpu_used"] = 4
    cells[1]["cpu_used"] = 8
    specs = {"hw:numa_nodes": "2"}
    assert nodes(fit(specs, cells)) == ["2", "0"]
    assert nodes(fit(specs, cells, options={"packing_host_numa_cells_allocation_strategy": True})) == ["1", "0"]


def test_a_cell_that_only_fits_one_node_gets_it() -> None:
    cells = [numa_cell(0, 8, 16384), numa_cell(1, 8, 2048)]
    specs = {"hw:numa_nodes": "2", "hw:numa_cpus.0": "0", "hw:numa_cpus.1": "1-3"}
    assert nodes(fit({**specs, "hw:numa_mem.0": "1024", "hw:numa_mem.1": "3072"}, cells)) == ["1", "0"]


def test_pages_that_are_not_free_are_not_there() -> None:
    cell = numa_cell(0, 8, 16384, pages={2048: 4096})
    specs = {"hw:mem_page_size": "2048"}
    assert fit(specs, [cell]).problems == ()
    cell["pages"][1]["free"] = 100
    assert [problem.code for problem in fit(specs, [cell]).problems] == ["ComputeResourcesUnavailable"]
    del cell["pages"][1]["free"]
    assert fit(specs, [cell]).problems == ()


@pytest.mark.parametrize(("asked", "size"), [("small", 4), ("large", 1048576), ("any", 1048576), ("2MB", 2048)])
def test_page_sizes(asked: str, size: int) -> None:
    found = fit({"hw:mem_page_size": asked}, [numa_cell(0, 8, 16384, pages={2048: 4096, 1048576: 8})])
    assert found.problems == ()
    backing = found.domain.memory_backing
    assert ([page.size for page in backing.huge_pages] if backing else [4]) == [size]


def test_shared_guests_over_commit_up_to_the_ratio_and_pinned_ones_never() -> None:
    cell = numa_cell(0, 8, 16384)
    cell["memory_used"] = 14000
    options = {"cpu_dedicated_set": "0-3", "cpu_shared_set": "4-7"}
    assert fit({"hw:numa_nodes": "1"}, [cell], options=options).problems
    wanted = server(flavor=flavor(vcpus=4, ram=4096, extra_specs={"hw:numa_nodes": "1"}))
    host = hypervisor(numa_cells=[cell])
    assert design(wanted, host=host, host_options={"DEFAULT": {"ram_allocation_ratio": "1.5"}}).problems == ()
    assert fit(PINNED, [cell], options=options).problems


def test_isolated_emulator_threads_get_a_cpu_of_their_own() -> None:
    specs = {**PINNED, "hw:emulator_threads_policy": "isolate"}
    found = fit(specs, [numa_cell(0, 5, 16384)], options={"cpu_dedicated_set": "0-4"})
    assert pins(found) == ["0", "1", "2", "3"]
    assert found.domain.cpu_tune is not None
    assert found.domain.cpu_tune.emulator_pin == "4"
    assert found.dedicated_cpus == (0, 1, 2, 3)
    assert fit(specs, [numa_cell(0, 4, 16384)], options={"cpu_dedicated_set": "0-3"}).problems


def test_a_set_with_cpus_that_are_not_there_is_refused() -> None:
    found = fit({}, [numa_cell(0, 4, 16384)], options={"cpu_shared_set": "2-9"})
    assert [problem.field for problem in found.problems] == ["host_options.compute.cpu_shared_set"]


def test_a_host_without_cells_gets_no_tuning() -> None:
    wanted = server(flavor=flavor(vcpus=4, ram=4096, extra_specs={"hw:numa_nodes": "2"}))
    domain = design(wanted, host=hypervisor(numa_cells=[])).domain
    assert domain.cpu is not None
    assert [cell.cpus for cell in domain.cpu.cells] == ["0-1", "2-3"]
    assert (domain.numa_tune, domain.cpu_tune) == (None, None)
