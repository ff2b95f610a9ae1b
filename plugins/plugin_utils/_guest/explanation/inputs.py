# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that a design is made of, and each of its inputs once more without it or with another value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import Server

from ..base_image import BaseImage
from ..cpu_list import format_cpu_list, parse_cpu_list
from ..designer import Design, design_server
from ..host_options import HostOptions, check_host_options
from ..hypervisor_facts import Hypervisor, StoragePool
from ..option_table import Option, option_of
from ..resources import Resources
from ..shape import PLAIN, Shape
from .values import ABSENT, Path, dotted, option_values, other_text, put, server_leaves

# A card may have hundreds of functions, and each is a design more.
_DEVICES = 32


@dataclass(frozen=True, kw_only=True)
class DesignInputs:
    """The arguments of design_server, and what shapes its result."""

    server: Server
    uuid: str
    hypervisor: Hypervisor
    options: HostOptions
    pool: StoragePool
    base_image: BaseImage | None
    clock: datetime
    file_pool: StoragePool | None = None
    resources: Resources = field(default_factory=Resources)
    shape: Shape = PLAIN

    def design(self, *, path: str = "", definable: bool = True) -> Design:
        return design_server(
            self.server,
            uuid=self.uuid,
            hypervisor=self.hypervisor,
            options=self.options,
            pool=self.pool,
            base_image=self.base_image,
            clock=self.clock,
            file_pool=self.file_pool,
            resources=self.resources,
            path=path,
            definable=definable,
        )


Change = Callable[[DesignInputs], DesignInputs]


@dataclass(frozen=True)
class Input:
    """``kind``: request, option, default (an option that nobody gave), fact (of the host), or made (by the collection).
    ``changes`` take it away or alter it; each is tried by itself."""

    name: str
    kind: str
    value: Any
    changes: tuple[Change, ...]


def inputs_of(given: DesignInputs) -> Iterator[Input]:
    """Every input that can be varied, in a fixed order."""
    for path, value, others in server_leaves(given.server):
        changes = tuple(partial(_with_server, path=path, value=other) for other in others)
        yield Input(dotted(path), "request", value, changes)
    yield from _connections(given)
    yield from _options(given)
    for path, value, others in _facts(given):
        changes = tuple(partial(_with_fact, path=path, value=other) for other in others)
        yield Input(dotted(("hypervisor", *path)), "fact", value, changes)
    yield from _rest(given)


def _with_server(given: DesignInputs, path: Path, value: Any) -> DesignInputs:
    return replace(given, server=cast(Server, put(given.server, path, value)))


def _with_fact(given: DesignInputs, path: Path, value: Any) -> DesignInputs:
    return replace(given, hypervisor=cast(Hypervisor, put(given.hypervisor, path, value)))


def _connections(given: DesignInputs) -> Iterator[Input]:
    """Volumes: which one a request names decides how the host reaches it."""
    for index, device in enumerate(given.server["block_device_mapping"]):
        identity = device["volume_id"] or ""
        connection = given.resources.volumes.get(identity)
        if connection is not None:
            yield Input(
                f"block_device_mapping[{index}].volume_id", "request", identity, (partial(_other_volume, key=identity),)
            )


def _other_volume(given: DesignInputs, key: str) -> DesignInputs:
    connection: dict[str, Any] = dict(given.resources.volumes[key])
    for name in ("id", "name", "device_path"):
        if name in connection:
            connection[name] = other_text(connection[name])
    volumes: Any = {**given.resources.volumes, key: connection}
    return replace(given, resources=replace(given.resources, volumes=volumes))


def _options(given: DesignInputs) -> Iterator[Input]:
    """Those that were given, and the defaults that say something."""
    for key, value in given.options.values.items():
        option = option_of(*key)
        is_given = key in given.options.given
        if option is None or option.use or not (is_given or value not in (None, ())):
            continue
        others = [option.default] if is_given and option.default != value else []
        others += [other for other in _other_options(key, option, value) if _is_allowed(key, other)]
        changes = tuple(partial(_with_option, key=key, value=other) for other in others)
        yield Input(f"host_options.{key[0]}.{key[1]}", "option" if is_given else "default", value, changes)


def _other_options(key: tuple[str, str], option: Option, value: Any) -> list[Any]:
    if key[0] == "compute" and key[1].endswith("_set") and value is not None:
        cpus = sorted(parse_cpu_list(value))
        return [format_cpu_list(part) for part in (cpus[1:], cpus[:-1]) if part]
    return option_values(option, value)


def _is_allowed(key: tuple[str, str], value: Any) -> bool:
    return not check_host_options({key[0]: {key[1]: value}}).problems


def _with_option(given: DesignInputs, key: tuple[str, str], value: Any) -> DesignInputs:
    options = HostOptions({**given.options.values, key: value}, given.options.given | {key})
    return replace(given, options=options)


def _facts(given: DesignInputs) -> Iterator[tuple[Path, Any, list[Any]]]:
    """The facts of a host that designing reads; those that only tell what is refused change nothing here."""
    facts: Mapping[str, Any] = given.hypervisor
    others: dict[Path, list[Any]] = {
        ("arch",): [arch for arch in ("x86_64", "aarch64") if arch != facts["arch"]],
        ("libvirt_version",): [8000000, 9000000, 20000000],
        ("virt_type", "name"): ["qemu", "kvm"],
        ("uuid",): [other_text(facts["uuid"])],
        ("machine_id",): [ABSENT],
        ("kernel",): [ABSENT, "3.10"],
        ("o_direct",): [True, False],
        ("sev_models",): [[]],
        ("domain_capabilities", "loader_secure"): [True, False],
        ("domain_capabilities", "hyperv"): [[]],
        ("perf_events",): [[]],
    }
    for path, found in others.items():
        value: Any = facts
        for key in path:
            value = value.get(key, ABSENT)
        if value is not ABSENT:
            yield path, value, [other for other in found if other != value]
    for kind, devices in (facts.get("node_devices") or {}).items():
        for index, device in enumerate(devices[:_DEVICES]):
            yield ("node_devices", kind, index), device.get("address") or device.get("uuid"), [ABSENT]
    for index, cell in enumerate(facts["numa_cells"]):
        cpus = [cpu["id"] for cpu in cell["cpus"]]
        busy = [{**cell, "pinned_cpus": cpus[: count + 1]} for count in range(min(4, len(cpus) - 1))]
        full = {**cell, "memory_used": cell["memory"], "pages": [{**page, "free": 0} for page in cell["pages"]]}
        yield ("numa_cells", index), None, [*busy, full, {**cell, "cpus": cell["cpus"][1:]}]


def _rest(given: DesignInputs) -> Iterator[Input]:
    """What the collection adds, and what the task's own options say."""
    pool, base = given.pool, given.base_image
    yield Input("uuid", "made", given.uuid, (lambda old: replace(old, uuid=other_text(old.uuid)),))
    yield Input("clock", "made", given.clock.isoformat(), (lambda old: replace(old, clock=old.clock + timedelta(days=400)),))
    path = cast(StoragePool, {**pool, "path": other_text(pool["path"] or "/")})
    yield Input("pool", "fact", pool["name"], (lambda old: replace(old, pool=path),))
    if base is not None:
        formats = [other for other in ("raw", "qcow2") if other != base["format"]]
        changes = tuple(partial(_with_base, value=other) for other in formats)
        yield Input("base_image.format", "fact", base["format"], changes)
    shape = given.shape
    if shape.template_folders:
        without = replace(shape, template_folders=())
        yield Input("template_folders", "request", list(shape.template_folders), (lambda old: replace(old, shape=without),))
    if shape.overlay is not None:
        bare = replace(shape, overlay=None)
        yield Input("xml_overlay", "request", None, (lambda old: replace(old, shape=bare),))


def _with_base(given: DesignInputs, value: str) -> DesignInputs:
    base = given.base_image
    return given if base is None else replace(given, base_image=cast(BaseImage, {**base, "format": value}))
