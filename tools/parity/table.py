# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole table: its sections, and how it is written down for people and for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from . import requests, settings
from .rows import STATUSES, Row

ROOT = Path(__file__).parents[2]
MARKDOWN, DATA = ROOT / "docs/parity.md", ROOT / "docs/parity.json"


@dataclass(frozen=True)
class Section:
    key: str
    title: str
    says: str
    rows: Callable[[], Iterator[Row]]


SECTIONS = (
    Section(
        "options",
        "Options of the module server",
        "Our own form, by the names of `openstack.cloud.server` and Nova's beyond them.",
        requests.option_form_rows,
    ),
    Section("api", "Body of POST /servers", "At the latest microversion.", requests.api_rows),
    Section(
        "nova",
        "nova boot",
        "Both clients of that name: `--num-instances` and `--file` are the older one's.",
        requests.nova_rows,
    ),
    Section("openstack", "openstack server create", "", requests.openstack_rows),
    Section(
        "ec2",
        "EC2 RunInstances",
        "As Nova's code spells them; `ImageId` and `Placement.AvailabilityZone` are read too.",
        requests.ec2_rows,
    ),
    Section("hints", "Scheduler hints", "", requests.hint_rows),
    Section("devices", "Fields of a block device", "Of `block_device_mapping_v2`.", requests.device_rows),
    Section("nics", "Fields of a NIC", "", requests.nic_rows),
    Section("flavor", "Fields of a flavor", "", requests.flavor_rows),
    Section("extra_specs", "Extra specs", "", settings.spec_rows),
    Section("image", "Fields of an image", "", requests.image_rows),
    Section("properties", "Image properties", "Older names that mean the same stand beside each.", settings.property_rows),
    Section("host_options", "Host options", "Nova's own names and groups.", settings.option_rows),
)

Table = Mapping[str, list[Row]]


def build() -> dict[str, list[Row]]:
    return {section.key: list(section.rows()) for section in SECTIONS}


def to_json(table: Table) -> str:
    data = {key: [row.to_dict() for row in rows] for key, rows in table.items()}
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def to_markdown(table: Table) -> str:
    lines = [_HEAD, "| | " + " | ".join(STATUSES) + " | gap |", "|---|" + "---|" * (len(STATUSES) + 1)]
    for section in SECTIONS:
        counts = Counter(row.status for row in table[section.key])
        cells = [str(counts[status]) for status in STATUSES]
        cells.append(str(sum(row.silent for row in table[section.key])))
        lines.append(f"| [{section.title}](#{_anchor(section.title)}) | {' | '.join(cells)} |")
    for section in SECTIONS:
        lines += ["", f"## {section.title}", ""]
        lines += [section.says, ""] if section.says else []
        lines += ["| name | status | where it ends up, or why not |", "|---|---|---|"]
        lines += [_line(row) for row in table[section.key]]
    return "\n".join(lines) + "\n"


def _line(row: Row) -> str:
    names = " ".join(f"`{name}`" for name in (row.name, *row.aliases))
    status = f"{row.status} (gap)" if row.silent else row.status
    return f"| {names} | {status} | {row.says} |".replace("<", "&lt;")


def _anchor(title: str) -> str:
    return "".join(letter for letter in title.lower().replace(" ", "-") if letter.isalnum() or letter == "-")


_HEAD = """\
<!-- Written by `make parity`; edit the code or tools/parity/samples.yaml instead. -->
# Parity with Nova

What becomes of everything that a request, a flavor, an image or a host may say. Each row is measured, not claimed: the
generator adds the one word to a plain request, takes it through the contract, the designer and the config drive, and compares
the answers.

- **honoured**: it changes what is built; the row says where (paths of the domain's XML, of the volumes, of the drive's
  documents). `refuses ...` is honoured by refusing what does not fit.
- **refused**: the request gets a problem that names it.
- **no_effect**: it is accepted and listed in the result's `no_effect` with this reason.
- **not built yet**: it is refused by name until it is built. A **gap** is not: it is accepted, nothing acts on it, and nothing
  says so yet. Gaps are defects.
"""
