# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a request through contract, designer and config drive, and tells what one more word in it changes.

Nothing here knows what a setting is for: where it ends up is read off the difference between two answers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.checked import Checked
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import NoEffect, Problem, Problems
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server import Planned
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.config_drive import drive_files
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.designer import Design, design_server
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.drive_documents import GuestFacts
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.host_options import check_host_options
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.render import render_domain
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.resources import EVERYTHING, Resources
from ansible_collections.kilonova.compute.plugins.plugin_utils._plan.entry import Place, design
from ansible_collections.kilonova.compute.plugins.plugin_utils._plan.planning import Intent, Minting
from ansible_collections.kilonova.compute.plugins.plugin_utils._plan.planning import Planned as Entry
from ansible_collections.kilonova.compute.plugins.plugin_utils._plan.pools import find_pools

from .worlds import BASE, CLOCK, UUID, VOLUME_ID, host

_NOVA = "{http://openstack.org/xmlns/libvirt/nova/1.1}instance"
_OURS = "{urn:kilonova:compute:1}server"
DOMAIN, DRIVE, NOVA, VOLUMES, RECORD = "domain", "config drive", "nova:instance", "volumes", "record"
PLACES = (DOMAIN, VOLUMES, DRIVE, NOVA, RECORD)
_INTENT = Intent("present", persistent=True, wait=False, timeout=1, console_pattern=None)
_MINTING = Minting(lambda: UUID, CLOCK, bytes)

Facts = Counter[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    """``facts``: by place, how often each (path, value) stands there."""

    problems: tuple[Problem, ...] = ()
    no_effect: tuple[NoEffect, ...] = ()
    facts: Mapping[str, Facts] = field(default_factory=dict)


# What nothing gives a server yet when it is built; with it the designer shows what it would do.
GIVEN = Resources(
    tpm_secret="bd0c7e8e-ff7d-4a71-9f3d-2f8b2b6b00aa",  # the uuid of a secret, not a secret
    os_models={"disk_bus": "sata", "vif_model": "e1000e"},
    volumes={VOLUME_ID: {"id": VOLUME_ID, "driver": "local", "device_path": "/dev/vg0/v0"}},
    abilities=EVERYTHING,
    kernel=BASE,
    ramdisk=BASE,
)


def ask(
    planned: Checked[list[Planned]],
    catalogues: Mapping[str, Any],
    *,
    host_options: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None,
    resources: Resources | None = None,
) -> Answer:
    """The whole way of a request on one host, as the module server goes it.

    ``catalogues`` are normalised, ``changes`` are facts of the host that differ, ``resources`` stand in for what the module
    gives a server."""
    options = check_host_options(host_options)
    problems = (*planned.problems, *options.problems)
    no_effect = (*planned.no_effect, *options.no_effect)
    if problems:
        return Answer(problems, no_effect)
    places: dict[str, Facts] = {name: Counter() for name in PLACES}
    hypervisor = host(**(changes or {}))
    wrong = Problems()
    pools = find_pools(hypervisor, {"pool": "default"}, options.value, wrong)
    if wrong:
        return Answer(tuple(wrong), no_effect)
    place = Place(hypervisor, options.value, pools, catalogues["images"], volume_types=catalogues["volume_types"])
    for number, item in enumerate(planned.value):
        designed, found, reasons = _design(item, place, f"servers[{number}]", resources)
        problems += found
        no_effect += reasons
        if not found:
            _collect(places, item, designed)
    return Answer(problems, no_effect, places)


def _design(
    item: Planned, place: Place, path: str, resources: Resources | None
) -> tuple[Design, tuple[Problem, ...], tuple[NoEffect, ...]]:
    if resources is None:
        problems, no_effect = Problems(), list[NoEffect]()
        designed = design(Entry(item.server, _INTENT, "create", UUID), place, _MINTING, path, problems, no_effect)
        # Which tools the controller has is nobody's promise.
        return designed, tuple(one for one in problems if one.code != "ToolNotFound"), tuple(no_effect)
    base = place.base_of(item.server)
    given = {"uuid": UUID, "hypervisor": place.hypervisor, "options": place.options, "clock": CLOCK}
    given |= {"pool": place.pool, "file_pool": place.file_pool}
    designed = design_server(item.server, base_image=base, resources=resources, path=path, **given)
    return designed, designed.problems, designed.no_effect


def _shown(item: Planned) -> dict[str, Any]:
    """What the record of a server says, but for which server of its request it is."""
    extra = item.server.get("extra", {})
    plain = {key: value for key, value in item.server.items() if key not in ("extra", "request")}
    least = {"request.min_count": item.server["request"]["min_count"]}
    return {**plain, **least, **{f"extra.{key}": value for key, value in extra.items()}}


def _collect(places: Mapping[str, Facts], item: Planned, designed: Design) -> None:
    root = etree.fromstring(render_domain(designed.domain))
    metadata = root.find("metadata")
    for element in list(metadata):
        if element.tag == _NOVA:
            places[NOVA].update(flatten(element, top=""))
    root.remove(metadata)
    places[DOMAIN].update(flatten(root, top=""))
    for volume in designed.volumes:
        # The content stands under the config drive, and every server has volumes of its own.
        places[VOLUMES].update((f"{volume.role} {key}", str(value)) for key, value in volume.to_dict().items())
    if any(volume.role == "disk.config" for volume in designed.volumes):
        places[DRIVE].update(_drive(item, designed))
    places[RECORD].update((key, json.dumps(value, sort_keys=True)) for key, value in _shown(item).items())


def flatten(element: etree._Element, top: str) -> Facts:
    """(path, value) of every attribute and text, and of the element itself."""
    name = etree.QName(element).localname
    path = f"{top}/{name}" if top else name
    found: Facts = Counter([(path, "")])
    found.update((f"{path}@{key}", value) for key, value in element.attrib.items())
    if element.text and element.text.strip():
        found[(path, element.text.strip())] += 1
    for child in element:
        if isinstance(child.tag, str):
            found.update(flatten(child, path))
    return found


def _drive(item: Planned, designed: Design) -> Facts:
    wish = item.wish
    facts = GuestFacts(
        uuid=UUID,
        user_data=None if wish.user_data is None else wish.user_data.data,
        files={file.path: file.content.data for file in wish.files},
        admin_pass=wish.admin_pass,
        random_seed=bytes(512),
        dedicated_cpus=(),
    )
    found: Facts = Counter()
    for path, content in drive_files(item.server, facts):
        folder, _slash, name = path.rpartition("/")
        if not folder.endswith(("/latest", "/content")):
            continue
        if name.endswith(".json"):
            document = json.loads(content)
            found.update((f"{name} {key}", json.dumps(value, sort_keys=True)) for key, value in document.items())
        else:
            found[(name if folder.endswith("/latest") else "content", content.hex())] += 1
    return found


def differences(before: Answer, after: Answer) -> dict[str, list[str]]:
    """By place, the paths that the two answers do not share, the outermost of what is new or gone."""
    found = {}
    for place in PLACES:
        one, other = before.facts.get(place, Counter()), after.facts.get(place, Counter())
        paths = {path for path, _value in ((one - other) + (other - one))}
        if paths:
            found[place] = outermost(paths)
    return found


def outermost(paths: set[str]) -> list[str]:
    return sorted(path for path in paths if not any(path.startswith((f"{top}/", f"{top}@")) for top in paths))
