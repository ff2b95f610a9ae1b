# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A user's own templates in front of ours, and a fragment of XML on top of the result."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.overlay import OverlayError, read_overlay
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.render import RenderError, render_domain
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.shape import (
    SchemaError,
    Shape,
    ShapeError,
    check_folder,
    load_schema,
)
from tests.unit.guest.schema import SCHEMA
from tests.unit.guest.values import design, nic, server

TWO_NICS = server(networks=[nic(), nic("other")])
NS = 'xmlns:kilonova="urn:kilonova:compute:1"'


def overlaid(inner: str, *, schema: bool = False) -> etree._Element:
    overlay = read_overlay(f"<domain {NS}>{inner}</domain>")
    shape = Shape(overlay=overlay, schema=load_schema(str(SCHEMA)) if schema else None)
    return etree.fromstring(render_domain(design(TWO_NICS).domain, shape=shape))


def refused(inner: str) -> str:
    with pytest.raises(OverlayError) as caught:
        overlaid(inner)
    return str(caught.value)


def test_an_empty_fragment_changes_nothing() -> None:
    plain = render_domain(design(TWO_NICS).domain)
    assert etree.tostring(overlaid("")) == etree.tostring(etree.fromstring(plain))


def test_an_element_meets_the_one_of_the_same_identity() -> None:
    disks = "<disk><target dev='vda'/><driver queues='4'/><serial>root</serial></disk>"
    root = overlaid(f"<memory>1048576</memory><devices>{disks}</devices>")
    assert root.findtext("memory") == "1048576"
    [disk] = root.xpath("devices/disk[target/@dev='vda']")
    assert (disk.find("driver").get("queues"), disk.find("driver").get("type"), disk.findtext("serial")) == (
        "4",
        "qcow2",
        "root",
    )


def test_what_meets_nothing_stands_behind_its_kind() -> None:
    disk = "<disk type='file' device='disk'><source file='/x'/><target dev='vdz' bus='virtio'/></disk>"
    root = overlaid(f"<devices>{disk}<panic model='isa'/></devices>")
    tags = [element.tag for element in root.find("devices")]
    assert [target.get("dev") for target in root.iterfind("devices/disk/target")][-1] == "vdz"
    assert tags[tags.index("disk") :].count("disk") == tags.count("disk")
    assert tags[-1] == "panic"


def test_a_mac_says_which_interface() -> None:
    macs = overlaid("").xpath("devices/interface/mac/@address")
    root = overlaid(f"<devices><interface><mac address='{macs[1].upper()}'/><mtu size='9000'/></interface></devices>")
    assert [interface.find("mtu") is not None for interface in root.iterfind("devices/interface")] == [False, True]


@pytest.mark.parametrize(
    ("inner", "path", "count"),
    [
        ("<devices><memballoon kilonova:overlay='remove'/></devices>", "devices/memballoon", 0),
        (
            "<devices><memballoon model='none' kilonova:overlay='replace'/></devices>",
            "devices/memballoon[@model='none'][not(*)]",
            1,
        ),
        ("<devices><rng model='virtio' kilonova:overlay='add'><backend model='random'/></rng></devices>", "devices/rng", 2),
    ],
)
def test_actions(inner: str, path: str, count: int) -> None:
    root = overlaid(inner)
    assert len(root.xpath(path)) == count
    assert "overlay" not in etree.tostring(root).decode().partition("<metadata>")[0]
    assert "kilonova:overlay" not in etree.tostring(root).decode()


def test_qemus_arguments_keep_their_order() -> None:
    namespace = "http://libvirt.org/schemas/domain/qemu/1.0"
    arguments = "".join(f"<q:arg value='{value}'/>" for value in ("-device", "edu", "-device", "edu"))
    root = overlaid(f"<q:commandline xmlns:q='{namespace}'>{arguments}</q:commandline>")
    assert root.xpath("q:commandline/q:arg/@value", namespaces={"q": namespace}) == ["-device", "edu", "-device", "edu"]


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        ("<devices>", "line 1"),
        ("<name>x</name>", "name is what the collection knows"),
        ("<metadata kilonova:overlay='remove'/>", "metadata is what"),
        ("\n<metadata><kilonova:server/></metadata>", "line 2: server is what"),
        ("\n\n<devices><interface><mtu size='1'/></interface></devices>", "line 3: there are 2 elements interface"),
        ("<devices><panic kilonova:overlay='remove'/></devices>", "no such panic to remove"),
        ("<clock kilonova:overlay='delete'/>", "not delete"),
    ],
)
def test_refusals_say_where(inner: str, words: str) -> None:
    assert words in refused(inner)


def test_other_roots_and_document_types_are_refused() -> None:
    for text, words in (
        ("<disk/>", "must be a domain element"),
        ("<!DOCTYPE domain [<!ENTITY x 'y'>]><domain>&x;</domain>", "document type"),
    ):
        with pytest.raises(OverlayError, match=words):
            read_overlay(text)


def test_the_schema_is_asked_about_what_a_user_shaped() -> None:
    with pytest.raises(SchemaError, match="line "):
        overlaid("<devices><disk><target dev='vda' buss='ide'/></disk></devices>", schema=True)
    assert overlaid("<devices><disk><target dev='vda' buss='ide'/></disk></devices>") is not None
    assert load_schema("/nowhere/domain.rng") is None
    assert load_schema("") is None


def write(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(text, encoding="utf-8")
    return str(folder)


def test_the_first_folder_wins(tmp_path: Path) -> None:
    folders = []
    for name in ("one", "two"):
        text = '{% macro sound(sound) %}<sound model="' + name + '"/>{% endmacro %}'
        folders.append(write(tmp_path / name, "devices/sound.xml.j2", text))
    wanted = server()
    wanted["flavor"]["extra_specs"] = {"hw:sound_model": "ich9"}
    for order in (folders, folders[::-1]):
        root = etree.fromstring(render_domain(design(wanted).domain, shape=Shape(tuple(order))))
        assert [sound.get("model") for sound in root.iterfind("devices/sound")] == [Path(order[0]).name]


def test_folders_are_checked(tmp_path: Path) -> None:
    with pytest.raises(ShapeError, match="is not a folder"):
        check_folder(str(tmp_path / "nowhere"))
    with pytest.raises(ShapeError, match="holds no template"):
        check_folder(str(tmp_path))
    good = '{% from "own/part.xml.j2" import part %}{% macro rng(rng) %}{{ part() }}{% endmacro %}'
    write(tmp_path, "devices/rng.xml.j2", good)
    write(tmp_path, "own/part.xml.j2", "{% macro part() %}<rng/>{% endmacro %}")
    check_folder(str(tmp_path))
    write(tmp_path, "devices/rgn.xml.j2", good)
    with pytest.raises(ShapeError, match=r"rgn\.xml\.j2 replaces no template of ours"):
        check_folder(str(tmp_path))
    write(tmp_path, "devices/rgn.xml.j2", "\n{% macro %}")
    with pytest.raises(ShapeError, match=r"rgn\.xml\.j2, line 2"):
        check_folder(str(tmp_path))


def test_errors_of_templates_name_file_and_line(tmp_path: Path) -> None:
    for number, (body, words) in enumerate(
        [
            ("{{ rng.nothing }}", "nothing"),
            ("{{ rng.rate_bytes }}", "no meaning"),
            ("{{ 1 + 'x' }}", "unsupported operand"),
        ]
    ):
        folder = write(
            tmp_path / str(number), "devices/rng.xml.j2", "{% macro rng(rng) %}\n<rng>\n" + body + "</rng>{% endmacro %}"
        )
        with pytest.raises(RenderError) as caught:
            render_domain(design().domain, shape=Shape((folder,)))
        assert "devices/rng.xml.j2, line 3: " in str(caught.value)
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_template_without_its_macro_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path, "devices/rng.xml.j2", "{% macro range(rng) %}<rng/>{% endmacro %}")
    with pytest.raises(RenderError, match=r"'devices/rng\.xml\.j2' .*requested name 'rng'"):
        render_domain(design().domain, shape=Shape((folder,)))
