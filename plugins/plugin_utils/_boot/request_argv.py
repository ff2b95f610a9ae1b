# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument lists of command-line clients: words, options and positionals, with the place of each (rules section 16)."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from .problems import NoEffect, Problems, join_path
from .types import shown

CODE = "CommandError"


@dataclass(frozen=True, slots=True)
class Argument:
    """A value and the path of the word that it stood in."""

    value: str
    path: str


@dataclass(frozen=True, slots=True)
class Syntax:
    """The options of a client: those that take a value, those that may be repeated, and flags.

    ``words`` is the subcommand. ``silent`` are options that only shape what the client prints.
    """

    words: tuple[str, ...]
    single: frozenset[str]
    repeated: frozenset[str]
    flags: frozenset[str]
    silent: Mapping[str, bool] = field(default_factory=dict)
    secret: frozenset[str] = frozenset()

    def takes_value(self, name: str) -> bool | None:
        """None for an option that the client does not have."""
        if name in self.single or name in self.repeated or name.startswith("os-"):
            return True
        return False if name in self.flags else self.silent.get(name)

    def known(self) -> list[str]:
        return sorted(f"--{name}" for name in (*self.single, *self.repeated, *self.flags))


@dataclass(slots=True)
class Arguments:
    """The options by name without dashes, and the positionals after the subcommand."""

    path: str
    options: dict[str, list[Argument]] = field(default_factory=dict)
    positionals: list[Argument] = field(default_factory=list)
    no_effect: list[NoEffect] = field(default_factory=list)

    def all(self, name: str) -> list[Argument]:
        return self.options.get(name, [])

    def last(self, name: str) -> Argument | None:
        """An option that is given again replaces what was given before, as every client does it."""
        found = self.options.get(name)
        return found[-1] if found else None

    def given(self, *names: str) -> list[str]:
        return [name for name in names if name in self.options]


def read_words(argv: object, path: str, problems: Problems) -> list[str]:
    """A list of words, or one text that is split as a shell does; numbers become text."""
    if isinstance(argv, str):
        try:
            return shlex.split(argv)
        except ValueError as wrong:
            problems.add(CODE, "CLI", path, "(hidden)", "shell words", f"{path} cannot be split into words: {wrong}")
            return []
    if not isinstance(argv, (list, tuple)):
        problems.add("ValidationError", "CLI", path, shown(argv), {"type": "array"}, f"{path} must be a list of words")
        return []
    words = []
    for index, word in enumerate(argv):
        if isinstance(word, bool) or not isinstance(word, (str, int, float)):
            where = join_path(path, index)
            problems.add("ValidationError", "CLI", where, shown(word), {"type": "string"}, f"{where} must be a text")
            word = ""
        words.append(str(shown(word)) if isinstance(word, int) else str(word))
    return words


def parse(words: list[str], syntax: Syntax, path: str, problems: Problems) -> Arguments:
    """Everything after the client's name. A value follows its option or stands behind ``=``; ``_`` is read as ``-``."""
    found = Arguments(path)
    index = 1
    options = True
    while index < len(words):
        word, where = words[index], join_path(path, index)
        index += 1
        if options and word == "--":
            options = False
        elif not options or not word.startswith("-") or word == "-":
            found.positionals.append(Argument(word, where))
        else:
            index += _option(word, words[index : index + 1], where, join_path(path, index), syntax, found, problems)
    _take_subcommand(found, syntax, path, problems)
    return found


def _option(
    word: str, following: list[str], where: str, next_path: str, syntax: Syntax, found: Arguments, problems: Problems
) -> int:
    """Takes one option; answers how many more words it used."""
    written, equals, value = word.partition("=")
    name = written.lstrip("-").replace("_", "-")
    takes_value = syntax.takes_value(name) if written.startswith("--") or name in syntax.silent else None
    if takes_value is None:
        _unknown(written, where, syntax, problems)
        return 0
    if not takes_value:
        if equals:
            problems.add(CODE, "CLI", where, "(hidden)", written, f"{where}: {written} takes no value")
        found.options.setdefault(name, []).append(Argument("true", where))
        _note_silent(name, written, where, syntax, found)
        return 0
    if not equals and not following:
        problems.add(CODE, "CLI", where, written, f"{written} VALUE", f"{where}: {written} needs a value")
        return 0
    argument = Argument(value, where) if equals else Argument(following[0], next_path)
    found.options.setdefault(name, []).append(argument)
    _note_silent(name, written, where, syntax, found)
    return 0 if equals else 1


def _note_silent(name: str, written: str, where: str, syntax: Syntax, found: Arguments) -> None:
    if name in syntax.silent:
        found.no_effect.append(NoEffect(field=where, reason=f"{written} only shapes what the client prints"))


def _unknown(written: str, where: str, syntax: Syntax, problems: Problems) -> None:
    near = get_close_matches(written[:64], syntax.known(), n=1)
    message = f"{where}: {shown(written)} is not an option of this client" + (f"; did you mean {near[0]}?" if near else "")
    problems.add(CODE, "CLI", where, shown(written), syntax.known(), message)


def _take_subcommand(found: Arguments, syntax: Syntax, path: str, problems: Problems) -> None:
    words = tuple(argument.value for argument in found.positionals[: len(syntax.words)])
    if words != syntax.words:
        wanted = " ".join(syntax.words)
        problems.add(CODE, "CLI", path, " ".join(words), wanted, f"{path} must be the client's command {wanted}")
    found.positionals = found.positionals[len(syntax.words) :]


def refuse_cloud_options(arguments: Arguments, problems: Problems) -> None:
    """Every ``--os-...`` option but the API version says how to reach a cloud, and there is none."""
    for name, given in sorted(arguments.options.items()):
        if name.startswith("os-") and name != "os-compute-api-version":
            message = f"{given[-1].path}: --{name} is not an option here: there is no cloud to log in to"
            problems.add("Unsupported", "CLI", given[-1].path, "(hidden)", None, message)


def split_pairs(text: str, path: str, rule: str, problems: Problems, keys: Iterable[str] | None) -> dict[str, str]:
    """``k=v,k=v``; a key that is not among ``keys``, comes twice, or has no ``=`` is a problem."""
    found: dict[str, str] = {}
    allowed = None if keys is None else sorted(keys)
    for part in text.split(","):
        key, equals, value = part.partition("=")
        if not equals:
            problems.add(CODE, rule, path, shown(part), allowed, f"{path}: {shown(part)} is not of the form key=value")
        elif allowed is not None and key not in allowed:
            problems.add(CODE, rule, path, shown(key), allowed, f"{path}: the key {shown(key)} is not known")
        elif key in found:
            problems.add(CODE, rule, path, shown(key), "each key once", f"{path}: the key {shown(key)} comes twice")
        else:
            found[key] = value
    return found


def pair(argument: Argument, rule: str, problems: Problems, form: str = "key=value") -> tuple[str, str] | None:
    """One ``key=value``, split at the first ``=`` (CLI-07, CLI-08)."""
    key, equals, value = argument.value.partition("=")
    if equals and key:
        return key, value
    problems.add(CODE, rule, argument.path, shown(argument.value), form, f"{argument.path} must be of the form {form}")
    return None
