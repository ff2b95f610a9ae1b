# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The devices of a host, as libvirt's own test driver has them. That one makes and removes none: test_host_devices does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.module_utils._errors import HypervisorError
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.connection import open_connection
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.hypervisor import hypervisor_facts
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.mdev import ensure_mdevs, start_mdevs
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.node_devices import node_device_facts
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.servers import parse_domain
from ansible_collections.kilonova.compute.plugins.module_utils._volume_name import mdev_id
from tests.unit.libvirt.conftest import PLAIN

SERVER = "b1f0c2d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d"
FOREIGN = "c60cc781-7620-4d03-9f28-0cbb0d7a0001"
OURS = mdev_id(SERVER, 1)
TYPES = (
    "<capability type='mdev_types'><type id='nvidia-35'><name>A</name><deviceAPI>vfio-pci</deviceAPI>"
    "<availableInstances>3</availableInstances></type></capability>"
)


def pci(function: int, more: str = "") -> str:
    return (
        f"<device><name>pci_0000_0a_00_{function}</name><parent>computer</parent><capability type='pci'>"
        f"<class>0x030000</class><domain>0</domain><bus>10</bus><slot>0</slot><function>{function}</function>"
        f"<product id='0x1eb8'>x</product><vendor id='0x10de'>y</vendor>{more}</capability></device>"
    )


def mdev(uuid: str) -> str:
    return (
        f"<device><name>mdev_{uuid.replace('-', '_')}_0000_0a_00_0</name><parent>pci_0000_0a_00_0</parent>"
        "<capability type='mdev'><type id='nvidia-35'/><iommuGroup number='12'/></capability></device>"
    )


def address(function: int) -> str:
    return f"<address domain='0x0000' bus='0x0a' slot='0x00' function='0x{function}'/>"


HOST = f"""<node>
<domain type='test'><name>test</name><memory>65536</memory><os><type>hvm</type></os></domain>
<device><name>computer</name><capability type='system'><hardware><vendor>x</vendor><uuid>{SERVER}</uuid></hardware><firmware/>
</capability></device>
{pci(2, f"<capability type='phys_function'>{address(0)}</capability>")}
{
    pci(
        0,
        f"<capability type='virt_functions' maxCount='2'>{address(1)}{address(2)}</capability>{TYPES}"
        f"<iommuGroup number='7'>{address(0)}</iommuGroup><numa node='1'/>",
    )
}
{pci(3)}
{mdev(FOREIGN)}{mdev(OURS)}
</node>"""


@pytest.fixture
def devices(tmp_path: Path) -> Iterator[Any]:
    path = tmp_path / "host.xml"
    path.write_text(HOST)
    with open_connection(f"test://{path}", events=True) as opened:
        yield opened


def uuids(connection: Any) -> list[str]:
    return [mdev["uuid"] for mdev in node_device_facts(connection)["mdevs"]]


def hostdev(connection: Any, name: str, uuid: str) -> Any:
    """A running domain that has this device."""
    inner = (
        f"<devices><hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='{uuid}'/></source></hostdev>"
    )
    domain = connection.defineXML(PLAIN.format(name, f"{inner}</devices>"))
    domain.create()
    return domain


def test_the_facts(devices: Any) -> None:
    found = node_device_facts(devices)
    ids = {"vendor_id": "10de", "product_id": "1eb8"}
    none = {"parent": None, "numa_node": None, "iommu_group": None, "driver": None}
    assert found["pci"] == [
        {"address": "0000:0a:00.0", "type": "type-PF", **ids, **none, "numa_node": 1, "iommu_group": 7},
        {"address": "0000:0a:00.2", "type": "type-VF", **ids, **none, "parent": "0000:0a:00.0"},
        {"address": "0000:0a:00.3", "type": "type-PCI", **ids, **none},
    ]
    assert found["mdev_parents"] == [{"name": "pci_0000_0a_00_0", "address": "0000:0a:00.0", "types": {"nvidia-35": 3}}]
    assert found["mdevs"] == [
        {"uuid": uuid, "type": "nvidia-35", "parent": "pci_0000_0a_00_0"} for uuid in sorted((FOREIGN, OURS))
    ]


def test_they_are_read_on_request(devices: Any) -> None:
    assert "node_devices" not in hypervisor_facts(devices)
    assert hypervisor_facts(devices, node_devices=True)["node_devices"] == node_device_facts(devices)


def test_a_domain_says_which_it_has(devices: Any) -> None:
    hostdev(devices, "db", FOREIGN)
    [domain] = [domain for domain in hypervisor_facts(devices)["domains"] if domain["name"] == "db"]
    assert domain["claims"] == {"devices": [FOREIGN]}


def test_one_that_is_there_is_not_made_again(devices: Any) -> None:
    ensure_mdevs(devices, SERVER, [{"uuid": OURS, "type": "nvidia-35", "parent": "pci_0000_0a_00_0", "made": True}])
    start_mdevs(devices, parse_domain(hostdev(devices, "db", OURS)))
    assert uuids(devices) == sorted((FOREIGN, OURS))


def test_a_host_that_cannot_make_one_says_so(devices: Any) -> None:
    wanted = {"uuid": mdev_id(SERVER, 0), "type": "nvidia-35", "parent": "pci_0000_0a_00_0", "made": True}
    with pytest.raises(HypervisorError, match="make a mediated device of the type nvidia-35 on pci_0000_0a_00_0"):
        ensure_mdevs(devices, SERVER, [wanted])
