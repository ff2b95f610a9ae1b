# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, addresses and CPU lists."""

from __future__ import annotations

import pytest

from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.cpu_list import format_cpu_list, parse_cpu_list
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.identity import domain_name, mac_address, volume_name
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.version import VERSION
from tests.unit.guest.values import ROOT, UUID


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("web-1", "web-1"),
        ("a.b_c+d", "a.b_c+d"),
        ("x" * 64, "x" * 64),
        ("purple tomatoes", "purple-tomatoes-b1f0c2d4"),
        ("a/../b", "a-..-b-b1f0c2d4"),
        ("-rf", "rf-b1f0c2d4"),
        (".hidden", "hidden-b1f0c2d4"),
        ("日本", "server-b1f0c2d4"),
        ("", "server-b1f0c2d4"),
        ("y" * 255, "y" * 55 + "-b1f0c2d4"),
    ],
)
def test_domain_name(name: str, expected: str) -> None:
    assert domain_name(name, UUID) == expected
    assert len(expected) <= 64


def test_names_that_become_equal_stay_apart() -> None:
    assert domain_name("a b", UUID) != domain_name("a b", ROOT["image_id"])


def test_mac_addresses_are_local_unicast_and_differ_by_server_and_nic() -> None:
    macs = {mac_address(uuid, index) for uuid in (UUID, ROOT["image_id"]) for index in range(4)}
    assert len(macs) == 8
    assert all(int(mac[:2], 16) & 3 == 2 for mac in macs)
    assert mac_address(UUID.upper(), 0) == mac_address(UUID, 0)


def test_volume_names_are_those_of_nova() -> None:
    assert volume_name(UUID, "disk.config") == f"{UUID}_disk.config"


@pytest.mark.parametrize(
    ("text", "cpus"),
    [("1-4,^3,6", [1, 2, 4, 6]), ("^3-5,0-7", [0, 1, 2, 6, 7]), (" 1 ,, 2", [1, 2]), ("", []), ("5", [5])],
)
def test_parse_cpu_list(text: str, cpus: list[int]) -> None:
    assert sorted(parse_cpu_list(text)) == cpus


@pytest.mark.parametrize("text", ["4-1", "a", "1-b", "1-2-3"])
def test_parse_cpu_list_refuses(text: str) -> None:
    with pytest.raises(ValueError, match=r"neither a CPU|backwards"):
        parse_cpu_list(text)


def test_format_cpu_list_collapses_ranges() -> None:
    assert format_cpu_list([5, 2, 0, 1, 7, 8]) == "0-2,5,7-8"
    assert format_cpu_list([]) == ""


def test_version_is_that_of_the_collection() -> None:
    import yaml

    from tests.unit.guest.conftest import GOLDEN

    galaxy = yaml.safe_load((GOLDEN.parents[3] / "galaxy.yml").read_text(encoding="utf-8"))
    assert galaxy["version"] == VERSION
