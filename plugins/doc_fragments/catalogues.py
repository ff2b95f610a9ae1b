# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogues that a request refers to."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  flavors:
    description:
      - The flavors that requests may name, as a dictionary by name or a list.
      - See M(kilonova.compute.validate_flavor) for what a flavor holds. Normalised flavors are taken as they are.
    type: raw
  images:
    description:
      - The images that requests may name, as a dictionary by name or a list.
      - See M(kilonova.compute.validate_image) for what an image holds.
    type: raw
  networks:
    description:
      - The networks that requests may name, as a dictionary by name or a list of C({name, id, mode, cidr, libvirt_network}).
      - A network that is named in a request and not here is the libvirt network of that name.
    type: raw
  keypairs:
    description:
      - The key pairs that requests may name, as a dictionary by name or a list of C({name, public_key, type}).
    type: raw
  security_groups:
    description:
      - The security groups that requests may name.
    type: raw
  server_groups:
    description:
      - The server groups that requests may name.
    type: raw
  volume_types:
    description:
      - The volume types that block devices may name, as a dictionary by name or a list of C({name, id, description, pool,
        format, preallocate, encryption}).
      - "An encrypted one says for example C({encryption: {provider: luks, cipher: aes-xts-plain64, key_size: 256}})."
      - See M(kilonova.compute.volume) for what each of them means.
    type: raw
"""
