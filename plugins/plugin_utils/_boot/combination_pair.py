# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A flavor beside an image: reading one setting from both sides, and saying where they disagree (rules section 8)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from .problems import NoEffect, Problems, item_path
from .types import integer_text, lenient_bool, shown


@dataclass(frozen=True, slots=True)
class Pair:
    """Extra specs as stored text, image properties as validation typed them.

    Absent and empty count as unset, save for booleans: an empty boolean is a false one, as Nova reads it.
    """

    vcpus: int
    ram: int
    specs: Mapping[str, str]
    properties: Mapping[str, Any]
    problems: Problems
    no_effect: list[NoEffect]
    field_specs: str
    field_properties: str

    def spec(self, key: str) -> str | None:
        return self.specs.get(key) or None

    def prop(self, key: str) -> Any:
        value = self.properties.get(key)
        return None if value == "" else value

    def spec_flag(self, key: str) -> bool | None:
        text = self.specs.get(key)
        return None if text is None else lenient_bool(text)

    def prop_flag(self, key: str) -> bool | None:
        value = self.prop(key)
        return None if value is None else bool(value)

    def spec_path(self, key: str) -> str:
        return item_path(self.field_specs, key)

    def prop_path(self, key: str) -> str:
        return item_path(self.field_properties, key)

    def bad_spec(self, code: str, rule: str, key: str, allowed: Any, message: str) -> None:
        """A problem of the flavor alone."""
        self.problems.add(code, rule, self.spec_path(key), shown(self.specs.get(key)), allowed, message)

    def bad_prop(self, code: str, rule: str, key: str, allowed: Any, message: str) -> None:
        """A problem of the image alone, or one that the image causes by asking for more than the flavor gives."""
        self.problems.add(code, rule, self.prop_path(key), shown(self.properties.get(key)), allowed, message)

    def ignored_spec(self, key: str, reason: str) -> None:
        """The flavor says something that nothing follows from; keys it does not have are no matter."""
        if key in self.specs:
            self.no_effect.append(NoEffect(field=self.spec_path(key), reason=reason))

    def ignored_prop(self, key: str, reason: str) -> None:
        """The same of the image."""
        if key in self.properties:
            self.no_effect.append(NoEffect(field=self.prop_path(key), reason=reason))

    def ignored(self, name: str, reason: str) -> None:
        """The same of both sides' setting of that name."""
        self.ignored_spec(f"hw:{name}", reason)
        self.ignored_prop(f"hw_{name}", reason)

    def clash(self, code: str, rule: str, spec: str, prop: str) -> None:
        """Both sides speak and do not say the same."""
        flavor, image = self.specs.get(spec), self.properties.get(prop)
        message = f"the image's {prop} {shown(image)} differs from the flavor's {spec} {shown(flavor)}"
        self.bad_prop(code, rule, prop, shown(flavor), message)

    def same_flag(self, name: str, rule: str, code: str = "FlavorImageConflict") -> bool | None:
        """A boolean that both sides may set to the same; None where neither does."""
        flavor, image = self.spec_flag(f"hw:{name}"), self.prop_flag(f"hw_{name}")
        if flavor is not None and image is not None and flavor != image:
            self.clash(code, rule, f"hw:{name}", f"hw_{name}")
        return image if flavor is None else flavor

    def same_word(
        self,
        name: str,
        rule: str,
        choices: Collection[str],
        *,
        spec_prefix: str = "hw:",
        prop_prefix: str = "hw_",
        clash_code: str = "FlavorImageConflict",
        value_code: str = "Invalid",
    ) -> str | None:
        """A word that both sides may set to the same one; None where neither sets a known one."""
        spec, prop = spec_prefix + name, prop_prefix + name
        flavor, image = self.spec(spec), self.prop(prop)
        if flavor and image and flavor != image:
            self.clash(clash_code, rule, spec, prop)
        word: str | None = flavor or image
        if word is None or word in choices:
            return word
        message = f"{spec if flavor else prop} must be one of {', '.join(choices)}"
        if flavor:
            self.bad_spec(value_code, rule, spec, list(choices), message)
        else:
            self.bad_prop(value_code, rule, prop, list(choices), message)
        return None

    def spec_number(self, key: str, code: str, rule: str) -> int | None:
        """An integer extra spec as stored text; None where unset or, after adding the problem, not an integer."""
        text = self.spec(key)
        number = None if text is None else integer_text(text)
        if text is not None and number is None:
            self.bad_spec(code, rule, key, {"type": "integer"}, f"{key} must be a whole number")
        return number
