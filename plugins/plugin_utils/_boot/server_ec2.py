# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests in the form of the EC2 API: RunInstances as Nova took it around 2013."""

from __future__ import annotations

from typing import Unpack

from .block_device_ec2 import check_ec2_image_state
from .checked import Checked
from .problems import Problems
from .quota import read_quota
from .request_ec2 import read_ec2_request
from .server import Planned, only_servers, plan_wishes
from .server_world import Catalogues, make_world
from .shapes import Server


def validate_ec2_request(
    request: object,
    *,
    quota: object = None,
    usage: object = None,
    field: str = "ec2_request",
    **catalogues: Unpack[Catalogues],
) -> Checked[list[Server]]:
    """The servers that a RunInstances request asks for (see plan_ec2_request)."""
    return only_servers(plan_ec2_request(request, quota=quota, usage=usage, field=field, **catalogues))


def plan_ec2_request(
    request: object,
    *,
    quota: object = None,
    usage: object = None,
    field: str = "ec2_request",
    **catalogues: Unpack[Catalogues],
) -> Checked[list[Planned]]:
    """``request`` has EC2's keys (``ImageId``), Nova's (``image_id``) or the query API's (``BlockDeviceMapping.1.Ebs...``).

    EC2 ids stand for what the catalogue ``ec2_ids`` says; images, kernels and volumes may also be named by name or uuid.
    """
    problems = Problems()
    world = make_world(catalogues, read_quota(quota, usage, problems))
    wish = read_ec2_request(request, field, world.ec2_ids or {}, problems)
    image = None if wish.image is None else world.images.find(wish.image)
    if image is not None:
        problems.extend(check_ec2_image_state(image, field=wish.where("image")).problems)
    return plan_wishes([wish], world, problems)
