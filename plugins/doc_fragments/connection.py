# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a connection to libvirt."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  uri:
    description:
      - The libvirt connection, as seen from where the module runs.
      - Every remote form works the same, for example V(qemu+ssh://root@host/system), V(qemu+tls://host/system) or
        V(qemu+tcp://host/system), because storage, drives and logs move through libvirt itself.
      - Where it is not given, the environment variable E(LIBVIRT_DEFAULT_URI) of the host is read.
    type: str
    default: qemu:///system
    aliases: [libvirt_uri]
requirements:
  - libvirt-python >= 9.0 for the interpreter that runs the module
"""

    # Modules that never leave the controller.
    CONTROLLER = r"""
options:
  uri:
    description:
      - Not used, because everything happens on the controller. It is taken so that C(module_defaults) can set it once for
        C(group/kilonova.compute.compute).
    type: str
    default: qemu:///system
    aliases: [libvirt_uri]
"""
