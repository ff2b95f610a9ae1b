#!/usr/bin/python
# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check images by the rules of Nova. The work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: validate_image
short_description: Check images by the rules of Nova
version_added: 0.1.0
description:
  - Checks status, formats and sizes, and every property by its type, allowed values and legacy aliases.
  - Properties that nothing reads are kept and reported in RV(no_effect).
  - All problems are reported at once. Nothing is touched; the same input gives the same answer.

author:
  - Kilonova contributors (@kilonova)
options:
  images:
    description:
      - The images, as a dictionary by name or a list.
      - An image holds C(name), C(id), one of C(src), C(path) and C(url), C(checksum), C(disk_format), C(container_format),
        C(min_disk) (GiB), C(min_ram) (MiB), C(size) (bytes), C(status) and C(properties).
    type: raw
    required: true
extends_documentation_fragment:
  - kilonova.compute.connection.controller
  - kilonova.compute.attributes.info
  - kilonova.compute.attributes.controller
"""

EXAMPLES = r"""
- name: Check the images of the site
  kilonova.compute.validate_image:
    images:
      debian-12:
        src: files/debian-12.qcow2
        disk_format: qcow2
        min_ram: 256
        properties: {os_type: linux, hw_disk_bus: virtio}
"""

RETURN = r"""
images:
  description: The images, normalised, by name, with typed properties.
  returned: success
  type: dict
no_effect:
  description: What Nova accepts and plain libvirt has no use for, as a list of C({field, reason}).
  returned: success
  type: list
  elements: dict
problems:
  description: Every reason to refuse the input, ordered by field, each with code, rule, field, given, allowed and message.
  returned: when the input is refused
  type: list
  elements: dict
  sample: [{code: ValidationError, rule: FLV-03, field: flavors.small.ram, given: 0, allowed: {min: 1}, message: too small}]
"""
