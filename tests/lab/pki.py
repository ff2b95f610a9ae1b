# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of one lab: a certificate authority, one certificate per host and client, an ssh key and a quiet ssh command."""

from __future__ import annotations

from pathlib import Path

from .process import tool

_SSH_CONFIG = """\
Host *
    IdentityFile {directory}/id
    StrictHostKeyChecking no
    UserKnownHostsFile /dev/null
    LogLevel ERROR
"""


def make_pki(directory: Path) -> None:
    """Fills an empty directory; file names as libvirt's `pkipath` wants them."""
    directory.mkdir()
    key = directory / "cakey.pem"
    tool(*_request(key), "-x509", "-days", "30", "-subj", "/CN=kilonova-lab", "-out", f"{directory}/cacert.pem")
    _certificate(directory, "client", "clientkey.pem", "clientcert.pem", "DNS:client")
    for name in ("id", "ssh_host_key"):
        tool("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "kilonova-lab", "-f", f"{directory}/{name}")
    (directory / "ssh_config").write_text(_SSH_CONFIG.format(directory=directory))
    command = directory / "ssh"  # for libvirt's ssh transport, which would else write into the caller's known_hosts
    command.write_text(f'#!/bin/sh\nexec ssh -F {directory}/ssh_config "$@"\n')
    command.chmod(0o755)


def make_host_certificate(directory: Path, name: str, address: str) -> None:
    _certificate(directory, name, f"{name}.key", f"{name}.crt", f"DNS:{name},IP:{address}")


def _request(key: Path) -> list[str]:
    return ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(key)]


def _certificate(directory: Path, subject: str, key: str, certificate: str, names: str) -> None:
    request = directory / f"{subject}.csr"
    extensions = directory / f"{subject}.ext"
    extensions.write_text(f"subjectAltName={names}\n")
    tool(*_request(directory / key), "-subj", f"/CN={subject}", "-out", str(request))
    tool(
        *("openssl", "x509", "-req", "-days", "30", "-in", str(request), "-extfile", str(extensions)),
        *("-CA", f"{directory}/cacert.pem", "-CAkey", f"{directory}/cakey.pem", "-CAcreateserial"),
        *("-out", f"{directory}/{certificate}"),
    )
