# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A user's own templates and overlay: read from the task's options, and every reason why they do not work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import Problems
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.domain_model import Domain
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.overlay import Overlay, OverlayError, read_overlay
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.render import RenderError, render_domain
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.shape import (
    PLAIN,
    SchemaError,
    Shape,
    ShapeError,
    check_folder,
    load_schema,
)

_RULE = "DOM-02"


def read_shape(params: Mapping[str, Any], problems: Problems) -> Shape:
    """``template_folders``, ``xml_overlay`` and ``domain_schema`` of the task."""
    folders = [str(folder) for folder in params.get("template_folders") or ()]
    for index, folder in enumerate(folders):
        try:
            check_folder(folder)
        except ShapeError as error:
            where = f"template_folders[{index}]"
            problems.add("Invalid", _RULE, where, folder, "a folder of templates", f"{where}: {error}")
    overlay = _overlay(params.get("xml_overlay"), problems)
    shape = Shape(tuple(folders), overlay)
    return PLAIN if shape.is_plain else Shape(tuple(folders), overlay, load_schema(params.get("domain_schema") or ""))


def _overlay(text: str | None, problems: Problems) -> Overlay | None:
    if not text or not text.strip():
        return None
    try:
        return read_overlay(text)
    except OverlayError as error:
        problems.add("Invalid", _RULE, "xml_overlay", None, "a part of a domain's XML", f"xml_overlay, {error}")
        return None


def render_shaped(domain: Domain, shape: Shape, problems: Problems) -> str:
    """The XML; an empty text after a problem with what the user gave."""
    try:
        return render_domain(domain, shape=shape)
    except OverlayError as error:
        problems.add("Invalid", _RULE, "xml_overlay", None, None, f"xml_overlay, {error}, in the domain {domain.name}")
    except RenderError as error:
        if shape.is_plain:
            raise
        problems.add("Invalid", _RULE, "template_folders", list(shape.template_folders), None, f"template_folders: {error}")
    except SchemaError as error:
        where = "xml_overlay" if not shape.template_folders else "template_folders"
        message = f"{where}: {error} (domain_schema names another schema, or an empty text leaves this to the host)"
        problems.add("Invalid", _RULE, where, None, None, message)
    return ""
