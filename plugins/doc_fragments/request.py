# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of one server."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  name:
    description:
      - The server's name. With O(state=absent), its name or uuid.
    type: str
  hostname:
    description:
      - The host name that the guest is told. It follows from the name otherwise.
    type: str
  flavor:
    description:
      - Name or id of a flavor of the catalogue.
    type: raw
  flavor_ram:
    description:
      - Without O(flavor), take the smallest flavor of the catalogue that has this many MiB of memory.
    type: int
  flavor_include:
    description:
      - With O(flavor_ram), only flavors whose name holds this text.
    type: str
  image:
    description:
      - Name or id of an image of the catalogue. Its content must be in the pool, see M(kilonova.compute.image).
    type: raw
  image_exclude:
    description:
      - Refuse an image whose name holds this text.
    type: str
  key_name:
    description:
      - Name of a key pair of the catalogue.
    type: str
  network:
    description:
      - Name or id of the network of the only NIC, V(auto) or V(none).
    type: raw
  nics:
    description:
      - >-
        The NICs in guest order, as C(net-name=internal) or C({net-name: internal}).
      - Without O(nics) and O(network), the only network of the catalogue is taken, or libvirt's V(default) where it is empty.
    type: raw
  metadata:
    description:
      - Up to 128 pairs of texts that the guest can read.
    type: raw
    aliases: [meta]
  userdata:
    description:
      - Plain text that the guest's cloud-init reads.
    type: str
    aliases: [user_data]
  volumes:
    description:
      - Existing volumes to attach.
    type: list
    elements: str
  boot_from_volume:
    description:
      - Boot from a new volume made from the image.
    type: bool
  boot_volume:
    description:
      - Boot from an existing volume.
    type: str
    aliases: [root_volume]
  volume_size:
    description:
      - The size of the boot volume in GiB.
    type: raw
  terminate_volume:
    description:
      - Delete the boot volume with the server.
    type: bool
  block_device_mapping:
    description:
      - Nova's block devices, version 2.
    type: raw
  security_groups:
    description:
      - Names of security groups.
    type: raw
  availability_zone:
    description:
      - The zone to build in.
    type: str
  config_drive:
    description:
      - Whether the guest gets a config drive. It does unless this is V(false).
    type: raw
  scheduler_hints:
    description:
      - Hints for placement.
    type: dict
  tags:
    description:
      - Up to 50 tags.
    type: list
    elements: str
  description:
    description:
      - Text for people.
    type: str
  min_count:
    description:
      - How many servers are needed at least. With fewer, none is kept.
    type: raw
  max_count:
    description:
      - How many servers are wanted. More than one are named C(name-1), C(name-2) and so on.
    type: raw
  personality:
    description:
      - Files for the guest, as a list of C({path, contents}) with contents in base64.
    type: raw
  admin_pass:
    description:
      - The password of the administrator in the guest.
    type: str
  auto_ip:
    description:
      - Only V(false) is accepted, since a floating IP is never part of a boot.
    type: bool
    aliases: [auto_floating_ip, public_ip]
  floating_ips:
    description:
      - Refused, since a floating IP is never part of a boot.
    type: list
    elements: str
  floating_ip_pools:
    description:
      - Refused, since a floating IP is never part of a boot.
    type: list
    elements: str
  reuse_ips:
    description:
      - Has no effect, since a boot gives no floating IP.
    type: bool
  delete_fip:
    description:
      - Has no effect, since a boot gives no floating IP.
    type: bool
"""
