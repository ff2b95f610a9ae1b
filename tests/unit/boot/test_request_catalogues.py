# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Key pairs and server groups, as requests of their own and as catalogues."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.keypair import validate_keypair, validate_keypairs
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.request_catalogue import Catalogue
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server_group import (
    validate_server_group,
    validate_server_groups,
)
from tests.unit.boot.server_catalogues import PUBLIC_KEY

_DER = base64.b64encode(b"\x30\x81\x80" + bytes(128)).decode("ascii")
CERTIFICATE = f"-----BEGIN CERTIFICATE-----\n{_DER[:64]}\n{_DER[64:]}\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("keypair", "microversion", "rules"),
    [
        pytest.param({"name": "a b-c_1", "public_key": PUBLIC_KEY}, "2.1", [], id="plain name"),
        pytest.param({"name": "a@b.c", "public_key": PUBLIC_KEY}, "2.91", ["KEY-01"], id="at sign before 2.92"),
        pytest.param({"name": "a@b.c", "public_key": PUBLIC_KEY}, "2.92", [], id="at sign since 2.92"),
        pytest.param({"name": " a", "public_key": PUBLIC_KEY}, None, ["KEY-01"], id="space in front"),
        pytest.param({"name": "x" * 256, "public_key": PUBLIC_KEY}, None, ["KEY-01"], id="256 characters"),
        pytest.param({"name": "a"}, "2.91", [], id="to be made before 2.92"),
        pytest.param({"name": "a"}, "2.92", ["KEY-02"], id="never made since 2.92"),
        pytest.param({"name": "a", "type": "ssh"}, "2.1", ["KEY-01"], id="type before 2.2"),
        pytest.param({"name": "a", "public_key": "ssh-rsa AAAA"}, None, ["KEY-03"], id="cut key"),
        pytest.param({"name": "a", "public_key": PUBLIC_KEY.replace("ed25519 ", "rsa ", 1)}, None, ["KEY-03"], id="other type"),
        pytest.param({"name": "a", "public_key": "x509", "type": "x509"}, None, ["KEY-03"], id="no certificate"),
        pytest.param({"name": "a", "public_key": CERTIFICATE, "type": "x509"}, None, [], id="certificate"),
    ],
)
def test_keypair(keypair: dict[str, Any], microversion: str | None, rules: list[str]) -> None:
    assert [problem.rule for problem in validate_keypair(keypair, microversion=microversion).problems] == rules


def test_keypair_catalogue() -> None:
    answer = validate_keypairs({"me": PUBLIC_KEY, "you": {"public_key": PUBLIC_KEY}})
    assert answer.problems == ()
    assert answer.value["me"] == {"schema": 1, "name": "me", "public_key": PUBLIC_KEY, "type": "ssh"}
    assert validate_keypairs(answer.value).value == answer.value
    twice = validate_keypairs([answer.value["me"], answer.value["me"]])
    assert [problem.code for problem in twice.problems] == ["KeyPairExists"]


@pytest.mark.parametrize(
    ("group", "microversion", "fields"),
    [
        pytest.param({"name": "g", "policy": "soft-affinity"}, None, [], id="soft"),
        pytest.param({"name": "g", "policy": "legacy"}, None, ["policy"], id="unknown policy"),
        pytest.param({"name": "g", "policy": "anti-affinity", "rules": {"max_server_per_host": 1}}, None, [], id="rule"),
        pytest.param({"name": "g", "policy": "anti-affinity", "rules": {"max_server_per_host": 2.0}}, None, [], id="whole"),
        pytest.param(
            {"name": "g", "policy": "affinity", "rules": {"max_server_per_host": 1}}, None, ["rules"], id="wrong policy"
        ),
        pytest.param(
            {"name": "g", "policy": "anti-affinity", "rules": {"max_server_per_host": 0, "x": 1}},
            None,
            ["rules.max_server_per_host", "rules.x"],
            id="rules",
        ),
        pytest.param({"name": "g", "policies": ["affinity"]}, "2.63", [], id="list before 2.64"),
        pytest.param({"name": "g", "policies": ["affinity", "affinity"]}, "2.63", ["policies"], id="two before 2.64"),
        pytest.param({"name": "g", "policies": ["soft-affinity"]}, "2.14", ["policies[0]"], id="soft before 2.15"),
        pytest.param({"name": "g"}, "2.63", ["policies"], id="none before 2.64"),
        pytest.param({"policy": "affinity"}, None, ["name"], id="no name"),
    ],
)
def test_server_group(group: dict[str, Any], microversion: str | None, fields: list[str]) -> None:
    answer = validate_server_group(group, microversion=microversion)
    assert [problem.field for problem in answer.problems] == [f"server_group.{field}" for field in fields]


def test_server_group_catalogue() -> None:
    answer = validate_server_groups({"pair": "affinity", "apart": {"policy": "anti-affinity", "members": ["x"]}})
    assert answer.problems == ()
    assert validate_server_groups(answer.value).value == answer.value


def test_an_id_wins_over_a_name() -> None:
    entries: dict[str, dict[str, Any]] = {"one": {"id": "two"}, "two": {"id": "3333"}}
    assert Catalogue(entries).find("two") is entries["one"]
    assert Catalogue(entries).find("3333") is entries["two"]
    assert Catalogue(entries).find("four") is None
