# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a domain keeps when it is defined anew, and what is said to change. The definitions are libvirt 9.0's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.module_utils._domain_xml.changes import HIDDEN, changes_between
from ansible_collections.kilonova.compute.plugins.module_utils._domain_xml.keeping import keep
from ansible_collections.kilonova.compute.plugins.module_utils._domain_xml.settled import settle
from ansible_collections.kilonova.compute.plugins.module_utils._domain_xml.text import domain_text, parse_domain_text

FOLDER = Path(__file__).parent / "definitions"
ASKED = (FOLDER / "uefi.xml").read_text()
DEFINED = (FOLDER / "uefi.defined.xml").read_text()
# Newer than the one that the domain was defined with.
MACHINES = {"q35": "pc-q35-9.2", "pc": "pc-i440fx-9.2"}
FRONT, BACK = "52:54:00:d1:4f:27", "52:54:00:24:8d:98"
# From libvirt 9.2 on the definition says which files were chosen.
FILES = (
    '<loader readonly="yes" type="pflash" format="raw">/usr/share/OVMF/OVMF_CODE_4M.fd</loader>'
    '<nvram template="/usr/share/OVMF/OVMF_VARS_4M.fd" format="raw">/nvram/uefi_VARS.fd</nvram>'
)
WITH_FILES = DEFINED.replace("<boot dev='hd'/>", FILES + "<boot dev='hd'/>")


def kept(asked: str, defined: str = DEFINED) -> Any:
    return keep(parse_domain_text(asked), parse_domain_text(defined), lambda: MACHINES)


def changes(asked: str, defined: str = DEFINED) -> dict[str, tuple[Any, Any]]:
    found = changes_between(settle(parse_domain_text(defined)), kept(asked, defined))
    return {change["field"]: (change["before"], change["after"]) for change in found}


def edited(old: str, new: str, text: str = ASKED) -> str:
    assert old in text, old
    return text.replace(old, new)


@pytest.mark.parametrize("defined", [DEFINED, WITH_FILES])
def test_what_a_domain_was_defined_from_changes_nothing(defined: str) -> None:
    assert changes(ASKED, defined) == {}
    assert changes(defined, defined) == {}


def test_memory_of_devices_is_a_part_of_the_whole() -> None:
    """libvirt adds it where the guest has cells, and Nova does not."""
    cells = "<cpu><numa><cell cpus='0' memory='{}' unit='KiB'/></numa></cpu><devices><memory model='nvdimm'>"
    rest = cells.format(131072) + "<target><size unit='KiB'>{}</size></target></memory></devices></domain>"
    asked = "<domain><memory unit='KiB'>131072</memory>" + rest.format(65536)
    defined = "<domain><memory unit='KiB'>196608</memory><currentMemory>196608</currentMemory>" + rest.format(65536)
    assert changes(asked, defined) == {}
    more = changes(asked.replace(">65536<", ">131072<"), defined)
    assert more["memory"] == ("196608", "262144")


def test_everything_that_must_stay_stays() -> None:
    found = kept(edited("<vcpu>2</vcpu>", "<vcpu>4</vcpu>"), WITH_FILES)
    assert found.findtext("uuid") == "0da80933-9451-4129-8da9-aecec79e5fee"
    assert found.find("os/type").attrib == {"machine": "pc-q35-7.2", "arch": "x86_64"}
    assert [mac.get("address") for mac in found.findall("devices/interface/mac")] == [FRONT, BACK]
    assert [place.get("bus") for place in found.findall("devices/interface/address")] == ["0x01", "0x02"]
    assert found.find("devices/disk/address").get("bus") == "0x05"
    assert found.find("devices/disk/alias").get("name") == "ua-root"
    assert found.findtext("os/nvram") == "/nvram/uefi_VARS.fd"
    assert found.findtext("os/loader") == "/usr/share/OVMF/OVMF_CODE_4M.fd"
    assert len(found.findall("devices/controller")) == len(parse_domain_text(DEFINED).findall("devices/controller"))
    assert changes(edited("<vcpu>2</vcpu>", "<vcpu>4</vcpu>"), WITH_FILES) == {"vcpu": ("2", "4")}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('cache="none"', 'cache="writeback"', {"devices.disk[vda].driver.cache": ("none", "writeback")}),
        (' cache="none"', "", {"devices.disk[vda].driver.cache": ("none", None)}),
        ('<memory unit="MiB">512<', '<memory unit="KiB">524288<', {}),
        ('network="back"', 'network="other"', {f"devices.interface[{BACK}].source.network": ("back", "other")}),
        ('passwd="hush"', 'passwd="new"', {"devices.graphics[vnc].passwd": (HIDDEN, HIDDEN)}),
        (' passwd="hush"', "", {"devices.graphics[vnc].passwd": (HIDDEN, None)}),
        ('machine="q35"', 'machine="pc-q35-9.2"', {"os.type.machine": ("pc-q35-7.2", "pc-q35-9.2")}),
        (' machine="q35"', "", {}),
        (
            "<alias name=",
            "<boot order='1'/><alias name=",
            {"os.boot": ({"dev": "hd"}, None), "devices.disk[vda].boot": (None, {"order": "1"})},
        ),
        (
            "<devices>",
            "<on_crash>restart</on_crash><clock offset='localtime'/><devices>",
            {"on_crash": ("destroy", "restart"), "clock.offset": ("utc", "localtime")},
        ),
        ("<features><acpi/></features>", "<features><acpi/><apic/></features>", {"features.apic": (None, "")}),
        ("<devices>", "<title>web</title><devices>", {"title": (None, "web")}),
    ],
)  # fmt: skip
def test_each_field_that_changes_is_told(old: str, new: str, expected: dict[str, Any]) -> None:
    assert changes(edited(old, new)) == expected


def test_a_device_that_is_new_or_gone_is_told_with_its_fields() -> None:
    front = '<interface type="network">\n      <source network="front"/>\n      <model type="virtio"/>\n    </interface>'
    gone = changes(edited(front, ""))
    assert list(gone) == [f"devices.interface[{FRONT}]"]
    before, after = gone[f"devices.interface[{FRONT}]"]
    assert after is None
    assert before["source.network"] == "front"
    [new] = changes(edited(front, front + front.replace("front", "third"))).items()
    assert new == ("devices.interface", (None, {"type": "network", "source.network": "third", "model.type": "virtio"}))


def test_a_new_card_does_not_take_the_address_of_another() -> None:
    """A card without a MAC is the one on the same network, wherever it stands."""
    swapped = edited('network="front"', 'network="x"').replace('"back"', '"front"').replace('"x"', '"back"')
    found = kept(swapped)
    assert [mac.get("address") for mac in found.findall("devices/interface/mac")] == [BACK, FRONT]


def test_an_address_that_the_xml_gives_away_is_not_kept_for_another_device() -> None:
    sound = "<sound model='ich6'><address type='pci' bus='5' slot='0'/></sound>"
    found = kept(edited("<rng", sound + "<rng"))
    assert found.findall("devices/disk")[0].find("address") is None
    assert found.find("devices/sound/address").get("bus") == "0x05"


def test_another_board_keeps_what_does_not_depend_on_it() -> None:
    asked = edited('machine="q35"', 'machine="pc"').replace(' firmware="efi"', "").replace("sata", "ide").replace("sda", "hda")
    found = kept(asked)
    assert found.findtext("uuid")
    assert found.find("os/type").get("machine") == "pc-i440fx-9.2"
    assert [mac.get("address") for mac in found.findall("devices/interface/mac")] == [FRONT, BACK]
    assert found.findall("devices/controller") == []
    assert {place.get("type") for place in found.iter("address")} == {"virtio-serial"}


def test_other_firmware_is_chosen_anew() -> None:
    secure = edited('name="secure-boot" enabled="no"', 'name="secure-boot" enabled="yes"')
    found = kept(secure, WITH_FILES)
    assert found.find("os/loader") is None
    assert changes(secure, WITH_FILES)["os.firmware.feature[secure-boot].enabled"] == ("no", "yes")


METADATA = """<metadata>
  <tool:notes xmlns:tool="urn:tool">ours</tool:notes>
  <nova:instance xmlns:nova="http://openstack.org/xmlns/libvirt/nova/1.1"><nova:creationTime>{}</nova:creationTime></nova:instance>
  <kilonova:server xmlns:kilonova="urn:kilonova:compute:1" state="{}"><kilonova:request>{}</kilonova:request
    ><kilonova:volumes>{}</kilonova:volumes></kilonova:server>
</metadata>"""


def test_metadata_of_tools_stays_and_ours_is_compared_inside() -> None:
    had = METADATA.format("2026-01-01 00:00:00", "active", '{"flavor":{"ram":512},"tags":[]}', '[{"name":"disk"}]')
    new = METADATA.format("2026-02-02 00:00:00", "building", '{"flavor":{"ram":640},"tags":[]}', "[]")
    new = new.replace('<tool:notes xmlns:tool="urn:tool">ours</tool:notes>', "")
    defined = edited("<memory unit=", had + "<memory unit=", DEFINED)
    assert changes(ASKED, defined) == {}
    asked = edited("<memory ", new + "<memory ")
    assert changes(asked, defined) == {"metadata.kilonova:server.kilonova:request.flavor.ram": (512, 640)}
    text = domain_text(kept(asked, defined))
    assert '<kilonova:server xmlns:kilonova="urn:kilonova:compute:1" state="active">' in text
    assert '<tool:notes xmlns:tool="urn:tool">ours</tool:notes>' in text
    assert '[{"name":"disk"}]' in text
