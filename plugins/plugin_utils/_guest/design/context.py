# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every design function reads: the server, its host, the host's options, and where problems go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as data_field
from datetime import datetime
from typing import Any

from ansible_collections.kilonova.compute.plugins.module_utils._pool_kinds import volume_path
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.combination import Combination
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import NoEffect, Problems, item_path
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import Server
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.types import lenient_bool

from ..base_image import BaseImage
from ..host_options import HostOptions
from ..hypervisor_facts import Hypervisor, StoragePool
from ..identity import volume_name
from ..image_facts import image_properties
from ..resources import Resources

X86 = ("i686", "x86_64")
# The volumes of a server that are files wherever its disks are; rescue brings more of each.
_FILES = ("disk.config", "console.log", "kernel", "ramdisk")


@dataclass(frozen=True, kw_only=True)
class Context:
    """``arch`` and ``machine`` are the guest's; ``combination`` is what flavor and image come to, for use where it fits.
    ``virt_type`` is the host's: a guest of a foreign architecture on a host with KVM is emulated, and its timers and
    interfaces stay those of KVM, as in Nova (guest OS-03). ``path`` stands before the fields of problems. Disks are in
    ``pool``, and in ``file_pool``, which is the same where that is one of files, what only files can be: drives, logs,
    kernels. Where ``definable`` is off, the design is Nova's to the letter, also where libvirt or QEMU refuses that."""

    server: Server
    uuid: str
    name: str
    hypervisor: Hypervisor
    options: HostOptions
    pool: StoragePool
    file_pool: StoragePool
    base_image: BaseImage | None
    clock: datetime
    virt_type: str
    arch: str
    machine: str | None
    combination: Combination
    combination_fits: bool
    problems: Problems
    resources: Resources = data_field(default_factory=Resources)
    path: str = ""
    definable: bool = True
    no_effect: list[NoEffect] = data_field(default_factory=list)

    @property
    def specs(self) -> Mapping[str, str]:
        return self.server["flavor"]["extra_specs"]

    @property
    def properties(self) -> Mapping[str, Any]:
        return image_properties(self.server)

    @property
    def domain_type(self) -> str:
        return "qemu" if self.arch != self.hypervisor["arch"] else self.virt_type

    @property
    def is_x86(self) -> bool:
        return self.arch in X86

    @property
    def is_q35(self) -> bool:
        return "q35" in (self.machine or "")

    def field(self, path: str) -> str:
        return f"{self.path}.{path}" if self.path else path

    def spec_field(self, name: str) -> str:
        return item_path(self.field("flavor.extra_specs"), name)

    def property_field(self, name: str) -> str:
        return item_path(self.field("image.properties"), name)

    def wish_field(self, name: str) -> str:
        """Where a wish stands that flavors (``hw:sound_model``, the name here) and images (``hw_sound_model``) can have."""
        return self.spec_field(name) if name in self.specs else self.property_field(name.replace(":", "_", 1))

    def refuse(self, code: str, rule: str, path: str, given: Any, allowed: Any, message: str) -> None:
        self.problems.add(code, rule, path, given, allowed, message)

    def flag_spec(self, name: str) -> bool:
        """A flavor's boolean; whatever is not a word for true is false, as in Nova."""
        return lenient_bool(self.specs.get(name))

    def number_spec(self, name: str, rule: str) -> int | None:
        """A flavor's number, None where it is not given; anything else is a problem."""
        text = self.specs.get(name)
        if text is None:
            return None
        try:
            return int(text)
        except ValueError:
            message = f"the extra spec {name} must be a whole number"
            self.refuse("Invalid", rule, self.spec_field(name), text, "a whole number", message)
            return None

    def text_property(self, name: str) -> str | None:
        value = self.properties.get(name)
        return None if value is None else str(value)

    def flag_property(self, name: str) -> bool:
        return lenient_bool(self.properties.get(name))

    def volume_name(self, role: str) -> str:
        prefix = self.resources.volume_prefix
        return volume_name(self.uuid, role) if prefix is None else prefix + role

    def pool_of(self, role: str) -> StoragePool:
        return self.file_pool if role.startswith(_FILES) else self.pool

    def volume_path(self, role: str) -> str:
        """As a domain names it."""
        return volume_path(self.pool_of(role), self.volume_name(role))
