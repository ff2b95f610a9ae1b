# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""libvirt's installed schema for domains, and what a domain may hold that a newer libvirt brought.

A feature newer than the schema is taken out, by its name below, before the rest is held against the schema. So nothing is
skipped silently: everything around the feature is checked, and a schema that knows the feature checks it too.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from lxml import etree

SCHEMA = Path("/usr/share/libvirt/schemas/domain.rng")


@dataclass(frozen=True)
class Newer:
    """``libvirt`` is the version whose schema first has the feature; ``path`` finds it in a domain; ``example`` is one."""

    libvirt: str
    path: str
    example: str


NEWER = {
    "AMD SEV-SNP": Newer(
        "10.5.0",
        "/domain/launchSecurity[@type='sev-snp']",
        "<launchSecurity type='sev-snp'><policy>0x30000</policy></launchSecurity>",
    ),
    "virtio sound": Newer("10.4.0", "/domain/devices/sound[@model='virtio']", "<devices><sound model='virtio'/></devices>"),
}


@lru_cache(maxsize=1)
def schema() -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(str(SCHEMA)))


@lru_cache(maxsize=8)
def knows(name: str) -> bool:
    """Whether the installed schema has the feature."""
    start = "<domain type='kvm'><name>x</name><memory>1</memory><os><type>hvm</type></os>"
    return schema().validate(etree.fromstring(f"{start}{NEWER[name].example}</domain>"))


def assert_valid(root: etree._Element) -> None:
    rest = copy.deepcopy(root)
    for element in [found for name, new in NEWER.items() if not knows(name) for found in rest.xpath(new.path)]:
        element.getparent().remove(element)
    assert schema().validate(rest), [str(error) for error in schema().error_log]
