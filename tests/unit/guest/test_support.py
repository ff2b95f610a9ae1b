# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the designer refuses by name."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.resources import EVERYTHING, Resources
from tests.unit.guest.values import GIB, ROOT, base_image, block_device, design, flavor, image, nic, pool, server


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (
            server(flavor=flavor(extra_specs={"hw:ephemeral_encryption": "1", "hw:ephemeral_encryption_format": "plain"})),
            'flavor.extra_specs["hw:ephemeral_encryption_format"]',
        ),
        (
            server(image=image(properties={"hw_ephemeral_encryption_secret_uuid": "u"})),
            "image.properties.hw_ephemeral_encryption_secret_uuid",
        ),
        (server(image=image(properties={"kernel_id": "x"})), "image.properties.kernel_id"),
        (server(block_device_mapping=[ROOT, block_device(volume_size=1)]), "flavor.ephemeral"),
        (server(networks=[nic(network=None, port="p")]), "networks[0].port"),
    ],
)
def test_not_built_is_refused_by_name(wanted: Any, field: str) -> None:
    assert [(problem.code, problem.field) for problem in design(wanted).problems] == [("NotBuilt", field)]


def test_a_disk_smaller_than_the_image_names_both_sizes() -> None:
    found = design(server(flavor=flavor(disk=1)), base_image=base_image(virtual_size=2 * GIB))
    assert [problem.code for problem in found.problems] == ["FlavorDiskSmallerThanImage"]
    assert str(2 * GIB) in found.problems[0].message
    assert str(GIB) in found.problems[0].message


def test_pools_whose_volumes_are_there_already_are_refused() -> None:
    """Units of iSCSI are given to servers, but no disks of servers are made there; and files need a pool of files."""
    units = pool(type="iscsi-direct", path=None)
    assert [problem.field for problem in design(pool=units, file_pool=pool()).problems] == ["pool"]
    assert [problem.field for problem in design(pool=pool(type="sheepdog"), file_pool=pool()).problems] == ["pool"]
    assert [problem.field for problem in design(pool=pool(type="rbd", path=None)).problems] == ["file_pool"]


def test_the_name_of_an_encrypted_disk_begins_with_a_letter() -> None:
    """QEMU takes no other name for its key, and a uuid may begin with a digit."""
    private = server(flavor=flavor(extra_specs={"hw:ephemeral_encryption": "true"}))
    assert [one.name[:5] for one in design(private).volumes if one.encryption] == ["luks."]


def test_encrypted_disks_need_a_pool_of_files_and_take_their_space_later() -> None:
    private = server(flavor=flavor(extra_specs={"hw:ephemeral_encryption": "true"}))
    field = 'flavor.extra_specs["hw:ephemeral_encryption"]'
    for options in (
        {"pool": pool(type="rbd", path=None), "file_pool": pool()},
        {"host_options": {"DEFAULT": {"preallocate_images": "space"}}, "resources": Resources(abilities=EVERYTHING)},
    ):
        found = design(private, **options)
        assert {(problem.code, problem.field) for problem in found.problems} == {("NotBuilt", field)}


def test_a_missing_base_image_is_refused() -> None:
    assert [problem.code for problem in design(base_image=None).problems] == ["ImageNotFound"]


def test_the_path_stands_before_the_field() -> None:
    found = design(server(networks=[nic(network=None, port="p")]), path="servers[3]")
    assert [problem.field for problem in found.problems] == ["servers[3].networks[0].port"]
