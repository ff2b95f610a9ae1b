# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module server_action on its host, under the right interpreter."""

from __future__ import annotations

from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.action import HostAction


class ActionModule(HostAction):
    """See the documentation of the module."""
