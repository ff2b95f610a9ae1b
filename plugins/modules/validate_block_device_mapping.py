#!/usr/bin/python
# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check block devices by the rules of Nova. The work is done by the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: validate_block_device_mapping
short_description: Check block devices by the rules of Nova
version_added: 0.1.0
description:
  - Checks block devices in any of Nova's forms, converts them to version 2, merges them with those that image and flavor bring,
    and gives each disk its name by Nova's algorithm.
  - All problems are reported at once. Nothing is touched; the same input gives the same answer.
author:
  - Kilonova contributors (@kilonova)
options:
  block_device_mapping:
    description:
      - The block devices. Without any, the server boots from its image.
    type: raw
  format:
    description:
      - The form they are in. With V(auto) each entry tells.
    type: str
    default: auto
    choices: [auto, v2, v1, ec2]
  flavor:
    description:
      - The flavor, which may bring an ephemeral and a swap disk. See M(kilonova.compute.validate_flavor).
    type: dict
  image:
    description:
      - The image to boot from, which may bring devices. See M(kilonova.compute.validate_image).
    type: dict
  volumes:
    description:
      - The volumes that may be named, by id or name.
    type: dict
  snapshots:
    description:
      - The snapshots that may be named, by id or name.
    type: dict
  volume_types:
    description:
      - The volume types that may be named, as a dictionary by name or a list. Without it, any name is taken.
    type: raw
  ec2_ids:
    description:
      - >-
        What the ids of an EC2 request stand for, for example C({snap-0000000a: 4c0f2c4e-1d6f-4c3c-8e0f-5e3d9a1b2c3d}).
    type: dict
  root_device_name:
    description:
      - The name of the root device.
    type: str
  max_local_block_devices:
    description:
      - How many disks may be on the host itself. A negative number is no limit.
    type: int
    default: 3
  virt_type:
    description:
      - The virt type, which decides the buses.
    type: str
    default: kvm
    choices: [kvm, qemu, lxc, parallels]
extends_documentation_fragment:
  - kilonova.compute.connection.controller
  - kilonova.compute.attributes.info
  - kilonova.compute.attributes.controller
"""

EXAMPLES = r"""
- name: Check the disks of a server with a swap disk
  kilonova.compute.validate_block_device_mapping:
    block_device_mapping:
      - {uuid: debian-12, source_type: image, destination_type: local, boot_index: 0, delete_on_termination: true}
      - {source_type: blank, destination_type: local, guest_format: swap, volume_size: 512}
    flavor: {name: m1.swap, vcpus: 1, ram: 512, disk: 5, swap: 512}
    image: {name: debian-12, id: debian-12}
"""

RETURN = r"""
block_device_mapping:
  description: The complete list in Nova's order, normalised. It is valid input again and comes back unchanged.
  returned: success
  type: list
  elements: dict
root_device_name:
  description: The name of the root device.
  returned: success
  type: str
  sample: /dev/vda
no_effect:
  description: What Nova accepts and plain libvirt has no use for, as a list of C({field, reason}).
  returned: success
  type: list
  elements: dict
problems:
  description: Every reason to refuse the input, ordered by field.
  returned: when the input is refused
  type: list
  elements: dict
"""
