#!/usr/bin/python
# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Base images in a pool."""

from __future__ import annotations

DOCUMENTATION = r"""
module: image
short_description: Keep a base image in a storage pool of a libvirt host
version_added: 0.1.0
description:
  - Brings a disk image into a storage pool, once per content. Servers get thin disks over it.
  - The content is looked at before it is used. An image whose format is not the declared one, or that points at other files
    (a backing file, an external data file), is refused.
  - A transfer that breaks leaves nothing that could be taken for an image.
author:
  - Kilonova contributors (@kilonova)
options:
  name:
    description:
      - The image's name.
    type: str
    required: true
  src:
    description:
      - The image file on the controller. It is copied only where its content is missing.
    type: path
  path:
    description:
      - The image file on the host.
    type: path
  checksum:
    description:
      - What the content must hash to, V(sha256:<hex>) or V(sha512:<hex>).
      - With a sha256, content that the pool has already is not read again.
    type: str
  disk_format:
    description:
      - What the content must be. Without it, the content tells.
    type: str
    choices: [qcow2, raw]
  pool:
    description:
      - The storage pool.
    type: str
    default: default
  state:
    description:
      - V(present) is the only state yet.
    type: str
    default: present
    choices: [present]
extends_documentation_fragment:
  - kilonova.compute.connection
  - kilonova.compute.attributes
  - kilonova.compute.attributes.action
"""

EXAMPLES = r"""
- name: Keep an image of the controller in the pool default
  kilonova.compute.image:
    name: debian-12
    src: files/debian-12-genericcloud-amd64.qcow2
    checksum: sha256:5da221d8f7434ee86145e78a2c60ca45eb4ef8296535e04f6f333193225792aa

- name: Take an image that is on the host already
  kilonova.compute.image:
    name: debian-12
    path: /srv/images/debian-12.qcow2
"""

RETURN = r"""
image:
  description: The base image.
  returned: success
  type: dict
  contains:
    name:
      description: The image's name.
      type: str
      returned: success
    sha256:
      description: The hash of its content.
      type: str
      returned: success
    disk_format:
      description: What the content is.
      type: str
      returned: success
    virtual_size:
      description: The size of the disk that it holds, in bytes.
      type: int
      returned: success
    size:
      description: The size of the file, in bytes.
      type: int
      returned: success
    pool:
      description: The pool that has it.
      type: str
      returned: success
    volume:
      description: The volume that has it.
      type: str
      returned: success
    path:
      description: The path of that volume on the host.
      type: str
      returned: success
    created:
      description: When it came, in seconds since 1970.
      type: int
      returned: success
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kilonova.compute.plugins.module_utils._argspec import connection_spec, image_spec
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.connection import open_connection
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.image import ensure_image
from ansible_collections.kilonova.compute.plugins.module_utils._module import run_module


def work(module: AnsibleModule) -> Dict[str, Any]:
    with open_connection(module.params["uri"]) as connection:
        result = ensure_image(connection, module.params, check_mode=module.check_mode)
    before = {} if result["changed"] else result["image"]
    return dict(result, diff={"before": before, "after": result["image"] or {}})


def main() -> None:
    spec = dict(connection_spec(), **image_spec())
    run_module(AnsibleModule(argument_spec=spec, supports_check_mode=True), work)


if __name__ == "__main__":
    main()
