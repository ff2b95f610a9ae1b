# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a request whose parts were found to its servers: how many fit the quota, their names, one entry each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .block_device import BlockDeviceMapping
from .names import server_names
from .problems import NoEffect, Problems
from .quota import check_injected_files, check_metadata_count, fit_ports, fit_servers
from .request_wish import Wish
from .server_lookup import Parts
from .server_rules import Placement
from .server_world import World
from .shapes import SCHEMA, Flavor, NetworkRequest, RequestRef, Server
from .types import NO_KERNEL, shown
from .user_data import digest, file_digest

# Of one request; Nova's quotas are what bounds it there.
MAX_SERVERS = 10000


def fit_quota(wish: Wish, flavor: Flavor, nics: list[NetworkRequest], world: World, problems: Problems) -> int:
    """How many servers of the request are built; what they use is taken from the quota for the requests after it."""
    check_metadata_count(len(wish.metadata), world.quota, wish.where("metadata"), problems)
    check_injected_files(wish.files, world.quota, wish.where("files"), problems)
    if wish.min_count > wish.max_count or not _within_reason(wish, problems):
        return 0
    ports = sum(1 for nic in nics if nic["port"] is None)
    by_ports = fit_ports(world.quota, ports, wish.min_count, wish.max_count)
    if not by_ports.count:
        _refuse("PortLimitExceeded", "NET-20", ("ports",), wish, problems)
        return 0
    fit = fit_servers(world.quota, flavor["vcpus"], flavor["ram"], wish.min_count, by_ports.count)
    if not fit.count:
        _refuse("TooManyInstances", "QTA-12", fit.exceeded, wish, problems)
        return 0
    if fit.count < wish.max_count:
        exceeded = ", ".join(fit.exceeded + by_ports.exceeded)
        reason = f"the quota of {exceeded} leaves room for {fit.count}, which is at least min_count"
        wish.no_effect.append(NoEffect(field=wish.where("max_count"), reason=reason))
    used = {"instances": 1, "cores": flavor["vcpus"], "ram": flavor["ram"], "ports": ports}
    world.quota.take({name: amount * fit.count for name, amount in used.items()})
    return fit.count


def check_group_members(wish: Wish, hints: Mapping[str, Any], count: int, world: World, problems: Problems) -> None:
    """A group holds so many servers, those that the requests before this one add included (QTA-10, GRP-05)."""
    group = hints.get("group")
    limit = world.quota.limit("server_group_members")
    if limit < 0 or group is None:
        return
    for identity in group if isinstance(group, list) else [group]:
        found = world.server_groups.find(identity)
        members = world.group_members.get(identity, len(found["members"]) if found else 0) + count
        world.group_members[identity] = members
        if members > limit:
            where = wish.where("hints")
            message = f"{where}: the group would have {members} members, the quota allows {limit}"
            problems.add("GroupMemberLimitExceeded", "QTA-10", where, members, limit, message)


def _within_reason(wish: Wish, problems: Problems) -> bool:
    """Quotas may be unlimited; what one answer can carry is not."""
    if wish.max_count <= MAX_SERVERS:
        return True
    where = wish.where("max_count")
    message = f"{where} is more than the {MAX_SERVERS} servers that one request may ask for"
    problems.add("TooManyInstances", "QTA-01", where, shown(wish.max_count), {"max": MAX_SERVERS}, message)
    return False


def _refuse(code: str, rule: str, exceeded: tuple[str, ...], wish: Wish, problems: Problems) -> None:
    where = wish.where("min_count")
    message = f"{where}: the quota of {', '.join(exceeded)} does not leave room for {wish.min_count} of these servers"
    problems.add(code, rule, where, wish.min_count, list(exceeded), message)


def build_servers(
    wish: Wish,
    parts: Parts,
    placement: Placement,
    nics: list[NetworkRequest],
    devices: BlockDeviceMapping,
    count: int,
) -> list[Server]:
    """One entry per server to build; what they have in common is shared between them, not copied."""
    if wish.name is None or parts.flavor is None:
        return []
    description = wish.description
    user_data = None if wish.user_data is None else digest(wish.user_data.data)
    files = [file_digest(file) for file in wish.files]
    admin_pass = None if wish.admin_pass is None else digest(wish.admin_pass.encode("utf-8", "surrogatepass"))
    extra = _extra(wish, parts, placement)
    servers = []
    for index in range(count):
        names = server_names(wish.name, count, index, requested_hostname=wish.hostname)
        ref = RequestRef(index=wish.index, launch_index=index, count=count, min_count=wish.min_count, max_count=wish.max_count)
        server = Server(
            schema=SCHEMA,
            name=names.display_name,
            hostname=names.hostname,
            description=description,
            request=ref,
            flavor=parts.flavor,
            image=parts.image,
            block_device_mapping=devices["block_device_mapping"],
            root_device_name=devices["root_device_name"],
            networks=nics,
            key_pair=parts.key_pair,
            metadata=wish.metadata,
            tags=list(dict.fromkeys(wish.tags)),
            security_groups=parts.security_groups,
            config_drive=bool(wish.config_drive),
            user_data=user_data,
            personality=files,
            admin_pass=admin_pass,
            availability_zone=placement.zone,
            host=wish.host,
            hypervisor_hostname=wish.hypervisor_hostname,
            scheduler_hints=parts.hints,
        )
        if extra:
            server["extra"] = extra
        servers.append(server)
    return servers


def _extra(wish: Wish, parts: Parts, placement: Placement) -> dict[str, Any]:
    extra = dict(wish.extra)
    if parts.auto_disk_config or wish.disk_config is not None:
        extra["auto_disk_config"] = parts.auto_disk_config
    for name, forced in (("forced_host", placement.host), ("forced_node", placement.node)):
        if forced is not None:
            extra[name] = forced
    if wish.trusted_certs:
        extra["trusted_image_certificates"] = wish.trusted_certs
    for name, image in (("boot_image", parts.boot_image), ("kernel", parts.kernel), ("ramdisk", parts.ramdisk)):
        if image is not None:
            extra[name] = image
    if wish.kernel == NO_KERNEL:
        extra["nokernel"] = True
    if wish.reservation_only:
        extra["return_reservation_id"] = True
    return extra


def claim_names(servers: list[Server], wish: Wish, world: World, problems: Problems) -> None:
    """A name belongs to one server of a call: what is asked for is found again by its name."""
    for server in servers:
        other = world.names.setdefault(server["name"], wish.path)
        if other != wish.path:
            where = wish.where("name")
            message = f"{where}: {other} asks for a server of the name {shown(server['name'])} too"
            problems.add("InstanceExists", "REQ-82", where, server["name"], "unique names", message)
