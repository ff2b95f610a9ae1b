# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools of every type in libvirt's test driver, which knows them all and touches nothing."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.module_utils._errors import KilonovaError
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt import copying
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.disk_xml import disk_element
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.pool_making import make_anywhere
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.pools import files_of, list_pool_facts, pool_facts
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.volume_place import VolumePlace
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.volume_task import volume_task
from ansible_collections.kilonova.compute.plugins.module_utils._pool_kinds import KINDS, disk_source
from tests.unit.guest.pool_scenarios import POOLS

GIB = 1 << 30
FILES = "default-pool"
MAKING = sorted(kind for kind, what in KINDS.items() if what.makes and what.source != "file")
TAKEN = sorted(kind for kind, what in KINDS.items() if not what.makes)

SOURCES = {
    "dir": "",
    "fs": "<source><device path='/dev/sdd1'/><format type='xfs'/></source>",
    "netfs": "<source><host name='nfs.example.org'/><dir path='/export'/><format type='nfs'/></source>",
    "logical": "<source><device path='/dev/sdb'/><name>vms</name><format type='lvm2'/></source>",
    "zfs": "<source><name>tank</name></source>",
    "disk": "<source><device path='/dev/sdc'/><format type='gpt'/></source>",
    "iscsi": "<source><host name='192.0.2.1' port='6789'/><device path='iqn.2026-01.org.example:units'/></source>",
    "scsi": "<source><adapter type='scsi_host' name='host1'/></source>",
    "mpath": "",
    "rbd": (
        "<source><host name='192.0.2.1' port='6789'/><host name='192.0.2.2'/><name>vms</name>"
        "<auth type='ceph' username='kilonova'><secret uuid='bd0c7e8e-ff7d-4a71-9f3d-2f8b2b6b00aa'/></auth></source>"
    ),
    "iscsi-direct": (
        "<source><host name='192.0.2.1' port='6789'/><device path='iqn.2026-01.org.example:units'/>"
        "<auth type='chap' username='units'><secret usage='units'/></auth>"
        "<initiator><iqn name='iqn.2026-01.org.example:me'/></initiator></source>"
    ),
}


@pytest.fixture
def pools(connection: Any) -> Any:
    """One of each type beside `default-pool`; volumes in those that have some already."""
    for kind, source in SOURCES.items():
        facts, volume = POOLS[kind]
        target = f"<target><path>{facts['path']}</path></target>" if facts["path"] else ""
        made = connection.storagePoolCreateXML(f"<pool type='{kind}'><name>my-{kind}</name>{source}{target}</pool>")
        if kind in TAKEN:
            made.createXML(f"<volume><name>{volume}</name><capacity>{2 * GIB - 512}</capacity></volume>")
    return connection


def ask(connection: Any, kind: str, name: str, **options: Any) -> dict[str, Any]:
    params = {"name": name, "pool": f"my-{kind}", "file_pool": FILES, "state": "present", **options}
    found: dict[str, Any] = volume_task(connection, params, check_mode=True)
    return found


def test_the_facts_of_every_pool(pools: Any) -> None:
    """They are what the golden domain XML is rendered from."""
    assert set(SOURCES) == set(KINDS) == set(POOLS)
    found = {entry["name"]: entry for entry in list_pool_facts(pools)}
    for facts, _volume in POOLS.values():
        shown = {key: found[facts["name"]].get(key) for key in ("name", "type", "path", "source")}
        assert shown == {key: facts.get(key) for key in shown}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_disk_names_its_volume(pools: Any, kind: str) -> None:
    facts, volume = POOLS[kind]
    element = disk_element(disk_source(facts, volume, "where"), "raw", cache="none")
    source = {"file": "volume", "block": "block", "network": "network"}[KINDS[kind].source]
    assert element.get("type") == source
    assert [host.get("name") for host in element.iter("host")] == (
        [host["name"] for host in facts["source"]["hosts"]] if source == "network" else []
    )
    assert [secret.attrib for secret in element.iter("secret")] == {
        "rbd": [{"type": "ceph", "uuid": "bd0c7e8e-ff7d-4a71-9f3d-2f8b2b6b00aa"}],
        "iscsi-direct": [{"type": "iscsi", "usage": "units"}],
    }.get(kind, [])


def test_files_are_kept_beside_pools_without(pools: Any) -> None:
    assert files_of(pools, "my-netfs", None) == "my-netfs"
    assert files_of(pools, "my-rbd", FILES) == FILES
    with pytest.raises(KilonovaError, match=r"the pool my-zfs is of the type zfs and cannot hold files.*: give file_pool"):
        files_of(pools, "my-rbd", "my-zfs")
    pools.storagePoolCreateXML(
        "<pool type='gluster'><name>glue</name><source><host name='g'/><dir path='/'/><name>v</name></source></pool>"
    )
    with pytest.raises(KilonovaError, match="the pool glue is of the type gluster, whose volumes cannot be used"):
        VolumePlace(pools, "glue")


@pytest.mark.parametrize("kind", MAKING)
def test_blank_volumes_are_made_with_all_their_space(pools: Any, kind: str) -> None:
    """Their names carry the host, so that two hosts that share a pool never meet."""
    place = VolumePlace(pools, f"my-{kind}", FILES)
    name = place.content_name("data", "raw")
    assert name.startswith("volume.data.raw.")
    spec = {"pool": place.name, "file_pool": FILES, "name": name, "capacity": GIB, "format": "raw", "record": {"name": "data"}}
    made = make_anywhere(pools, spec)
    assert made.info()[1:] == [GIB, GIB]
    planned = ask(pools, kind, "data", size=3)
    assert (planned["changed"], planned["volume"]["size"], planned["volume"]["format"]) == (True, 3, "raw")
    with pytest.raises(KilonovaError, match="whose volumes are raw: format qcow2 is not possible"):
        ask(pools, kind, "data", size=3, format="qcow2")
    with pytest.raises(KilonovaError, match="preallocate is for pools of files"):
        ask(pools, kind, "data", size=3, preallocate=True)


@pytest.mark.parametrize("kind", TAKEN)
def test_units_are_taken_and_never_made(pools: Any, kind: str) -> None:
    _facts, unit = POOLS[kind]
    planned = ask(pools, kind, unit)
    assert (planned["changed"], planned["volume"]["size"]) == (True, 2)
    with pytest.raises(KilonovaError, match=rf"no volumes are made: take one that is there \({unit}\), not data"):
        ask(pools, kind, "data", size=1)
    with pytest.raises(KilonovaError, match="cannot be changed to 1 GiB"):
        ask(pools, kind, unit, size=1)
    with pytest.raises(KilonovaError, match="makes no snapshots"):
        ask(pools, kind, unit, snapshot_of=unit)
    source = f"<source pool='my-{kind}' volume='{unit}'/>"
    disk = f"<disk type='volume' device='disk'>{source}<target dev='vda' bus='virtio'/></disk>"
    rest = f"<memory>1024</memory><os><type>hvm</type></os><devices>{disk}</devices>"
    pools.defineXML(f"<domain type='test'><name>has-{kind}</name>{rest}</domain>")
    with pytest.raises(KilonovaError, match=f"is in use by the domain has-{kind}: it is not taken"):
        ask(pools, kind, unit)


def test_a_pool_says_nothing_of_its_secret(pools: Any) -> None:
    facts = pool_facts(pools.storagePoolLookupByName("my-rbd"))
    assert set(facts["source"]["auth"]) == {"type", "username", "secret_uuid", "secret_usage"}


def test_a_copier_that_nobody_drives_is_removed(connection: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """libvirt ends it with its run, but for one case: the daemon itself was started again meanwhile."""
    monkeypatch.setattr(copying.time, "sleep", lambda _seconds: None)
    name = copying.copier_name("ceph/data")
    connection.createXML(f"<domain type='test'><name>{name}</name><memory>1024</memory><os><type>hvm</type></os></domain>")
    copying.refuse_copying(connection, "ceph/other")
    assert name in [domain.name() for domain in connection.listAllDomains()]
    copying.refuse_copying(connection, "ceph/data")
    assert name not in [domain.name() for domain in connection.listAllDomains()]
