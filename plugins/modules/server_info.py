#!/usr/bin/python
# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers of one libvirt host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: server_info
short_description: Read the servers of a libvirt host
version_added: 0.1.0
description:
  - Reads the servers that this collection made on one host, from the metadata of their domains. Nothing but the host is needed.
author:
  - Kilonova contributors (@kilonova)
options:
  name:
    description:
      - Name or uuid of one server. Without it, every server is returned.
    type: str
    aliases: [uuid]
extends_documentation_fragment:
  - kilonova.compute.connection
  - kilonova.compute.attributes.info
  - kilonova.compute.attributes.action
"""

EXAMPLES = r"""
- name: Read all servers of the host
  kilonova.compute.server_info:
  register: found

- name: Show name and addresses of each
  ansible.builtin.debug:
    msg: "{{ item.name }} is {{ item.status }} at {{ item.addresses }}"
  loop: "{{ found.servers }}"
  loop_control:
    label: "{{ item.name }}"

- name: Read one server
  kilonova.compute.server_info:
    name: web
"""

RETURN = r"""
servers:
  description: The servers by name; empty when there is none.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The server's name.
      type: str
      returned: success
    id:
      description: The server's uuid, which is the domain's.
      type: str
      returned: success
    domain:
      description: The name of its domain.
      type: str
      returned: success
    host:
      description: The host that holds it.
      type: str
      returned: success
    status:
      description: Nova's status.
      type: str
      returned: success
      sample: ACTIVE
    vm_state:
      description: Nova's vm_state.
      type: str
      returned: success
      sample: active
    power_state:
      description: What the domain does.
      type: str
      returned: success
      sample: running
    flavor:
      description: The flavor's name.
      type: str
      returned: success
    image:
      description: The image's name.
      type: str
      returned: success
    addresses:
      description: Addresses by network, from the leases of libvirt's networks.
      type: dict
      returned: success
      sample: {default: [{addr: 192.168.122.17, version: 4, mac: "fa:16:3e:1c:2d:3e"}]}
    volumes:
      description: The volumes that were made for the server.
      type: list
      elements: dict
      returned: success
    metadata:
      description: The server's metadata.
      type: dict
      returned: success
    tags:
      description: The server's tags.
      type: list
      elements: str
      returned: success
    description:
      description: The server's description.
      type: str
      returned: success
    key_name:
      description: The name of its key pair.
      type: str
      returned: success
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kilonova.compute.plugins.module_utils._argspec import connection_spec
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.connection import open_connection
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.servers import list_servers
from ansible_collections.kilonova.compute.plugins.module_utils._module import run_module


def work(module: AnsibleModule) -> Dict[str, Any]:
    wanted = module.params["name"]
    with open_connection(module.params["uri"]) as connection:
        servers = list_servers(connection)
    if wanted is not None:
        servers = [server for server in servers if wanted in (server["name"], server["id"], server["domain"])]
    return {"changed": False, "servers": servers}


def main() -> None:
    spec = connection_spec()
    spec["name"] = {"type": "str", "aliases": ["uuid"]}
    run_module(AnsibleModule(argument_spec=spec, supports_check_mode=True), work)


if __name__ == "__main__":
    main()
