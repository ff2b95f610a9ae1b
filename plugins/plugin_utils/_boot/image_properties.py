# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Raw image properties to typed ones: legacy names, lists per node, required traits, what nothing reads (rules PRP-01..07)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .image_kinds import CPU_LIST, CPU_LISTS, NUMBER, NUMBERS, TRAITS, Kind, decoded_mappings
from .image_table import ADAPTER, BY_NAME, KEPT_RAW, LEGACY, SCSI_MODELS, Property
from .problems import NoEffect, Problems, item_path
from .types import shown
from .unread import NOT_PLACED, why_unread

MAX_NODES = 128
_CODE = "InvalidRequest"
_NODE_KEY = re.compile(r"hw_numa_(cpus|mem)\.[0-9]+")
_PER_NODE: dict[str, tuple[Kind, Kind]] = {"hw_numa_cpus": (CPU_LIST, CPU_LISTS), "hw_numa_mem": (NUMBER, NUMBERS)}
_UNREAD = "nothing reads this property"


def read_properties(
    raw: object, problems: Problems, no_effect: list[NoEffect], field: str, *, normalised: bool = False
) -> dict[str, Any]:
    """The properties under their current names and typed; unknown ones as they came, each also in ``no_effect``.

    Raw legacy keys that later rules read (``mappings``, ``root_device_name``, ...) stay beside the current ones.
    ``normalised`` accepts the lists that normalising made (``traits_required``, ``hw_numa_cpus``, ``hw_numa_mem``).
    """
    if not isinstance(raw, Mapping):
        problems.add(_CODE, "PRP-02", field, shown(raw), {"type": "object"}, f"{field} must be an object")
        return {}
    reader = _Reader({str(shown(key)): value for key, value in raw.items()}, problems, no_effect, field, normalised)
    return reader.read()


def _reason(entry: Property) -> str:
    return entry.no_effect or why_unread(entry.name, entry.effect)


class _Reader:
    """Reads one image's properties; ``typed`` is what comes out, ``left`` what nobody has read yet."""

    def __init__(
        self, raw: dict[str, Any], problems: Problems, no_effect: list[NoEffect], field: str, normalised: bool
    ) -> None:
        self.left = raw
        self.typed: dict[str, Any] = {}
        self.problems = problems
        self.no_effect = no_effect
        self.field = field
        self.normalised = normalised

    def read(self) -> dict[str, Any]:
        self._legacy()
        self._current()
        for name in _PER_NODE:
            self._per_node(name)
        self._traits()
        self._rest()
        self._firmware()
        return dict(sorted(self.typed.items()))

    def path(self, key: str) -> str:
        return item_path(self.field, key)

    def _ignored(self, key: str, reason: str) -> None:
        self.no_effect.append(NoEffect(field=self.path(key), reason=reason))

    def _legacy(self) -> None:
        """Legacy names come first, so that current ones overwrite them (rules PRP-01)."""
        for key in [key for key in self.left if key in LEGACY]:
            name = LEGACY[key]
            value = self.left.pop(key)
            if name in ("img_mappings", "img_block_device_mapping"):
                value = decoded_mappings(value)
            read = BY_NAME[name].kind.check(value, self.problems, self.path(key), BY_NAME[name].rule, code=_CODE)
            if read is None:
                continue
            self.typed[name] = read
            if key in KEPT_RAW:
                self.typed[key] = value
            elif _reason(BY_NAME[name]):
                self._ignored(key, _reason(BY_NAME[name]))
        if ADAPTER in self.left:
            self._adapter(self.left.pop(ADAPTER))

    def _adapter(self, value: object) -> None:
        """VMware's adapter type names a bus and a controller model (rules PRP-07)."""
        if value in (None, ""):
            self._ignored(ADAPTER, "it is empty")
        elif value == "ide":
            self.typed["hw_disk_bus"] = "ide"
        else:
            model = SCSI_MODELS.check(value, self.problems, self.path(ADAPTER), "PRP-07", code=_CODE)
            self.typed.update({"hw_disk_bus": "scsi", "hw_scsi_model": model} if model else {})

    def _current(self) -> None:
        for key in [key for key in self.left if key in BY_NAME]:
            entry = BY_NAME[key]
            value = entry.kind.check(self.left.pop(key), self.problems, self.path(key), entry.rule, code=_CODE)
            # A value that only repeats what its legacy name said is no news (a normalised image carries both).
            repeated = value is not None and self.typed.get(key) == value
            if value is not None:
                self.typed[key] = value
            if _reason(entry) and not repeated:
                self._ignored(key, _reason(entry))

    def _per_node(self, name: str) -> None:
        """``hw_numa_cpus.N`` from 0 up to the first gap become one list (rules PRP-05)."""
        item_kind, list_kind = _PER_NODE[name]
        if self.normalised and name in self.left:
            cells = list_kind.check(self.left.pop(name), self.problems, self.path(name), "PRP-30", code=_CODE)
        else:
            cells = []
            for node in range(MAX_NODES):
                key = f"{name}.{node}"
                if key not in self.left:
                    break
                cells.append(item_kind.check(self.left.pop(key), self.problems, self.path(key), "PRP-30", code=_CODE))
        if cells:
            self.typed[name] = [cell for cell in cells if cell is not None]

    def _traits(self) -> None:
        """Only the value ``required`` counts (rules PRP-06, PRP-68)."""
        required: list[str] = []
        if self.normalised and "traits_required" in self.left:
            required = (
                TRAITS.check(self.left.pop("traits_required"), self.problems, self.path("traits_required"), "PRP-68") or []
            )
        for key in [key for key in self.left if key.startswith("trait:") and self.left[key] == "required"]:
            self.left.pop(key)
            if why_unread(key, "schedule"):
                self._ignored(key, NOT_PLACED)
            name = key.removeprefix("trait:")
            required = required if name in required else [*required, name]
        if required:
            self.typed["traits_required"] = required

    def _rest(self) -> None:
        """What is left has no reader here and none in Nova (rules PRP-02)."""
        for key, value in self.left.items():
            if key in ("traits_required", *_PER_NODE):
                self._ignored(key, "it is built from other properties and cannot be given")
                continue
            self.typed[key] = value
            if key.startswith("trait:"):
                self._ignored(key, "a trait of an image counts only with the value required")
            elif _NODE_KEY.fullmatch(key):
                self._ignored(key, "nodes are read from 0 up to the first one that is missing")
            else:
                self._ignored(key, _UNREAD)

    def _firmware(self) -> None:
        if self.typed.get("hw_firmware_stateless") and self.typed.get("hw_firmware_type") != "uefi":
            self._ignored("hw_firmware_stateless", "only UEFI firmware can be stateless (rules PRP-21)")
