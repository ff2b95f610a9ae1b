# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the command-line clients have in common: how options become parts of a wish (rules CLI-01..48)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .problems import NoEffect, Problems, join_path
from .request_argv import CODE, Argument, Arguments, pair
from .request_option_values import read_nics
from .request_options import TABLE
from .request_values import REFERENCE
from .request_wish import Nic, Wish
from .shapes import Image
from .types import integer_text, shown
from .user_data import Content, InjectedFile, encoded_content, within_limit

# Contents by the path that the command line names; reading them is the caller's matter.
Files = Mapping[str, bytes]


class Writer:
    """Puts values under the options of our own form, whose readers and limits are everyone's."""

    def __init__(self, wish: Wish, arguments: Arguments, files: Files, problems: Problems) -> None:
        self.wish, self.arguments, self.files, self.problems = wish, arguments, files, problems

    def put(self, option: str, value: object, path: str) -> None:
        prop = TABLE.find(option)
        if prop is None:
            return
        found = prop.read(value, path, self.problems)
        self.wish.at[prop.attribute] = path
        if found is None:
            return
        if prop in EXTRAS:
            self.wish.extra[prop.attribute] = found
        else:
            setattr(self.wish, prop.attribute, found)

    def option(self, name: str, option: str) -> None:
        """One plain option; an empty value is not given, as the clients take it."""
        argument = self.arguments.last(name)
        if argument is not None and argument.value:
            self.put(option, argument.value, argument.path)

    def refuse(self, rule: str, path: str, given: object, allowed: Any, message: str) -> None:
        self.problems.add(CODE, rule, path, given, allowed, f"{path}: {message}")

    def name(self) -> None:
        positionals = self.arguments.positionals
        if positionals:
            self.put("name", positionals[0].value, positionals[0].path)
        else:
            self.refuse("REQ-01", self.arguments.path, None, "a name", "the name of the server is missing")
        for extra in positionals[1:]:
            # It may be the value of a misspelt option, and a secret.
            self.refuse("CLI", extra.path, "(hidden)", None, "one name is enough")

    def count(self, name: str, rule: str, minimum: int = 1) -> int | None:
        argument = self.arguments.last(name)
        if argument is None:
            return None
        number = integer_text(argument.value)
        if number is None or number < minimum:
            allowed = {"type": "integer", "min": minimum}
            self.refuse(rule, argument.path, shown(argument.value), allowed, f"--{name} must be a whole number from {minimum}")
            return None
        return number

    def metadata(self, name: str, rule: str) -> None:
        given = self.arguments.all(name)
        pairs = [found for argument in given if (found := pair(argument, rule, self.problems)) is not None]
        if given:
            self.put("metadata", dict(pairs), given[0].path)

    def hints(self, name: str, rule: str) -> None:
        """A repeated key becomes a list (CLI-13)."""
        hints: dict[str, Any] = {}
        given = self.arguments.all(name)
        for argument in given:
            found = pair(argument, rule, self.problems)
            if found is not None:
                hints.setdefault(found[0], []).append(found[1])
        if given:
            self.put("scheduler_hints", {key: one[0] if len(one) == 1 else one for key, one in hints.items()}, given[0].path)

    def user_data(self) -> None:
        argument = self.arguments.last("user-data")
        if argument is not None and argument.value:
            content = self._file(argument.value, argument, "CLI-09")
            self.wish.at["user_data"] = argument.path
            if content is not None and within_limit(content, argument.path, self.problems):
                self.wish.user_data = content

    def injected_files(self, rule: str) -> None:
        for argument in self.arguments.all("file"):
            found = pair(argument, rule, self.problems, "dst-path=src-path")
            content = None if found is None else self._file(found[1], argument, rule)
            self.wish.at.setdefault("files", argument.path)
            if found is not None and content is not None:
                self.wish.files = [*self.wish.files, InjectedFile(found[0], content)]

    def _file(self, source: str, argument: Argument, rule: str) -> Content | None:
        data = self.files.get(source)
        if data is None:
            self.refuse(rule, argument.path, shown(source), "a readable file", f"the file {shown(source)} cannot be read")
            return None
        return encoded_content(data)

    def config_drive(self, argument: Argument | None, rule: str) -> None:
        """True or 1, false, 0, none or nothing (CLI-14, CLI-30); absent leaves it to the default."""
        if argument is None:
            return
        word = argument.value.lower()
        if word in ("true", "1", "false", "0"):
            self.put("config_drive", word, argument.path)
        elif word not in ("", "none"):
            allowed = ["true", "1", "false", "0", "none"]
            self.refuse(rule, argument.path, shown(argument.value), allowed, "--config-drive must be a boolean value")

    def image_by_properties(self, name: str, rule: str, images: Mapping[str, Image]) -> None:
        """The first image, by name, that has all the properties (CLI-04, CLI-33)."""
        given = self.arguments.all(name)
        pairs = [found for argument in given if (found := pair(argument, rule, self.problems)) is not None]
        if not given or self.wish.image is not None or len(pairs) < len(given):
            return
        path = given[0].path
        matches = [name for name in sorted(images) if _has_all(images[name], pairs)]
        if not matches:
            wanted = {key: shown(value) for key, value in pairs}
            self.refuse(rule, path, wanted, sorted(images)[:20], "no image has these properties")
            return
        self.put("image", images[matches[0]]["id"], path)
        if len(matches) > 1:
            reason = f"{len(matches)} images have these properties, the first by name is taken: {matches[0]}"
            self.wish.no_effect.append(NoEffect(field=path, reason=reason))

    def nic(self, path: str, parts: Mapping[str, str]) -> None:
        """One NIC of ``net-id``, ``net-name``, ``port-id``, ``v4-fixed-ip``, ``v6-fixed-ip`` and ``tag``."""
        found = Problems()
        nics = read_nics([dict(parts)], path, found)
        for problem in found:
            message = problem.message.replace(problem.field, path, 1)
            self.problems.add(problem.code, problem.rule, path, problem.given, problem.allowed, message)
        for nic in nics if isinstance(nics, list) else []:
            moved = Nic(path, dict.fromkeys(nic.at, path), nic.network, nic.port, nic.fixed_ip, nic.tag)
            self.wish.nics = [*(self.wish.nics if isinstance(self.wish.nics, list) else []), moved]
        self.wish.at.setdefault("nics", path)

    def device(self, entry: Mapping[str, Any], path: str) -> None:
        self.wish.devices = [*self.wish.devices, dict(entry)]
        self.wish.device_paths = [*self.wish.device_paths, path]
        self.wish.at.setdefault("devices", join_path(self.arguments.path, "block_device_mapping"))

    def reference(self, name: str, rule: str) -> Argument | None:
        argument = self.arguments.last(name)
        if argument is None or REFERENCE.check(argument.value, self.problems, argument.path, rule) is None:
            return None
        return argument


def _has_all(image: Image, pairs: list[tuple[str, str]]) -> bool:
    facts = {**image, **image["properties"]}
    return all(key in facts and _as_text(facts[key]) == value for key, value in pairs)


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


EXTRAS = frozenset(prop for prop in TABLE.properties if prop.attribute in ("access_ip_v4", "access_ip_v6", "wait"))


def argv_wish(path: str, arguments: Arguments) -> Wish:
    """A wish without anything yet; no NIC given means auto, and the config drive is on unless it is said otherwise."""
    return Wish(0, path, strict_networks=False, nics="auto", config_drive=True, no_effect=list(arguments.no_effect))


def needed_files(arguments: Arguments) -> list[str]:
    """The local files that the command line reads: user data and the sources of injected files."""
    sources = [argument.value for argument in arguments.all("user-data") if argument.value]
    sources += [argument.value.partition("=")[2] for argument in arguments.all("file") if "=" in argument.value]
    return list(dict.fromkeys(sources))
