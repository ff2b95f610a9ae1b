# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parity table: it is what the code does, nothing that Nova knows is missing, and nothing in it is unknown to the code."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.extra_spec import REGISTRY, registered
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.extra_specs.resource_classes import RESOURCE_CLASSES
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.extra_specs.traits import TRAITS
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.image_table import LEGACY, PROPERTIES
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.option_table import OPTIONS
from tools.parity import settings, table
from tools.parity.probe import Answer
from tools.parity.rows import HONOURED, NO_EFFECT, NOT_BUILT, STATUSES, Row, Trial, verdict
from tools.parity.samples import samples

ROOT = Path(__file__).parents[3]
REFERENCE: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "reference_names.yaml").read_text(encoding="utf-8"))


@cache
def built() -> dict[str, list[Row]]:
    return table.build()


def names_of(section: str) -> set[str]:
    return {name for row in built()[section] for name in (row.name, *row.aliases)}


def test_the_written_table_is_what_the_code_does() -> None:
    assert table.to_markdown(built()) == table.MARKDOWN.read_text(encoding="utf-8"), "run make parity"
    assert table.to_json(built()) == table.DATA.read_text(encoding="utf-8"), "run make parity"


@pytest.mark.parametrize("section", [section.key for section in table.SECTIONS])
def test_every_row_is_complete_and_named_once(section: str) -> None:
    rows = built()[section]
    assert rows
    assert [row.name for row in rows if row.status not in STATUSES or not row.says] == []
    assert len({row.name for row in rows}) == len(rows)


def test_only_gaps_are_silent() -> None:
    """A gap says of itself that it is accepted; every other row without an effect is refused or reported."""
    for rows in built().values():
        for row in rows:
            assert row.silent == row.says.startswith("accepted, "), row
            assert not row.silent or row.status == NOT_BUILT


@pytest.mark.parametrize(
    ("kind", "section"),
    [
        ("api_server", "api"),
        ("nova", "nova"),
        ("openstack", "openstack"),
        ("ec2", "ec2"),
        ("hints", "hints"),
        ("device_v2", "devices"),
        ("api_network", "nics"),
        ("properties", "properties"),
        ("property_raw", "properties"),
        ("guest_properties", "properties"),
        ("extra_specs", "extra_specs"),
        ("read_at_run_time", "extra_specs"),
        ("host_options", "host_options"),
    ],
)
def test_nothing_of_the_reference_is_missing(kind: str, section: str) -> None:
    known = {name.removeprefix("--") for name in names_of(section)}
    assert [name for name in REFERENCE[kind] if name not in known] == []


def test_the_flavor_of_the_reference_is_there() -> None:
    apart = {"name"}  # what every row is about
    assert set(REFERENCE["flavor"]) - apart <= names_of("flavor")


def test_patterns_of_the_reference_are_rows_or_members() -> None:
    rows = names_of("extra_specs")
    for name in [*REFERENCE["extra_spec_patterns"], *REFERENCE["guest_extra_specs"]]:
        spec = registered(name.replace(".N", ".0"))
        assert name in rows or (spec is not None and spec.key in rows), name


def test_names_behind_patterns() -> None:
    assert sorted(REFERENCE["traits"]) == sorted(TRAITS)
    assert sorted(REFERENCE["resource_classes"]) == sorted(RESOURCE_CLASSES)


def test_legacy_names() -> None:
    assert REFERENCE["legacy_properties"] == LEGACY
    rows = {row.name: row for row in built()["properties"]}
    beside = {old for row in rows.values() for old in row.aliases} | set(rows)
    assert set(LEGACY) <= beside


def test_samples_name_nothing_that_the_code_does_not_know() -> None:
    specs = {spec.key for spec in REGISTRY}
    assert set(samples()["extra_specs"]) <= specs
    assert set(samples()["members"]) <= specs
    assert set(samples()["properties"]) <= {entry.name for entry in PROPERTIES} | set(settings.property_patterns())
    assert set(samples()["options"]) <= {
        f"{group}.{name}" for (group, name), option in OPTIONS.items() if option.use != "later"
    }


@pytest.mark.parametrize("section", ["options", "api", "ec2", "hints", "devices", "nics", "flavor", "image"])
def test_samples_of_requests_name_nothing_unknown(section: str) -> None:
    assert set(samples()["requests"][section]) <= names_of(section)


def test_samples_of_the_clients_name_nothing_unknown() -> None:
    known = {name.removeprefix("--") for client in ("nova", "openstack") for name in names_of(client)}
    assert set(samples()["requests"]["nova"]) | set(samples()["requests"]["openstack"]) <= known


def reader_entries() -> list[dict[str, str]]:
    kinds = [*samples()["requests"].values(), {"recorded": None}]
    entries = [entry for kind in kinds for entry in kind.values() if isinstance(entry, dict) and "says" in entry]
    return [*entries, *samples()["recorded"].values()]


def test_who_reads_the_record_reads_it() -> None:
    assert len(reader_entries()) > 8
    for name, entry in (samples()["recorded"] | samples()["actions"]).items():
        assert name.rpartition(".")[2] in (ROOT / entry["file"]).read_text(encoding="utf-8"), name
    for entry in reader_entries():
        assert (ROOT / entry["file"]).exists()


def trial(before: Answer, after: Answer, **words: str) -> Trial:
    return Trial(before, after, before, after, lambda field: field == "f", **words)


def test_a_word_that_does_nothing_is_a_gap() -> None:
    assert verdict("f", "R", trial(Answer(), Answer())).silent


def test_a_reason_is_no_gap() -> None:
    row = verdict("f", "R", trial(Answer(), Answer(no_effect=({"field": "f", "reason": "because"},))))
    assert (row.status, row.says, row.silent) == (NO_EFFECT, "because", False)


def test_a_reason_of_another_field_does_not_count() -> None:
    assert verdict("f", "R", trial(Answer(), Answer(no_effect=({"field": "g", "reason": "because"},)))).silent


def test_a_difference_is_an_effect_and_says_where() -> None:
    after = Answer(facts={"domain": Counter([("domain/os/bootmenu", ""), ("domain/os/bootmenu@enable", "yes")])})
    row = verdict("f", "R", trial(Answer(), after))
    assert (row.status, row.says) == (HONOURED, "domain: os/bootmenu")


def test_a_sample_that_breaks_its_promise_is_an_error() -> None:
    with pytest.raises(ValueError, match="was to refuse"):
        verdict("f", "R", trial(Answer(), Answer(), refuses="something"))
