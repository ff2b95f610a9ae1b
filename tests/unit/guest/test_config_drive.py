# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Config drives, read back with the library that wrote them and byte by byte."""

from __future__ import annotations

import base64
import io
import json
import os
import time
from collections.abc import Iterator
from typing import Any

import pycdlib
import pytest

from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.config_drive import build_config_drive
from tests.unit.guest.values import CLOCK, UUID, server

SEED = bytes(range(256)) * 2
KEY = {"schema": 1, "name": "laptop", "public_key": "ssh-ed25519 AAAA me", "type": "ssh"}


def drive(wanted: Any = None, **changes: Any) -> bytes:
    arguments: dict[str, Any] = {
        "uuid": UUID,
        "user_data": b"#!/bin/sh\n",
        "files": {"/etc/motd": b"hello\n", "/etc/empty": b""},
        "admin_pass": None,
        "random_seed": SEED,
        "clock": CLOCK,
        **changes,
    }
    return build_config_drive(wanted if wanted is not None else server(metadata={"a": "b"}, key_pair=KEY), **arguments)


def read(image: bytes, tree: str) -> dict[str, bytes]:
    """All files of one of the trees (iso_path, rr_path, joliet_path)."""
    iso = pycdlib.PyCdlib()
    iso.open_fp(io.BytesIO(image))
    found = {}
    for folder, _, names in iso.walk(**{tree: "/"}):
        for name in names:
            path = f"{folder.rstrip('/')}/{name}"
            content = io.BytesIO()
            iso.get_file_from_iso_fp(content, **{tree: path})
            found[path] = content.getvalue()
    iso.close()
    return found


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return read(drive(), "rr_path")


def test_both_trees_hold_the_same(files: dict[str, bytes]) -> None:
    assert read(drive(), "joliet_path") == files


def test_label_and_size() -> None:
    image = drive()
    assert image[16 * 2048 + 40 : 16 * 2048 + 72].decode().rstrip() == "config-2"
    assert len(image) % 2048 == 0


def test_layout(files: dict[str, bytes]) -> None:
    assert {path.split("/")[2] for path in files if path.startswith("/ec2/")} == {"2009-04-04", "latest"}
    assert sorted(path for path in files if path.startswith("/openstack/2012-08-10/")) == [
        "/openstack/2012-08-10/meta_data.json",
        "/openstack/2012-08-10/user_data",
    ]
    assert sorted(path.rpartition("/")[2] for path in files if path.startswith("/openstack/latest/")) == [
        "meta_data.json",
        "network_data.json",
        "user_data",
        "vendor_data.json",
        "vendor_data2.json",
    ]
    assert files["/openstack/content/0000"] == b"hello\n"
    assert files["/openstack/content/0001"] == b""
    assert files["/openstack/latest/user_data"] == b"#!/bin/sh\n" == files["/ec2/latest/user-data"]


def test_meta_data(files: dict[str, bytes]) -> None:
    assert json.loads(files["/openstack/latest/meta_data.json"]) == {
        "uuid": UUID,
        "hostname": "web.novalocal",
        "name": "web",
        "launch_index": 0,
        "availability_zone": "nova",
        "meta": {"a": "b"},
        "files": [
            {"path": "/etc/motd", "content_path": "/content/0000"},
            {"path": "/etc/empty", "content_path": "/content/0001"},
        ],
        "public_keys": {"laptop": KEY["public_key"]},
        "keys": [{"name": "laptop", "type": "ssh", "data": KEY["public_key"]}],
        "random_seed": base64.b64encode(SEED).decode(),
        "project_id": "N/A",
        "devices": [],
        "dedicated_cpus": [],
    }


@pytest.mark.parametrize(
    ("version", "absent"),
    [
        ("2012-08-10", {"random_seed", "project_id", "devices", "dedicated_cpus"}),
        ("2013-04-04", {"project_id", "devices", "dedicated_cpus"}),
        ("2015-10-15", {"devices", "dedicated_cpus"}),
        ("2018-08-27", {"dedicated_cpus"}),
        ("2020-10-14", set()),
    ],
)
def test_older_versions_lack_what_came_later(files: dict[str, bytes], version: str, absent: set[str]) -> None:
    latest = json.loads(files["/openstack/latest/meta_data.json"])
    assert set(latest) - set(json.loads(files[f"/openstack/{version}/meta_data.json"])) == absent


def test_optional_parts_are_left_out() -> None:
    found = read(drive(server(networks=[]), user_data=None, files={}), "rr_path")
    assert not [path for path in found if path.endswith(("user_data", "user-data")) or "/content/" in path]
    document = json.loads(found["/openstack/latest/meta_data.json"])
    assert not {"meta", "files", "public_keys", "keys", "admin_pass"} & set(document)
    assert json.loads(found["/openstack/latest/network_data.json"]) == {}


def test_host_name_of_a_server_without_one() -> None:
    found = read(drive(server(hostname=None), admin_pass="s3cret", dhcp_domain=""), "rr_path")
    document = json.loads(found["/openstack/latest/meta_data.json"])
    assert (document["hostname"], document["admin_pass"]) == (f"Server-{UUID}", "s3cret")


def test_network_data_names_the_macs_of_the_domain(files: dict[str, bytes]) -> None:
    document = json.loads(files["/openstack/latest/network_data.json"])
    assert [link["ethernet_mac_address"] for link in document["links"]] == ["fa:16:3e:f6:ae:8e"]
    assert [(network["link"], network["type"]) for network in document["networks"]] == [("interface0", "ipv4_dhcp")]


def test_ec2_tree(files: dict[str, bytes]) -> None:
    document = json.loads(files["/ec2/2009-04-04/meta-data.json"])
    assert (document["instance-id"], document["ami-id"]) == ("i-b1f0c2d4", "ami-11111111")
    assert document["public-keys"]["0"]["openssh-key"] == KEY["public_key"]


@pytest.fixture
def elsewhere() -> Iterator[None]:
    """Another time zone, for a moment."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Asia/Tokyo"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


def test_bytes_depend_on_input_and_clock_alone(elsewhere: None) -> None:
    there = drive()
    os.environ["TZ"] = "America/Lima"
    time.tzset()
    assert drive() == there
    assert drive(clock=CLOCK.replace(year=2031)) != there


def test_no_date_of_the_time_of_day_is_left() -> None:
    """Every date in the image is the clock's: with another year given, this year's long form appears nowhere."""
    image = drive(clock=CLOCK.replace(year=1999))
    assert time.strftime("%Y%m%d").encode() not in image
    iso = pycdlib.PyCdlib()
    iso.open_fp(io.BytesIO(image))
    for folder, folders, names in iso.walk(rr_path="/"):
        for name in (*folders, *names):
            record = iso.get_record(rr_path=f"{folder.rstrip('/')}/{name}")
            assert record.date.years_since_1900 == 99
            stamp = record.rock_ridge.dr_entries.tf_record or record.rock_ridge.ce_entries.tf_record
            assert stamp.modification_time.years_since_1900 == 99
    iso.close()
