# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names and ids of our volumes: the same on the controller and on a host."""

from __future__ import annotations

import re
import uuid

GIB = 1 << 30
PREFIX = "volume."
FORMATS = ("raw", "qcow2")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,199}")
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:kilonova:compute:1")


def volume_id(kind: str, pool: str, name: str) -> str:
    """The id of a ``volume`` or ``snapshot``, which follows from its pool and name."""
    return str(uuid.uuid5(_NAMESPACE, "%s/%s/%s" % (kind, pool, name)))


def secret_id(pool: str, content: str) -> str:
    """The id of the libvirt secret with the key of libvirt's volume ``content``."""
    return str(uuid.uuid5(_NAMESPACE, "secret/%s/%s" % (pool, content)))


def tpm_secret_id(server: str) -> str:
    """The id of the secret with which the state of a server's TPM is encrypted. ``server`` is its uuid."""
    return str(uuid.uuid5(_NAMESPACE, "tpm/%s" % server))


def mdev_id(server: str, index: int) -> str:
    """The uuid of a mediated device that is made for a server: whoever removes the server knows it by that."""
    return str(uuid.uuid5(_NAMESPACE, "mdev/%s/%d" % (server, index)))


def is_volume_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def content_name(name: str, volume_format: str) -> str:
    return "%s%s.%s" % (PREFIX, name, volume_format)


def record_name(name: str) -> str:
    return "%s%s.json" % (PREFIX, name)


def host_name_of(name: str, host_uuid: str) -> str:
    """A name in a pool that other hosts may share without knowing of each other: what carries it is this host's."""
    return "%s.%s" % (name, host_uuid[:8])


def record_elsewhere(name: str, pool: str) -> str:
    """The record of a volume whose pool cannot hold it."""
    return "%s%s@%s.json" % (PREFIX, name, pool)
