# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may search a folder, and the words of refusals that no test host can give: AppArmor, SELinux and a file server."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from ansible_collections.kilonova.compute.plugins.module_utils._errors import HypervisorError
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.access import (
    add_faults,
    folders_above,
    may_search,
    read_qemu_process,
)
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.denial import _confined, explain

QEMU = {"uid": 64055, "gid": 107, "security_models": ["apparmor", "dac"]}
CAPABILITIES = """<capabilities><host>
<secmodel><model>apparmor</model><doi>0</doi></secmodel>
<secmodel><model>dac</model><doi>0</doi><baselabel type='kvm'>+64055:+107</baselabel></secmodel>
</host></capabilities>"""


@pytest.mark.parametrize(
    ("mode", "owner", "group", "found"),
    [
        (0o755, 0, 0, True),
        (0o711, 0, 0, True),
        (0o700, 0, 0, False),
        (0o744, 0, 0, False),
        (0o750, 0, 0, None),  # perhaps by an access list
        (0o750, 0, 107, True),
        (0o701, 0, 107, False),  # its group decides, not the others
        (0o700, 64055, 0, True),
        (0o077, 64055, 107, False),
    ],
)
def test_who_may_search_a_folder(mode: int, owner: int, group: int, found: bool | None) -> None:
    permissions = {"mode": mode, "owner": owner, "group": group}
    assert may_search(permissions, QEMU) is found
    assert may_search(permissions, {"uid": 0, "gid": 0, "security_models": []})
    assert may_search(permissions, {"uid": None, "gid": None, "security_models": []})


def test_whose_process_it_is() -> None:
    assert read_qemu_process(ElementTree.fromstring(CAPABILITIES)) == QEMU
    assert read_qemu_process(ElementTree.fromstring("<capabilities><host/></capabilities>"))["uid"] is None


def test_folders_that_are_open_everywhere_are_not_looked_at() -> None:
    assert folders_above("/var/lib/libvirt/images") == []
    assert folders_above("/home/bob/vms/pool") == ["/home/bob", "/home/bob/vms"]


def test_a_pool_where_apparmor_never_lets_a_disk_be(connection: Any) -> None:
    pools = [
        {"name": name, "active": True, "type": "dir", "path": path}
        for name, path in (("etc", "/etc/guests"), ("fine", "/data"), ("lib", "/usr/libexec"))
    ]
    facts = {"pools": pools, "qemu_process": {"uid": 0, "gid": 0, "security_models": ["apparmor"]}}
    add_faults(connection, facts, [])
    assert [pool["name"] for pool in pools if pool.get("faults")] == ["etc", "lib"]
    assert "never has a disk below /etc/guests" in pools[0]["faults"][0]["reason"]  # type: ignore[index]


def test_what_confines_qemu_beside_owner_and_mode(tmp_path: Path) -> None:
    """AppArmor's rule names the folder as the kernel does, without links."""
    (tmp_path / "real pool").mkdir()
    (tmp_path / "link").symlink_to("real pool")
    apparmor = _confined(f"{tmp_path}/link/x_disk", QEMU, "QEMU's user")
    assert apparmor is not None
    command = apparmor["command"].replace(" >> /etc/apparmor.d/local/abstractions/libvirt-qemu", "")
    assert (
        subprocess.run(["sh", "-c", command], check=True, capture_output=True).stdout
        == f'"{tmp_path}/real pool/**" rwk,\n'.encode()
    )
    selinux = _confined("/data/pool/x_disk", QEMU | {"security_models": ["selinux", "dac"]}, "QEMU's user")
    assert selinux is not None
    assert selinux["command"].endswith("restorecon -R /data/pool")
    assert _confined("/data/pool/x_disk", QEMU | {"security_models": ["dac"]}, "QEMU's user") is None


# The words of libvirt 9.0 and QEMU 7.2 on a share that takes nothing from root (bindfs --chown-deny).
SQUASHED = (
    "Failed to create file '/shares/a/x_disk': Operation not permitted",
    "internal error: Child process (/usr/bin/qemu-img create -f qcow2 /shares/a/x_disk 10240K) unexpected exit status 1: "
    "qemu-img: /shares/a/x_disk: Could not create '/shares/a/x_disk': Permission denied",
)


@pytest.mark.parametrize("words", SQUASHED)
def test_a_share_that_squashes_root_is_named(connection: Any, words: str) -> None:
    error = HypervisorError(f"could not make the volume x: {words}", symbol="VIR_ERR_SYSTEM_ERROR")
    explain(connection, error)
    assert (error.fault["path"], error.fault["user"]) == ("/shares/a", "root")
    assert "no_root_squash" in error.message
    told = error.message
    explain(connection, error)
    assert error.message == told


def test_other_errors_stay_as_they_are(connection: Any) -> None:
    error = HypervisorError("could not make the volume x: No space left on device", symbol="VIR_ERR_SYSTEM_ERROR")
    explain(connection, error)
    assert (error.message, error.fault) == ("could not make the volume x: No space left on device", {})
