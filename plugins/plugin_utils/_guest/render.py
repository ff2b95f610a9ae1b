# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns the domain model into XML: templates give the shape, lxml checks it and makes the bytes stable."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, TemplateSyntaxError
from markupsafe import Markup, escape

from .device_model import PciHostdev
from .domain_model import Domain
from .libraries import etree
from .metadata_model import KilonovaServer
from .shape import PLAIN, TEMPLATES, Shape
from .xml_text import illegal_characters

# Blank text that a template wrote between two tags. Values never match: their line ends are written as character references.
_BETWEEN_TAGS = re.compile(r">[ ]*\n\s*<")
_SPECIAL = re.compile("[<>&\"'\x00-\x1f\ud800-\udfff\ufffe\uffff]")
_LINE_ENDS = re.compile(r"[\t\n\r]")


class RenderError(ValueError):
    """A template, ours or a user's, wrote something that is not XML, or a value cannot stand in XML."""


def render_domain(domain: Domain, *, shape: Shape = PLAIN) -> str:
    """The domain as XML text, the same for the same input. Raises RenderError, OverlayError or SchemaError where what a user
    gave beside our templates does not work."""
    return _text(render_tree(domain, shape))


def render_tree(domain: Domain, shape: Shape = PLAIN) -> etree._Element:
    """The same, not yet written down."""
    root = _tree("domain.xml.j2", "domain", domain, shape.template_folders)
    if shape.overlay is not None:
        shape.overlay.merge_into(root)
    if shape.schema is not None and not shape.is_plain:
        shape.schema.check(root)
    return root


def render_server_element(server: KilonovaServer) -> str:
    """Our metadata element alone."""
    return _text(_tree("metadata/kilonova_server.xml.j2", "kilonova_server", server, ()))


def _tree(template: str, macro: str, value: object, folders: tuple[str, ...]) -> etree._Element:
    try:
        text = _macro(template, macro, folders)(value)
    except (TemplateError, TypeError, RenderError) as error:
        raise RenderError(f"{_where(error, template)}: {error}") from error
    try:
        return etree.fromstring(_BETWEEN_TAGS.sub("><", text).strip(), _parser())
    except etree.XMLSyntaxError as error:
        found = ", ".join(str(Path(folder)) for folder in folders) or "the collection"
        lines = _BETWEEN_TAGS.sub("><", text).strip().splitlines()[(error.lineno or 1) - 1 :]
        offset = error.offset or 0
        near = f", near {lines[0][max(0, offset - 60) : offset + 20]!r}" if lines else ""
        raise RenderError(f"the templates of {found} did not give well-formed XML: {error.msg}{near}") from error


def _text(root: etree._Element) -> str:
    etree.indent(root)
    return etree.tostring(root, encoding="unicode") + "\n"


def _where(error: BaseException, template: str) -> str:
    """File and line of the template that failed."""
    if isinstance(error, TemplateSyntaxError):
        return f"{error.filename or error.name or template}, line {error.lineno}"
    found = template
    for frame, line in traceback.walk_tb(error.__traceback__):
        known = frame.f_globals.get("__jinja_template__")
        if known is not None:  # the frames are those of the code that Jinja made of it
            found = f"{known.filename}, line {known.get_corresponding_lineno(line)}"
    return found


@lru_cache(maxsize=32)
def _macro(template: str, macro: str, folders: tuple[str, ...]) -> Callable[[object], str]:
    """A template's macro with all that it imports, made once: importing anew for each server would take most of the time."""
    found: Callable[[object], str] = getattr(_environment(folders).get_template(template).module, macro)
    return found


@lru_cache(maxsize=1)
def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True, remove_comments=False)


@lru_cache(maxsize=16)
def _environment(folders: tuple[str, ...]) -> Environment:
    """Private to us: Ansible's own template engine does not escape, and leaves text that it does not trust unrendered."""
    environment = Environment(
        loader=FileSystemLoader([*folders, str(TEMPLATES)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
        auto_reload=False,
    )
    environment.tests["hostdev"] = _is_hostdev
    environment.globals["attr"] = _attribute
    return environment


def _is_hostdev(device: Any) -> bool:
    return isinstance(device, PciHostdev)


def _finalize(value: Any) -> Any:
    """Escapes a value for text and attributes. Bare line ends become references: a parser would turn them into blanks."""
    if isinstance(value, Markup):
        return value
    if value is None or isinstance(value, bool):
        raise RenderError(f"a template writes {value!r}, which has no meaning in libvirt's XML")
    text = str(value)
    if _SPECIAL.search(text) is None:  # nearly all values: nothing to do
        return Markup(text)  # noqa: S704  # it holds nothing that needs escaping
    if illegal_characters(text):
        raise RenderError(f"{text!r} holds characters that cannot stand in XML")
    return Markup(_LINE_ENDS.sub(_reference, escape(text)))  # noqa: S704  # this is the escaping


def _attribute(name: str, value: Any) -> Markup:
    """`` name="value"``, or nothing for None; templates call it ``attr``."""
    if value is None:
        return Markup("")
    return Markup(f' {name}="{_finalize(value)}"')  # noqa: S704  # the value is escaped, names are the templates' own


def _reference(match: re.Match[str]) -> str:
    return f"&#{ord(match[0])};"
