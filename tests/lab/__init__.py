# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Independent libvirt hosts on one machine, for tests."""

from __future__ import annotations

from .host import Host, HostOptions
from .lab import Lab, sweep
from .process import LabError

__all__ = ["Host", "HostOptions", "Lab", "LabError", "sweep"]
