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


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """One test host, with the network and the pool `default`."""
    with Lab(hosts=1) as made:
        yield made


@pytest.fixture(scope="session")
def guest_image() -> Path:
    return tiny_image()
