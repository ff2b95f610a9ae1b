# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What libvirt's domain capabilities do not say about the firmware of a host."""

from __future__ import annotations

from typing import Any, Optional

from .._errors import HypervisorError
from .errors import is_error, translate_errors

# The test driver and others that start no QEMU.
_CANNOT_TELL = ("VIR_ERR_NO_SUPPORT", "VIR_ERR_CONFIG_UNSUPPORTED")
_SMALLEST = """<domain type='%s'><name>probe</name><memory unit='MiB'>64</memory>
<os firmware='efi'><type arch='%s' machine='%s'>hvm</type><loader stateless='yes'/></os><features><acpi/></features></domain>"""


def has_stateless_firmware(connection: Any, arch: str, machine: str, virt_type: str) -> Optional[bool]:
    """Whether the host has UEFI firmware that keeps nothing (guest FW-12); None where libvirt does not know.

    Asked for the command line of a guest with it, libvirt looks for the firmware: nothing is made, and it takes a millisecond.
    """
    try:
        with translate_errors("look for stateless firmware"):
            connection.domainXMLToNative("qemu-argv", _SMALLEST % (virt_type, arch, machine), 0)
    except HypervisorError as exc:
        return None if is_error(exc, *_CANNOT_TELL) else False
    return True
