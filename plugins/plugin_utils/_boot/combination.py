# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A flavor with an image: everything that the guest takes from the two together (rules section 8)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from . import combination_cpu, combination_memory, combination_values
from .checked import Checked, checked
from .combination_cpu import CpuPolicies, Topology
from .combination_image import check_image_fits
from .combination_memory import MemEncryption
from .combination_pair import Pair
from .combination_pci import PciRequest, pci_requests
from .combination_values import Rng, Tpm
from .numa import NumaCell, numa_cells
from .problems import NoEffect, Problems, join_path
from .shapes import Flavor, Image


@dataclass(frozen=True, slots=True)
class Combination:
    """What flavor and image come to, one field per setting; None is unset and leaves the choice to the designer.

    ``mem_page_size`` is KiB or one of SMALL, LARGE and ANY of combination_memory; ``video_ram`` is MiB; ``numa_cells`` is None
    for a guest without cells of its own. ``mem_encryption.locks_memory`` locks memory beside ``locked_memory``.
    """

    topology: Topology
    cpu: CpuPolicies
    numa_cells: tuple[NumaCell, ...] | None
    mem_page_size: int | None
    locked_memory: bool | None
    mem_encryption: MemEncryption | None
    pmem_labels: tuple[str, ...]
    pmu: bool | None
    hide_hypervisor_id: bool
    maxphysaddr_mode: str | None
    maxphysaddr_bits: int | None
    stateless_firmware: bool | None
    secure_boot: str | None
    boot_menu: bool
    tpm: Tpm | None
    vif_multiqueue: bool
    virtio_packed_ring: bool
    serial_port_count: int
    rng: Rng | None
    watchdog_action: str
    viommu_model: str | None
    video_ram: int | None
    sound_model: str | None
    usb_model: str | None
    redirected_usb_ports: int
    ephemeral_encryption: bool | None
    ephemeral_encryption_format: str | None
    pci_numa_affinity_policy: str | None
    pci_requests: tuple[PciRequest, ...]


def check_flavor_image(
    flavor: Flavor,
    image: Image | None,
    *,
    root: Mapping[str, Any] | None,
    field_flavor: str,
    field_image: str,
    zero_disk_flavor_allowed: bool = True,
    image_named: bool = False,
    pci_aliases: Collection[str] | None = None,
) -> Checked[Combination]:
    """Every rule of a flavor with an image, both normalised; the value may be used only where there are no problems.

    ``root`` is the merged root device (None: a local disk of the image); without an image the flavor speaks alone. ``image`` of
    a server that boots from a volume is the one that the volume was made of, unless it is ``image_named`` by the request.
    ``pci_aliases`` are the names that host options define; None leaves that check to whoever knows them. Problems stand at
    ``field_flavor`` and ``field_image`` and below, and so does ``no_effect``: what one side says in vain because the other
    decides, or because what it belongs to is not asked for.
    """
    problems = Problems()
    no_effect: list[NoEffect] = []
    if image is not None:
        check_image_fits(
            flavor,
            image,
            root,
            problems,
            field_flavor,
            field_image,
            zero_disk_flavor_allowed=zero_disk_flavor_allowed,
            image_named=image_named,
        )
    pair = Pair(
        vcpus=flavor["vcpus"],
        ram=flavor["ram"],
        specs=flavor["extra_specs"],
        properties=image["properties"] if image else {},
        problems=problems,
        no_effect=no_effect,
        field_specs=join_path(field_flavor, "extra_specs"),
        field_properties=join_path(field_image, "properties"),
    )
    return checked(_combine(pair, pci_aliases), problems, no_effect)


def _combine(pair: Pair, pci_aliases: Collection[str] | None) -> Combination:
    values, memory = combination_values, combination_memory
    policies = combination_cpu.cpu_policies(pair)
    page_size = memory.mem_page_size(pair)
    labels = values.pmem_labels(pair)
    values.note_lone_bandwidth(pair)
    return Combination(
        topology=combination_cpu.topology(pair),
        cpu=policies,
        numa_cells=numa_cells(pair, policies, page_size, labels),
        mem_page_size=page_size,
        locked_memory=memory.locked_memory(pair),
        mem_encryption=memory.mem_encryption(pair),
        pmem_labels=labels,
        pmu=values.pmu(pair),
        hide_hypervisor_id=values.hide_hypervisor_id(pair),
        maxphysaddr_mode=values.maxphysaddr_mode(pair),
        maxphysaddr_bits=values.maxphysaddr_bits(pair),
        stateless_firmware=values.stateless_firmware(pair),
        secure_boot=values.secure_boot(pair),
        boot_menu=values.boot_menu(pair),
        tpm=values.tpm(pair),
        vif_multiqueue=values.vif_multiqueue(pair),
        virtio_packed_ring=values.virtio_packed_ring(pair),
        serial_port_count=values.serial_port_count(pair),
        rng=values.rng(pair),
        watchdog_action=values.watchdog_action(pair),
        viommu_model=values.viommu_model(pair),
        video_ram=values.video_ram(pair),
        sound_model=values.sound_model(pair),
        usb_model=values.usb_model(pair),
        redirected_usb_ports=values.redirected_usb_ports(pair),
        ephemeral_encryption=values.ephemeral_encryption(pair),
        ephemeral_encryption_format=values.ephemeral_encryption_format(pair),
        pci_numa_affinity_policy=values.pci_numa_affinity_policy(pair),
        pci_requests=pci_requests(pair, pci_aliases),
    )
