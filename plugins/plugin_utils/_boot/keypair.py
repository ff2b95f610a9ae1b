# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Key pairs: names, types and public keys (rules KEY-01..06)."""

from __future__ import annotations

import binascii
import re

from .checked import Checked, checked
from .problems import Problems, join_path
from .request_catalogue import catalogue_entries
from .request_table import LATEST_MINOR, Property, Table, leaf, parse_microversion
from .shapes import SCHEMA, KeyPair
from .types import choice, integer, pattern_text, shown, text

_NAME_BEFORE_292 = pattern_text(
    r"(?! )[_\- a-zA-Z0-9]+(?<! )",
    1,
    255,
    "1 to 255 letters, digits, spaces, dashes and underscores, with no space at either end",
)
_NAME_SINCE_292 = pattern_text(
    r"(?! )[_\-@. a-zA-Z0-9]+(?<! )", 1, 255, "1 to 255 letters, digits, spaces and - _ @ . with no space at either end"
)
# Fields of an OpenSSH public key after its type; a key with fewer or more is cut or damaged.
_SSH_FIELDS = {
    "ssh-rsa": 2,
    "ssh-dss": 4,
    "ssh-ed25519": 1,
    "ecdsa-sha2-nistp256": 2,
    "ecdsa-sha2-nistp384": 2,
    "ecdsa-sha2-nistp521": 2,
    "sk-ssh-ed25519@openssh.com": 2,
    "sk-ecdsa-sha2-nistp256@openssh.com": 3,
}
_PEM = re.compile(r"\s*-----BEGIN CERTIFICATE-----\s(.*?)-----END CERTIFICATE-----\s*", re.DOTALL)


def _table(minor: int) -> Table:
    return Table(
        "KEY-01",
        Property("name", "KEY-01", leaf(_NAME_SINCE_292 if minor >= 92 else _NAME_BEFORE_292, "KEY-01"), required=0),
        Property("public_key", "KEY-02", leaf(text(), "KEY-02"), required=92),
        Property("type", "KEY-02", leaf(choice("ssh", "x509"), "KEY-02"), since=2),
        Property("user_id", "KEY-05", leaf(text(), "KEY-05"), since=10),
        Property("schema", "KEY-01", leaf(integer(SCHEMA, SCHEMA), "KEY-01")),
    )


_TABLES = {True: _table(LATEST_MINOR), False: _table(1)}


def validate_keypair(keypair: object, *, microversion: str | None = None, field: str = "keypair") -> Checked[KeyPair]:
    """One key pair ``{name, public_key, type}``.

    Nothing is generated here: before 2.92 a missing public key asks the server to make one, so it comes back as an empty text.
    """
    problems = Problems()
    minor = parse_microversion(microversion, "microversion", problems)
    value = _read(keypair, field, problems, minor)
    return checked(value, problems)


def validate_keypairs(keypairs: object, *, field: str = "keypairs") -> Checked[dict[str, KeyPair]]:
    """A catalogue: a list of key pairs, or an object by name (whose values may leave the name out, or be the public key)."""
    problems = Problems()
    found: dict[str, KeyPair] = {}
    for path, entry in catalogue_entries(keypairs, field, problems, "KEY-01", bare="public_key"):
        value = _read(entry, path, problems, LATEST_MINOR)
        if value["name"] in found:
            message = f"{path} has the name of another key pair"
            problems.add("KeyPairExists", "KEY-04", join_path(path, "name"), value["name"], "unique names", message)
        found[value["name"]] = value
    return checked(found, problems)


def _read(keypair: object, path: str, problems: Problems, minor: int) -> KeyPair:
    found = _TABLES[minor >= 92].read(keypair, path, problems, minor=minor)
    kind = found.values.get("type", "ssh")
    key = found.values.get("public_key")
    if key is not None and not _key_fits(kind, key):
        what = "an OpenSSH public key" if kind == "ssh" else "a PEM certificate"
        where = found.at["public_key"]
        problems.add("InvalidKeypair", "KEY-03", where, shown(key), what, f"{where} must be {what}")
    # public_key keeps its text, trailing newline included: it is what the guest will see.
    return KeyPair(schema=SCHEMA, name=found.values.get("name", ""), public_key=key or "", type=kind)


def _key_fits(kind: str, key: str) -> bool:
    return _is_certificate(key) if kind == "x509" else _is_ssh_key(key)


def _is_ssh_key(key: str) -> bool:
    parts = key.split(None, 2)
    if len(parts) < 2 or parts[0] not in _SSH_FIELDS or "\n" in key.strip():
        return False
    try:
        blob = binascii.a2b_base64(parts[1].encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        return False
    fields = _ssh_fields(blob)
    return fields is not None and fields[:1] == [parts[0].encode()] and len(fields) == 1 + _SSH_FIELDS[parts[0]]


def _ssh_fields(blob: bytes) -> list[bytes] | None:
    """The length-prefixed fields of a key; None when a length points past the end."""
    fields = []
    while blob:
        length = int.from_bytes(blob[:4], "big")
        if len(blob) < 4 + length:
            return None
        fields.append(blob[4 : 4 + length])
        blob = blob[4 + length :]
    return fields


def _is_certificate(text: str) -> bool:
    found = _PEM.fullmatch(text)
    if found is None:
        return False
    try:
        der = binascii.a2b_base64(found.group(1).encode("ascii"))
    except (binascii.Error, UnicodeEncodeError):
        return False
    # DER: one SEQUENCE whose long-form length covers the rest.
    if len(der) < 4 or der[0] != 0x30 or not 0x81 <= der[1] <= 0x84:
        return False
    octets = der[1] & 0x7F
    return len(der) == 2 + octets + int.from_bytes(der[2 : 2 + octets], "big")
