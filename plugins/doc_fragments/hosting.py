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
      - The storage pool for disks, and with them for base images, drives and console logs.
    type: str
    default: default
  file_pool:
    description:
      - Where O(pool) is none of files (Ceph, iSCSI, a volume group, ...), the pool of files for what it cannot hold,
        base images, drives and console logs. It counts only then, and is by default V(default).
    type: str
"""

    # A user's own templates and overlay.
    SHAPING = r"""
options:
  template_folders:
    description:
      - Folders on the controller with templates (C(*.xml.j2)) that stand before the collection's own, the first one first.
      - A file replaces the one of the same path and must define the same macro; all others stay. One that replaces nothing, and
        that none of the others uses, is refused.
    type: list
    elements: path
    default: []
  xml_overlay:
    description:
      - A fragment of domain XML, a C(domain) element, that is merged into the XML of every server of the task.
      - An element meets the one of the same name and identity. Identity is a disk's C(target/@dev), an interface's
        C(mac/@address) or C(target/@dev), a controller's C(@type) and C(@index), a channel's C(target/@name), and the like.
        Without an identity it meets the only element of its name; where there are several it is refused.
      - What it meets gets its attributes, its text and, by the same rule, its children. What meets nothing is added.
      - The attribute C(kilonova:overlay) (namespace C(urn:kilonova:compute:1)) of an element says C(add), C(replace) or
        C(remove) instead.
      - The C(name), the C(uuid) and the metadata that the collection knows its servers by cannot be changed.
    type: str
  domain_schema:
    description:
      - libvirt's schema on the controller. What O(template_folders) and O(xml_overlay) make is checked by it where the file
        exists, before the host is touched. An empty text leaves the check to the host, which always makes it when it defines.
    type: str
    default: /usr/share/libvirt/schemas/domain.rng
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
