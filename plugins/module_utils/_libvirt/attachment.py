# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Giving a volume to a server that is there, running or not, and taking it away again."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Set
from xml.etree import ElementTree

from .._errors import HypervisorError
from .._pool_kinds import disk_source
from .binding import libvirt
from .disk_xml import disk_element
from .domain import affect, is_active, is_persistent
from .domain_record import change_record_volumes
from .errors import translate_errors
from .hotplug import ATTEMPTS, TIMEOUT_S, ask, detach_live, disks_of, find_disk
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
            affect(self._domain, lambda flags: self._plug(volume, xml, flags & self._lacking(volume)))
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

    def _plug(self, volume: Dict[str, Any], xml: str, flags: int) -> None:
        if flags:
            with translate_errors("attach the volume %s to %s" % (volume["name"], self._name), self._domain.name()):
                self._domain.attachDeviceFlags(xml, flags)

    def _lacking(self, volume: Dict[str, Any]) -> int:
        """The flags of what does not have it yet, the definition or the running domain."""
        flags = 0
        for flag, live in ((libvirt.VIR_DOMAIN_AFFECT_CONFIG, False), (libvirt.VIR_DOMAIN_AFFECT_LIVE, True)):
            if not any(disk.findtext("serial") == volume["id"] for disk in disks_of(self._domain, live=live)):
                flags |= int(flag)
        return flags

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
        return disks_of(self._domain, live=True) + disks_of(self._domain, live=False)

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
            ask(self._domain, persistent, target, live=False)
        if not is_active(self._domain):
            return
        try:
            detach_live(self._connection, self._domain, target, attempts=self._attempts, timeout_s=self._timeout_s)
        except HypervisorError:
            if persistent is not None:
                text = ElementTree.tostring(persistent, encoding="unicode")
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
        if _is_among(volume, self._noted()):
            return False
        return self._note(lambda noted: noted if _is_among(volume, noted) else [*noted, entry])

    def _forget(self, volume: Dict[str, Any]) -> bool:
        if not _is_among(volume, self._noted()):
            return False
        return self._note(lambda noted: [entry for entry in noted if not _is_among(volume, [entry])])

    def _noted(self) -> List[Dict[str, Any]]:
        """As they are noted now: other runs attach and detach too."""
        record = read_record(parse_domain(self._domain))
        return record.volumes if record else []

    def _note(self, change: Callable[[List[Dict[str, Any]]], List[Dict[str, Any]]]) -> bool:
        if not self._check_mode:
            change_record_volumes(self._domain, change)
        return True


def _is_among(volume: Dict[str, Any], noted: List[Dict[str, Any]]) -> bool:
    return any((entry["pool"], entry["name"]) == (volume["pool"], volume["volume"]) for entry in noted)
