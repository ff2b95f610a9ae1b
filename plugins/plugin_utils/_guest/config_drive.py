# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The config drive: the small read-only disk from which a guest learns who it is (rules CFG-03, CFG-10 to CFG-17)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import Server

from .drive_documents import DEFAULT_DOMAIN, GuestFacts, ec2_meta_data, meta_data, network_data
from .iso_image import build_iso
from .version import VERSION

LABEL = "config-2"
OPENSTACK_VERSIONS = (
    "2012-08-10",
    "2013-04-04",
    "2013-10-17",
    "2015-10-15",
    "2016-06-30",
    "2016-10-06",
    "2017-02-22",
    "2018-08-27",
    "2020-10-14",
    "2025-04-04",
    "latest",
)
EC2_VERSIONS = ("2009-04-04", "latest")


def build_config_drive(
    server: Server,
    *,
    uuid: str,
    user_data: bytes | None,
    files: Mapping[str, bytes],
    admin_pass: str | None,
    random_seed: bytes,
    clock: datetime,
    devices: Sequence[Mapping[str, Any]] = (),
    dedicated_cpus: Sequence[int] = (),
    network_data: Mapping[str, Any] | None = None,
    vendor_data: Mapping[str, Any] | None = None,
    reservation_id: str | None = None,
    dhcp_domain: str = DEFAULT_DOMAIN,
) -> bytes:
    """The drive as an ISO 9660 image, a whole number of 2048-byte sectors; the same bytes for the same arguments.

    ``files``: path in the guest -> content, in the order of the request. ``random_seed``: 512 fresh random bytes.
    ``devices``: tagged devices in the form of rules MDJ-09. ``network_data`` replaces the document made from the networks.
    """
    facts = GuestFacts(
        uuid=uuid,
        user_data=user_data,
        files=files,
        admin_pass=admin_pass,
        random_seed=random_seed,
        devices=devices,
        dedicated_cpus=dedicated_cpus,
        network_data=network_data,
        vendor_data=vendor_data,
        reservation_id=reservation_id,
        dhcp_domain=dhcp_domain,
    )
    return build_drive(server, facts, clock)


def build_drive(server: Server, facts: GuestFacts, clock: datetime) -> bytes:
    return build_iso(dict(drive_files(server, facts)), label=LABEL, publisher=f"OpenStack Nova {VERSION}", clock=clock)


def drive_files(server: Server, facts: GuestFacts) -> Iterator[tuple[str, bytes]]:
    """Every file of the drive, as (absolute path, content)."""
    for version in OPENSTACK_VERSIONS:
        yield from _openstack_files(server, facts, version)
    for index, content in enumerate(facts.files.values()):
        yield f"/openstack/content/{index:04d}", content
    for version in EC2_VERSIONS:
        yield f"/ec2/{version}/meta-data.json", _json(ec2_meta_data(server, facts))
        if facts.user_data is not None:
            yield f"/ec2/{version}/user-data", facts.user_data


def _openstack_files(server: Server, facts: GuestFacts, version: str) -> Iterator[tuple[str, bytes]]:
    folder = f"/openstack/{version}"
    yield f"{folder}/meta_data.json", _json(meta_data(server, facts, version))
    if facts.user_data is not None:
        yield f"{folder}/user_data", facts.user_data
    if version >= "2013-10-17":
        yield f"{folder}/vendor_data.json", _json(facts.vendor_data or {})
    if version >= "2015-10-15":
        yield f"{folder}/network_data.json", _json(network_data(server, facts))
    if version >= "2016-10-06":
        yield f"{folder}/vendor_data2.json", _json({"static": dict(facts.vendor_data or {})})


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True).encode()
