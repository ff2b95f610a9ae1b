# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""libvirt's secrets: what a host keeps for QEMU and never shows. They outlive libvirtd and the host's power."""

from __future__ import annotations

import secrets
from typing import Any, Optional
from xml.etree import ElementTree

from .._errors import HypervisorError
from .errors import is_error, translate_errors

# 256 bits, in letters that any other tool can be given too.
_PASSPHRASE_BYTES = 32
# The name of what a secret is for, by libvirt's word for its kind.
_USAGES = {"volume": "volume", "vtpm": "name"}


def new_passphrase() -> str:
    return secrets.token_urlsafe(_PASSPHRASE_BYTES)


def define_secret(connection: Any, uuid: str, kind: str, usage: str, *, private: bool) -> None:
    """A secret without a value. The value of a private one is for libvirt alone."""
    root = ElementTree.Element("secret", ephemeral="no", private="yes" if private else "no")
    ElementTree.SubElement(root, "uuid").text = uuid
    ElementTree.SubElement(root, "description").text = "kilonova.compute"
    element = ElementTree.SubElement(root, "usage", type=kind)
    ElementTree.SubElement(element, _USAGES[kind]).text = usage
    with translate_errors("keep the secret of %s" % usage):
        connection.secretDefineXML(ElementTree.tostring(root, encoding="unicode"), 0)


def set_secret(connection: Any, uuid: str, passphrase: str) -> None:
    with translate_errors("set the secret %s" % uuid):
        connection.secretLookupByUUIDString(uuid).setValue(passphrase.encode(), 0)


def usage_of_secret(connection: Any, uuid: str) -> Optional[str]:
    """What the secret is for; None where there is none."""
    try:
        with translate_errors("look up the secret %s" % uuid):
            return str(connection.secretLookupByUUIDString(uuid).usageID())
    except HypervisorError as exc:
        if _is_missing(exc):
            return None
        raise


def ensure_secret(connection: Any, uuid: str, kind: str, usage: str) -> None:
    """A secret with a value that is made up once. What a killed run left without a value gets one."""
    try:
        with translate_errors("read the secret %s" % uuid):
            connection.secretLookupByUUIDString(uuid).value()
            return
    except HypervisorError as exc:
        if not _is_missing(exc):
            raise
    define_secret(connection, uuid, kind, usage, private=False)
    set_secret(connection, uuid, new_passphrase())


def undefine_secret(connection: Any, uuid: str) -> bool:
    """False when there was none."""
    try:
        with translate_errors("remove the secret %s" % uuid):
            connection.secretLookupByUUIDString(uuid).undefine()
    except HypervisorError as exc:
        if _is_missing(exc):
            return False
        raise
    return True


def _is_missing(exc: HypervisorError) -> bool:
    """The test driver has no secrets at all."""
    return is_error(exc, "VIR_ERR_NO_SECRET", "VIR_ERR_NO_SUPPORT")
