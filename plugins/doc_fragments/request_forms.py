# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forms that requests may come in."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  servers:
    description:
      - Requests in our own form, a list of the options of M(kilonova.compute.server).
    type: list
    elements: dict
  api_request:
    description:
      - The body of a request C(POST /servers) of Nova's API.
    type: dict
  microversion:
    description:
      - The microversion that O(api_request) is read at. The latest one without it.
    type: str
  nova_boot:
    description:
      - A command line of a client, C(nova boot ...) or C(openstack server create ...), as a list of words or one text.
      - Files that it names are read on the controller.
    type: raw
  ec2_request:
    description:
      - A RunInstances request of the EC2 API.
    type: dict
  ec2_ids:
    description:
      - What the ids of O(ec2_request) stand for, as a dictionary of names or uuids by EC2 id.
    type: dict
"""
