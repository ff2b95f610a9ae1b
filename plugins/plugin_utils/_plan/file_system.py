# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""File systems for ephemeral disks and vfat drives, made by the tools of the controller in a sparse file.

Only what the tool has written is read back, so that neither the controller's disk nor the wire ever sees the empty rest."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from ansible_collections.kilonova.compute.plugins.module_utils._errors import KilonovaError
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.extents import Extent, written

# Tools of an administrator are outside the search path of other users, and Homebrew keeps this package outside everybody's.
_MORE_PLACES = ("/usr/sbin", "/sbin", "/usr/local/sbin", "/opt/homebrew/sbin", "/opt/homebrew/opt/e2fsprogs/sbin")

# file system -> (tool, its options, the option of the label, package)
_TOOLS: dict[str, tuple[str, tuple[str, ...], str, str]] = {
    "ext2": ("mke2fs", ("-q", "-F", "-t", "ext2"), "-L", "e2fsprogs"),
    "ext3": ("mke2fs", ("-q", "-F", "-t", "ext3"), "-L", "e2fsprogs"),
    "ext4": ("mke2fs", ("-q", "-F", "-t", "ext4"), "-L", "e2fsprogs"),
    "xfs": ("mkfs.xfs", ("-q", "-f"), "-L", "xfsprogs"),
    "vfat": ("mkfs.vfat", (), "-n", "dosfstools"),
    "ntfs": ("mkntfs", ("-q", "-F", "-Q", "-s", "512", "-p", "0", "-H", "255", "-S", "63"), "-L", "ntfs-3g"),
}
_CHUNK = 1 << 22


class FileSystemError(KilonovaError):
    """A tool of the controller failed."""


def missing_tool(file_system: str) -> str | None:
    """One sentence where the controller lacks the tool that makes it; None where all is well."""
    tool, _options, _label, package = _TOOLS[file_system]
    return None if _find(tool) else f"a {file_system} disk needs {tool} on the controller (package {package})"


def missing_copier() -> str | None:
    return None if _find("mcopy") else "a vfat drive needs mcopy on the controller (package mtools)"


def make_file_system(file_system: str, label: str, size: int) -> list[Extent]:
    """What a new file system of ``size`` bytes consists of."""
    with tempfile.TemporaryDirectory(prefix="kilonova-") as folder:
        return list(read_written(_made(Path(folder), file_system, label, size)))


def make_vfat_drive(files: Mapping[str, bytes], label: str, size: int) -> list[Extent]:
    """The same with files in it (absolute path -> content). The folder is readable by its owner alone."""
    with tempfile.TemporaryDirectory(prefix="kilonova-") as folder:
        disk = _made(Path(folder), "vfat", label, size)
        tree = Path(folder, "tree")
        for path, content in files.items():
            place = tree / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        _run("mcopy", ["-s", "-m", "-i", str(disk), *sorted(str(entry) for entry in tree.iterdir()), "::"])
        return list(read_written(disk))


def _made(folder: Path, file_system: str, label: str, size: int) -> Path:
    disk = folder / "disk"
    disk.touch(mode=0o600)
    os.truncate(disk, size)
    tool, options, label_option, _package = _TOOLS[file_system]
    _run(tool, [*options, label_option, label, str(disk)])
    return disk


def _find(tool: str) -> str | None:
    return shutil.which(tool) or shutil.which(tool, path=os.pathsep.join(_MORE_PLACES))


def _run(tool: str, arguments: list[str]) -> None:
    environment = dict(os.environ, MTOOLS_SKIP_CHECK="1", LC_ALL="C.UTF-8")
    done = subprocess.run([_find(tool) or tool, *arguments], capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise FileSystemError(f"{tool} failed on the controller: {(done.stderr or done.stdout).strip()}")


def read_written(path: Path) -> Iterator[Extent]:
    """The parts of a sparse file that are not zeros; holes are not even read where the file system tells of them."""
    with path.open("rb") as source:
        size = os.fstat(source.fileno()).st_size
        for begin, end in _data_ranges(source.fileno(), size):
            for offset in range(begin, end, _CHUNK):
                yield from written(offset, os.pread(source.fileno(), min(_CHUNK, end - offset), offset))


def _data_ranges(descriptor: int, size: int) -> Iterator[tuple[int, int]]:
    if not hasattr(os, "SEEK_DATA"):
        yield 0, size
        return
    position = 0
    while position < size:
        try:
            begin = os.lseek(descriptor, position, os.SEEK_DATA)
        except OSError:
            return  # nothing but a hole is left
        position = os.lseek(descriptor, begin, os.SEEK_HOLE)
        # Blocks of 4 KiB, whatever the file system's own are.
        yield begin - begin % 4096, position
