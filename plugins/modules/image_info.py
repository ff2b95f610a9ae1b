#!/usr/bin/python
# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Base images of one libvirt host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: image_info
short_description: Read the base images of a libvirt host
version_added: 0.1.0
description:
  - Reads the base images that this collection keeps in the pools of one host, and what stands on each.
author:
  - Kilonova contributors (@kilonova)
options:
  name:
    description:
      - Name or sha256 of one image. Without it, all are returned.
    type: str
  pool:
    description:
      - A storage pool. Without it, all active pools are read.
    type: str
extends_documentation_fragment:
  - kilonova.compute.connection
  - kilonova.compute.attributes.info
  - kilonova.compute.attributes.action
seealso:
  - module: kilonova.compute.image
"""

EXAMPLES = r"""
- name: Read all base images of the host
  kilonova.compute.image_info:
  register: found

- name: Show those that nothing needs
  ansible.builtin.debug:
    msg: "{{ found.images | rejectattr('users') | map(attribute='name') }}"
"""

RETURN = r"""
images:
  description:
    - The images, as M(kilonova.compute.image) returns each, the newest first.
    - Each has C(users) too, the servers and the disks that need it.
  returned: success
  type: list
  elements: dict
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kilonova.compute.plugins.module_utils._argspec import connection_spec, image_info_spec
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.connection import open_connection
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.image_removal import read_images
from ansible_collections.kilonova.compute.plugins.module_utils._module import run_module


def work(module: AnsibleModule) -> Dict[str, Any]:
    with open_connection(module.params["uri"]) as connection:
        return {"changed": False, "images": read_images(connection, module.params)}


def main() -> None:
    spec = dict(connection_spec(), **image_info_spec())
    run_module(AnsibleModule(argument_spec=spec, supports_check_mode=True), work)


if __name__ == "__main__":
    main()
