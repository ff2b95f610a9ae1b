# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module domain over a real QEMU driver: what is predicted is what changes, and the same again changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.module_utils._errors import HypervisorError
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.domain_task import DomainTask
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.wait import lifecycle_events

from .world import CHECKOUT, World

pytestmark = pytest.mark.lab

NIC = "<interface type='network'><source network='default'/><model type='virtio'/></interface>"
BASE = f"""<domain type='qemu'><name>any</name><memory unit='MiB'>256</memory><vcpu>1</vcpu>
<os><type>hvm</type></os><features><acpi/></features>
<devices>
<disk type='file' device='disk'>
<driver name='qemu' type='qcow2' cache='none'/><source file='/p/a'/><target dev='vda' bus='virtio'/></disk>
<disk type='file' device='cdrom'><source file='/p/c.iso'/><target dev='hdc' bus='ide'/></disk>
{NIC}
<interface type='network'><source network='other'/></interface>
<serial type='pty'/>
<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
<graphics type='vnc' passwd='hush'/>
<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
</devices></domain>"""
# What is written instead of what. Each is tried, and taken back again.
EDITS: tuple[tuple[str, str], ...] = (
    (">256<", ">512<"),
    ("<vcpu>1<", "<vcpu>2<"),
    (" cache='none'", " cache='writeback'"),
    (" cache='none'", ""),
    (NIC, ""),
    (NIC, NIC + NIC.replace("default", "third").replace("virtio", "e1000")),
    ("network='other'", "network='elsewhere'"),
    ("model type='virtio'/></interface>", "model type='e1000'/></interface>"),
    ("<serial", "<disk type='file'><source file='/p/b'/><target dev='vdb' bus='virtio'/></disk><serial"),
    ("'vda' bus='virtio'", "'sda' bus='scsi'"),
    ("'vda' bus='virtio'", "'vda' bus='usb'"),
    ("hush", "other"),
    (" passwd='hush'", ""),
    ("<rng", "<rng model='virtio'><backend model='random'>/dev/random</backend></rng><rng"),
    ("<serial", "<sound model='ich6'><address type='pci' bus='0' slot='3'/></sound><serial"),
    ("<graphics type='vnc' passwd='hush'/>", ""),
    ("<graphics type='vnc' passwd='hush'/>", "<graphics type='spice' autoport='yes'/>"),
    ("<serial", "<video><model type='virtio'/></video><memballoon model='none'/><serial"),
    ("<type>", "<type arch='x86_64' machine='pc'>"),
    ("<devices>", "<cpu mode='host-model' match='exact'/><devices>"),
    ("<devices>", "<cpu><topology sockets='1' cores='1' threads='1'/></cpu><devices>"),
    ("<devices>", "<on_crash>restart</on_crash><clock offset='localtime'/><title>it</title><devices>"),
    ("<acpi/>", "<acpi/><apic/><vmcoreinfo/>"),
    ("<serial", "<watchdog model='i6300esb'/><tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm><serial"),
    ("<channel type='unix'>", "<channel type='unix'><source mode='bind'/>"),
    ("<serial type='pty'/>", "<serial type='pty'><log file='/p/log' append='off'/></serial>"),
    ("<source file='/p/a'/>", "<source file='/p/a'/><boot order='1'/>"),
    ("</os>", "<boot dev='cdrom'/><boot dev='hd'/></os>"),
    ("<serial", "<input type='tablet' bus='usb'/><serial"),
)  # fmt: skip


class Tasks:
    def __init__(self, connection: Any, events: Any) -> None:
        params = {"state": "present", "persistent": True, "start_flags": [], "wait": True, "wait_timeout": 10}
        self.connection = connection
        self.check = DomainTask(connection, events, params, check_mode=True)
        self.real = DomainTask(connection, events, params, check_mode=False)

    def apply(self, xml: str) -> list[dict[str, Any]]:
        """The changes, which were predicted, and of which nothing is left to do."""
        predicted = self.check.ensure(xml)
        done = self.real.ensure(xml)
        assert predicted["changes"] == done["changes"]
        assert predicted["changed"] == done["changed"]
        assert self.check.ensure(xml)["changes"] == []
        assert not self.real.ensure(xml)["changed"]
        found: list[dict[str, Any]] = done["changes"]
        return found

    def definition(self, name: str) -> str:
        return str(self.connection.lookupByName(name).XMLDesc(2))


@contextmanager
def tasks(world: World) -> Iterator[Tasks]:
    with world.connected() as connection, lifecycle_events(connection) as events:
        yield Tasks(connection, events)
        for domain in connection.listAllDomains():
            domain.undefineFlags(4)


def what_stays(definition: str) -> tuple[list[str], ...]:
    return tuple(re.findall(wanted, definition) for wanted in (r"<uuid>(.*)</uuid>", r"mac address='(.*)'", r"machine='(.*?)'"))


def test_every_change_is_predicted_told_and_taken_back(world: World) -> None:
    with tasks(world) as made:
        made.apply(BASE)
        born = what_stays(made.definition("any"))
        for old, new in EDITS:
            assert old in BASE
            made.apply(BASE.replace(old, new))
            made.apply(BASE)
            now = what_stays(made.definition("any"))
            assert now[0::2] == born[0::2], (old, new)
            assert now[1][1] == born[1][1], (old, new)  # the first card came and went
        assert "hush" in made.connection.lookupByName("any").XMLDesc(1)


def test_another_board_is_a_change_like_any_other(world: World) -> None:
    """No address of the old board is carried to the new one, and libvirt finds its own."""
    uefi = BASE.replace("<os><type>", "<os firmware='efi'><type machine='q35'>").replace("'hdc' bus='ide'", "'sda' bus='sata'")
    with tasks(world) as made:
        made.apply(BASE)
        born = what_stays(made.definition("any"))
        fields = [change["field"] for change in made.apply(uefi)]
        assert "os.firmware" in fields
        assert what_stays(made.definition("any"))[:2] == born[:2]
        with pytest.raises(HypervisorError, match="IDE"):
            made.real.ensure(BASE)  # says nothing of the machine type, which stays


def test_our_own_xml_of_every_shape_says_what_libvirt_then_has(world: World) -> None:
    tried = 0
    with tasks(world) as made:
        for path in sorted((CHECKOUT / "tests/unit/guest/golden").glob("*.xml")):
            xml = path.read_text().replace('<domain type="kvm"', '<domain type="qemu"').replace(' secure="no"/>', "/>")
            try:
                made.apply(xml)
            except HypervisorError:
                continue  # what this host's QEMU cannot do
            tried += 1
            made.connection.lookupByName("web").undefineFlags(4)
    assert tried >= 20
