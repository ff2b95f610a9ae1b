# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The base image of a root disk, as the module ``image`` leaves it in a pool."""

from __future__ import annotations

from typing import TypedDict


class BaseImage(TypedDict):
    """``name`` is the volume's name in the pool, ``virtual_size`` what a guest would see, in bytes."""

    name: str
    path: str
    format: str
    virtual_size: int
    sha256: str
