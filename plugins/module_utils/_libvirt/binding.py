# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one import of libvirt's binding, and what is said when it is missing."""

from __future__ import annotations

import sys
from typing import Any

from .._errors import HypervisorError

libvirt: Any
_why = ""
try:
    import libvirt  # type: ignore[no-redef]
except ImportError as exc:
    libvirt = None
    _why = str(exc)


def require_libvirt() -> None:
    """Raises HypervisorError when this interpreter has no libvirt binding."""
    if libvirt is None:
        raise HypervisorError(
            "libvirt's Python binding is missing for %s (%s). Install it there (package python3-libvirt, or: pip install "
            "libvirt-python), or set ansible_python_interpreter to a Python that has it." % (sys.executable, _why),
            action="load libvirt's Python binding",
        )
