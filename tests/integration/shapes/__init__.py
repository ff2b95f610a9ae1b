# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A few servers with many features each: what they ask for, and where it must be found."""

from .bios import LEGACY, OLDER, PLAIN
from .cells import CELLS
from .uefi import PINNED, SECURE, STORED

SHAPES = {
    "legacy": LEGACY, "secure": SECURE, "pinned": PINNED, "cells": CELLS, "plain": PLAIN, "stored": STORED, "older": OLDER,
}  # fmt: skip
