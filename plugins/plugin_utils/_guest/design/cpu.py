# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CPU that a guest sees: model, flags, topology (guest sections 4.1 and 4.2)."""

from __future__ import annotations

from ..domain_model import Cpu, CpuTopology
from .context import Context


def design_cpu(context: Context) -> Cpu:
    mode = context.options.text("libvirt", "cpu_mode") or _default_mode(context)
    vcpus = context.server["flavor"]["vcpus"]
    return Cpu(
        mode=None if mode == "none" else mode,
        model=None,
        topology=CpuTopology(sockets=vcpus, cores=1, threads=1),
    )


def _default_mode(context: Context) -> str:
    """Guest CPU-01; the same under emulation."""
    return "host-passthrough" if context.arch == "aarch64" else "host-model"
