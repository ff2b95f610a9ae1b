# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One lab and one guest image for all integration tests of a run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.guest.image import tiny_image
from tests.lab import Lab

from .world import World


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """One test host, with the network and the pool `default`."""
    with Lab(hosts=1) as made:
        yield made


@pytest.fixture(scope="session")
def guest_image() -> Path:
    return tiny_image()


@pytest.fixture(scope="session")
def prepared(lab: Lab, guest_image: Path) -> World:
    """The host with the base image `tiny`, brought there by the module."""
    world = World(lab.hosts[0], guest_image)
    played = world.play({"kilonova.compute.image": {"name": "tiny", "src": str(guest_image)}})
    assert played.only["changed"], played.output
    return world


@pytest.fixture
def world(prepared: World, request: pytest.FixtureRequest) -> Iterator[World]:
    """The prepared host. Each test must leave it as it was: whatever it holds afterwards has leaked."""
    before = prepared.holdings()
    failed = request.session.testsfailed
    yield prepared
    after = prepared.holdings()
    prepared.wipe()
    if request.session.testsfailed == failed:  # a test that failed half-way has cleaned up nothing
        assert after == before
