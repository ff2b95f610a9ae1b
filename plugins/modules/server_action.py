#!/usr/bin/python
# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions on one server."""

from __future__ import annotations

DOCUMENTATION = r"""
module: server_action
short_description: Act on a server that is there
version_added: 0.1.0
description:
  - Attaches volumes to a server, running or not, and detaches them. Nova's other actions are not built yet.
  - The disk gets the bus and the first free name that Nova would give it, within C(max_disk_devices_to_attach). In the guest
    its serial is the volume's id.
  - A guest is asked to give up a disk until it has. One that does not keeps it, in its definition too.
author:
  - Kilonova contributors (@kilonova)
options:
  name:
    description:
      - Name or uuid of the server.
    type: str
    required: true
    aliases: [uuid]
  action:
    description:
      - What is to be done.
    type: str
    required: true
    choices: [attach_volume, detach_volume]
  volume:
    description:
      - Name or id of the volume. Needed for both actions.
    type: str
  device:
    description:
      - The name that a request gives the disk, such as C(/dev/vdc). It must be a device path. It has no effect, for Nova's
        libvirt driver chooses the name.
    type: str
  delete_on_termination:
    description:
      - Whether a volume that is attached goes when the server is deleted.
    type: bool
    default: false
  attempts:
    description:
      - How often a running guest is asked to give up a disk.
      - The default is what C(host_options.libvirt.device_detach_attempts) says, V(8).
    type: int
  timeout:
    description:
      - How long each time, in seconds. The default is what C(host_options.libvirt.device_detach_timeout) says, V(20).
    type: int
  host_options:
    description:
      - >-
        Nova's host options by group, for example C({compute: {max_disk_devices_to_attach: 8}}). Unknown ones are refused.
    type: dict
  target:
    description:
      - Bus and name of the disk, C(bus) and C(dev), as the action plugin works them out. Not for users.
    type: dict
extends_documentation_fragment:
  - kilonova.compute.connection
  - kilonova.compute.attributes
  - kilonova.compute.attributes.action
seealso:
  - module: kilonova.compute.volume
  - module: kilonova.compute.server
"""

EXAMPLES = r"""
- name: Give a server a volume
  kilonova.compute.server_action:
    name: web
    action: attach_volume
    volume: data

- name: Take it away again
  kilonova.compute.server_action:
    name: web
    action: detach_volume
    volume: data
"""

RETURN = r"""
server:
  description: The server, as M(kilonova.compute.server_info) returns it.
  returned: success
  type: dict
no_effect:
  description: What has no effect here, each with C(field) and C(reason).
  returned: success
  type: list
  elements: dict
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kilonova.compute.plugins.module_utils._argspec import connection_spec, server_action_spec
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.connection import open_connection
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.denial import explained
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.server_action_task import server_action
from ansible_collections.kilonova.compute.plugins.module_utils._module import run_module


def work(module: AnsibleModule) -> Dict[str, Any]:
    with open_connection(module.params["uri"], events=True) as connection, explained(connection):
        return server_action(connection, module.params, check_mode=module.check_mode)


def main() -> None:
    spec = dict(connection_spec(), **server_action_spec())
    needed = [("action", "attach_volume", ("volume",)), ("action", "detach_volume", ("volume",))]
    run_module(AnsibleModule(argument_spec=spec, supports_check_mode=True, required_if=needed), work)


if __name__ == "__main__":
    main()
