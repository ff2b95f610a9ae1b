# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One design per scenario: each has a golden file, and its XML holds against libvirt's schema."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.designer import Design
from tests.unit.guest.values import design, flavor, hypervisor, nic, server

SCENARIOS: dict[str, Callable[[], Design]] = {
    "plain-kvm": lambda: design(),
    "plain-qemu": lambda: design(host=hypervisor("qemu")),
    "no-drive-two-nics": lambda: design(server(config_drive=False, networks=[nic(), nic("other", fixed_ip="10.0.0.5")])),
    "image-size-root": lambda: design(server(flavor=flavor(disk=0))),
}

# Scenario -> the libvirt version that knows what it uses; the installed schema is older.
NEWER_THAN_SCHEMA: dict[str, str] = {}
