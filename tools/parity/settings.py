# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of extra specs, image properties and host options, each probed with a sample value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.checked import Checked
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.extra_spec import REGISTRY
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.extra_specs.hw import READ_BUT_NOT_REGISTERED
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.extra_specs.spec import Spec
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.image_table import (
    ADAPTER,
    KEPT_RAW,
    LEGACY,
    PROPERTIES,
    Property,
)
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import item_path
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server import Planned, plan_servers
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server_ec2 import plan_ec2_request
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.host_options import check_host_options
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.option_table import OPTIONS, Option

from .probe import GIVEN, Answer, ask
from .rows import HONOURED, NO_EFFECT, NOT_BUILT, REFUSED, Row, Trial, trial_of, verdict
from .samples import samples
from .worlds import FLAVOR, IMAGE, World

Sample = Mapping[str, Any]
_LOCAL_LIMIT = ("DEFAULT", "max_local_block_devices")


def _answer(sample: Sample, specs: Mapping[str, Any], properties: Mapping[str, Any], given: bool) -> Answer:
    flavor = {**FLAVOR, **sample.get("flavor", {}), "extra_specs": {**sample.get("specs", {}), **specs}}
    image = {**IMAGE, **sample.get("image", {}), "properties": {**sample.get("properties", {}), **properties}}
    world = World(flavor, image)
    if world.problems:
        return Answer(world.problems, world.no_effect)
    options = sample.get("options")
    world.catalogues["max_local_block_devices"] = check_host_options(options).value.number(*_LOCAL_LIMIT)
    wish = {"name": "web", "flavor": "small", "image": "debian", "network": "internal", **sample.get("wish", {})}
    planned = _plan(wish, world, sample.get("form"))
    noted = Checked(planned.value, planned.problems, (*world.no_effect, *planned.no_effect))
    resources = GIVEN if given else None
    return ask(noted, world.catalogues, host_options=options, changes=sample.get("host"), resources=resources)


def _plan(wish: Mapping[str, Any], world: World, form: str | None) -> Checked[list[Planned]]:
    if form == "ec2":
        request = {"ImageId": "debian", "InstanceType": "small", "DisplayName": "web"}
        return plan_ec2_request(request, **world.catalogues)
    return plan_servers([wish], **world.catalogues)


def _trial(sample: Sample, kind: str, key: str) -> Trial:
    with_it = {key: sample["value"]}
    without = {key: sample["than"]} if "than" in sample else {}

    def run(words: Mapping[str, Any], given: bool, around: Sample = sample) -> Answer:
        return _answer(around, words if kind == "specs" else {}, words if kind == "properties" else {}, given)

    part = item_path("", key)

    def names(field: str) -> bool:
        return field.endswith((part, f"s.{key}"))

    earlier = {**sample, **sample.get("before", {})}
    answers = (run(without, False, earlier), run(with_it, False), run(without, True, earlier), run(with_it, True))
    return trial_of(answers, names, sample)


def spec_rows() -> Iterator[Row]:
    table, members = samples()["extra_specs"], samples()["members"]
    for spec in REGISTRY:
        sample = table.get(spec.key) or {"value": spec_value(spec)}
        yield verdict(spec.key, spec.rule, _trial(sample, "specs", sample.get("key", spec.key)))
        for member in members.get(spec.key, ()):
            yield verdict(f"{spec.key}, such as {member['key']}", spec.rule, _trial(member, "specs", member["key"]))
    for key, image_property in READ_BUT_NOT_REGISTERED.items():
        yield Row(key, "ESP-05", REFUSED, f"Nova's registry refuses it too; set the image property {image_property}")


def spec_value(spec: Spec) -> str:
    """The last word that the registry itself allows, or a number in its range, or any text."""
    allowed = spec.value.allowed
    if isinstance(allowed, list):
        return "true" if "true" in allowed else str(allowed[-1])
    if isinstance(allowed, dict) and allowed.get("type") == "integer":
        return str(max(int(allowed.get("min") or 0), 1))
    return "text"


def property_rows() -> Iterator[Row]:
    table = samples()["properties"]
    for entry in PROPERTIES:
        sample = table.get(entry.name) or {"value": property_value(entry)}
        older = tuple(old for old, name in LEGACY.items() if name == entry.name and old not in table)
        yield verdict(entry.name, entry.rule, _trial(sample, "properties", entry.name), aliases=older)
    for name in property_patterns():
        sample = table[name]
        yield verdict(name, "PRP", _trial(sample, "properties", sample.get("key", name)))
    yield Row("(any other)", "PRP-02", NO_EFFECT, "nothing reads this property")


def property_patterns() -> list[str]:
    """Names beside the table of properties: patterns, and raw legacy names that later rules read as they are."""
    raw = sorted(name for name in KEPT_RAW if name not in ("architecture", "vm_mode"))
    return ["hw_numa_cpus.N", "hw_numa_mem.N", "trait:<NAME>", *raw, ADAPTER]


def property_value(entry: Property) -> Any:
    allowed = entry.kind.allowed
    if isinstance(allowed, list):
        return True if True in allowed else allowed[-1]
    return 1 if isinstance(allowed, dict) and allowed.get("type") == "integer" else "text"


def option_rows() -> Iterator[Row]:
    for (group, name), option in OPTIONS.items():
        yield _option_row(f"{group}.{name}", group, name, option)


def _option_row(title: str, group: str, name: str, option: Option) -> Row:
    if option.use == "later":
        return Row(title, option.rule, NOT_BUILT, "refused: nothing honours it yet")
    if option.use:
        return Row(title, option.rule, NO_EFFECT, option.use)
    action = samples()["actions"].get(title)
    if action:
        return Row(title, option.rule, HONOURED, action["says"])
    sample = samples()["options"].get(title) or {"value": option_value(option)}
    group = sample.get("group", group)
    around = sample.get("options", {})

    def run(words: Mapping[str, Any], given: bool, earlier: Mapping[str, Any] | None = None) -> Answer:
        merged = {key: dict(value) for key, value in (around if earlier is None else earlier).items()}
        merged.setdefault(group, {}).update(words)
        return _answer({**sample, "options": merged}, {}, {}, given)

    earlier = sample.get("before", {}).get("options")
    without = {name: sample["than"]} if "than" in sample else {}
    with_it = {name: sample["value"]}
    answers = (run(without, False, earlier), run(with_it, False), run(without, True, earlier), run(with_it, True))
    return verdict(title, option.rule, trial_of(answers, lambda field: field.endswith(f"{group}.{name}"), sample))


def option_value(option: Option) -> Any:
    if option.kind == "flag":
        return not option.default
    if option.kind == "number":
        return option.choices[-1] if option.choices else max(int(option.default or 0), option.low or 0) + 1
    return next((choice for choice in option.choices if choice != option.default), "text")
