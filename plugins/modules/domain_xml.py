#!/usr/bin/python
# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Render domain XML. The work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: domain_xml
short_description: Show the libvirt domain XML of servers
version_added: 0.1.0
description:
  - Renders the domain XML that M(kilonova.compute.server) would define, on the controller, without touching a host.
  - A server that the host has already keeps its uuid; for any other, the uuid follows from the name.
author:
  - Kilonova contributors (@kilonova)
options:
  hypervisor:
    description:
      - The facts of the host as M(kilonova.compute.hypervisor_info) returned them.
    type: dict
    required: true
  explain:
    description:
      - Also say for each element and attribute which input, or which default, put it there, and where each input ended.
      - Each input is taken away or altered in turn, the domain is designed again, and the two trees are compared. So nothing of
        it is written by hand, and what two inputs say alike is seen only where both change together.
    type: bool
    default: false
  host_options:
    description:
      - Nova's host options by group.
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
extends_documentation_fragment:
  - kilonova.compute.connection.controller
  - kilonova.compute.request_forms
  - kilonova.compute.catalogues
  - kilonova.compute.hosting.shaping
  - kilonova.compute.attributes.info
  - kilonova.compute.attributes.controller
"""

EXAMPLES = r"""
- name: Read the facts of the host
  kilonova.compute.hypervisor_info:
  register: facts

- name: Show what would be defined there
  kilonova.compute.domain_xml:
    servers:
      - {name: web, flavor: m1.tiny, image: debian-12}
    flavors: "{{ kilonova_flavors }}"
    images: "{{ kilonova_images }}"
    hypervisor: "{{ facts.hypervisor }}"
"""

RETURN = r"""
domains:
  description: One entry for each server to build.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name of the domain.
      type: str
      returned: success
    uuid:
      description: The uuid of the domain.
      type: str
      returned: success
    xml:
      description: The XML of the domain.
      type: str
      returned: success
    explanation:
      description: Why the XML is what it is.
      type: dict
      returned: when O(explain=true)
      contains:
        elements:
          description:
            - Every element and attribute in document order, with its C(path), its C(value), and the names of the C(inputs) and
              of the C(defaults) of host options that decide it.
            - Where none does, C(of) is the path of the element that it came with; without one it is the same for every server.
          type: list
          elements: dict
          returned: always
          sample: [{path: /domain/memory, value: "524288", inputs: [flavor.ram], defaults: []}]
        inputs:
          description:
            - Every input with its C(name), C(kind) (C(request), C(option), C(default), C(fact) of the host, or C(made) by the
              collection), C(value), and the C(ends), the paths of what it decides.
            - An input without ends says what is the case anyway, or ends outside the XML, in the config drive, in the choice of
              the host, or in the collection's own record. One is C(undecided) when each of its other values would be refused.
          type: list
          elements: dict
          returned: always
          sample: [{name: flavor.ram, kind: request, value: 512, ends: [/domain/memory]}]
no_effect:
  description: What Nova accepts and plain libvirt has no use for, as a list of C({field, reason}).
  returned: success
  type: list
  elements: dict
"""
