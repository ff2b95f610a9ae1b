# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The few facts of a disk image that can be read safely from its first bytes, by the standard library alone.

Images are untrusted input: the name of a file says nothing, and a format that points at other files must never reach QEMU."""

from __future__ import annotations

import struct
from typing import Any, BinaryIO, Dict, List, Optional, Tuple

from ._errors import KilonovaError

# What can be a disk, and Nova's names for a kernel and a ramdisk.
FORMATS = ("qcow2", "raw", "iso")
BOOT_FILES = ("aki", "ari")

QCOW2_MAGIC = b"QFI\xfb"

# Incompatible feature bits of qcow2 version 3 (QEMU's qcow2 specification): data is in another file; needs a newer reader.
_EXTERNAL_DATA = 1 << 2
_KNOWN_FEATURES = 0b11111

# Formats that are recognised so that they can be refused by name: (offset, bytes, name).
_OTHERS: Tuple[Tuple[int, bytes, str], ...] = (
    (0, b"KDMV", "vmdk"),
    (0, b"COWD", "vmdk"),
    (0, b"# Disk DescriptorFile", "vmdk"),
    (0, b"vhdxfile", "vhdx"),
    (0, b"conectix", "vhd"),
    (0, b"QED\0", "qed"),
    (0, b"LUKS\xba\xbe", "luks"),
    (0, b"\x1f\x8b", "gzip"),
    (0, b"BZh", "bzip2"),
    (0, b"\xfd7zXZ\0", "xz"),
    (0, b"\x28\xb5\x2f\xfd", "zstd"),
    (64, b"\x7f\x10\xda\xbe", "vdi"),
    (32769, b"CD001", "iso"),
)


class ImageError(KilonovaError):
    """The content of an image is not what it should be."""


def inspect(source: BinaryIO) -> Dict[str, Any]:
    """{format, virtual_size (bytes), unsafe: [reason]} of an open image file."""
    source.seek(0, 2)
    size = source.tell()
    source.seek(0)
    head = source.read(33 * 1024)
    if head.startswith(QCOW2_MAGIC):
        return _qcow2(head)
    for offset, magic, name in _OTHERS:
        if head[offset : offset + len(magic)] == magic:
            return {"format": name, "virtual_size": size, "unsafe": []}
    return {"format": "raw", "virtual_size": size, "unsafe": []}


def _qcow2(head: bytes) -> Dict[str, Any]:
    if len(head) < 104:
        return {"format": "qcow2", "virtual_size": 0, "unsafe": ["its header is cut short"]}
    version, backing_offset, _length, _bits, virtual_size, encryption = struct.unpack(">IQIIQI", head[4:36])
    unsafe: List[str] = []
    if version not in (2, 3):
        unsafe.append("it is qcow version %d, not 2 or 3" % version)
    if backing_offset:
        unsafe.append("it has a backing file")
    if encryption:
        unsafe.append("it is encrypted")
    if version == 3:
        features = struct.unpack(">Q", head[72:80])[0]
        if features & _EXTERNAL_DATA:
            unsafe.append("its data is in another file")
        if features & ~_KNOWN_FEATURES:
            unsafe.append("it needs features that are not known (0x%x)" % features)
    return {"format": "qcow2", "virtual_size": virtual_size, "unsafe": unsafe}


def check(name: str, facts: Dict[str, Any], declared: Optional[str]) -> None:
    """Raises ImageError for an unsafe image, one of another format than declared, and one of a format not built yet."""
    if declared in BOOT_FILES:
        # A kernel or ramdisk is handed to the guest as it is; nothing ever looks into it.
        facts["format"] = declared
    if declared and facts["format"] != declared:
        raise ImageError("the image %s is declared as %s, but its content is %s" % (name, declared, facts["format"]))
    if facts["format"] not in (*FORMATS, *BOOT_FILES):
        raise ImageError("the image %s is %s: only %s are built yet" % (name, facts["format"], ", ".join(FORMATS)))
    if facts["unsafe"]:
        raise ImageError("the image %s is refused: %s" % (name, "; ".join(facts["unsafe"])))
    if facts["virtual_size"] <= 0:
        raise ImageError("the image %s is empty" % name)
