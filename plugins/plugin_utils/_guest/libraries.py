# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The libraries beyond Ansible's own that rendering needs. A missing one is told by name when it is first used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["etree", "pycdlib"]


class _Missing:
    """Stands for a library that is not installed: whoever uses it gets the error that importing it would have given."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        raise ModuleNotFoundError(f"No module named {self._name!r}", name=self._name)


if TYPE_CHECKING:
    import pycdlib
    from lxml import etree
else:
    try:
        from lxml import etree
    except ImportError:
        etree = _Missing("lxml")
    try:
        import pycdlib
    except ImportError:
        pycdlib = _Missing("pycdlib")
