# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of the request forms: each field, option and key is added to a plain request, and the two answers are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.block_device_entry import STORED_KEYS, UNSTORED_KEYS
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.checked import Checked
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.flavor import FIELDS as FLAVOR_FIELDS
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.flavor import PREFIXED
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.image import FIELDS as IMAGE_FIELDS
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.image import SERVICE_FIELDS
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.request_api import server_table
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.request_argv import Syntax
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.request_argv_nova import SYNTAX as NOVA
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.request_argv_openstack import SYNTAX as OPENSTACK
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.request_ec2 import SIGNING
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.request_ec2 import TABLE as EC2
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.request_hints import HINTS
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.request_option_values import NIC
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.request_options import TABLE as OPTIONS
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.request_table import LATEST_MINOR, Property
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.request_unsupported import UNSUPPORTED
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server import Planned, plan_servers
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server_api import plan_api_request
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server_argv import plan_nova_boot
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server_ec2 import plan_ec2_request

from .probe import GIVEN, Answer, ask
from .rows import Row, Trial, trial_of, verdict
from .samples import samples
from .worlds import FLAVOR, IMAGE, World

FILES = {"script": b"#!/bin/sh\n", "motd": b"hello\n"}
Sample = Mapping[str, Any]
# Rule and aliases by name.
Names = dict[str, tuple[str, tuple[str, ...]]]
BODY_HINTS = ("os:scheduler_hints", "OS-SCH-HNT:scheduler_hints")
# One of many: every --os-... option says how to reach a cloud.
CLOUD_OPTION = "os-cloud"
# What every catalogue entry has, and what has sections of its own.
APART = ("schema", "name", "extra_specs", "properties")
_ROOT = {"source_type": "image", "destination_type": "local", "boot_index": 0, "uuid": IMAGE["id"]}
_BLANK = {"source_type": "blank", "destination_type": "local", "boot_index": -1, "volume_size": 1}
Plan = Callable[[Mapping[str, Any], World], Checked[list[Planned]]]


def _plan_options(sample: Sample, world: World) -> Checked[list[Planned]]:
    request = {"name": "web", "flavor": "small", "image": "debian", **sample.get("request", {})}
    return plan_servers([_without_nulls(request)], **world.catalogues)


def _plan_api(sample: Sample, world: World) -> Checked[list[Planned]]:
    server = {"name": "web", "flavorRef": "1", "imageRef": "debian", "networks": "auto", **sample.get("request", {})}
    body = {"server": _without_nulls(server), **sample.get("body", {})}
    return plan_api_request(body, microversion=sample.get("microversion"), **world.catalogues)


def _plan_argv(client: str, command: list[str]) -> Plan:
    def plan(sample: Sample, world: World) -> Checked[list[Planned]]:
        plain = sample.get("plain", ["--flavor", "small", "--image", "debian"])
        words = [client, *command, *plain, *sample.get("request", []), "web"]
        return plan_nova_boot(words, files=FILES, **world.catalogues)

    return plan


def _plan_ec2(sample: Sample, world: World) -> Checked[list[Planned]]:
    request = {"ImageId": "debian", "InstanceType": "small", "DisplayName": "web", **sample.get("request", {})}
    return plan_ec2_request(_without_nulls(request), **world.catalogues)


def _without_nulls(request: Mapping[str, Any]) -> dict[str, Any]:
    """A sample says null for what is not to be there."""
    return {key: value for key, value in request.items() if value is not None}


def _answer(plan: Plan, sample: Sample, *, given: bool) -> Answer:
    world = World({**FLAVOR, **sample.get("flavor", {})}, {**IMAGE, **sample.get("image", {})})
    planned = plan(sample, world)
    noted = Checked(planned.value, (*world.problems, *planned.problems), (*world.no_effect, *planned.no_effect))
    return ask(noted, world.catalogues, resources=GIVEN if given else None)


def _trial(plan: Plan, sample: Sample, later: Sample, named: str) -> Trial:
    """``sample`` without the word, ``later`` with it; ``named`` is how fields name it."""
    earlier = {**sample, **sample.get("before", {})}
    answers = [_answer(plan, one, given=given) for given in (False, True) for one in (earlier, {**sample, **later})]
    return trial_of(answers, lambda field: named in field, sample)


def _object_rows(kind: str, plan: Plan, names: Names) -> Iterator[Row]:
    table = samples()["requests"][kind]
    for name, (rule, aliases) in names.items():
        sample = table.get(name, {})
        value = sample.get("to_refuse", sample.get("value", "text"))
        later = {"request": {**sample.get("request", {}), name: value}}
        yield verdict(name, rule, _trial(plan, sample, later, name), recorded=True, aliases=aliases)


def _named(properties: tuple[Property, ...]) -> Names:
    return {entry.name: (entry.rule, entry.aliases) for entry in properties}


def api_rows() -> Iterator[Row]:
    yield from _object_rows("api", _plan_api, _named(server_table(LATEST_MINOR, (), ()).properties))
    for name in BODY_HINTS:
        sample = samples()["requests"]["api"][name]
        yield verdict(name, "HNT-01", _trial(_plan_api, {}, {"body": {name: sample["value"]}}, name), recorded=True)


def option_form_rows() -> Iterator[Row]:
    names = _named(OPTIONS.properties) | dict.fromkeys(sorted(UNSUPPORTED), ("REQ", ()))
    yield from _object_rows("options", _plan_options, names)


def ec2_rows() -> Iterator[Row]:
    names = _named(EC2.properties) | dict.fromkeys(sorted(SIGNING), ("ECA", ()))
    yield from _object_rows("ec2", _plan_ec2, names)


def nova_rows() -> Iterator[Row]:
    yield from _argv_rows("nova", ["boot"], NOVA)


def openstack_rows() -> Iterator[Row]:
    yield from _argv_rows("openstack", ["server", "create"], OPENSTACK)


def _argv_rows(client: str, command: list[str], syntax: Syntax) -> Iterator[Row]:
    table = samples()["requests"][client]
    plan = _plan_argv(client, command)
    for name in (*sorted((*syntax.single, *syntax.repeated, *syntax.flags, *syntax.silent)), CLOUD_OPTION):
        sample = table.get(name, {})
        option = f"--{name}" if len(name) > 1 else f"-{name}"
        words = [option, str(sample.get("value", "text"))] if syntax.takes_value(name) else [option]
        later = {"request": [*sample.get("request", []), *words]}
        yield verdict(option, "CLI", _trial(plan, sample, later, "nova_boot["), recorded=True)


def hint_rows() -> Iterator[Row]:
    table = samples()["requests"]["hints"]
    for name in (*HINTS, "_nova_check_type", "(any other)"):
        key = "mine" if name == "(any other)" else name
        later = {"request": {"scheduler_hints": {key: table.get(name, {}).get("value", "text")}}}
        yield verdict(name, "HNT", _trial(_plan_options, {}, later, key), recorded=True)


def device_rows() -> Iterator[Row]:
    """Keys of a block-device entry (v2, as the API takes them)."""
    for name in sorted({*STORED_KEYS, *UNSTORED_KEYS}):
        sample = samples()["requests"]["devices"].get(name, {})
        entry = {**_BLANK, **sample.get("entry", {})}
        around = {"flavor": {"ephemeral": 2}, **sample, **_with_device(entry)}
        later = _with_device({**entry, name: sample.get("value", "text")})
        yield verdict(name, "REQ-40", _trial(_plan_api, around, later, f".{name}"), recorded=True)


def _with_device(entry: Sample) -> dict[str, Any]:
    return {"request": {"block_device_mapping_v2": [_ROOT, _without_nulls(entry)]}}


def nic_rows() -> Iterator[Row]:
    for entry in NIC.properties:
        sample = samples()["requests"]["nics"].get(entry.name, {})
        nic = _without_nulls({"net-name": "internal", **sample.get("nic", {})})
        around = {**sample, "request": {"nics": [nic]} if nic else {}}
        later = {"request": {"nics": [{**nic, entry.name: sample.get("value", "text")}]}}
        trial = _trial(_plan_options, around, later, f".{entry.name}")
        yield verdict(entry.name, entry.rule, trial, recorded=True, aliases=entry.aliases)


def flavor_rows() -> Iterator[Row]:
    yield from _catalogue_rows("flavor", FLAVOR_FIELDS, PREFIXED, "FLV")


def image_rows() -> Iterator[Row]:
    yield from _catalogue_rows("image", (*IMAGE_FIELDS, *SERVICE_FIELDS), {}, "IMG")


def _catalogue_rows(kind: str, fields: tuple[str, ...], prefixed: Mapping[str, str], rule: str) -> Iterator[Row]:
    for name in fields:
        if name in APART:
            continue
        sample = samples()["requests"][kind].get(name, {})
        later = {kind: {**sample.get(kind, {}), name: sample.get("value", "text")}}
        aliases = (prefixed[name],) if name in prefixed else ()
        yield verdict(name, rule, _trial(_plan_options, sample, later, f".{name}"), recorded=True, aliases=aliases)
