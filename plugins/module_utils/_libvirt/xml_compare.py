# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a definition already says what some XML asks for."""

from __future__ import annotations

from typing import List, Optional
from xml.etree import ElementTree

_KIB = {"b": 1 / 1024, "bytes": 1 / 1024, "KB": 1000 / 1024, "k": 1, "KiB": 1, "MB": 1e6 / 1024, "M": 1024, "MiB": 1024}
_KIB.update({"GB": 1e9 / 1024, "G": 1024**2, "GiB": 1024**2, "TB": 1e12 / 1024, "T": 1024**3, "TiB": 1024**3})

# libvirt takes these sizes in any unit and gives them back in KiB.
_SIZES = ("memory", "currentMemory", "maxMemory")


def says(have: ElementTree.Element, wanted: ElementTree.Element) -> bool:
    """Every element, attribute and text of ``wanted`` is in ``have``. What libvirt fills in by itself does not count."""
    if have.tag != wanted.tag or not _same_text(have, wanted):
        return False
    for name, value in wanted.attrib.items():
        if name == "unit" and wanted.tag in _SIZES:
            continue
        if have.get(name) != value:
            return False
    free: List[ElementTree.Element] = list(have)
    for child in wanted:
        match = _first(free, child)
        if match is None:
            return False
        free.remove(match)
    return True


def _first(candidates: List[ElementTree.Element], wanted: ElementTree.Element) -> Optional[ElementTree.Element]:
    return next((candidate for candidate in candidates if says(candidate, wanted)), None)


def _same_text(have: ElementTree.Element, wanted: ElementTree.Element) -> bool:
    if wanted.tag in _SIZES and wanted.text:
        return _kib(have) == _kib(wanted)
    return (have.text or "").strip() == (wanted.text or "").strip()


def _kib(element: ElementTree.Element) -> Optional[int]:
    text = (element.text or "").strip()
    factor = _KIB.get(element.get("unit", "KiB"))
    return int(int(text) * factor) if text.isdigit() and factor else None
