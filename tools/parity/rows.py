# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A row of the parity table, and what a probe's two answers say about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import Problem

from .probe import DOMAIN, DRIVE, NOVA, RECORD, VOLUMES, Answer, differences
from .samples import samples

HONOURED, REFUSED, NO_EFFECT, NOT_BUILT = "honoured", "refused", "no_effect", "not built yet"
STATUSES = (HONOURED, REFUSED, NO_EFFECT, NOT_BUILT)


@dataclass(frozen=True)
class Row:
    """``says``: where it ends up, or why not. ``silent``: it is accepted, and neither honoured nor reported: a defect."""

    name: str
    rule: str
    status: str
    says: str
    aliases: tuple[str, ...] = ()
    silent: bool = False

    def to_dict(self) -> dict[str, Any]:
        found = asdict(self)
        found["aliases"] = list(self.aliases)
        return found


@dataclass(frozen=True)
class Trial:
    """Two answers, without and with the word that is probed; ``given`` is the second with everything at hand that nothing
    gives a server yet. ``names`` tells whether a field names the word. ``refuses`` and ``admits``: what the word is honoured by
    refusing, and by letting in; ``needs``: what nothing gives a server yet; ``says``: who reads what
    only the record shows; ``gap``: it ends up somewhere, and that is not what it is for."""

    before: Answer
    after: Answer
    given_before: Answer
    given: Answer
    names: Callable[[str], bool]
    refuses: str = ""
    admits: str = ""
    needs: str = ""
    says: str = ""
    gap: str = ""


def trial_of(answers: Sequence[Answer], names: Callable[[str], bool], sample: Mapping[str, Any]) -> Trial:
    """Of the answers before and after as things are, and before and after with everything given."""
    before, after, given_before, given = answers
    words = {word: sample.get(word, "") for word in ("refuses", "admits", "needs", "says", "gap")}
    return Trial(before, after, given_before, given, names, **words)


# The places that count as an effect of a flavor's or an image's setting: every setting is copied into the metadata.
SETTINGS = (DOMAIN, VOLUMES, DRIVE)


def verdict(name: str, rule: str, trial: Trial, *, recorded: bool = False, aliases: tuple[str, ...] = ()) -> Row:
    """The status that the two answers prove. ``recorded``: what only the record of the server shows counts where the table of
    readers says who reads it (flavors and images are copied into the record whole, so there it proves nothing)."""
    places = (*SETTINGS, NOVA) if recorded else SETTINGS
    row = _promised(name, rule, trial) or _unmade(name, rule, trial, places) or _seen(name, rule, trial, places, recorded)
    return replace(row, aliases=aliases)


def _promised(name: str, rule: str, trial: Trial) -> Row | None:
    """What is honoured by refusing or by letting in."""
    if trial.refuses:
        _usable(name, trial.before)
        new = _new_problems(trial)
        if not new:
            raise ValueError(f"{name} was to refuse {trial.refuses}, and it did not")
        return Row(name, rule, HONOURED, f"refuses {trial.refuses} ({new[0].code})")
    if trial.admits:
        if not trial.given_before.problems or trial.given.problems:
            raise ValueError(f"{name} was to admit {trial.admits}, and it did not")
        return Row(name, rule, HONOURED, f"admits {trial.admits}")
    return None


def _unmade(name: str, rule: str, trial: Trial, places: tuple[str, ...]) -> Row | None:
    """What is refused, and what it would do with everything that nothing gives a server yet."""
    if trial.needs and trial.after.problems:
        why = _sentence(trial.after.problems[0].message)
        return Row(name, rule, NOT_BUILT, f"refused: {why}; nothing gives a server {trial.needs} yet")
    designed = _designed(trial, places)
    if trial.before.problems and designed:
        return Row(name, rule, NOT_BUILT, f"refused: {_sentence(trial.before.problems[0].message)}; designed for {designed}")
    _usable(name, trial.before)
    new = _new_problems(trial)
    if not new:
        return None
    message = _sentence(new[0].message)
    if designed:
        return Row(name, rule, NOT_BUILT, f"refused: {message}; designed for {designed}")
    return Row(name, rule, NOT_BUILT if any(problem.code == "NotBuilt" for problem in new) else REFUSED, message)


def _seen(name: str, rule: str, trial: Trial, places: tuple[str, ...], recorded: bool) -> Row:
    """An effect, a reason, or nothing at all."""
    new = [entry for entry in trial.after.no_effect if entry not in trial.before.no_effect]
    reasons = [entry["reason"] for entry in new if trial.names(entry["field"])]
    found = differences(trial.before, trial.after)
    becomes = [key for key in found.get(RECORD, []) if key not in _WHOLE] if recorded else []
    if len(becomes) > 6:
        return Row(name, rule, HONOURED, "more servers")
    effect = places_text(found, places)
    if not effect and becomes:
        effect = "; ".join(samples()["recorded"][key]["says"] for key in becomes if key in samples()["recorded"])
    if trial.gap and not reasons:
        return Row(name, rule, NOT_BUILT, f"accepted, but {trial.gap}", silent=True)
    if not effect and found.get(RECORD):
        effect = trial.says
    if effect:
        effect = f"{', '.join(becomes)} -> {effect}" if becomes else effect
        return Row(name, rule, HONOURED, f"{effect} (but {reasons[0]})" if reasons else effect)
    if reasons:
        return Row(name, rule, NO_EFFECT, reasons[0])
    return Row(name, rule, NOT_BUILT, "accepted, and nothing reads it yet", silent=True)


def _new_problems(trial: Trial) -> list[Problem]:
    return [problem for problem in trial.after.problems if problem not in trial.before.problems]


# Parts of the record that any change of theirs changes whole.
_WHOLE = ("flavor", "image")


def _designed(trial: Trial, places: tuple[str, ...]) -> str:
    """What it would do with everything that nothing gives a server yet."""
    if trial.given_before.problems or trial.given.problems:
        return ""
    return places_text(differences(trial.given_before, trial.given), places)


def _usable(name: str, answer: Answer) -> None:
    if answer.problems:
        raise ValueError(f"the sample of {name} does not stand without it: {answer.problems[0].message}")


def _sentence(message: str) -> str:
    """Without the path, which is the probe's."""
    return re.sub(r"^(servers|api_request|nova_boot|ec2_request)[^ ]*(: | is )", "", message)


def places_text(found: Mapping[str, list[str]], places: tuple[str, ...]) -> str:
    parts = []
    for place in places:
        if place in found:
            paths = [path.removeprefix("domain/").removeprefix("devices/") for path in found[place]]
            more = f" and {len(paths) - 4} more" if len(paths) > 4 else ""
            parts.append(f"{place}: {', '.join(paths[:4])}{more}")
    return "; ".join(parts)
