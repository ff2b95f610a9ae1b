# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory cells of a guest: which CPUs and how much memory each has (rules CMB-67..78)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from .combination_cpu import CpuPolicies
from .combination_pair import Pair
from .cpu import MAX_CPUS, CpuListError, parse_cpu_mask
from .types import integer_text, read_integer

MAX_NODES: Final = 128
_NODE_KEY = re.compile(r"hw:numa_(cpus|mem)\.([0-9]+)")


@dataclass(frozen=True, slots=True)
class NumaCell:
    """``memory`` in MiB, ``page_size`` as ``mem_page_size`` gives it, CPUs sorted."""

    id: int
    shared_cpus: tuple[int, ...]
    dedicated_cpus: tuple[int, ...]
    memory: int
    page_size: int | None


def numa_cells(pair: Pair, policies: CpuPolicies, page_size: int | None, pmem: tuple[str, ...]) -> tuple[NumaCell, ...] | None:
    """The guest's cells; None where nothing asks for any, or where what asks makes no sense (then there is a problem)."""
    nodes = _node_count(pair)
    triggered = page_size is not None or bool(pmem) or policies.policy in ("dedicated", "mixed")
    if nodes is None and not triggered:
        _ignore_lists(pair, "lists of nodes count only with hw:numa_nodes, a page size, pmem or pinned CPUs")
        return None
    if pair.vcpus > MAX_CPUS or nodes == 0:
        return None
    nodes = nodes or 1
    cpus, memory = _cpu_lists(pair), _memory_amounts(pair)
    if cpus is None and memory is None:
        layout = _even(pair, nodes)
    elif cpus is None or memory is None or not len(cpus) == len(memory) == nodes:
        message = f"{nodes} nodes need {nodes} lists of CPUs and {nodes} amounts of memory, or none at all"
        _numa_problem(pair, "ImageNUMATopologyIncomplete", "CMB-72", "numa_nodes", nodes, message)
        return None
    else:
        layout = list(zip(cpus, memory, strict=True))
        _check_layout(pair, layout)
    if layout is None:
        return None
    return tuple(_cell(index, owned, amount, policies, page_size) for index, (owned, amount) in enumerate(layout))


def _ignore_lists(pair: Pair, reason: str) -> None:
    """Every list of nodes, of both sides (rules CMB-77)."""
    for key in pair.specs:
        if _NODE_KEY.fullmatch(key):
            pair.ignored_spec(key, reason)
    for name in ("hw_numa_cpus", "hw_numa_mem"):
        pair.ignored_prop(name, reason)


Layout = list[tuple[list[int], int]]


def _numa_problem(pair: Pair, code: str, rule: str, name: str, allowed: object, message: str) -> None:
    """A problem of the layout stands where the layout is written: in the image only if the flavor says nothing."""
    written_by_image = any(key.startswith("hw_numa_") for key in pair.properties)
    written_by_flavor = any(key.startswith("hw:numa_") for key in pair.specs)
    if written_by_image and not written_by_flavor:
        pair.bad_prop(code, rule, f"hw_{name}", allowed, message)
    else:
        pair.bad_spec(code, rule, f"hw:{name}", allowed, message)


def _only_one(pair: Pair, rule: str, name: str) -> None:
    message = f"hw_{name} and hw:{name} exclude each other, even where they agree"
    pair.bad_prop("ImageNUMATopologyForbidden", rule, f"hw_{name}", None, message)


def _node_count(pair: Pair) -> int | None:
    """Rules CMB-67, CMB-68; 0 after a problem."""
    flavor, image = pair.spec("hw:numa_nodes"), pair.prop("hw_numa_nodes")
    if flavor is not None and image:
        _only_one(pair, "CMB-67", "numa_nodes")
    # Unlike other integers this one must be written plainly: no sign, no space.
    given = image if flavor is None else read_integer(flavor)
    if given is not None and given >= 1:
        return int(given)
    if flavor is None and image is None:
        return None
    _numa_problem(
        pair, "InvalidNUMANodesNumber", "CMB-68", "numa_nodes", {"type": "integer", "min": 1}, "a guest has at least one node"
    )
    return 0


def _spec_per_node(pair: Pair, name: str) -> list[tuple[str, str]]:
    """Key and text of every node from 0 up to the first gap (rules CMB-78)."""
    found = []
    for node in range(MAX_NODES):
        key = f"hw:{name}.{node}"
        text = pair.specs.get(key)
        if text is None:
            break
        found.append((key, text))
    read = {key for key, _value in found}
    for key in pair.specs:
        if key.startswith(f"hw:{name}.") and key not in read:
            pair.ignored_spec(key, "nodes are read from 0 up to the first one that is missing")
    return found


def _cpu_lists(pair: Pair) -> list[list[int]] | None:
    """Rules CMB-69."""
    lists = []
    for key, text in _spec_per_node(pair, "numa_cpus"):
        try:
            lists.append(parse_cpu_mask(text))
        except CpuListError as error:
            lists.append([])
            pair.bad_spec("Invalid", "CMB-79", key, {"form": "0-3,^2"}, f"{key} is not a list of CPUs: {error}")
    image = pair.prop("hw_numa_cpus")
    if lists and image is not None:
        _only_one(pair, "CMB-69", "numa_cpus")
    return lists or image


def _memory_amounts(pair: Pair) -> list[int] | None:
    """Rules CMB-69; in MiB."""
    amounts = []
    for key, text in _spec_per_node(pair, "numa_mem"):
        amount = integer_text(text)
        if amount is None:
            pair.bad_spec("Invalid", "CMB-69", key, {"type": "integer"}, f"{key} must be a whole number of MiB")
        amounts.append(amount or 0)
    image = pair.prop("hw_numa_mem")
    if amounts and image is not None:
        _only_one(pair, "CMB-69", "numa_mem")
    return amounts or image


def _even(pair: Pair, nodes: int) -> Layout | None:
    """Rules CMB-71."""
    if pair.vcpus % nodes or pair.ram % nodes:
        message = f"{pair.vcpus} vcpus and {pair.ram} MiB do not divide evenly by {nodes} nodes"
        _numa_problem(pair, "ImageNUMATopologyAsymmetric", "CMB-71", "numa_nodes", None, message)
        return None
    share = pair.vcpus // nodes
    return [(list(range(node * share, (node + 1) * share)), pair.ram // nodes) for node in range(nodes)]


def _check_layout(pair: Pair, layout: Layout) -> None:
    """Every CPU in exactly one node, and all of the memory (rules CMB-73..76)."""
    within = f"0-{pair.vcpus - 1}"
    seen: set[int] = set()
    beyond: set[int] = set()
    twice: set[int] = set()
    for cpus, _memory in layout:
        beyond.update(cpu for cpu in cpus if cpu >= pair.vcpus)
        twice.update(seen.intersection(cpus))
        seen.update(cpus)
    missing = {cpu for cpu in range(pair.vcpus) if cpu not in seen}
    found = (
        ("ImageNUMATopologyCPUOutOfRange", "CMB-73", beyond, "do not exist"),
        ("ImageNUMATopologyCPUDuplicates", "CMB-74", twice, "stand in two nodes"),
        ("ImageNUMATopologyCPUsUnassigned", "CMB-75", missing, "stand in no node"),
    )
    for code, rule, wrong, fault in found:
        if wrong:
            _numa_problem(pair, code, rule, "numa_cpus", within, f"CPUs {_few(wrong)} {fault}; a guest has the CPUs {within}")
    total = sum(amount for _cpus, amount in layout)
    if total != pair.ram:
        message = f"the nodes have {total} MiB together, the flavor {pair.ram} MiB"
        _numa_problem(pair, "ImageNUMATopologyMemoryOutOfRange", "CMB-76", "numa_mem", pair.ram, message)


def _few(cpus: Iterable[int]) -> str:
    ordered = sorted(cpus)
    return ", ".join(map(str, ordered[:8])) + (", ..." if len(ordered) > 8 else "")


def _cell(index: int, cpus: list[int], memory: int, policies: CpuPolicies, page_size: int | None) -> NumaCell:
    """Which of the cell's CPUs are pinned follows from the policy (rules CMB-40, CMB-57)."""
    pinned = set(cpus) if policies.policy == "dedicated" else set(policies.dedicated_cpus or ())
    shared = tuple(cpu for cpu in cpus if cpu not in pinned)
    return NumaCell(index, shared, tuple(cpu for cpu in cpus if cpu in pinned), memory, page_size)
