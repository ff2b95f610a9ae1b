# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How and where servers are built, and how long they are waited for."""

from __future__ import annotations


class ModuleDocFragment:
    # Options that only matter where something is built.
    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Wait until the server is where it should be.
    type: bool
    default: true
  timeout:
    description:
      - How long to wait for each server, in seconds.
    type: int
    default: 180
    aliases: [wait_timeout]
"""

    # The host's facts and options.
    OPTIONS = r"""
options:
  host_options:
    description:
      - >-
        Nova's host options by group, for example C({libvirt: {virt_type: qemu}}). Unknown ones are refused by name.
    type: dict
  hypervisor:
    description:
      - The facts of the host as M(kilonova.compute.hypervisor_info) returned them.
    type: dict
  pool:
    description:
      - The storage pool for disks, drives and console logs.
    type: str
    default: default
"""

    # Limits on how many servers may be built.
    QUOTA = r"""
options:
  quota:
    description:
      - >-
        Limits, for example C({instances: 10, cores: 20, ram: 51200}). What is not given is unlimited.
    type: dict
  usage:
    description:
      - What is used of the quota already.
    type: dict
"""
