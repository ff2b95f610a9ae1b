#!/usr/bin/python
# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check flavors by the rules of Nova. The work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: validate_flavor
short_description: Check flavors by the rules of Nova
version_added: 0.1.0
description:
  - Checks names, ids, ranges and units, and every extra spec by the validators of its namespace.
  - All problems are reported at once. Nothing is touched and nothing is minted; the same input gives the same answer.

author:
  - Kilonova contributors (@kilonova)
options:
  flavors:
    description:
      - The flavors, as a dictionary by name or a list.
      - A flavor holds C(name), C(id), C(vcpus), C(ram) (MiB), C(disk) (GiB), C(ephemeral) (GiB), C(swap) (MiB), C(rxtx_factor),
        C(extra_specs), C(is_public), C(disabled) and C(description). The names of Nova's API are taken too.
    type: raw
    required: true
extends_documentation_fragment:
  - kilonova.compute.connection.controller
  - kilonova.compute.attributes.info
  - kilonova.compute.attributes.controller
"""

EXAMPLES = r"""
- name: Check the flavors of the site
  kilonova.compute.validate_flavor:
    flavors:
      m1.tiny: {vcpus: 1, ram: 512, disk: 5}
      m1.pinned:
        vcpus: 4
        ram: 8192
        disk: 20
        extra_specs: {"hw:cpu_policy": dedicated}
"""

RETURN = r"""
flavors:
  description: The flavors, normalised, by name. They are valid input again and come back unchanged.
  returned: success
  type: dict
  sample: {m1.tiny: {schema: 1, name: m1.tiny, vcpus: 1, ram: 512, disk: 5, ephemeral: 0, swap: 0, extra_specs: {}}}
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
