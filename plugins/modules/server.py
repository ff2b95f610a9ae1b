#!/usr/bin/python
# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers on one libvirt host. The work is done by the action plugin of the same name and by the module spawn."""

from __future__ import annotations

DOCUMENTATION = r"""
module: server
short_description: Boot, start, stop and delete servers on a libvirt host
version_added: 0.1.0
description:
  - Gives a bare libvirt host the boot contract of OpenStack Nova.
  - Requests are checked by Nova's rules on the controller, and every problem is reported at once, before the host is touched.
  - Servers are defined with schema validation, which is the claim, given their disks and config drive, started and waited for.
    N servers on one host take one task and at most two trips to the host.
  - An existing server that differs from its request is reported field by field in RV(servers[].drift) and left as it is, unless
    O(redefine) is on.
  - A boot that fails leaves nothing behind. A run that was killed is finished by the same task again, or by O(state=absent).
author:
  - Kilonova contributors (@kilonova)
options:
  servers:
    description:
      - Several requests at once, a list of the same options. Each succeeds or fails by itself.
      - A request here may say C(state), C(wait) and C(timeout) for itself.
    type: list
    elements: dict
  security_groups:
    description:
      - Names of security groups of the server.
    type: raw
  state:
    description:
      - V(present) makes sure that the server exists; a new one is started, the power of an existing one is left alone.
      - V(running), V(stopped) and V(paused) also see to its power. A guest is asked by ACPI to stop, and loses its power when
        it does not listen for 60 seconds.
      - V(absent) takes a name or uuid and nothing else. It removes what was made for the server, never base images or disks
        that were not made here, and no disk without C(delete_on_termination).
    type: str
    default: present
    choices: [present, running, stopped, paused, absent]
  wait_for:
    description:
      - V(running) waits for the domain to run, V(console) also for O(console_pattern) on the guest's serial console.
      - An existing server is waited for where the task changes its power, and what its console said before it was started does
        not count.
    type: str
    default: running
    choices: [running, console]
  console_pattern:
    description:
      - A regular expression for one line of the console.
    type: str
    default: "login:"
  persistent:
    description:
      - A server that is not persistent ends with its power; libvirt keeps no definition of it.
    type: bool
    default: true
  concurrency:
    description:
      - How many servers are worked on side by side.
    type: int
    default: 4
  redefine:
    description:
      - Whether an existing server is defined anew where the request, the catalogues, the host options, templates or the overlay
        would make another domain of it now. Its uuid, machine type, MAC and PCI addresses, NVRAM, disks, drive and attached
        volumes stay. RV(servers[].changes) says each field.
      - What needs more than a definition (another image or network, other disk sizes, other user data) is refused by name.
      - A stopped server has it at once. A running one has it at its next start, and RV(servers[].pending) says so.
    type: bool
    default: false
  restart:
    description:
      - With O(redefine), whether a running server whose definition has changed is stopped, as by O(state=stopped), and started.
      - Where it cannot be started with it, it gets its earlier definition back and runs again, and the task fails.
      - With O(wait_for=console) it is waited for as after its first start.
    type: bool
    default: false
extends_documentation_fragment:
  - kilonova.compute.connection
  - kilonova.compute.catalogues
  - kilonova.compute.request
  - kilonova.compute.request_forms
  - kilonova.compute.hosting
  - kilonova.compute.hosting.options
  - kilonova.compute.hosting.shaping
  - kilonova.compute.hosting.quota
  - kilonova.compute.attributes
  - kilonova.compute.attributes.action
seealso:
  - module: kilonova.compute.image
  - module: kilonova.compute.server_info
"""

EXAMPLES = r"""
- name: Boot a server
  kilonova.compute.server:
    name: web
    flavor: m1.tiny
    image: debian-12
    key_name: admin
    userdata: |
      #!/bin/sh
      echo hello
    flavors:
      m1.tiny: {vcpus: 1, ram: 512, disk: 5}
    images:
      debian-12: {src: debian-12.qcow2}
    keypairs:
      admin: {public_key: "{{ lookup('ansible.builtin.file', '~/.ssh/id_ed25519.pub') }}"}

- name: Boot between two and five of a kind, and wait until each offers a login
  kilonova.compute.server:
    name: worker
    min_count: 2
    max_count: 5
    flavor: m1.tiny
    image: debian-12
    wait_for: console
    timeout: 300
    flavors: "{{ kilonova_flavors }}"
    images: "{{ kilonova_images }}"

- name: Boot a server with a device that nothing else offers
  kilonova.compute.server:
    name: web
    flavor: m1.tiny
    image: debian-12
    flavors: "{{ kilonova_flavors }}"
    images: "{{ kilonova_images }}"
    xml_overlay: |
      <domain xmlns:kilonova="urn:kilonova:compute:1">
        <devices>
          <disk><target dev="vda"/><driver queues="4"/></disk>
          <input type="tablet" kilonova:overlay="remove"/>
          <panic model="isa"/>
        </devices>
      </domain>

- name: Give an existing server what its flavor says now, at once
  kilonova.compute.server:
    name: web
    flavor: m1.tiny
    image: debian-12
    flavors:
      m1.tiny: {vcpus: 2, ram: 1024, disk: 5}
    images: "{{ kilonova_images }}"
    redefine: true
    restart: true

- name: Delete a server
  kilonova.compute.server:
    name: web
    state: absent
"""

RETURN = r"""
servers:
  description: One entry for each server.
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
    changed:
      description: Whether this server was changed.
      type: bool
      returned: success
    drift:
      description: Where an existing server differs from its request. It is left as it is.
      type: list
      elements: dict
      returned: success
      sample: [{field: flavor.ram, current: 512, wanted: 1024}]
    changes:
      description:
        - With O(redefine), each field that was changed, or would be. Fields of the domain begin with C(domain.).
        - A device that is new or gone is a dict of its fields. Secrets are hidden.
      type: list
      elements: dict
      returned: success
      sample: [{field: flavor.ram, before: 512, after: 1024}, {field: domain.memory, before: "524288", after: "1048576"}]
    pending:
      description: With O(redefine), whether the server runs with an earlier definition until its next start.
      type: bool
      returned: success
    phases:
      description: What each step took, in milliseconds.
      type: dict
      returned: success
    error:
      description: Why this server failed, with the ends of its console's and QEMU's log.
      type: dict
      returned: success
    removed:
      description: With O(state=absent), what was or would be removed and what is kept.
      type: dict
      returned: with O(state=absent)
extra:
  description: Servers of the same requests beyond the counts asked for. They are left alone.
  returned: when O(state) is not V(absent)
  type: list
  elements: str
reply:
  description: The answer in the form of O(api_request), O(nova_boot) or O(ec2_request). It holds no password.
  returned: when the request came in one of those forms
  type: dict
no_effect:
  description: What Nova accepts and plain libvirt has no use for.
  returned: when O(state) is not V(absent)
  type: list
  elements: dict
virt_type:
  description: The virt type that V(auto) takes on the host, and why.
  returned: when O(state) is not V(absent)
  type: dict
problems:
  description: Every reason to refuse the request, ordered by field. Nothing has been touched then.
  returned: when the request is refused
  type: list
  elements: dict
  sample: [{code: FlavorNotFound, rule: REQ-78, field: flavor, given: m1.huge, allowed: [m1.tiny], message: no such flavor}]
"""
