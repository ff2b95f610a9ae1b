# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The floor: one process that defines and starts every domain of a folder, one after the other. Arguments: URI FOLDER."""

from __future__ import annotations

import sys
from pathlib import Path

import libvirt


def main(uri: str, folder: str) -> None:
    connection = libvirt.open(uri)
    for path in sorted(Path(folder).glob("*.xml")):
        domain = connection.defineXMLFlags(path.read_text(), libvirt.VIR_DOMAIN_DEFINE_VALIDATE)
        domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
    connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
