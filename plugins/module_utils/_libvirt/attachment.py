# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Giving a volume to a server that is there, running or not, and taking it away again."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Set, Tuple
from xml.etree import ElementTree

from .._errors import HypervisorError
from .._pool_kinds import disk_source
from .binding import libvirt
from .disk_xml import disk_element
from .domain import is_active, is_persistent
from .domain_record import set_record_volumes
from .errors import translate_errors
from .hotplug import ATTEMPTS, TIMEOUT_S, detach_live, find_disk
from .pools import pool_facts
from .removal import find_ours
from .servers import ServerRecord, parse_domain, read_record
from .storage import open_pool
from .volume_record import VolumeError
from .volume_task import read_volumes


class Attachments:
    """The volumes of one server. ``attempts`` and ``timeout_s`` are for a guest that is slow to give up a disk."""

    def __init__(
        self, connection: Any, server: str, *, check_mode: bool = False, attempts: int = ATTEMPTS, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._connection = connection
        self._check_mode = check_mode
        self._attempts = attempts
        self._timeout_s = timeout_s
        domain = find_ours(connection, server)
        record = None if domain is None else read_record(parse_domain(domain))
        if domain is None or record is None:
            raise VolumeError("there is no server %s on this host" % server)
        self._domain: Any = domain
        self._record: ServerRecord = record
        if record.state != "active":
            raise VolumeError("the server %s is %s: finish or delete it first" % (server, record.state))
        self._name = str(record.request.get("name") or domain.name())

    @property
    def domain(self) -> Any:
        return self._domain

    def facts(self) -> Dict[str, Any]:
        """What choosing a bus and a name depends on: {taken, virt_type, arch, machine_type, image_properties}."""
        tree = parse_domain(self._domain)
        os_type = tree.find("os/type")
        return {
            "taken": sorted(name for name in self._names() if name),
            "virt_type": tree.get("type"),
            "arch": None if os_type is None else os_type.get("arch"),
            "machine_type": None if os_type is None else os_type.get("machine"),
            "image_properties": (self._record.request.get("image") or {}).get("properties") or {},
        }

    def attach(self, wanted: str, target: Optional[Dict[str, Any]], *, delete_on_termination: bool = False) -> bool:
        """False where the server has it already. ``target``: {dev, bus} of the disk; without it this is only a look."""
        volume = self._volume(wanted)
        if self._own(volume) is not None:
            return self._remember(volume, delete_on_termination)
        if volume["attachments"]:
            other = volume["attachments"][0]
            raise VolumeError(
                "the volume %s is in use by %s (%s)" % (wanted, other["server"] or other["domain"], other["device"])
            )
        if not self._check_mode and target is not None:
            xml = self._disk_xml(volume, target)
            with translate_errors("attach the volume %s to %s" % (wanted, self._name), self._domain.name()):
                self._domain.attachDeviceFlags(xml, self._flags())
            self._remember(volume, delete_on_termination)
        return True

    def detach(self, wanted: str) -> bool:
        """False where the server does not have it."""
        volume = self._volume(wanted)
        own = self._own(volume)
        if own is None:
            return self._forget(volume)
        target = own["device"]
        if "/dev/%s" % target == self._record.request.get("root_device_name"):
            raise VolumeError("the volume %s is the root disk of %s: it is not detached" % (wanted, self._name))
        if not self._check_mode:
            self._take_away(target)
            self._forget(volume)
        return True

    def _volume(self, wanted: str) -> Dict[str, Any]:
        found = [v for v in read_volumes(self._connection, {"name": wanted}) if v["kind"] == "volume"]
        if len(found) != 1:
            many = "there is no volume %s on this host" if not found else "several pools have a volume %s: give its id"
            raise VolumeError(many % wanted)
        return found[0]

    def _own(self, volume: Dict[str, Any]) -> Optional[Dict[str, Any]]:
        uuid = self._domain.UUIDString()
        return next((use for use in volume["attachments"] if use["uuid"] == uuid), None)

    def _flags(self) -> int:
        """Guest ATT-01."""
        flags = int(libvirt.VIR_DOMAIN_AFFECT_CONFIG) if is_persistent(self._domain) else 0
        return flags | (int(libvirt.VIR_DOMAIN_AFFECT_LIVE) if is_active(self._domain) else 0)

    def _disk_xml(self, volume: Dict[str, Any], target: Dict[str, Any]) -> str:
        """Guest VOL-01."""
        properties = (self._record.request.get("image") or {}).get("properties") or {}
        pool = pool_facts(open_pool(self._connection, volume["pool"]))
        disk = disk_element(disk_source(pool, volume["volume"], volume["path"]), volume["format"], cache="none")
        ElementTree.SubElement(disk, "target", dev=target["dev"], bus=target["bus"])
        ElementTree.SubElement(disk, "serial").text = volume["id"]
        ElementTree.SubElement(disk, "alias", name="ua-" + volume["id"])
        if volume["encryption"]:  # guest VOL-12
            key = ElementTree.SubElement(disk, "encryption", format="luks")
            ElementTree.SubElement(key, "secret", type="passphrase", uuid=volume["encryption"]["secret"])
        if target["bus"] == "scsi" and properties.get("hw_scsi_model") == "virtio-scsi":
            ElementTree.SubElement(disk, "address", type="drive", controller="0", unit=str(self._free_unit()))
        return ElementTree.tostring(disk, encoding="unicode")

    def _disks(self) -> List[ElementTree.Element]:
        """Of the running domain and of its definition, which may differ."""
        found = parse_domain(self._domain).findall("devices/disk")
        with translate_errors("read the domain %s" % self._domain.name(), self._domain.name()):
            text = self._domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        return found + ElementTree.fromstring(text).findall("devices/disk")

    def _names(self) -> Set[Optional[str]]:
        return {target.get("dev") for disk in self._disks() for target in disk.findall("target")}

    def _free_unit(self) -> int:
        """Guest ATT-02."""
        places = [disk.find("address") for disk in self._disks()]
        units = [int(place.get("unit") or 0) for place in places if place is not None and place.get("type") == "drive"]
        return max(units, default=-1) + 1

    def _take_away(self, target: str) -> None:
        """From the definition first; where the guest then does not let go, the definition gets it back (guest DET-01)."""
        persistent = find_disk(self._domain, target, live=False) if is_persistent(self._domain) else None
        if persistent is not None:
            text = ElementTree.tostring(persistent, encoding="unicode")
            with translate_errors("detach %s from %s" % (target, self._name), self._domain.name()):
                self._domain.detachDeviceFlags(text, libvirt.VIR_DOMAIN_AFFECT_CONFIG)
        if not is_active(self._domain):
            return
        try:
            detach_live(self._connection, self._domain, target, attempts=self._attempts, timeout_s=self._timeout_s)
        except HypervisorError:
            if persistent is not None:
                with translate_errors("attach %s to %s again" % (target, self._name), self._domain.name()):
                    self._domain.attachDeviceFlags(text, libvirt.VIR_DOMAIN_AFFECT_CONFIG)
            raise

    def _remember(self, volume: Dict[str, Any], delete_on_termination: bool) -> bool:
        """Writes the volume into the record; a run that was killed before it is completed by the next one."""
        entry: Dict[str, Any] = {
            "role": "volume", "pool": volume["pool"], "name": volume["volume"], "path": volume["path"],
            "capacity": volume["bytes"], "format": volume["format"], "recorded_as": volume["name"], "existing": True,
            **{key: volume[key] for key in ("file_pool", "encryption", "taken") if volume[key]},
            "delete_on_termination": delete_on_termination,
        }  # fmt: skip
        others, known = self._split(volume)
        if known is not None:
            return False
        return self._write([*others, entry])

    def _forget(self, volume: Dict[str, Any]) -> bool:
        others, known = self._split(volume)
        return known is not None and self._write(others)

    def _split(self, volume: Dict[str, Any]) -> Tuple[List[Dict[str, Any]], Optional[Dict[str, Any]]]:
        known = [v for v in self._record.volumes if (v["pool"], v["name"]) == (volume["pool"], volume["volume"])]
        return [v for v in self._record.volumes if v not in known], known[0] if known else None

    def _write(self, volumes: List[Dict[str, Any]]) -> bool:
        if not self._check_mode:
            set_record_volumes(self._domain, volumes)
        return True
