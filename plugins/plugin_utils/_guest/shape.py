# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user puts in front of our templates and on top of their result, read and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, TemplateSyntaxError, meta

from .libraries import etree
from .overlay import Overlay

TEMPLATES = Path(__file__).parent / "templates"


class ShapeError(ValueError):
    """A folder of templates cannot be used; one sentence with file and line."""


class SchemaError(ValueError):
    """What templates and overlay made is not what libvirt's schema knows; one sentence with the line."""


@dataclass(frozen=True)
class Schema:
    """libvirt's schema of domains as this machine has it."""

    path: str
    rules: etree.RelaxNG

    def check(self, root: etree._Element) -> None:
        """Raises SchemaError. The lines are those of the XML as it is shown."""
        etree.indent(root)
        again = etree.fromstring(etree.tostring(root))
        if not self.rules.validate(again):
            found = [f"line {entry.line}: {entry.message}" for entry in self.rules.error_log][:3]
            raise SchemaError(f"the XML does not hold against libvirt's schema {self.path}: {'; '.join(found)}")


@dataclass(frozen=True)
class Shape:
    """``template_folders`` are searched before ours, template by template. ``schema`` is asked only about what a user shaped:
    our own templates need no asking, and a machine's schema may be older than the host's libvirt."""

    template_folders: tuple[str, ...] = ()
    overlay: Overlay | None = None
    schema: Schema | None = None

    @property
    def is_plain(self) -> bool:
        return not self.template_folders and self.overlay is None


PLAIN = Shape()


@lru_cache(maxsize=4)
def load_schema(path: str) -> Schema | None:
    """None where this machine has no such file, or one that lxml cannot use."""
    if not path or not Path(path).is_file():
        return None
    try:
        return Schema(path, etree.RelaxNG(etree.parse(path)))
    except (etree.RelaxNGParseError, etree.XMLSyntaxError):
        return None


def check_folder(folder: str) -> None:
    """Raises ShapeError unless it is a folder whose templates replace ours, or are used by such: a misspelt one would do
    nothing, and nobody would know."""
    path = Path(folder)
    if not path.is_dir():
        raise ShapeError(f"{folder} is not a folder on the controller")
    names = sorted(str(found.relative_to(path)) for found in path.rglob("*.j2"))
    ours = {str(found.relative_to(TEMPLATES)) for found in TEMPLATES.rglob("*.j2")}
    if not names:
        raise ShapeError(f"{folder} holds no template; ours are {', '.join(sorted(ours))}")
    used = _used({name: _references(path / name) for name in names}, [name for name in names if name in ours])
    for name in names:
        if name not in used:
            raise ShapeError(f"{path / name} replaces no template of ours and none uses it; ours are {', '.join(sorted(ours))}")


def _references(path: Path) -> list[str]:
    """The templates that one names."""
    try:
        tree = Environment(autoescape=True).parse(path.read_text(encoding="utf-8"), filename=str(path))
    except TemplateSyntaxError as error:
        raise ShapeError(f"{path}, line {error.lineno}: {error.message}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ShapeError(f"{path} cannot be read: {error}") from error
    return [name for name in meta.find_referenced_templates(tree) if name is not None]


def _used(references: Mapping[str, Sequence[str]], first: Sequence[str]) -> set[str]:
    found: set[str] = set()
    ahead = list(first)
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += [other for other in references.get(name, ()) if other in references]
    return found
