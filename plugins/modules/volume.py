#!/usr/bin/python
# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes and snapshots in a pool."""

from __future__ import annotations

DOCUMENTATION = r"""
module: volume
short_description: Keep a volume or a snapshot in a storage pool of a libvirt host
version_added: 0.1.0
description:
  - Makes a volume that outlives servers, blank or as a copy of an image, a volume or a snapshot.
  - Makes it larger, and deletes it.
  - A volume's id follows from its pool and name. Servers take it by either, see M(kilonova.compute.server).
  - An encrypted volume is LUKS, in a raw file or inside qcow2. Its passphrase is kept by libvirt as a private secret of the
    host, and shown nowhere. The host opens the volume, so that the guest sees a plain disk.
author:
  - Kilonova contributors (@kilonova)
options:
  name:
    description:
      - The name of the volume or snapshot.
    type: str
    required: true
  pool:
    description:
      - The storage pool. In one of the types C(iscsi), C(iscsi-direct), C(scsi), C(disk) and C(mpath) no volumes are made; one
        that is there, by libvirt's name for it, is taken, and let go when it is to be absent. What is in it stays.
      - C(docs/pools.md) says what works with which type of pool.
    type: str
    default: default
  file_pool:
    description:
      - Where O(pool) is none of files (Ceph, iSCSI, a volume group, ...), the pool of files for what it cannot hold,
        base images and the records of volumes. It counts only then, and is by default V(default).
    type: str
  size:
    description:
      - The size in GiB. A volume that is there grows to it, while its server runs too; it is never made smaller. libvirt makes
        volumes of pools of files and of Ceph larger, and no others.
      - Without it, a new volume is as large as its source, rounded up.
    type: int
  format:
    description:
      - The format of a new volume, by default V(raw). A snapshot is always C(qcow2), for it keeps only what was written.
      - Volumes and snapshots in pools that are none of files are raw.
    type: str
    choices: [raw, qcow2]
  preallocate:
    description:
      - Whether a new blank or raw volume takes all its space at once.
    type: bool
    default: false
  volume_type:
    description:
      - The name or id of one of O(volume_types). Its pool, format, preallocation and encryption are the volume's.
      - An option beside it that says otherwise is refused. A volume's type never changes.
      - Without it, a copy of a volume or snapshot has the type of what it is made from.
    type: str
    aliases: [type]
  volume_types:
    description:
      - The volume types that there are, as a dictionary by name or a list of C({name, id, description, pool, format,
        preallocate, encryption}). What a type does not say is left to the volume.
    type: raw
  encryption:
    description:
      - "Makes a new volume an encrypted one, in the words of Cinder, for example C({provider: luks})."
      - Its C(cipher) is by default C(aes-xts-plain64), and its C(key_size) 256.
      - A copy or a snapshot of an encrypted volume is encrypted too, with a key of its own.
      - Only in a pool of files. A raw one cannot be preallocated.
    type: dict
  encryption_passphrase:
    description:
      - The passphrase of a new encrypted volume. Without it, the host makes one up, which nobody gets to see.
      - For a volume that is there it matters only where the host has lost its secret, which is then made anew.
    type: str
  source_image:
    description:
      - The name or sha256 of a base image whose content a new volume gets. It is looked for in the same pool (or in
        O(file_pool), where that pool is none of files), and else in the other pools of files.
    type: str
  source_volume:
    description:
      - The name of a volume of the same pool whose content a new volume gets. No running server may use it.
    type: str
  source_snapshot:
    description:
      - The name of a snapshot of the same pool whose content a new volume gets.
    type: str
  snapshot_of:
    description:
      - The name of a volume of the same pool. What is kept then is a snapshot of it, a full copy, or in Ceph one that takes no
        space and is needed by nothing but keeps the volume from being deleted. No running server may use it.
    type: str
  state:
    description:
      - Whether the volume is to be there. A volume that a server has is not deleted.
    type: str
    default: present
    choices: [present, absent]
extends_documentation_fragment:
  - kilonova.compute.connection
  - kilonova.compute.attributes
  - kilonova.compute.attributes.action
seealso:
  - module: kilonova.compute.volume_info
"""

EXAMPLES = r"""
- name: Keep an empty volume of 20 GiB
  kilonova.compute.volume:
    name: data
    size: 20

- name: Keep a volume to boot from
  kilonova.compute.volume:
    name: web-root
    source_image: debian-12
    size: 10

- name: Keep a snapshot of it, and a copy made from that
  kilonova.compute.volume: "{{ item }}"
  loop:
    - {name: web-root-monday, snapshot_of: web-root}
    - {name: test-root, source_snapshot: web-root-monday}

- name: Keep an encrypted volume
  kilonova.compute.volume:
    name: ledger
    size: 20
    volume_type: safe
    volume_types:
      safe: {pool: ssd, format: qcow2, encryption: {provider: luks, cipher: aes-xts-plain64, key_size: 256}}
    encryption_passphrase: "{{ vault_ledger_passphrase }}"
"""

RETURN = r"""
volume:
  description: The volume or snapshot; nothing where it is gone.
  returned: success
  type: dict
  contains:
    id:
      description: Its id.
      type: str
      returned: success
    name:
      description: Its name.
      type: str
      returned: success
    kind:
      description: V(volume) or V(snapshot).
      type: str
      returned: success
    pool:
      description: The pool that has it.
      type: str
      returned: success
    file_pool:
      description: The pool of files that has its record, where its own pool is none of files.
      type: str
      returned: when it is there
    taken:
      description: Whether it was there before, in a pool that makes no volumes.
      type: bool
      returned: when it is there
    volume:
      description: The name of libvirt's volume with the content.
      type: str
      returned: when it is there
    path:
      description: The path of that volume on the host.
      type: str
      returned: when it is there
    format:
      description: Its format.
      type: str
      returned: success
    size:
      description: Its size in GiB, rounded up.
      type: int
      returned: success
    bytes:
      description: Its size in bytes.
      type: int
      returned: when it is there
    status:
      description: V(in-use) where a domain has it, else V(available).
      type: str
      returned: when it is there
    attachments:
      description: The domains that have it, with C(server), C(domain), C(uuid), C(device) and C(active).
      type: list
      elements: dict
      returned: when it is there
    bootable:
      description: Whether its content came from an image.
      type: bool
      returned: when it is there
    image:
      description: What it carries of that image.
      type: dict
      returned: when it is there
    source:
      description: What it was made from, with C(kind), C(name) and C(id).
      type: dict
      returned: when it is there
    volume_id:
      description: The id of the volume that a snapshot was made of.
      type: str
      returned: when it is there
    volume_type:
      description: The name of its type.
      type: str
      returned: success
    encryption:
      description: How it is encrypted, with C(provider), C(cipher), C(key_size) and C(secret), the id of libvirt's secret.
      type: dict
      returned: success
    created:
      description: When it was made, in seconds since 1970.
      type: int
      returned: when it is there
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.kilonova.compute.plugins.module_utils._argspec import VOLUME_SOURCES, connection_spec, volume_spec
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.connection import open_connection
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.denial import explained
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.volume_task import volume_task
from ansible_collections.kilonova.compute.plugins.module_utils._module import run_module


def work(module: AnsibleModule) -> Dict[str, Any]:
    with open_connection(module.params["uri"]) as connection, explained(connection):
        return volume_task(connection, module.params, check_mode=module.check_mode)


def main() -> None:
    spec = dict(connection_spec(), **volume_spec())
    alone = [list(VOLUME_SOURCES)]
    run_module(AnsibleModule(argument_spec=spec, supports_check_mode=True, mutually_exclusive=alone), work)


if __name__ == "__main__":
    main()
