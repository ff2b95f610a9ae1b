# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole domains: golden files, stable bytes, hostile text. That each holds against libvirt's schema: tests/unit/conftest.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.metadata import parse_server_element, server_element
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.render import RenderError, render_domain
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.resources import Resources
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.shape import Shape
from tests.unit.guest.scenarios import SCENARIOS
from tests.unit.guest.values import UUID, block_device, design, flavor, image, nic, server

HOSTILE = "\"'<>&]]>{{ x }}{% raw %}\u00e9\U0001f600 \t\r\n  --> <!-- &amp; \\u0000 $(id)" + "z" * 100
NOVA = "{http://openstack.org/xmlns/libvirt/nova/1.1}"


@pytest.mark.parametrize("name", SCENARIOS)
def test_golden(name: str, golden: Callable[[str, str], None]) -> None:
    found = SCENARIOS[name]()
    assert found.problems == ()
    golden(name, render_domain(found.domain))


@pytest.mark.parametrize("name", SCENARIOS)
def test_stable(name: str) -> None:
    assert render_domain(SCENARIOS[name]().domain) == render_domain(SCENARIOS[name]().domain)


def hostile_server() -> Any:
    wanted_image = image(name=HOSTILE, properties={})
    network = nic(HOSTILE)
    return server(
        name=HOSTILE,
        description=HOSTILE,
        flavor=flavor(name=HOSTILE, id=HOSTILE),
        image=wanted_image,
        networks=[network],
        metadata={HOSTILE: HOSTILE, "bell": "\x07\ud800"},
        tags=[HOSTILE],
        key_pair={"schema": 1, "name": HOSTILE, "public_key": HOSTILE, "type": "ssh"},
        scheduler_hints={"x": HOSTILE},
    )


def test_hostile_text_comes_back_unchanged() -> None:
    wanted = hostile_server()
    found = design(wanted)
    assert found.problems == ()
    root = etree.fromstring(render_domain(found.domain))
    flavor_element = root.find(f".//{NOVA}flavor")
    assert flavor_element is not None
    assert (flavor_element.get("name"), flavor_element.get("id")) == (HOSTILE, HOSTILE)
    assert root.findtext(f".//{NOVA}name") == HOSTILE
    assert [source.get("network") for source in root.iterfind(".//interface/source")] == [HOSTILE]
    assert len(root.findall(".//*")) == len(etree.fromstring(render_domain(design().domain)).findall(".//*"))
    element = parse_server_element(etree.tostring(root, encoding="unicode"))
    assert element is not None
    assert element.server == wanted


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (server(name="a\x07b"), "name"),
        (server(flavor=flavor(name="a\x00")), "flavor.name"),
        (server(networks=[nic("a\x1b")]), "networks[0].network.name"),
        (server(image=image(id="\ufffe")), "image.id"),
    ],
)
def test_text_that_xml_cannot_carry_is_refused_by_name(wanted: Any, field: str) -> None:
    assert field in [problem.field for problem in design(wanted).problems]


def test_rendering_refuses_what_reaches_it_all_the_same() -> None:
    with pytest.raises(RenderError, match="cannot stand in XML"):
        render_domain(design(server(name="a\x07b")).domain)


def test_server_element_reads_back() -> None:
    found = design()
    element = parse_server_element(server_element(server(), found.volumes, "active"))
    assert element is not None
    assert (element.schema, element.state, element.server) == (1, "active", server())
    assert [volume["role"] for volume in element.volumes] == ["disk", "disk.config", "console.log"]
    assert element.volumes == [volume.to_dict() for volume in found.volumes]


def test_a_foreign_domain_has_no_server_element() -> None:
    assert parse_server_element("<domain><metadata/></domain>") is None
    with pytest.raises(ValueError, match="not XML"):
        parse_server_element("<domain>")


def test_a_users_template_replaces_one_macro(tmp_path: Any) -> None:
    folder = tmp_path / "devices"
    folder.mkdir()
    (folder / "rng.xml.j2").write_text('{% macro rng(rng) %}<rng model="virtio"><backend model="egd"/></rng>{% endmacro %}')
    root = etree.fromstring(render_domain(design().domain, shape=Shape((str(tmp_path),))))
    assert [backend.get("model") for backend in root.iterfind(".//rng/backend")] == ["egd"]
    assert root.find(".//memballoon") is not None


def test_a_template_that_breaks_the_xml_is_named(tmp_path: Any) -> None:
    (tmp_path / "clock.xml.j2").write_text("{% macro clock(clock) %}<clock>{% endmacro %}")
    with pytest.raises(RenderError, match="well-formed"):
        render_domain(design().domain, shape=Shape((str(tmp_path),)))


def test_a_template_that_asks_for_what_is_not_there_is_named(tmp_path: Any) -> None:
    (tmp_path / "clock.xml.j2").write_text("{% macro clock(clock) %}<clock offset='{{ clock.ofset }}'/>{% endmacro %}")
    with pytest.raises(RenderError, match="ofset"):
        render_domain(design().domain, shape=Shape((str(tmp_path),)))


def test_uuid_and_name_are_those_of_the_server() -> None:
    root = etree.fromstring(render_domain(design().domain))
    assert (root.findtext("uuid"), root.findtext("name")) == (UUID, "web")


def test_a_boot_volume_carries_the_facts_of_its_image() -> None:
    """Rules IMG-19: without an image, the one that the volume was made of shapes the guest."""
    volume = "0b5f4b83-1f1d-4a2b-8f3e-000000000001"
    device = block_device(source_type="volume", destination_type="volume", volume_id=volume, boot_index=0)
    boot_image = image(properties={"hw_machine_type": "q35", "hw_cdrom_bus": "scsi", "hw_scsi_model": "virtio-scsi"})
    wanted = server(image=None, block_device_mapping=[device], extra={"boot_image": boot_image})
    resources = Resources(volumes={volume: {"id": volume, "driver": "local", "device_path": "/dev/vg0/v0"}})
    found = design(wanted, base_image=None, resources=resources)
    assert found.problems == ()
    assert found.domain.os.machine == "q35"
    assert [disk.target_bus for disk in found.domain.devices.disks if disk.device == "cdrom"] == ["scsi"]
    nova = found.domain.metadata.nova
    assert (nova.image.uuid, nova.root_type, dict(nova.image.properties)["hw_machine_type"]) == ("", "volume", "q35")
