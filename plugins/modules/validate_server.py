#!/usr/bin/python
# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check whole boot requests by the rules of Nova. The work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: validate_server
short_description: Check whole boot requests by the rules of Nova
version_added: 0.1.0
description:
  - Checks requests against the catalogues, flavor against image, names, counts, networks, key pairs and quotas.
  - Answers with one entry for each server that would be built. User data, files and passwords are shown as size and hash.
  - All problems are reported at once. Nothing is touched and nothing is minted; the same input gives the same answer.

author:
  - Kilonova contributors (@kilonova)
extends_documentation_fragment:
  - kilonova.compute.connection.controller
  - kilonova.compute.request_forms
  - kilonova.compute.catalogues
  - kilonova.compute.hosting.quota
  - kilonova.compute.attributes.info
  - kilonova.compute.attributes.controller
"""

EXAMPLES = r"""
- name: Check a request
  kilonova.compute.validate_server:
    servers:
      - name: web
        max_count: 2
        flavor: m1.tiny
        image: debian-12
    flavors: "{{ kilonova_flavors }}"
    images: "{{ kilonova_images }}"
"""

RETURN = r"""
servers:
  description: The normalised servers, one entry for each server to build.
  returned: success
  type: list
  elements: dict
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
