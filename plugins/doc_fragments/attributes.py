# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module can do: check mode, diff, idempotence."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and tells what the real run would change.
    support: full
  diff_mode:
    description: Says what changes, or would change, in diff mode.
    support: full
  idempotent:
    description: The same task again changes nothing.
    support: full
"""

    # Modules that only read, or only compute.
    INFO = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and tells what the real run would change.
    support: full
    details: Nothing is ever changed.
  diff_mode:
    description: Says what changes, or would change, in diff mode.
    support: N/A
    details: Nothing is ever changed.
  idempotent:
    description: The same task again changes nothing.
    support: full
    details: Nothing is ever changed.
"""

    # Modules whose work is done by an action plugin.
    ACTION = r"""
options: {}
attributes:
  action:
    description: Has an action plugin on the controller.
    support: full
"""

    # Modules whose action plugin never touches a host.
    CONTROLLER = r"""
options: {}
attributes:
  action:
    description: Has an action plugin on the controller.
    support: full
  delegation:
    description: Can be delegated.
    support: N/A
    details: Everything happens on the controller.
"""
