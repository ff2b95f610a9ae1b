# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of the domains is newer than the installed schema, and that Nova's own cases hold against it too."""

from __future__ import annotations

import libvirt
import pytest
from lxml import etree

from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.render import render_domain
from tests.conformance.__main__ import HERE, load_cases
from tests.conformance.kinds.guest_xml import Refused, render, with_defaults
from tests.unit.guest.scenarios import SCENARIOS, with_specs
from tests.unit.guest.schema import NEWER, assert_valid, knows


def test_features_that_the_schema_does_not_know_are_those_that_are_named() -> None:
    """The schema is of the same version as the library: one as new as a feature must know it, an older one must not."""
    installed = libvirt.getVersion()
    for name, feature in NEWER.items():
        major, minor, micro = map(int, feature.libvirt.split("."))
        assert knows(name) == (installed >= major * 1000000 + minor * 1000 + micro), name


def test_a_wrong_element_beside_a_newer_one_is_found() -> None:
    root = etree.fromstring(render_domain(SCENARIOS["encrypted-snp"]().domain))
    etree.SubElement(root, "nonsense")
    with pytest.raises(AssertionError, match="nonsense"):
        assert_valid(root)
    virtio = with_specs({"hw:sound_model": "virtio"})
    assert_valid(etree.fromstring(render_domain(virtio.domain)))


def test_novas_cases_are_valid() -> None:
    count = 0
    for kind, case, defaults in load_cases(HERE / "cases"):
        if kind == "guest_xml":
            try:
                render(with_defaults(case["input"], defaults))  # the fixture looks at what it renders
            except Refused:
                continue
            count += 1
    assert count > 100
