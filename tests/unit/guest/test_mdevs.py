# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mediated devices: what host options may say, and which ones a server gets: free ones, or new ones of one parent."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.module_utils._volume_name import mdev_id
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.designer import Design
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.host_options import check_host_options
from tests.unit.guest.values import UUID, design, flavor, holder, hypervisor, node_devices, server

FREE = "c60cc781-7620-4d03-9f28-0cbb0d7a000{}"
NEW = [mdev_id(UUID, index) for index in range(4)]


def parent(bus: str, **types: int) -> dict[str, Any]:
    return {"name": f"pci_0000_{bus}_00_0", "address": f"0000:{bus}:00.0", "types": types}


def mdev(number: int | str, kind: str, bus: str) -> dict[str, Any]:
    uuid = FREE.format(number) if isinstance(number, int) else number
    return {"uuid": uuid, "type": kind, "parent": f"pci_0000_{bus}_00_0"}


def ask(specs: dict[str, str], parents: Any = (), mdevs: Any = (), *, options: Any = None, domains: Any = ()) -> Design:
    host = hypervisor(node_devices=node_devices(parents=parents, mdevs=mdevs), domains=list(domains))
    given = {"devices": {"enabled_mdev_types": "small"}} | (options or {})
    return design(server(flavor=flavor(extra_specs=specs)), host=host, host_options=given)


def got(found: Design) -> list[tuple[str, str, bool]]:
    assert found.problems == ()
    assert [mdev.uuid for mdev in found.domain.devices.mdevs] == [mdev.uuid for mdev in found.mdevs]
    return [(mdev.uuid, mdev.parent.split("_")[2], mdev.made) for mdev in found.mdevs]


def refused(found: Design) -> str:
    [problem] = found.problems
    assert problem.code == "ComputeResourcesUnavailable"
    return problem.message


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"mdev_small": {"mdev_class": "VGPU"}}, "mdev_small"),
        ({"devices": {"enabled_mdev_types": "small"}, "mdev_small": {"mdev_class": "GPU"}}, "mdev_small.mdev_class"),
        ({"devices": {"enabled_mdev_types": "small"}, "mdev_small": {"max_instances": 0}}, "mdev_small.max_instances"),
        ({"devices": {"enabled_mdev_types": "small"}, "mdev_small": {"colour": "red"}}, "mdev_small.colour"),
        (
            {"devices": {"enabled_mdev_types": "small"}, "mdev_small": {"device_addresses": "0a:00.0"}},
            "mdev_small.device_addresses",
        ),
        (
            {
                "devices": {"enabled_mdev_types": ["small", "big"]},
                "mdev_small": {"device_addresses": ["0000:0a:00.0"]},
                "mdev_big": {"device_addresses": ["0000:0a:00.0"]},
            },
            "mdev_big.device_addresses",
        ),
    ],
)
def test_options_are_refused_by_name(options: Any, field: str) -> None:
    assert [problem.field for problem in check_host_options(options).problems] == [f"host_options.{field}"]


def test_only_one_type_can_be_that_of_all_other_devices() -> None:
    found = check_host_options({"devices": {"enabled_mdev_types": ["small", "big"]}})
    assert [(not found.problems, entry["field"]) for entry in found.no_effect] == [
        (True, "host_options.devices.enabled_mdev_types")
    ]


def test_a_free_one_is_taken_before_one_is_made() -> None:
    found = ask({"resources:VGPU": "2"}, [parent("0a", small=3)], [mdev(1, "small", "0a"), mdev(2, "big", "0a")])
    assert got(found) == [(FREE.format(1), "0a", False), (NEW[0], "0a", True)]


def test_what_another_domain_has_is_not_given_again() -> None:
    domains = [holder("db", FREE.format(1))]
    specs = {"resources:VGPU": "1"}
    assert got(ask(specs, [parent("0a", small=1)], [mdev(1, "small", "0a")], domains=domains)) == [(NEW[0], "0a", True)]
    message = refused(ask(specs, [parent("0a", small=0)], [mdev(1, "small", "0a")], domains=domains))
    assert f"{FREE.format(1)} has db" in message


def test_all_of_a_group_come_from_one_parent() -> None:
    parents = [parent("0a", small=1), parent("0b", small=2)]
    assert [bus for _uuid, bus, _made in got(ask({"resources:VGPU": "2"}, parents))] == ["0b", "0b"]
    assert "room for 2" in refused(ask({"resources:VGPU": "3"}, parents))
    both = {"resources1:VGPU": "1", "resources2:VGPU": "2"}
    assert [bus for _uuid, bus, _made in got(ask(both, parents))] == ["0a", "0b", "0b"]


def test_groups_that_are_to_be_apart() -> None:
    specs = {"resources1:VGPU": "1", "resources2:VGPU": "1", "group_policy": "isolate"}
    parents = [parent("0a", small=4), parent("0b", small=4)]
    assert [bus for _uuid, bus, _made in got(ask(specs, parents))] == ["0a", "0b"]
    assert refused(ask(specs, parents[:1]))
    del specs["group_policy"]
    assert [bus for _uuid, bus, _made in got(ask(specs, parents[:1]))] == ["0a", "0a"]


def test_each_parent_has_the_type_of_its_address_or_the_default_one() -> None:
    options = {
        "devices": {"enabled_mdev_types": ["small", "big"]},
        "mdev_big": {"device_addresses": ["0000:0a:00.0"], "mdev_class": "CUSTOM_BIG"},
    }
    parents = [parent("0a", small=2, big=1), parent("0b", small=2, big=1)]
    found = ask({"resources:CUSTOM_BIG": "1", "resources:VGPU": "2"}, parents, options=options)
    assert [(mdev.type, mdev.parent[9:11]) for mdev in found.mdevs] == [("big", "0a"), ("small", "0b"), ("small", "0b")]
    assert refused(ask({"resources:CUSTOM_BIG": "2"}, parents, options=options))


def test_a_class_that_no_type_has_is_none_of_mediated_devices() -> None:
    assert got(ask({"resources:CUSTOM_GOLD": "1"}, [parent("0a", small=2)])) == []


def test_a_virtual_parent_is_known_by_its_name() -> None:
    options = {"mdev_small": {"device_addresses": ["mtty_mtty"]}}
    parents = [{"name": "mtty_mtty", "address": None, "types": {"small": 1}}, parent("0a", small=1)]
    found = ask({"resources:VGPU": "1"}, parents, options=options)
    assert [mdev.parent for mdev in found.mdevs] == ["mtty_mtty"]


def test_no_more_of_a_type_than_the_option_says() -> None:
    options = {"mdev_small": {"max_instances": 2}}
    parents, there = [parent("0a", small=8)], [mdev(1, "small", "0a")]
    assert got(ask({"resources:VGPU": "2"}, parents, there, options=options))
    assert refused(ask({"resources:VGPU": "3"}, parents, there, options=options))


def test_more_than_any_host_can_have_for_one_server() -> None:
    assert refused(ask({"resources:VGPU": "257"}, [parent("0a", small=1000)]))


def test_what_a_killed_run_made_is_taken_again() -> None:
    parents = [parent("0a", small=4), parent("0b", small=4)]
    found = ask({"resources:VGPU": "2"}, parents, [mdev(1, "small", "0a"), mdev(NEW[1], "small", "0b")])
    assert got(found) == [(NEW[1], "0b", True), (NEW[0], "0b", True)]


def test_a_host_without_any_says_so() -> None:
    assert "no mediated devices" in refused(ask({"resources:VGPU": "1"}))
    assert "node_devices" in refused(
        design(
            server(flavor=flavor(extra_specs={"resources:VGPU": "1"})),
            host_options={"devices": {"enabled_mdev_types": "small"}},
        )
    )
