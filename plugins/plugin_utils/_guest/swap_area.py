# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A swap area: the one page that makes a disk one (Linux, include/linux/swap.h: union swap_header)."""

from __future__ import annotations

import struct
from uuid import UUID

_SIGNATURE = b"SWAPSPACE2"
_BOOT_BITS = 1024
# Kernels whose pages are larger than 4 KiB look for the signature at the end of their own first page.
_PAGE_SIZES = {"ppc64": 65536, "ppc64le": 65536}


def swap_header(size: int, uuid: str, arch: str) -> bytes:
    """The first page of a swap area of ``size`` bytes, without a label, as mkswap writes it for a guest of that arch."""
    page_size = _PAGE_SIZES.get(arch, 4096)
    last_page, bad_pages = size // page_size - 1, 0
    page = bytearray(page_size)
    struct.pack_into("<III16s", page, _BOOT_BITS, 1, last_page, bad_pages, UUID(uuid).bytes)
    page[-len(_SIGNATURE) :] = _SIGNATURE
    return bytes(page)
