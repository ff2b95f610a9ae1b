# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""domain_xml as a whole: requests and facts in, XML out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from lxml import etree

from ansible_collections.kilonova.compute.plugins.module_utils._claims import at_home, claim, host_devices
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.contract import ContractError
from ansible_collections.kilonova.compute.plugins.plugin_utils._plan.domain_xml_task import show_domains
from tests.unit.guest.schema import SCHEMA
from tests.unit.guest.values import GIB, hypervisor, node_devices, pci, pool

BASE = {
    "name": "tiny",
    "id": "00000000-0000-4000-8000-000000000001",
    "pool": "default",
    "volume": "base_tiny",
    "path": "/pool/base_tiny",
    "disk_format": "qcow2",
    "virtual_size": GIB,
    "sha256": "0" * 64,
    "properties": {},
}
NETWORK = {"name": "default", "uuid": "", "active": True, "autostart": True, "bridge": "virbr0", "mode": "nat"}
PINNED = {"vcpus": 2, "ram": 512, "disk": 1, "extra_specs": {"hw:cpu_policy": "dedicated"}}


def show(*servers: dict[str, Any], host: Any = None, **options: Any) -> dict[str, Any]:
    params: dict[str, Any] = dict.fromkeys(("api_request", "microversion", "nova_boot", "ec2_request", "ec2_ids"))
    params |= {
        "flavors": {"pinned": PINNED, "tiny": {"vcpus": 1, "ram": 128, "disk": 1}},
        "images": {"tiny": {"src": "tiny.qcow2", "checksum": "sha256:" + "0" * 64}},
        "servers": [{"flavor": "tiny", "image": "tiny"} | server for server in servers],
        "hypervisor": host or facts(),
        "host_options": {"compute": {"cpu_dedicated_set": "0-3"}},
        "pool": "default",
    }
    return show_domains(params | options, lambda path: Path(path).read_bytes())


def facts(**changes: Any) -> Any:
    return hypervisor(pools=[pool()], networks=[NETWORK], images=[BASE], **changes)


def pins(domain: dict[str, Any]) -> list[str]:
    return [str(value) for value in etree.fromstring(domain["xml"]).xpath("cputune/vcpupin/@cpuset")]


def test_servers_of_one_task_do_not_take_the_same_cpus() -> None:
    found = show({"name": "one", "flavor": "pinned"}, {"name": "two", "flavor": "pinned"})
    assert [pins(domain) for domain in found["domains"]] == [["0", "1"], ["2", "3"]]


def test_the_one_that_does_not_fit_any_more_is_refused() -> None:
    with pytest.raises(ContractError) as caught:
        show(*({"name": f"web{index}", "flavor": "pinned"} for index in range(3)))
    [problem] = caught.value.problems
    assert problem["field"] == "servers[2].flavor.extra_specs"
    assert problem["allowed"][0]["free_dedicated_cpus"] == 0


def test_a_server_does_not_stand_in_its_own_way() -> None:
    [first] = show({"name": "web", "flavor": "pinned"})["domains"]
    host = claim(facts(), first["uuid"], "half-built", first["xml"])
    assert pins(show({"name": "web", "flavor": "pinned"}, host=host)["domains"][0]) == ["0", "1"]
    assert pins(show({"name": "other", "flavor": "pinned"}, host=host)["domains"][0]) == ["2", "3"]


DEVICES: dict[str, Any] = {"pci_passthrough:alias": "gpu:1", "resources:VGPU": "1", "hw:pmem": "small"}
DEVICE_OPTIONS = {
    "pci": {"alias": {"name": "gpu", "vendor_id": "10de", "product_id": "1eb8"}, "device_spec": {"vendor_id": "10de"}},
    "devices": {"enabled_mdev_types": "small"},
    "libvirt": {"pmem_namespaces": "small:/dev/dax0.0=1G|/dev/dax0.1=1G"},
}


def devices_of(xml: str) -> list[str]:
    return host_devices(ElementTree.fromstring(xml))


def show_devices(*names: str, host: Any) -> Any:
    flavors = {"devices": {"vcpus": 1, "ram": 128, "disk": 1, "extra_specs": DEVICES}}
    return show(*({"name": n, "flavor": "devices"} for n in names), host=host, flavors=flavors, host_options=DEVICE_OPTIONS)


def facts_with_devices() -> Any:
    mdevs = [{"uuid": f"c60cc781-7620-4d03-9f28-0cbb0d7a000{n}", "type": "small", "parent": "mtty_mtty"} for n in (1, 2)]
    parents = [{"name": "mtty_mtty", "address": None, "types": {"small": 0}}]
    cards = [pci(f"0000:0{bus}:00.0", 0) for bus in "ab"]
    return facts(node_devices=node_devices(*cards, parents=parents, mdevs=mdevs))


def test_servers_of_one_task_do_not_take_the_same_devices() -> None:
    host = facts_with_devices()
    found = show_devices("one", "two", host=host)["domains"]
    assert [devices_of(domain["xml"]) for domain in found] == [
        ["/dev/dax0.0", "0000:0a:00.0", "c60cc781-7620-4d03-9f28-0cbb0d7a0001"],
        ["/dev/dax0.1", "0000:0b:00.0", "c60cc781-7620-4d03-9f28-0cbb0d7a0002"],
    ]
    with pytest.raises(ContractError) as caught:
        show_devices("one", "two", "three", host=host)
    assert [problem["code"] for problem in caught.value.problems] == [
        "ComputeResourcesUnavailable",
        "PciDeviceRequestFailed",
        "ComputeResourcesUnavailable",
    ]


def test_devices_are_explained() -> None:
    flavors = {"devices": {"vcpus": 1, "ram": 128, "disk": 1, "extra_specs": DEVICES}}
    wish = {"name": "one", "flavor": "devices"}
    host = facts_with_devices()
    [domain] = show(wish, host=host, flavors=flavors, host_options=DEVICE_OPTIONS, explain=True)["domains"]
    by = {element["path"]: element["inputs"] for element in domain["explanation"]["elements"]}
    first = "/domain/devices/hostdev[1]/source/address/@bus"
    assert "hypervisor.node_devices.pci[0]" in by[first]
    ends = {entry["name"]: entry["ends"] for entry in domain["explanation"]["inputs"]}
    assert "/domain/devices/hostdev[1]" in ends['flavor.extra_specs["pci_passthrough:alias"]']
    assert "/domain/devices/hostdev[2]" in ends['flavor.extra_specs["resources:VGPU"]']
    assert "/domain/devices/memory" in ends['flavor.extra_specs["hw:pmem"]']


def test_a_server_that_is_there_keeps_its_devices() -> None:
    """The second one is designed anew when the first one is gone."""
    host = facts_with_devices()
    [_first, second] = show_devices("one", "two", host=host)["domains"]
    host = claim(host, second["uuid"], "two", second["xml"])
    home = at_home(host, second["uuid"])
    assert devices_of(show_devices("two", host=home)["domains"][0]["xml"]) == devices_of(second["xml"])


def problems(**options: Any) -> list[tuple[str, str]]:
    with pytest.raises(ContractError) as caught:
        show({"name": "web"}, **options)
    return [(problem["field"], problem["message"]) for problem in caught.value.problems]


def test_an_overlay_and_own_templates_reach_the_xml(tmp_path: Path) -> None:
    (tmp_path / "clock.xml.j2").write_text('{% macro clock(clock) %}<clock offset="localtime"/>{% endmacro %}')
    overlay = "<domain><devices><panic model='isa'/></devices></domain>"
    options = {"template_folders": [str(tmp_path)], "xml_overlay": overlay, "domain_schema": str(SCHEMA)}
    [domain] = show({"name": "web"}, **options)["domains"]
    root = etree.fromstring(domain["xml"])
    assert (root.find("clock").get("offset"), len(root.findall("devices/panic"))) == ("localtime", 1)


def test_what_a_user_shaped_wrongly_is_refused_with_its_line(tmp_path: Path) -> None:
    found = problems(template_folders=[str(tmp_path / "no")], xml_overlay="<domain>\n<name>x</name></domain>")
    assert [field for field, _message in found] == ["template_folders[0]", "xml_overlay"]
    assert found[1][1].startswith("xml_overlay, line 2: name is")
    bad = "<domain><devices><disk><target dev='vda' buss='ide'/></disk></devices></domain>"
    [(field, message)] = problems(xml_overlay=bad, domain_schema=str(SCHEMA))
    assert (field, "does not hold" in message) == ("xml_overlay", True)
    assert show({"name": "web"}, xml_overlay=bad)["domains"]
    (tmp_path / "clock.xml.j2").write_text("{% macro clock(clock) %}\n{{ clock.nothing }}{% endmacro %}")
    [(field, message)] = problems(template_folders=[str(tmp_path)])
    assert (field, "clock.xml.j2, line 2: " in message) == ("template_folders", True)


def test_a_prefix_names_the_root_disk_too() -> None:
    [domain] = show({"name": "web"}, host_options={"libvirt": {"disk_prefix": "sd"}})["domains"]
    assert etree.fromstring(domain["xml"]).xpath("devices/disk/target/@dev") == ["sda", "sdb"]


def test_explain_is_asked_for() -> None:
    [plain], [explained] = (show({"name": "web"}, explain=wanted)["domains"] for wanted in (False, True))
    assert "explanation" not in plain
    assert plain["xml"] == explained["xml"]
    [memory] = [entry for entry in explained["explanation"]["elements"] if entry["path"] == "/domain/memory"]
    assert memory == {"path": "/domain/memory", "value": "131072", "inputs": ["flavor.ram"], "defaults": []}
    json.dumps(explained)


def kernels() -> dict[str, Any]:
    entry = {"disk_format": "aki", "container_format": "aki"}
    tiny = {"src": "tiny.qcow2", "checksum": "sha256:" + "0" * 64, "properties": {"kernel_id": "one"}}
    return {"tiny": tiny, "one": {"src": "one", **entry}, "two": {"src": "two", **entry}}


@pytest.mark.parametrize(("given", "wanted"), [({}, "one"), ({"kernel_id": "two"}, "two"), ({"kernel_id": "nokernel"}, None)])
def test_the_kernel_is_the_requests_else_the_images(given: dict[str, str], wanted: str | None) -> None:
    """EC2 alone has a word for it in a request (rules REQ-69, REQ-70)."""
    host = facts()
    host["images"] = [BASE] + [
        BASE
        | {"name": name, "volume": f"base_{name}", "path": f"/pool/base_{name}", "sha256": digit * 64, "disk_format": "aki"}
        for name, digit in (("one", "1"), ("two", "2"))
    ]
    request = {"display_name": "web", "image_id": "tiny", "instance_type": "tiny", **given}
    found = show(host=host, images=kernels(), servers=None, ec2_request=request)
    root = etree.fromstring(found["domains"][0]["xml"])
    assert (root.findtext("os/kernel") is None) is (wanted is None)
    volumes = {entry["role"]: entry for entry in json.loads(root.findtext(".//{*}volumes"))}
    assert volumes.get("kernel", {}).get("clone_of", volumes.get("kernel", {}).get("backing")) == (wanted and f"base_{wanted}")
