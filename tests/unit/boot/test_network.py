# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of networks, and ports as requests name them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.network import Port, libvirt_network, validate_networks
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server_api import validate_api_request
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import identity
from tests.unit.boot.server_catalogues import IMAGE_ID, VOLUME_ID, catalogues, found_in


def test_defaults_of_an_entry() -> None:
    answer = validate_networks({"blue": {"cidr": "192.0.2.0/24", "bridge": "br0"}, "red": "virbr-red", "grey": None})
    assert answer.problems == ()
    assert answer.value["blue"] == {**libvirt_network("blue"), "cidr": "192.0.2.0/24"}
    assert answer.value["blue"]["id"] == identity("network", "blue")
    assert (answer.value["red"]["libvirt_network"], answer.value["grey"]["libvirt_network"]) == ("virbr-red", "grey")
    assert validate_networks(answer.value).value == answer.value


@pytest.mark.parametrize(
    ("networks", "fields"),
    [
        pytest.param([{"name": ""}], ["networks[0].name"], id="no name"),
        pytest.param([{"name": "a", "cidr": "192.0.2.0/40"}], ["networks[0].cidr"], id="prefix too long"),
        pytest.param([{"name": "a", "cidr": "192.0.2.1"}], ["networks[0].cidr"], id="address alone"),
        pytest.param([{"name": "a"}, {"name": "a"}], ["networks[1].name"], id="two of a name"),
        pytest.param({"a": 5}, ["networks.a"], id="no object"),
        pytest.param("a", ["networks"], id="text"),
    ],
)
def test_wrong_catalogues(networks: Any, fields: list[str]) -> None:
    assert [problem.field for problem in validate_networks(networks).problems] == fields


def port(**parts: Any) -> Port:
    free: dict[str, Any] = {
        "id": VOLUME_ID,
        "network": libvirt_network("blue"),
        "fixed_ips": ["192.0.2.3"],
        "device_id": "",
        "ip_allocation": "immediate",
        "resource_request": False,
    }
    return Port(**{**free, **parts})  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("parts", "microversion", "codes"),
    [
        pytest.param({}, "2.104", [], id="free"),
        pytest.param({"device_id": "other"}, "2.104", ["PortInUse"], id="in use"),
        pytest.param({"fixed_ips": []}, "2.104", ["PortRequiresFixedIP"], id="no address"),
        pytest.param({"fixed_ips": [], "ip_allocation": "deferred"}, "2.104", [], id="address later"),
        pytest.param({"resource_request": True}, "2.71", ["CreateWithPortResourceRequestOldVersion"], id="resources before"),
        pytest.param({"resource_request": True}, "2.72", [], id="resources since"),
    ],
)
def test_ports(parts: dict[str, Any], microversion: str, codes: list[str]) -> None:
    server = {"name": "a", "flavorRef": "1", "imageRef": IMAGE_ID, "networks": [{"port": VOLUME_ID}]}
    answer = validate_api_request({"server": server}, microversion=microversion, **catalogues(ports={VOLUME_ID: port(**parts)}))
    assert [problem.code for problem in answer.problems] == codes
    if not codes:
        nic = answer.value[0]["networks"][0]
        assert (nic["port"], nic["network"]) == (VOLUME_ID, libvirt_network("blue"))


def test_rules_between_nics() -> None:
    server = {
        "name": "a",
        "flavorRef": "1",
        "imageRef": IMAGE_ID,
        "max_count": 2,
        "networks": [{"port": VOLUME_ID, "fixed_ip": "192.0.2.4"}, {"port": VOLUME_ID}, {"port": None}],
    }
    answer = validate_api_request({"server": server}, **catalogues(ports={VOLUME_ID: port()}))
    where = "api_request.server.networks"
    assert found_in(answer.problems) == [
        ("HTTPBadRequest", f"{where}[0].fixed_ip"),
        ("MultiplePortsNotApplicable", f"{where}[0].port"),
        ("HTTPBadRequest", f"{where}[1].port"),
        ("MultiplePortsNotApplicable", f"{where}[1].port"),
        ("HTTPBadRequest", f"{where}[2]"),
    ]


@pytest.mark.parametrize(
    ("networks", "names", "expected"),
    [
        pytest.param("auto", ["a", "b"], ["NetworkAmbiguous"], id="auto among two"),
        pytest.param([], ["a", "b"], ["NetworkAmbiguous"], id="none named among two"),
        pytest.param("none", ["a", "b"], 0, id="none among two"),
        pytest.param([], [], 0, id="none named, none there"),
        pytest.param("auto", [], 1, id="auto without any"),
        pytest.param([], ["a"], 1, id="the only one"),
    ],
)
def test_choice(networks: Any, names: list[str], expected: Any) -> None:
    server = {"name": "a", "flavorRef": "1", "imageRef": IMAGE_ID, "networks": networks}
    known = validate_networks([{"name": name} for name in names]).value
    answer = validate_api_request({"server": server}, **catalogues(networks=known))
    if isinstance(expected, list):
        assert [problem.code for problem in answer.problems] == expected
    else:
        assert [len(one["networks"]) for one in answer.value] == [expected]
