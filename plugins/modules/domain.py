#!/usr/bin/python
# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any libvirt domain, from its XML."""

from __future__ import annotations

DOCUMENTATION = r"""
module: domain
short_description: Define, start, stop and undefine any libvirt domain
version_added: 0.1.0
description:
  - Defines domains from XML, with validation against libvirt's schema, and brings them to a state.
  - A domain whose definition says already what the XML asks for is left alone; what libvirt filled in by itself does not count.
  - A domain that is defined anew keeps its uuid, machine type (C(pc-q35-7.2) where the XML says C(q35)), MAC and PCI addresses,
    aliases, controllers, firmware files, NVRAM and the metadata of other tools, unless the XML says otherwise. Each field that
    changes is in RV(domains[].changes).
  - The definition of a running domain takes effect at its next start; RV(domains[].pending) says so.
  - Disks are neither made nor removed. Servers with disks, drives and placement are made by M(kilonova.compute.server).
author:
  - Kilonova contributors (@kilonova)
options:
  xml:
    description:
      - The XML of one domain.
    type: str
  domains:
    description:
      - Several domains, each with C(xml), as M(kilonova.compute.domain_xml) returns them.
    type: list
    elements: dict
  name:
    description:
      - With O(state=absent), the name or uuid of the domain.
    type: str
  state:
    description:
      - V(present) sees to the definition and leaves the power alone. The others see to the power too.
    type: str
    default: present
    choices: [present, running, stopped, paused, absent]
  persistent:
    description:
      - Whether libvirt keeps a definition. A domain that is not persistent is made by starting it.
    type: bool
    default: true
  start_flags:
    description:
      - How to start it.
    type: list
    elements: str
    choices: [paused]
    default: []
extends_documentation_fragment:
  - kilonova.compute.connection
  - kilonova.compute.hosting
  - kilonova.compute.attributes
  - kilonova.compute.attributes.action
"""

EXAMPLES = r"""
- name: Define and start a domain
  kilonova.compute.domain:
    xml: "{{ lookup('ansible.builtin.file', 'web.xml') }}"
    state: running

- name: Undefine it
  kilonova.compute.domain:
    name: web
    state: absent
"""

RETURN = r"""
domains:
  description: One entry for each domain.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The domain's name.
      type: str
      returned: success
    uuid:
      description: The domain's uuid.
      type: str
      returned: success
    power_state:
      description: What it does.
      type: str
      returned: success
      sample: running
    persistent:
      description: Whether libvirt keeps its definition.
      type: bool
      returned: success
    changed:
      description: Whether it was changed.
      type: bool
      returned: success
    changes:
      description:
        - Each field of the definition that changed, or would. A device that is new or gone is a dict of its fields.
        - Secrets are hidden.
      type: list
      elements: dict
      returned: when O(state) is not V(absent)
      sample: [{field: "devices.disk[vda].driver.cache", before: none, after: writeback}]
    pending:
      description: Whether the domain runs and the changes take effect at its next start only.
      type: bool
      returned: when O(state) is not V(absent)
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kilonova.compute.plugins.module_utils._argspec import connection_spec, domain_spec, wait_spec
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.connection import open_connection
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.denial import explained
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.domain_task import DomainTask, domain_xmls
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.wait import lifecycle_events
from ansible_collections.kilonova.compute.plugins.module_utils._module import run_module


def work(module: AnsibleModule) -> Dict[str, Any]:
    params = dict(module.params, wait_timeout=module.params["timeout"])
    with (
        open_connection(params["uri"], events=True) as connection,
        explained(connection),
        lifecycle_events(connection) as events,
    ):
        task = DomainTask(connection, events, params, check_mode=module.check_mode)
        if params["state"] == "absent":
            found = [task.remove(params["name"])]
        else:
            found = [task.ensure(xml) for xml in domain_xmls(params)]
    changed = [domain for domain in found if domain["changed"]]
    diff = {side: {domain["name"]: domain["diff"][side] for domain in changed} for side in ("before", "after")}
    for domain in found:
        del domain["diff"]
    return {"changed": bool(changed), "domains": found, "diff": diff}


def main() -> None:
    spec = dict(connection_spec(), **domain_spec())
    spec.update(wait_spec())
    module = AnsibleModule(
        argument_spec=spec,
        supports_check_mode=True,
        mutually_exclusive=[["xml", "domains"]],
        required_if=[["state", "absent", ["name"]]],
    )
    if module.params["state"] != "absent" and not (module.params["xml"] or module.params["domains"]):
        module.fail_json(msg="one of xml and domains is needed")
    run_module(module, work)


if __name__ == "__main__":
    main()
