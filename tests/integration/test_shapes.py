# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this host supports is really defined with validation, started, read back, and seen by the guest's kernel."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import libvirt
import libvirt_qemu
import pytest
from lxml import etree

from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.hypervisor import hypervisor_facts
from tests.guest.image import full_image
from tests.lab import Lab

from .host_state import huge_pages, own_keys, shared
from .shapes import SECURE, SHAPES
from .shapes.common import ALWAYS, ALWAYS_SEEN
from .shapes.model import PROBE, Row, Shape
from .shapes.refused import REFUSED
from .world import HOST_OPTIONS, PATIENCE_S, READY, Guest, World

pytestmark = pytest.mark.lab

WAVES = [("legacy", "secure"), ("pinned", "cells"), ("plain", "stored", "older")]


@pytest.fixture(scope="module")
def full(prepared: World) -> Path:
    """The host with the base image `full`, which boots with any firmware and has every driver."""
    image = full_image()
    played = prepared.play({"kilonova.compute.image": {"name": "full", "src": str(image)}})
    assert played.code == 0, played.output
    return image


def facts_of(world: World) -> dict[str, Any]:
    with world.connected() as connection:
        return hypervisor_facts(connection)


def wish(name: str, shape: Shape) -> dict[str, Any]:
    options = {group: dict(values) for group, values in shape.options.items()}
    options["libvirt"] = HOST_OPTIONS["libvirt"] | options.get("libvirt", {})
    size = {"vcpus": shape.vcpus, "ram": shape.ram, "disk": 1, "ephemeral": shape.ephemeral, "swap": shape.swap}
    root = {"source_type": "image", "destination_type": "local", "boot_index": 0, "uuid": "full", "delete_on_termination": True}
    mapping = {"block_device_mapping": [root, *shape.devices]} if shape.devices else {}
    return {
        "name": name,
        "flavors": {name: {**size, "extra_specs": shape.specs}},
        "flavor": name,
        "images": {"full": {"src": "full.qcow2", "properties": shape.properties}},
        "image": "full",
        "host_options": options,
        "userdata": PROBE,
        "state": "stopped" if shape.ends == "stopped" else "running",
        "wait_for": "console" if shape.ends == "ready" else "running",
        "console_pattern": READY,
        **mapping,
        **shape.request,
    }


def in_xml(root: etree._Element) -> Callable[[str, Any], Any]:
    def look(path: str, _wanted: Any) -> Any:
        found = root.xpath(path)
        if not isinstance(found, list):
            return found
        texts = [str(node) if isinstance(node, str) else (node.text or "") for node in found]
        return texts[0] if len(texts) == 1 else texts

    return look


def in_guest(guest: Guest) -> Callable[[str, Any], Any]:
    def look(path: str, wanted: Any) -> Any:
        fact, *rest = path.split(".")
        told = guest.all(fact)
        if fact in ("disk", "nic"):
            told = [data for data in told if data["name"] == rest[0]]
            rest = rest[1:]
        value: Any = told[-1] if told else None
        for key in rest:
            value = None if value is None else value[int(key) if isinstance(value, list) else key]
        return wanted if isinstance(value, list) and wanted in value else value

    return look


def differences(rows: tuple[Row, ...], look: Callable[[str, Any], Any], known: dict[str, Any]) -> list[str]:
    """A list of one is its text."""
    wrong = []
    for source, path, value in rows:
        wanted = known.get(value, value) if isinstance(value, str) else value
        found = look(path, wanted)
        if wanted not in (found, [found]):
            wrong.append(f"{source}: {path} is {found!r}, not {wanted!r}")
    return wrong


def check(world: World, shape: Shape, server: dict[str, Any], facts: dict[str, Any]) -> list[str]:
    known = {
        "{id}": server["id"],
        "{domain}": server["domain"],
        "{kib}": str(shape.ram * 1024),
        "{vcpus}": str(shape.vcpus),
        "{host uuid}": facts["uuid"],
    }
    with world.connected() as connection:
        domain = connection.lookupByUUIDString(server["id"])
        wrong = differences(ALWAYS + shape.live, in_xml(etree.fromstring(domain.XMLDesc(0))), known)
        if shape.ends != "ready":
            return wrong
        guest = world.guest(server)
        if shape.properties.get("hw_qemu_guest_agent"):
            check_agent(domain, guest)
    return wrong + differences(ALWAYS_SEEN + shape.guest, in_guest(guest), known | {"{vcpus}": shape.vcpus})


def check_agent(domain: Any, guest: Guest) -> None:
    """The agent answers, and tells libvirt the address that the guest got."""
    assert json.loads(libvirt_qemu.qemuAgentCommand(domain, '{"execute": "guest-ping"}', 10, 0)) == {"return": {}}
    told = domain.interfaceAddresses(libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT)
    assert guest.one("lease")["ip"] in [address["addr"] for address in told["eth0"]["addrs"]]


@pytest.mark.parametrize("wave", WAVES, ids="+".join)
def test_every_element_is_live_and_seen(world: World, full: Path, lab: Lab, wave: tuple[str, ...]) -> None:
    before = world.holdings()
    with_share = [name for name in wave if "shares" in SHAPES[name].resources]
    with huge_pages(136), own_keys(world), shared(with_share, lab.shared / "share"):
        facts = facts_of(world)
        with ThreadPoolExecutor() as pool:
            wishes = [wish(name, SHAPES[name]) | {"hypervisor": {**facts, **SHAPES[name].host}} for name in wave]
            answers = list(pool.map(lambda given: world.server(**given), wishes))
        wrong: dict[str, list[str]] = {}
        for name, answer in zip(wave, answers, strict=True):
            failed = answer.get("failed")
            wrong[name] = [answer["msg"]] if failed else check(world, SHAPES[name], answer["servers"][0], facts)
            world.server(name=name, state="absent")
    assert wrong == {name: [] for name in wave}
    assert world.holdings() == before


def test_secure_boot_starts_nothing_that_its_keys_do_not_know(world: World, full: Path) -> None:
    """Without firmware of our own the host's holds Microsoft's keys, and the guest's loader is signed with another."""
    shape = Shape(ends="running", ram=256, specs={"os:secure_boot": "required"}, properties=SECURE.properties)
    server = world.booted(**wish("foreign", shape))
    end = time.monotonic() + PATIENCE_S
    while b"Access Denied" not in world.console(server):
        assert time.monotonic() < end, world.console(server)[-1000:]
        time.sleep(0.2)
    assert world.guest(server).boots == 0
    world.server(name="foreign", state="absent")


def test_what_this_host_lacks_is_refused_by_name(world: World, full: Path) -> None:
    before = world.holdings()
    facts = facts_of(world)
    rows = [row for row in REFUSED if row.counts(facts)]
    flavors = {f"f{i}": {"vcpus": row.vcpus, "ram": 1024, "disk": 1, "extra_specs": row.specs} for i, row in enumerate(rows)}
    images = {f"i{i}": {"src": "full.qcow2", "properties": row.properties} for i, row in enumerate(rows)}
    servers = [{"name": f"s{i}", "flavor": f"f{i}", "image": f"i{i}"} for i in range(len(rows))]
    answer = world.server(servers=servers, flavors=flavors, images=images)
    assert answer["failed"]
    for index, row in enumerate(rows):
        found = [(p["code"], p["field"]) for p in answer["problems"] if p["field"].startswith(f"servers[{index}]")]
        where = row.where or row.input
        assert any(code == row.code and where in field for code, field in found), (row.input, row.needs, found)
    assert world.holdings() == before
