# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Device names: letters, prefixes, and the choice of the next one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot import device_name as names


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (0, "a"),
        (25, "z"),
        (26, "aa"),
        (51, "az"),
        (52, "ba"),
        (256, "iw"),
        (701, "zz"),
        (702, "aaa"),
        (730, "abc"),
        (18277, "zzz"),
    ],
)
def test_letters_are_bijective_base_26(index: int, expected: str) -> None:
    assert names.letters(index) == expected


@given(st.integers(0, 10**6))
@settings(max_examples=200)
def test_letters_count_up_without_repeat(index: int) -> None:
    value = 0
    for letter in names.letters(index):
        value = value * 26 + ord(letter) - ord("a") + 1
    assert value == index + 1


@pytest.mark.parametrize(
    ("name", "letter"),
    [
        ("/dev/sda1", "a"),
        ("sdb2", "b"),
        ("/dev/d", "d"),
        ("xvdc", "c"),
        ("hdd", "d"),
        ("/dev/vdaa", "aa"),
        ("/dev/nvme0n1", "nvmen"),
        ("", ""),
        (None, None),
    ],
)
def test_device_letter(name: str | None, letter: str | None) -> None:
    assert names.device_letter(name) == letter


@pytest.mark.parametrize(
    ("name", "stripped", "prepended"),
    [
        ("vda", "vda", "/dev/vda"),
        ("/dev/vda", "vda", "/dev/vda"),
        ("/dev//dev/vda", "/dev/vda", "/dev//dev/vda"),
        ("", "", ""),
        (None, None, None),
    ],
)
def test_only_one_leading_dev_counts(name: str | None, stripped: str | None, prepended: str | None) -> None:
    assert names.strip_dev(name) == stripped
    assert names.prepend_dev(name) == prepended


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/dev/vdb1", ("/dev/vd", "b")),
        ("/dev/xvdab", ("/dev/xvd", "ab")),
        ("/dev/a", ("/dev/", "a")),
        ("/dev/da", ("/dev/d", "a")),
        ("vdb", None),
        ("/dev/", None),
        ("/dev/vd1", ("/dev/v", "d")),
        ("/baddata/vdc", None),
    ],
)
def test_match_device(path: str, expected: tuple[str, str] | None) -> None:
    assert names.match_device(path) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("ephemeral0", True), ("ephemeral12", True), ("ephemeral01", False), ("ephemeral", False), ("swap", False), (7, False)],
)
def test_is_ephemeral(name: object, expected: bool) -> None:
    assert names.is_ephemeral(name) is expected


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({}, None),
        ({"mappings": [{"virtual": "root", "device": "sda1"}, {"virtual": "swap", "device": "sdb"}]}, "sda1"),
        ({"mappings": [{"virtual": "root", "device": "sda1"}], "root_device_name": "/dev/vdb"}, "/dev/vdb"),
        ({"mappings": "broken", "root_device_name": 4}, None),
    ],
    ids=["none", "mapping", "property-wins", "broken"],
)
def test_image_root_device_name(properties: dict[str, object], expected: str | None) -> None:
    assert names.image_root_device_name(properties) == expected


@pytest.mark.parametrize(
    ("root", "used", "requested", "expected"),
    [
        ("/dev/vda", ["/dev/vda", "/dev/vdb"], None, "/dev/vdc"),
        ("/dev/vda", ["/dev/vda", "/dev/vdc"], None, "/dev/vdb"),
        ("vda", ["/dev/sda1"], "/dev/sdc3", "/dev/vdc"),
        ("/dev/a", ["/dev/a"], None, "/dev/b"),
        (None, [], None, "/dev/sda"),
        ("/dev/vda", [f"/dev/vd{names.letters(n)}" for n in range(26)], None, "/dev/vdaa"),
    ],
)
def test_next_device_name(root: str | None, used: list[str], requested: str | None, expected: str) -> None:
    answer = names.next_device_name(root, used, requested)
    assert answer.ok
    assert answer.value == expected


def test_next_device_name_reports_every_problem() -> None:
    answer = names.next_device_name("/nowhere", ["/dev/vda"], "vdb", max_devices=1)
    assert [problem.code for problem in answer.problems] == ["InvalidDevicePath", "TooManyDiskDevices", "InvalidDevicePath"]
    assert answer.value is None


@pytest.mark.parametrize(
    ("maximum", "ok"), [(2, False), (3, True), (-1, True), (0, False)], ids=["full", "last-one", "unlimited", "none"]
)
def test_next_device_name_limit(maximum: int, ok: bool) -> None:
    assert names.next_device_name("/dev/vda", ["/dev/vda", "/dev/vdb"], max_devices=maximum).ok is ok


def test_letter_in_use_is_refused_whatever_its_prefix() -> None:
    answer = names.next_device_name("/dev/vda", ["/dev/vda", "/dev/sdb"], "/dev/hdb")
    assert [problem.code for problem in answer.problems] == ["DevicePathInUse"]
