# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""libvirt itself, not only its schema, defines the golden domains: its own checks see what a schema cannot."""

from __future__ import annotations

from pathlib import Path

import libvirt
import pytest
from lxml import etree

from .world import World

pytestmark = pytest.mark.lab

GOLDEN = Path(__file__).parents[1] / "unit/guest/golden"
# libvirt's number from which on a host defines it; before, the designer writes it otherwise or refuses it.
NEEDS_LIBVIRT = {"many-devices": 10000000, "uefi": 10000000, "uefi-stateless": 10000000, "encrypted-snp": 10005000}
# The designer refuses these where the host's facts say so.
NEEDS_HARDWARE = ("encrypted", "encrypted-snp")


def test_golden_domains_are_defined(world: World) -> None:
    refused = {}
    with world.connected() as connection:
        capabilities = etree.fromstring(connection.getCapabilities())
        emulated = set(capabilities.xpath("guest/arch/@name"))
        for path in sorted(GOLDEN.glob("*.xml")):
            root = etree.fromstring(path.read_bytes())
            [arch] = root.xpath("os/type/@arch")
            if arch not in emulated:  # an emulator for it is not on every host
                continue
            root.set("type", "qemu")
            try:
                domain = connection.defineXMLFlags(etree.tostring(root, encoding="unicode"), libvirt.VIR_DOMAIN_DEFINE_VALIDATE)
                domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_NVRAM)
            except libvirt.libvirtError as error:
                refused[path.stem] = error.get_error_message()
        version = connection.getLibVersion()
    expected = {name for name, needed in NEEDS_LIBVIRT.items() if version < needed} | set(NEEDS_HARDWARE)
    assert set(refused) == expected, refused
