# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration texts of a test host."""

from __future__ import annotations

from pathlib import Path

# Open to everybody who reaches the lab's own bridge: hosts live for one test run on one machine.
LIBVIRTD_CONF = """\
listen_tcp = 1
listen_tls = 1
listen_addr = "{address}"
auth_tcp = "none"
auth_tls = "none"
auth_unix_ro = "none"
auth_unix_rw = "none"
unix_sock_rw_perms = "0777"
host_uuid = "{uuid}"
key_file = "{pki}/{name}.key"
cert_file = "{pki}/{name}.crt"
ca_file = "{pki}/cacert.pem"
log_outputs = "2:file:/var/log/libvirt/libvirtd.log"
"""

SSHD_CONFIG = """\
ListenAddress {address}
HostKey {pki}/ssh_host_key
AuthorizedKeysFile {pki}/id.pub
PidFile none
UsePAM no
StrictModes no
PermitRootLogin yes
PasswordAuthentication no
Subsystem sftp internal-sftp
"""


def network_xml(guest_net: str) -> str:
    """The network `default` as the packages define it, on another subnet."""
    return f"""\
<network>
  <name>default</name>
  <forward mode='nat'/>
  <bridge name='virbr0' stp='on' delay='0'/>
  <ip address='{guest_net}.1' netmask='255.255.255.0'>
    <dhcp><range start='{guest_net}.2' end='{guest_net}.254'/></dhcp>
  </ip>
</network>
"""


def pool_xml() -> str:
    return "<pool type='dir'><name>default</name><target><path>/var/lib/libvirt/images</path></target></pool>\n"


def first_commands(directory: Path, network: bool, pool: bool) -> list[str]:
    """virsh commands that give a new host its defaults."""
    commands = []
    if network:
        commands += [f"net-define {directory}/network.xml", "net-autostart default", "net-start default"]
    if pool:
        commands += [f"pool-define {directory}/pool.xml", "pool-build default", "pool-autostart default", "pool-start default"]
    return commands
