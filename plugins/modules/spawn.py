#!/usr/bin/python
# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host half of the module server."""

from __future__ import annotations

DOCUMENTATION = r"""
module: spawn
short_description: Carry out a build plan on a libvirt host
version_added: 0.1.0
description:
  - The host half of M(kilonova.compute.server), which makes the plan. Not for direct use.
  - Each server of the plan is defined, which is the claim, given its volumes and drive, started and waited for, side by side.
author:
  - Kilonova contributors (@kilonova)
options:
  plan:
    description:
      - The build plan as M(kilonova.compute.server) makes it, JSON, compressed by zlib, in base64.
      - It holds drives, and so user data and passwords.
    type: str
    required: true
  progress_file:
    description:
      - Where it notes how far it has come, for M(kilonova.compute.server) to show while somebody waits.
    type: path
extends_documentation_fragment:
  - kilonova.compute.connection
attributes:
  check_mode:
    description: Can run in C(check_mode) and tells what the real run would change.
    support: full
    details:
      - Deleting lists what would go, and redefining what would change.
      - M(kilonova.compute.server) makes no other plan in check mode.
  diff_mode:
    description: Says what changes, or would change, in diff mode.
    support: none
  idempotent:
    description: The same task again changes nothing.
    support: full
seealso:
  - module: kilonova.compute.server
"""

EXAMPLES = r"""
- name: Boot a server, which uses this module
  kilonova.compute.server:
    name: web
    flavor: m1.tiny
    image: cirros
    flavors: "{{ kilonova_flavors }}"
    images: "{{ kilonova_images }}"
"""

RETURN = r"""
servers:
  description: One result for each entry of the plan, in its order.
  returned: success
  type: list
  elements: dict
"""

import base64
import json
import zlib
from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kilonova.compute.plugins.module_utils._argspec import connection_spec
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.connection import open_connection
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.spawn import spawn
from ansible_collections.kilonova.compute.plugins.module_utils._module import run_module
from ansible_collections.kilonova.compute.plugins.module_utils._progress import Steps, note_in


def work(module: AnsibleModule) -> Dict[str, Any]:
    plan = json.loads(zlib.decompress(base64.b64decode(module.params["plan"])))
    if module.check_mode:
        told = ("delete", "redefine")
        plan["servers"] = [dict(entry, check=True) for entry in plan["servers"] if entry["action"] in told]
    steps = Steps(len(plan["servers"]), note_in(module.params["progress_file"]))
    with open_connection(module.params["uri"], events=True) as connection:
        servers = spawn(connection, plan, on_step=steps.step)
    return {"changed": any(server["changed"] for server in servers), "servers": servers}


def main() -> None:
    spec = connection_spec()
    spec["plan"] = {"type": "str", "required": True, "no_log": True}
    spec["progress_file"] = {"type": "path"}
    run_module(AnsibleModule(argument_spec=spec, supports_check_mode=True), work)


if __name__ == "__main__":
    main()
