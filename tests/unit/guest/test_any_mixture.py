# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any mixture of settings: it is refused with reasons, or it renders to XML that libvirt's schema knows."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.render import render_domain
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.resources import EVERYTHING, Resources
from tests.unit.guest.schema import assert_valid
from tests.unit.guest.test_every_input import HOST, HOST_OPTIONS, IMAGE, OPTIONS, SPECS
from tests.unit.guest.values import ROOT, block_device, design, flavor, image, nic, server

NAMES = st.text(min_size=1, max_size=255)
MIXED_SPECS = {key.replace("<n>", "0"): value[0] for key, value in SPECS.items()}
MIXED_PROPERTIES = {name: value[0] for name, value in IMAGE.items()}


def some_of(table: dict[Any, Any]) -> st.SearchStrategy[dict[Any, Any]]:
    return st.lists(st.sampled_from(sorted(table)), max_size=6, unique=True).map(lambda keys: {key: table[key] for key in keys})


def by_group(options: dict[tuple[str, str], Any]) -> dict[str, dict[str, Any]]:
    groups: dict[str, dict[str, Any]] = {group: dict(values) for group, values in OPTIONS.items()}
    for (group, name), value in options.items():
        groups.setdefault(group, {})[name] = value
    return groups


@settings(max_examples=150)
@given(
    specs=some_of(MIXED_SPECS),
    properties=some_of(MIXED_PROPERTIES),
    options=some_of(HOST_OPTIONS),
    name=NAMES,
    vcpus=st.integers(1, 8),
    nics=st.integers(0, 3),
    drive=st.booleans(),
)
def test_accepted_is_valid(
    specs: dict[str, str],
    properties: dict[str, Any],
    options: dict[tuple[str, str], Any],
    name: str,
    vcpus: int,
    nics: int,
    drive: bool,
) -> None:
    wanted = server(
        name=name,
        flavor=flavor(vcpus=vcpus, ram=2048, extra_specs=specs, ephemeral=1),
        image=image(properties=properties),
        block_device_mapping=[ROOT, block_device(volume_size=1)],
        networks=[nic()] * nics,
        config_drive=drive,
    )
    resources = Resources(
        abilities=EVERYTHING,
        tpm_secret="bd0c7e8e-ff7d-4a71-9f3d-2f8b2b6b00aa",
        pci_devices=({"address": "0000:0a:00.1"},),
        persistent_memory={"fast": {"path": "/dev/dax0.0", "size": 1024, "align": 2}},
    )
    found = design(wanted, host=HOST, host_options=by_group(options), resources=resources)
    assert all(problem.field and problem.message and problem.code for problem in found.problems)
    if not found.problems:
        xml = render_domain(found.domain)
        assert_valid(etree.fromstring(xml))
        assert xml == render_domain(design(wanted, host=HOST, host_options=by_group(options), resources=resources).domain)
