# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases of the kind guest_xml: boot inputs, and what stands in the domain's XML, or that the request is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.block_device_check import Known, check_block_devices
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.block_device_entry import Entry, image_device, parse_entry
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.block_device_merge import merge_block_devices
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.device_name import image_root_device_name, prepend_dev
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.flavor import validate_flavor
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.image import validate_image
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import Problem
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.designer import Design, design_server
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.host_options import check_host_options
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.render import render_domain
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.resources import EVERYTHING, Rescue, Resources

UUID = "b1f0c2d4-5e6f-4a7b-8c9d-0e1f2a3b4c5d"
INSTANCE_DIR = f"/var/lib/nova/instances/{UUID}"
CLOCK = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
IMAGE_ID = "11111111-2222-4333-8444-555555555555"
NAMESPACES = {"nova": "http://openstack.org/xmlns/libvirt/nova/1.1"}
# What a bare image holds; the cases are about what is made of it.
VIRTUAL_SIZE = 1024**2
GIB = 1024**3


class Refused(Exception):
    """The request was refused before anything was designed."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = [f"{problem.field}: {problem.message} [{problem.code}]" for problem in problems]
        super().__init__("; ".join(self.problems))


def judge(case: dict[str, Any], defaults: dict[str, Any]) -> tuple[str, list[str]]:
    """Verdict and reasons: every assertion holds on the XML, or the request is refused where the case wants that."""
    wanted = case["expect"]
    try:
        xml = render(with_defaults(case["input"], defaults))
    except Refused as refusal:
        refused = isinstance(wanted, dict)
        return ("passed", []) if refused else ("failed", [f"refused: {refusal}"])
    if isinstance(wanted, dict):
        return "failed", [f"expected {wanted['error']}, and it was accepted"]
    document = etree.ElementTree(etree.fromstring(xml))
    found = [reason for assertion in wanted for reason in broken(assertion, document)]
    return ("failed" if found else "passed"), found


def broken(assertion: Mapping[str, Any], document: Any) -> list[str]:
    """Why an assertion does not hold; empty when it does."""
    path = assertion["xpath"]
    results = document.xpath(path, namespaces=NAMESPACES)
    texts = [(result.text or "") if isinstance(result, etree._Element) else str(result) for result in results]
    if assertion.get("absent"):
        return [f"{path} is there: {texts}"] if texts else []
    if "count" in assertion:
        return [] if len(texts) == assertion["count"] else [f"{path}: {assertion['count']} expected, got {texts}"]
    expected = assertion["equals"]
    listed = [filled(value) for value in (expected if isinstance(expected, list) else [expected])]
    return [] if texts == listed else [f"{path}: expected {listed}, got {texts}"]


def filled(value: object) -> str:
    return str(value).replace("${uuid}", UUID).replace("${instance_dir}", INSTANCE_DIR)


def with_defaults(given: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """The case's input over the file's defaults; flavor, image and host key by key. An image may name the root device."""
    merged = {**defaults, **given}
    for key in ("flavor", "image", "host"):
        merged[key] = {**defaults.get(key, {}), **given.get(key, {})}
    merged["config"] = given.get("config", {})
    if merged.get("root_device_name") is None:
        merged["root_device_name"] = prepend_dev(image_root_device_name(merged["image"]["properties"]))
    return merged


def render(case: dict[str, Any]) -> str:
    found = design(case)
    if found.problems:
        raise Refused(found.problems)
    return render_domain(found.domain)


def design(case: dict[str, Any]) -> Design:
    options = check_host_options(host_options(case))
    refuse(options.problems)
    flavor = flavor_of(case["flavor"])
    image = image_of(case["image"])
    devices = block_devices(case, flavor, image, options.value.number("DEFAULT", "max_local_block_devices"))
    return design_server(
        server_of(case, flavor, image, devices),
        uuid=UUID,
        hypervisor=hypervisor_of(case),
        options=options.value,
        pool=pool(),
        base_image={
            "name": "base",
            "path": "/var/lib/nova/instances/_base/base",
            "format": "raw",
            "virtual_size": VIRTUAL_SIZE,
            "sha256": "0" * 64,
        },
        clock=CLOCK,
        resources=resources_of(case),
        # The cases are about what Nova writes, also where libvirt would not define it.
        definable=False,
    )


def refuse(problems: Iterable[Problem]) -> None:
    found = list(problems)
    if found:
        raise Refused(found)


def host_options(case: dict[str, Any]) -> dict[str, dict[str, Any]]:
    options: dict[str, dict[str, Any]] = {"libvirt": {"virt_type": case["virt_type"]}}
    for dotted, value in case["config"].items():
        group, _, name = dotted.partition(".")
        options.setdefault(group, {})[name] = value
    return options


def flavor_of(given: dict[str, Any]) -> Any:
    names = {"ram_mb": "ram", "root_gb": "disk", "ephemeral_gb": "ephemeral", "swap_mb": "swap"}
    fields = {names.get(key, key): value for key, value in given.items()}
    # Nova's driver meets extra specs as they are; whether a flavor may be made with them is another kind of case.
    specs = fields.pop("extra_specs", {})
    checked = validate_flavor({"name": "m1", **fields})
    refuse(checked.problems)
    assert checked.value is not None
    return {**checked.value, "extra_specs": {key: str(value) for key, value in specs.items()}}


def image_of(given: dict[str, Any]) -> Any:
    checked = validate_image({"name": "image", "id": IMAGE_ID, "container_format": "bare", **given})
    refuse(checked.problems)
    return checked.value


def block_devices(case: dict[str, Any], flavor: Any, image: Any, limit: int) -> list[Any]:
    """The implicit root, the case's own entries, and what flavor and image add, as the API puts them together."""
    entries: list[Entry] = []
    boots_from_volume = any(device.get("boot_index") == 0 for device in case["bdms"])
    if not boots_from_volume:
        entries.append(Entry(image_device(image["id"]), "image"))
    for index, given in enumerate(case["bdms"]):
        field = f"block_device_mapping[{index}]"
        raw = {key: value for key, value in given.items() if key != "volume"}
        if "volume" in given and given["source_type"] != "blank":
            raw.setdefault("uuid", image["id"] if given["source_type"] == "image" else given["volume"]["id"])
        checked = parse_entry(raw, image_given=not boots_from_volume, field=field)
        refuse(checked.problems)
        device = {**checked.value, "volume_id": given["volume"]["id"]} if "volume" in given else checked.value
        entries.append(Entry(device, field))
    merged = merge_block_devices(
        entries,
        legacy=False,
        image_id=None if boots_from_volume else image["id"],
        image_properties=image["properties"],
        root_device_name=case.get("root_device_name"),
        flavor=flavor,
    )
    refuse(merged.problems)
    known = Known(image=None if boots_from_volume else image)
    found = check_block_devices(merged.value, flavor=flavor, known=known, max_local_block_devices=limit)
    refuse(found.problems)
    return [dict(entry.device) for entry in found.value]


def server_of(case: dict[str, Any], flavor: Any, image: Any, devices: list[Any]) -> Any:
    return {
        "schema": 1,
        "name": case["name"],
        "hostname": case["name"],
        "description": None,
        "request": {"index": 0, "launch_index": 0, "count": 1, "min_count": 1, "max_count": 1},
        "flavor": flavor,
        "image": image,
        "block_device_mapping": devices,
        "root_device_name": case.get("root_device_name"),
        "networks": [],
        "key_pair": None,
        "metadata": {},
        "tags": [],
        "security_groups": [],
        "config_drive": bool(case.get("config_drive")),
        "user_data": None,
        "personality": [],
        "admin_pass": None,
        "availability_zone": None,
        "host": None,
        "hypervisor_hostname": None,
        "scheduler_hints": {},
    }


def resources_of(case: dict[str, Any]) -> Resources:
    rescue = case.get("rescue")
    return Resources(
        name=f"instance-{case['instance_id']:08x}",
        volume_prefix="",
        volumes={device["volume"]["id"]: device["volume"] for device in case["bdms"] if "volume" in device},
        vifs=tuple(case["networks"]),
        tpm_secret=case.get("tpm_secret_uuid"),
        mdevs=tuple(case.get("mdevs") or ()),
        abilities=EVERYTHING,
        rescue=None if rescue is None else Rescue(image_properties=rescue.get("image_properties") or {}),
    )


def pool() -> Any:
    sizes = {"capacity": GIB, "allocation": 0, "available": GIB}
    return {"name": "instances", "type": "dir", "active": True, "autostart": True, "path": INSTANCE_DIR, **sizes}


def hypervisor_of(case: dict[str, Any]) -> Any:
    """Facts of a host as the case describes it; machine types and models that are left out mean any."""
    host = case["host"]
    arch = host["arch"]
    machines = host.get("machine_types")
    guests = [] if machines is None else [{"arch": arch, "emulator": "", "domain_types": [], "machines": machines}]
    return {
        "schema": 1,
        "uri": "qemu:///system",
        "hostname": "host",
        "uuid": "00000000-1111-4222-8333-444444444444",
        "driver": "QEMU",
        "libvirt_version": host["libvirt"],
        "hypervisor_version": 8002002,
        "arch": arch,
        "vcpus": host["numa_nodes"] * host["cores"] * host["threads"],
        "memory": host["mem_mb"],
        "cpu_model": None,
        "cpu_flags": [],
        "virt_type": {"name": case["virt_type"], "reason": "the case says so"},
        "guests": guests,
        "domain_capabilities": {
            "firmware": ["bios", "efi"] if host["uefi"] else ["bios"],
            "loader_secure": host["secure_boot"],
            "cpu_models": host.get("models") or [],
        },
        "numa_cells": [numa_cell(host, node) for node in range(host["numa_nodes"])],
        "pools": [],
        "networks": [],
        "usage": {},
        "domains": [],
        "servers": [],
        "kernel": host["kernel"],
        "cgroup_cpu": host["cgroup_cpu"],
        "o_direct": host["o_direct"],
        "sev_models": host["sev"],
        "missing_paths": host.get("missing_paths") or [],
    }


def numa_cell(host: dict[str, Any], node: int) -> dict[str, Any]:
    """CPU ids are numbered node by node, thread siblings adjacent; huge pages are per node, the rest of it is small pages."""
    threads, count = host["threads"], host["cores"] * host["threads"]
    memory = host["mem_mb"] // host["numa_nodes"]
    pages = {int(size): number for size, number in host["hugepages"].items()}
    small = max(0, memory * 1024 - sum(size * number for size, number in pages.items())) // 4
    return {
        "id": node,
        "memory": memory,
        "cpus": [
            {
                "id": cpu,
                "socket": node,
                "core": cpu // threads,
                "siblings": f"{cpu - cpu % threads}-{cpu - cpu % threads + threads - 1}",
            }
            for cpu in range(node * count, (node + 1) * count)
        ],
        "pages": [{"size": size, "total": number, "free": number} for size, number in sorted({4: small, **pages}.items())],
    }
