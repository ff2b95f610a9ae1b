#!/usr/bin/python
# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of one libvirt host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: hypervisor_info
short_description: Read what a libvirt host is, can, has left and runs
version_added: 0.1.0
description:
  - Reads capabilities, resources, usage, pools, networks and our servers of one libvirt host, in one trip.
  - Says which virt type V(auto) takes there, and why. KVM is taken only where the CPU really has it, not where libvirt merely
    offers it.
options:
  node_devices:
    description:
      - Read the host's PCI and mediated devices too, which costs a call to libvirt for each of them.
      - Needed where O(kilonova.compute.server#module:host_options) has C(pci.device_spec) or C(devices.enabled_mdev_types).
    type: bool
    default: false
author:
  - Kilonova contributors (@kilonova)
extends_documentation_fragment:
  - kilonova.compute.connection
  - kilonova.compute.attributes.info
  - kilonova.compute.attributes.action
"""

EXAMPLES = r"""
- name: Read the facts of every hypervisor
  kilonova.compute.hypervisor_info:
  register: facts

- name: Say which virt type a host takes
  ansible.builtin.debug:
    msg: "{{ facts.hypervisor.virt_type.name }}: {{ facts.hypervisor.virt_type.reason }}"
"""

RETURN = r"""
hypervisor:
  description: The facts. M(kilonova.compute.server) and M(kilonova.compute.domain_xml) take them as they are.
  returned: success
  type: dict
  contains:
    schema:
      description: The version of this shape.
      type: int
      returned: success
      sample: 1
    uri:
      description: The connection as libvirt names it.
      type: str
      returned: success
    hostname:
      description: The host's name.
      type: str
      returned: success
    uuid:
      description: The host's uuid.
      type: str
      returned: success
    driver:
      description: libvirt's driver.
      type: str
      returned: success
      sample: QEMU
    libvirt_version:
      description: libvirt's version as a number, V(9000000) for 9.0.0.
      type: int
      returned: success
    hypervisor_version:
      description: The hypervisor's version as a number.
      type: int
      returned: success
    arch:
      description: The host's architecture.
      type: str
      returned: success
      sample: x86_64
    vcpus:
      description: The number of CPUs of the host.
      type: int
      returned: success
    memory:
      description: The memory of the host, in MiB.
      type: int
      returned: success
    cpu_model:
      description: The host's CPU model, if libvirt knows it.
      type: str
      returned: success
    cpu_flags:
      description: The features of the host's CPU.
      type: list
      elements: str
      returned: success
    virt_type:
      description: What V(auto) takes here, and why.
      type: dict
      returned: success
      sample: {name: kvm, reason: libvirt offers KVM and the CPU shows vmx}
    guests:
      description: Guest architectures with emulator, domain types and machine types.
      type: list
      elements: dict
      returned: success
    domain_capabilities:
      description: What domains of that virt type may have.
      type: dict
      returned: success
    numa_cells:
      description:
        - NUMA cells with memory (MiB), CPUs and pages (KiB), and what the domains that are defined there have taken of each,
          ours or not. C(pinned_cpus) are CPUs that one of them runs on and not on the rest of the cell, C(memory_used) (MiB)
          and C(cpu_used) (vCPUs) belong to domains that are bound to the cell, C(pages[].free) is what is left of each kind.
      type: list
      elements: dict
      returned: success
    pools:
      description:
        - Storage pools with type, path, sizes (bytes) and, where they have one, their C(source). That has C(name), C(hosts),
          C(device), C(initiator) and C(auth), the user name with the uuid or usage of libvirt's secret, never itself.
        - A pool has C(faults) where QEMU has no right to its files, each with C(path), C(user), C(reason) and the C(command)
          that mends it.
      type: list
      elements: dict
      returned: success
    images:
      description: The base images in its pools, as M(kilonova.compute.image) returns them.
      type: list
      elements: dict
      returned: success
    volumes:
      description: The volumes and snapshots in its pools, as M(kilonova.compute.volume_info) returns them.
      type: list
      elements: dict
      returned: success
    networks:
      description: Networks with bridge and forward mode.
      type: list
      elements: dict
      returned: success
    usage:
      description: What the defined domains take together, C(servers), C(vcpus) and C(memory) (MiB).
      type: dict
      returned: success
    node_devices:
      description:
        - C(pci) are its PCI devices, each with C(address), C(vendor_id), C(product_id), C(type) (V(type-PCI), V(type-PF),
          V(type-VF) or V(vdpa)), C(parent) (the address of a virtual function's physical one), C(numa_node), C(iommu_group) and
          C(driver).
        - C(mdev_parents) are what mediated devices can be made of, each with libvirt's C(name), the PCI C(address) and
          C(types), a dict that says how many more of each type fit.
        - C(mdevs) are the mediated devices that are there, each with C(uuid), C(type) and C(parent).
      type: dict
      returned: with O(node_devices)
    domains:
      description: Every domain of the host, ours or not, with C(claims) where it takes a part of a cell, a port or a device.
      type: list
      elements: dict
      returned: success
    ports_in_use:
      description: TCP ports of the serial consoles of its domains.
      type: list
      elements: int
      returned: success
    qemu_process:
      description: The user that guests run as, and libvirt's security models, C(uid), C(gid) and C(security_models).
      type: dict
      returned: success
      sample: {uid: 64055, gid: 64055, security_models: [apparmor, dac]}
    sev_models:
      description: What encryption of guests' memory the host offers.
      type: list
      elements: str
      returned: success
      sample: [amd-sev, amd-sev-es]
    servers:
      description:
        - Our servers, as M(kilonova.compute.server_info) returns them, each with its normalised request.
        - Its C(definition) has the C(machine), the C(macs) and the serial C(ports) that stay when it is defined anew.
      type: list
      elements: dict
      returned: success
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kilonova.compute.plugins.module_utils._argspec import connection_spec, hypervisor_info_spec
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.connection import open_connection
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.hypervisor import hypervisor_facts
from ansible_collections.kilonova.compute.plugins.module_utils._module import run_module


def work(module: AnsibleModule) -> Dict[str, Any]:
    with open_connection(module.params["uri"]) as connection:
        return {"changed": False, "hypervisor": hypervisor_facts(connection, node_devices=module.params["node_devices"])}


def main() -> None:
    spec = dict(connection_spec(), **hypervisor_info_spec())
    run_module(AnsibleModule(argument_spec=spec, supports_check_mode=True), work)


if __name__ == "__main__":
    main()
