# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ISO 9660 images with Joliet and Rock Ridge, made in memory."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import datetime

from .iso_dates import set_dates
from .libraries import pycdlib


def build_iso(files: Mapping[str, bytes], *, label: str, publisher: str, clock: datetime) -> bytes:
    """An image of ``files`` (absolute path -> content), the same bytes for the same arguments.

    Interchange level 4 keeps lower case, long names and several dots in the plain ISO names too. Files of equal content share
    one extent, which keeps drives with many equal documents small.
    """
    writer = _Writer(label, publisher)
    for path in sorted(files):
        writer.add(path, files[path])
    image = writer.finish()
    set_dates(image, clock)
    return bytes(image)


class _Writer:
    def __init__(self, label: str, publisher: str) -> None:
        self._iso = pycdlib.PyCdlib()
        self._iso.new(interchange_level=4, joliet=3, rock_ridge="1.09", vol_ident=label, pub_ident_str=publisher)
        self._folders: set[str] = {""}
        self._first_path: dict[bytes, str] = {}

    def add(self, path: str, content: bytes) -> None:
        folder, _slash, name = path.rpartition("/")
        self._ensure_folder(folder)
        first = self._first_path.get(content)
        if first is None or not content:
            self._iso.add_fp(io.BytesIO(content), len(content), path, rr_name=name, joliet_path=path)
            self._first_path[content] = path
        else:
            self._iso.add_hard_link(iso_old_path=first, iso_new_path=path, rr_name=name)
            self._iso.add_hard_link(iso_old_path=first, joliet_new_path=path)

    def _ensure_folder(self, folder: str) -> None:
        if folder in self._folders:
            return
        parent, _slash, name = folder.rpartition("/")
        self._ensure_folder(parent)
        self._iso.add_directory(folder, rr_name=name, joliet_path=folder)
        self._folders.add(folder)

    def finish(self) -> bytearray:
        image = io.BytesIO()
        self._iso.write_fp(image)
        self._iso.close()
        return bytearray(image.getbuffer())
