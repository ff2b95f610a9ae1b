#!/usr/bin/python
# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Base images in a pool."""

from __future__ import annotations

DOCUMENTATION = r"""
module: image
short_description: Keep base images in a storage pool of a libvirt host
version_added: 0.1.0
description:
  - Brings a disk image into a storage pool, once per content. Servers get thin disks over it, or copies.
  - The content is looked at before it is used. An image whose format is not the declared one, or that points at other files
    (a backing file, an external data file), is refused.
  - Files packed with gzip, bzip2, xz or zstd are unpacked. For zstd, Python before 3.14 needs the program C(zstd) on the host.
  - A transfer that breaks is resumed, and tried again with growing pauses. One that fails leaves nothing that could be taken
    for an image.
  - What travels to a host has the standard library and libvirt only, so a few safe facts of the header are read there. Formats
    other than qcow2, raw and ISO are refused by name.
author:
  - Kilonova contributors (@kilonova)
options:
  name:
    description:
      - The image's name. Needed but for O(state=pruned).
    type: str
  src:
    description:
      - The image file on the controller. It is copied only where its content is missing.
    type: path
  path:
    description:
      - The image file on the host.
    type: path
  url:
    description:
      - Where the image file is fetched from, by http or https.
      - Without O(checksum), the server is asked each time whether the file is still the same one.
    type: str
  fetch_on:
    description:
      - Where O(url) is fetched. The controller serves hosts that have no way out; give a O(checksum) then, so that it fetches
        only what is missing.
    type: str
    default: host
    choices: [host, controller]
  checksum:
    description:
      - What the file must hash to as it was published, V(sha256:<hex>) or V(sha512:<hex>).
      - Or the URL or path of a file of such checksums, in which the file's name is looked for. A path is one of the machine
        that reads the image.
      - With it, content that the pool has already is not read again.
    type: str
  disk_format:
    description:
      - What the content must be. Without it, the content tells.
      - V(aki) is a kernel and V(ari) a ramdisk, for images whose properties C(kernel_id) and C(ramdisk_id) name them.
    type: str
    choices: [qcow2, raw, iso, aki, ari]
  properties:
    description:
      - The image's properties, which travel with it.
    type: dict
  min_disk:
    description:
      - The smallest root disk that it fits on, in GiB.
    type: int
  min_ram:
    description:
      - The least memory that it boots with, in MiB.
    type: int
  pool:
    description:
      - The storage pool.
      - One that is none of files gets the image when the first server needs it there. Until then it is in O(file_pool); when it
        is deleted there, what it takes in O(pool) goes too, as soon as no disk stands on it.
    type: str
    default: default
  file_pool:
    description:
      - The pool of files for the image where O(pool) is none of files (Ceph, iSCSI, a volume group, ...).
      - It counts only then, and is by default V(default).
    type: str
  state:
    description:
      - V(present) keeps the image.
      - V(absent) takes the name away, and with the last name the content. It is refused while a server or a disk needs it.
      - V(pruned) takes away every image of the pool that nothing has needed for O(unused_for). An image that is first seen
        unused is noted with the time.
    type: str
    default: present
    choices: [present, absent, pruned]
  unused_for:
    description:
      - The age in seconds for O(state=pruned). V(0) takes away whatever is unused now.
    type: int
    default: 86400
  progress_file:
    description:
      - Where the host notes how far it has come. The action plugin sets it, reads it every few seconds while a long transfer
        runs, and shows what it says. Not for users.
    type: path
extends_documentation_fragment:
  - kilonova.compute.connection
  - kilonova.compute.attributes
  - kilonova.compute.attributes.action
seealso:
  - module: kilonova.compute.image_info
"""

EXAMPLES = r"""
- name: Keep an image of the controller in the pool default
  kilonova.compute.image:
    name: debian-12
    src: files/debian-12-genericcloud-amd64.qcow2
    checksum: sha256:5da221d8f7434ee86145e78a2c60ca45eb4ef8296535e04f6f333193225792aa

- name: Fetch one on the host, checked by the distribution's own sums
  kilonova.compute.image:
    name: debian-12
    url: https://images.example.org/images/cloud/bookworm/latest/debian-12-genericcloud-amd64.qcow2
    checksum: https://images.example.org/images/cloud/bookworm/latest/SHA512SUMS
    properties: {os_type: linux, hw_disk_bus: virtio}

- name: Keep a kernel for direct boots
  kilonova.compute.image:
    name: linux-6.1
    path: /boot/vmlinuz-6.1.0-18-cloud-amd64
    disk_format: aki

- name: Remove images that nothing has needed for a week
  kilonova.compute.image:
    state: pruned
    unused_for: "{{ 7 * 24 * 3600 }}"

- name: Take an image that is on the host already
  kilonova.compute.image:
    name: debian-12
    path: /srv/images/debian-12.qcow2
"""

RETURN = r"""
image:
  description: The base image; nothing where it is gone, or would be fetched.
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
    url:
      description: Where it was fetched from.
      type: str
      returned: success
    properties:
      description: Its properties.
      type: dict
      returned: success
    min_disk:
      description: The smallest root disk that it fits on, in GiB.
      type: int
      returned: success
    min_ram:
      description: The least memory that it boots with, in MiB.
      type: int
      returned: success
pool:
  description: The pool of files that images are kept in.
  returned: success
  type: str
removed:
  description: The images that are gone, or would be.
  returned: for O(state=absent) and O(state=pruned)
  type: list
  elements: dict
unused:
  description: The images that nothing needs, but not for long enough.
  returned: for O(state=pruned)
  type: list
  elements: dict
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kilonova.compute.plugins.module_utils._argspec import connection_spec, image_spec
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.connection import open_connection
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.denial import explained
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.image import ensure_image
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.image_removal import prune_images, remove_image
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.pools import files_of
from ansible_collections.kilonova.compute.plugins.module_utils._module import run_module

WORK = {"present": ensure_image, "absent": remove_image, "pruned": prune_images}


def work(module: AnsibleModule) -> Dict[str, Any]:
    params = dict(module.params, tmpdir=module.tmpdir)
    with open_connection(params["uri"]) as connection, explained(connection):
        params["pool"] = files_of(connection, params["pool"], params["file_pool"])
        result = dict(WORK[params["state"]](connection, params, check_mode=module.check_mode), pool=params["pool"])
    if params["state"] != "present":
        return dict(result, diff={"before": {"images": result["removed"]}, "after": {"images": []}})
    before = {} if result["changed"] else result["image"]
    return dict(result, diff={"before": before, "after": result["image"] or {}})


def main() -> None:
    spec = dict(connection_spec(), **image_spec())
    needed = [("state", "present", ("name",)), ("state", "absent", ("name",))]
    run_module(AnsibleModule(argument_spec=spec, supports_check_mode=True, required_if=needed), work)


if __name__ == "__main__":
    main()
