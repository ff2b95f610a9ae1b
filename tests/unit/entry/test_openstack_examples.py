# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of example in the documentation of openstack.cloud.server works here, or is refused or listed by name."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import Problems
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.request_unsupported import UNSUPPORTED
from ansible_collections.kilonova.compute.plugins.plugin_utils._plan.not_built import refuse_not_built
from tests.unit.entry.asking import GROUP_ID, IMAGE_ID, NETWORK_ID, Unsupported, ask, refused

VM: dict[str, Any] = {"state": "present", "name": "vm1", "image": IMAGE_ID, "flavor": 4, "timeout": 200}
TWO_NICS = [{"net-id": NETWORK_ID}, {"net-name": "another_network"}]
CLOUD_INIT = "#cloud-config\npackages: [ansible]\n"


def built(**options: Any) -> dict[str, Any]:
    (planned,) = ask({**VM, **options}).planned
    problems = Problems()
    refuse_not_built(planned.server, "", problems)
    assert list(problems) == []
    return dict(planned.server)


def networks_of(server: dict[str, Any]) -> list[str]:
    return [nic["network"]["name"] for nic in server["networks"]]


def devices_of(server: dict[str, Any]) -> list[tuple[Any, ...]]:
    keys = ("source_type", "destination_type", "boot_index", "volume_size", "delete_on_termination")
    return [tuple(device[key] for key in keys) for device in server["block_device_mapping"]]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        pytest.param({"nics": TWO_NICS}, ["front", "another_network"], id="list of objects"),
        pytest.param({"nics": f"net-id={NETWORK_ID},net-name=another_network"}, ["front", "another_network"], id="one text"),
        pytest.param({"nics": ["net-name=another_network", f"net-id={NETWORK_ID}"]}, ["another_network", "front"], id="texts"),
        pytest.param({"network": "another_network"}, ["another_network"], id="network"),
    ],
)
def test_networks(options: dict[str, Any], wanted: list[str]) -> None:
    assert networks_of(built(**options)) == wanted


@pytest.mark.parametrize(
    "meta", [{"hostname": "test1", "group": "master"}, "hostname=test1,group=master"], ids=["object", "text"]
)
@pytest.mark.parametrize("option", ["meta", "metadata"])
def test_metadata(option: str, meta: Any) -> None:
    assert built(**{option: meta})["metadata"] == {"hostname": "test1", "group": "master"}


def test_a_key() -> None:
    assert built(key_name="ansible_key")["key_pair"]["name"] == "ansible_key"


@pytest.mark.parametrize("option", ["userdata", "user_data"])
def test_user_data(option: str) -> None:
    assert built(**{option: CLOUD_INIT})["user_data"]["size"] == len(CLOUD_INIT)


@pytest.mark.parametrize("groups", ["default", ["default"]], ids=["text", "list"])
def test_the_default_security_group(groups: Any) -> None:
    assert built(security_groups=groups)["security_groups"] == ["default"]


def test_a_flavor_by_its_memory() -> None:
    by_memory = {"flavor": None, "flavor_ram": 4096}
    assert built(**by_memory)["flavor"]["name"] == "plain"
    assert built(**by_memory, flavor_include="Perf")["flavor"]["name"] == "Performance"


def test_an_image_that_is_not_excluded() -> None:
    assert built(image="ubuntu", image_exclude="deprecated")["image"]["name"] == "ubuntu"
    excluded = {**VM, "image": "ubuntu (deprecated)", "image_exclude": "deprecated"}
    assert refused(excluded) == [("ImageNotFound", "image")]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        pytest.param(
            {"boot_from_volume": True, "volume_size": 75}, [("image", "volume", 0, 75, False)], id="new volume of the image"
        ),
        pytest.param(
            {"boot_from_volume": True, "volume_size": 75, "terminate_volume": True},
            [("image", "volume", 0, 75, True)],
            id="volume that goes with the server",
        ),
        pytest.param({"boot_volume": "photos", "image": None}, [("volume", "volume", 0, 5, False)], id="existing volume"),
        pytest.param({"root_volume": "photos", "image": None}, [("volume", "volume", 0, 5, False)], id="its older name"),
        pytest.param(
            {"volumes": ["photos", "music"]},
            [("image", "local", 0, None, True), ("volume", "volume", -1, 5, False), ("volume", "volume", -1, 5, False)],
            id="more volumes",
        ),
    ],
)
def test_volumes(options: dict[str, Any], wanted: list[tuple[Any, ...]]) -> None:
    assert devices_of(built(**options)) == wanted


def test_no_config_drive() -> None:
    assert built(config_drive=False)["config_drive"] is False


@pytest.mark.parametrize(
    ("options", "field"),
    [
        pytest.param({"auto_ip": False}, "auto_ip", id="no floating IP"),
        pytest.param({"auto_floating_ip": False}, "auto_ip", id="its older name"),
        pytest.param({"reuse_ips": True}, "reuse_ips", id="reuse"),
        pytest.param({"delete_fip": True}, "delete_fip", id="delete"),
        pytest.param({"availability_zone": "az2"}, "availability_zone", id="zone"),
        pytest.param({"scheduler_hints": {"group": GROUP_ID}}, "scheduler_hints.group", id="server group"),
    ],
)
def test_what_has_no_effect_is_listed(options: dict[str, Any], field: str) -> None:
    found = ask({**VM, **options})
    assert len(found.planned) == 1
    assert [entry["field"] for entry in found.no_effect] == [field]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        pytest.param({"auto_ip": True}, [("Unsupported", "auto_ip")], id="floating IP"),
        pytest.param({"floating_ips": ["12.34.56.79"]}, [("Unsupported", "floating_ips")], id="known floating IP"),
        pytest.param({"floating_ip_pools": ["public"]}, [("Unsupported", "floating_ip_pools")], id="pool"),
        pytest.param({"nics": [{"port-name": "net1_port1"}]}, [("PortNotFound", "nics[0].port-name")], id="port"),
        pytest.param({"security_groups": ["web"]}, [], id="group, refused where it would be made"),
    ],
)
def test_what_cannot_be_is_refused_by_name(options: dict[str, Any], wanted: list[tuple[str, str]]) -> None:
    assert refused({**VM, **options}) == wanted


def test_security_groups_are_not_built() -> None:
    (planned,) = ask({**VM, "security_groups": ["web"]}).planned
    problems = Problems()
    refuse_not_built(planned.server, "", problems)
    assert [(problem.code, problem.field) for problem in problems] == [("NotBuilt", "security_groups")]


@pytest.mark.parametrize("option", ["cloud", "auth", "region_name", "validate_certs", "api_timeout"])
def test_cloud_credentials_are_refused_by_name(option: str) -> None:
    assert option in UNSUPPORTED
    with pytest.raises(Unsupported, match=option):
        ask({**VM, option: "x"})
    in_bulk = {"servers": [{"name": "vm1", "image": IMAGE_ID, "flavor": 4, "network": "front", option: "x"}]}
    assert refused(in_bulk) == [("Unsupported", f"servers[0].{option}")]
