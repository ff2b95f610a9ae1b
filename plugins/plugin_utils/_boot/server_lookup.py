# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks up what a request refers to: flavor, image, key pair, groups, zone, kernel (rules REQ-56..82, KEY-06, GRP-04)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .problems import Problems, join_path
from .request_wish import Wish
from .server_rules import Placement
from .server_world import World
from .shapes import Flavor, Image, KeyPair
from .types import NO_KERNEL, lenient_bool


@dataclass(slots=True)
class Parts:
    """What was found; None where the request names nothing, or names what does not exist (then a problem says so).

    ``boot_image`` stands in for the image where the request boots from a volume."""

    flavor: Flavor | None = None
    image: Image | None = None
    boot_image: Image | None = None
    key_pair: KeyPair | None = None
    security_groups: list[str] = field(default_factory=list)
    hints: dict[str, Any] = field(default_factory=dict)
    kernel: Image | None = None
    ramdisk: Image | None = None
    auto_disk_config: bool = False


def look_up(wish: Wish, placement: Placement, world: World, problems: Problems) -> Parts:
    """Everything at once; each thing that is missing is one problem."""
    image = _image(wish, world, problems)
    parts = Parts(
        flavor=_flavor(wish, world, problems),
        image=image,
        key_pair=_key_pair(wish, world, problems),
        security_groups=_security_groups(wish, world, problems),
        hints=_hints(wish, world, problems),
        auto_disk_config=disk_config(wish.disk_config, image, wish.where("disk_config"), problems),
    )
    parts.kernel, parts.ramdisk = _kernel_and_ramdisk(wish, image, world, problems)
    _check_zone(wish, placement, world, problems)
    _check_certificates(wish, world, problems)
    return parts


def _flavor(wish: Wish, world: World, problems: Problems) -> Flavor | None:
    if wish.flavor is None:
        return _flavor_by_ram(wish, world, problems)
    flavor = world.flavors.find(wish.flavor)
    if flavor is None or flavor["disabled"]:
        where = wish.where("flavor")
        known = world.flavors.known()
        problems.add("FlavorNotFound", "REQ-78", where, wish.flavor, known, f"{where}: there is no flavor {wish.flavor}")
        return None
    return flavor


def _flavor_by_ram(wish: Wish, world: World, problems: Problems) -> Flavor | None:
    """The smallest flavor with that much memory whose name holds the wanted text, as openstack.cloud.server chooses."""
    if wish.flavor_ram is None:
        if "flavor" not in wish.at:
            where = join_path(wish.path, "flavor")
            problems.add("ValidationError", "REQ-02", where, None, "required", f"{where} is required")
        return None
    wanted = wish.flavor_include or ""
    candidates = sorted(world.flavors.entries.values(), key=lambda flavor: (flavor["ram"], flavor["name"]))
    for flavor in candidates:
        if flavor["ram"] >= wish.flavor_ram and wanted in flavor["name"] and not flavor["disabled"]:
            return flavor
    where = wish.where("flavor_ram")
    message = f"{where}: no flavor has {wish.flavor_ram} MiB or more" + (f" and {wanted} in its name" if wanted else "")
    problems.add("FlavorNotFound", "REQ-78", where, wish.flavor_ram, world.flavors.known(), message)
    return None


def _image(wish: Wish, world: World, problems: Problems) -> Image | None:
    if wish.image is None:
        return None
    image = world.images.find(wish.image)
    if image is not None and not (wish.image_exclude and wish.image_exclude in image["name"]):
        return image
    where = wish.where("image")
    known = world.images.known()
    problems.add("ImageNotFound", "REQ-80", where, wish.image, known, f"{where}: there is no image {wish.image}")
    return None


def _key_pair(wish: Wish, world: World, problems: Problems) -> KeyPair | None:
    if wish.key_name is None:
        return None
    found = world.keypairs.get(wish.key_name)
    if found is None:
        where = wish.where("key_name")
        known = sorted(world.keypairs)[:20]
        problems.add("KeypairNotFound", "REQ-62", where, wish.key_name, known, f"{where}: there is no key pair {wish.key_name}")
    return found


def _security_groups(wish: Wish, world: World, problems: Problems) -> list[str]:
    for name in wish.security_groups:
        if name not in world.security_groups:
            where = wish.where("security_groups")
            known = sorted(world.security_groups)[:20]
            problems.add("SecurityGroupNotFound", "REQ-72", where, name, known, f"{where}: there is no security group {name}")
    return wish.security_groups or ["default"]


def _hints(wish: Wish, world: World, problems: Problems) -> dict[str, Any]:
    """The hints with every named group replaced by its id."""
    group = wish.hints.get("group")
    if group is None:
        return wish.hints
    ids = []
    for name in group if isinstance(group, list) else [group]:
        found = world.server_groups.find(name)
        if found is None:
            where = join_path(wish.where("hints"), "group")
            known = world.server_groups.known()
            problems.add("InstanceGroupNotFound", "GRP-04", where, name, known, f"{where}: there is no server group {name}")
        else:
            ids.append(found["id"])
    return {**wish.hints, "group": ids if isinstance(group, list) else next(iter(ids), None)}


def disk_config(asked: bool | None, image: Image | None, where: str, problems: Problems) -> bool:
    """Whether the root disk is resized to the flavor (REQ-67, REQ-68): asked for, else as the image says, else not."""
    says = None if image is None else image["properties"].get("auto_disk_config")
    if asked and isinstance(says, str) and says.strip().lower() == "disabled":
        message = f"{where} is AUTO, but the image forbids it"
        problems.add("AutoDiskConfigDisabledByImage", "REQ-67", where, "AUTO", ["MANUAL"], message)
    return lenient_bool(says) if asked is None else asked


def kernel_and_ramdisk(kernel: str | None, ramdisk: str | None, properties: dict[str, Any]) -> tuple[str | None, str | None]:
    """References of the kernel and ramdisk images: asked for, else the image's; ``nokernel`` clears both (REQ-69, REQ-70)."""
    kernel = properties.get("kernel_id") if kernel is None else kernel
    ramdisk = properties.get("ramdisk_id") if ramdisk is None else ramdisk
    return (None, None) if kernel == NO_KERNEL else (kernel, ramdisk)


def _kernel_and_ramdisk(wish: Wish, image: Image | None, world: World, problems: Problems) -> tuple[Image | None, Image | None]:
    found: list[Image | None] = []
    properties = {} if image is None else image["properties"]
    for name, reference in zip(("kernel", "ramdisk"), kernel_and_ramdisk(wish.kernel, wish.ramdisk, properties), strict=True):
        one = None if reference is None else world.images.find(str(reference))
        if reference is not None and one is None:
            where = wish.at.get(name) or wish.where("image")
            message = f"{where}: there is no {name} image {reference}"
            problems.add("ImageNotFound", "REQ-69", where, reference, world.images.known(), message)
        found.append(one)
    return found[0], found[1]


def _check_zone(wish: Wish, placement: Placement, world: World, problems: Problems) -> None:
    """A forced host makes the zone a matter of placing, where a wrong one is dropped (REQ-57, REQ-58)."""
    zone = placement.zone
    if zone is None or placement.host or placement.node or world.zones is None or zone in world.zones:
        return
    where = wish.where("availability_zone")
    known = sorted(world.zones)[:20]
    problems.add("InvalidRequest", "REQ-57", where, zone, known, f"{where}: there is no availability zone {zone}")


def _check_certificates(wish: Wish, world: World, problems: Problems) -> None:
    for index, name in enumerate(wish.trusted_certs or ()):
        if name not in world.certificates:
            where = join_path(wish.where("trusted_certs"), index)
            message = f"{where}: there is no certificate {name} to check the image's signature against"
            problems.add("CertificateValidationFailed", "REQ-27", where, name, sorted(world.certificates)[:20], message)
