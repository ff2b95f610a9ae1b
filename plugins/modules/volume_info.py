#!/usr/bin/python
# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes and snapshots of one libvirt host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: volume_info
short_description: Read the volumes and snapshots of a libvirt host
version_added: 0.1.0
description:
  - Reads the volumes and snapshots that this collection keeps in the pools of one host, and which servers have them.
author:
  - Kilonova contributors (@kilonova)
options:
  name:
    description:
      - Name or id of one volume or snapshot. Without it, all are returned.
    type: str
    aliases: [id]
  pool:
    description:
      - A storage pool. Without it, all active pools are read.
    type: str
extends_documentation_fragment:
  - kilonova.compute.connection
  - kilonova.compute.attributes.info
  - kilonova.compute.attributes.action
seealso:
  - module: kilonova.compute.volume
"""

EXAMPLES = r"""
- name: Read all volumes of the host
  kilonova.compute.volume_info:
  register: found

- name: Show those that no server has
  ansible.builtin.debug:
    msg: "{{ found.volumes | selectattr('status', 'eq', 'available') | map(attribute='name') }}"
"""

RETURN = r"""
volumes:
  description: The volumes and snapshots, as M(kilonova.compute.volume) returns each.
  returned: success
  type: list
  elements: dict
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kilonova.compute.plugins.module_utils._argspec import connection_spec, volume_info_spec
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.connection import open_connection
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.volume_task import read_volumes
from ansible_collections.kilonova.compute.plugins.module_utils._module import run_module


def work(module: AnsibleModule) -> Dict[str, Any]:
    with open_connection(module.params["uri"]) as connection:
        return {"changed": False, "volumes": read_volumes(connection, module.params)}


def main() -> None:
    spec = dict(connection_spec(), **volume_info_spec())
    run_module(AnsibleModule(argument_spec=spec, supports_check_mode=True), work)


if __name__ == "__main__":
    main()
