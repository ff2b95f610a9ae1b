# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes of servers: what the contract may know of a host's, and which ones a server takes or gets made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.kilonova.compute.plugins.module_utils._pool_kinds import has_files, volume_path
from ansible_collections.kilonova.compute.plugins.module_utils._volume_name import (
    GIB,
    content_name,
    host_name_of,
    secret_id,
    volume_id,
)
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import Problems
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.shapes import BlockDevice, Image, Server
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.volume_type import VolumeType
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.hypervisor_facts import Hypervisor, StoragePool
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.resources import VolumeConnection
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.volume_plan import VolumePlan

from .base_image import find_base
from .volume_kind import kind_of_made, kind_of_new

Record = Mapping[str, Any]


def names_volumes(servers: Iterable[Server]) -> bool:
    """Whether any of them refers to a volume or snapshot, which only the host's facts can judge."""
    return any(device["volume_id"] or device["snapshot_id"] for server in servers for device in server["block_device_mapping"])


def volume_tables(hypervisor: Hypervisor, pool: str, servers: Iterable[Server]) -> dict[str, dict[str, Any]]:
    """``volumes`` and ``snapshots`` as the contract takes them, those of the servers' pool first.

    A volume that one of these very servers has is available to it: that server is there already."""
    names = {server["name"] for server in servers}
    known = sorted(hypervisor.get("volumes") or [], key=lambda record: record["pool"] != pool)
    volumes, snapshots = {}, {}
    for record in known:
        shown = {key: record[key] for key in ("id", "name", "size")}
        if record["kind"] == "snapshot":
            snapshots[record["id"]] = shown | {"volume_id": record["volume_id"]}
        else:
            others = [use for use in record["attachments"] if use["server"] not in names]
            status = "in-use" if others else "available"
            volumes[record["id"]] = shown | {"status": status, "volume_image_metadata": record["image"] or {}}
    return {"volumes": volumes, "snapshots": snapshots}


@dataclass
class ServerVolumes:
    """``connections`` by volume id for volumes that are there, ``made`` by index of the device for those to be made."""

    connections: dict[str, VolumeConnection] = field(default_factory=dict)
    made: dict[int, VolumeConnection] = field(default_factory=dict)
    plans: list[VolumePlan] = field(default_factory=list)


@dataclass(frozen=True)
class VolumeSources:
    """Where volumes come from: the host's own, its base images, and the catalogues that name those and the volumes' types."""

    hypervisor: Hypervisor
    pool: StoragePool
    files: StoragePool
    images: Mapping[str, Image]
    types: Mapping[str, VolumeType]

    def of_server(self, server: Server, uuid: str, path: str, problems: Problems) -> ServerVolumes:
        found = ServerVolumes()
        for index, device in enumerate(server["block_device_mapping"]):
            if device["destination_type"] != "volume" or device["no_device"]:
                continue
            where = f"{path}.block_device_mapping[{index}]" if path else f"block_device_mapping[{index}]"
            if device["volume_id"]:
                self._take(device, where, found, problems)
            else:
                self._make(device, index, uuid, where, found, problems)
        return found

    def image(self, wanted: str | None) -> Image | None:
        """The catalogue's image of that id or name."""
        return next((entry for entry in self.images.values() if wanted in (entry["id"], entry["name"])), None)

    def _record(self, kind: str, wanted: str | None) -> Record | None:
        known = self.hypervisor.get("volumes") or []
        return next((record for record in known if record["kind"] == kind and record["id"] == wanted), None)

    def _take(self, device: BlockDevice, where: str, found: ServerVolumes, problems: Problems) -> None:
        record = self._record("volume", device["volume_id"])
        if record is None:
            message = f"{where}.volume_id: the host {self.hypervisor['hostname']} has no volume {device['volume_id']}"
            problems.add("VolumeNotFound", "BDM-75", f"{where}.volume_id", device["volume_id"], None, message)
            return
        pool = next(pool for pool in self.hypervisor["pools"] if pool["name"] == record["pool"])
        name, path = record["volume"], record["path"]
        found.connections[record["id"]] = _connection(
            record["id"], pool, name, path, record["format"], record.get("encryption")
        )
        found.plans.append(
            VolumePlan(
                role="volume", pool=record["pool"], file_pool=record.get("file_pool"), name=record["volume"],
                path=record["path"], capacity=record["bytes"], format=record["format"], recorded_as=record["name"],
                encryption=record.get("encryption"), existing=True, taken=bool(record.get("taken")),
                delete_on_termination=device["delete_on_termination"],
            )
        )  # fmt: skip

    def _make(self, device: BlockDevice, index: int, uuid: str, where: str, found: ServerVolumes, problems: Problems) -> None:
        """A volume of the server's own (rules BDM-20 to BDM-23); its name follows from the server, so that a run that is
        repeated finds it."""
        source = self._source(device, where, problems)
        least = source.get("bytes", 0)
        capacity = (device["volume_size"] or 0) * GIB or -(-least // GIB) * GIB
        if capacity < least:
            message = f"{where}.volume_size: the {source['kind']} {source['name']} has {least} bytes, more than {capacity}"
            problems.add("VolumeSmallerThanMinDisk", "BDM-74", f"{where}.volume_size", capacity, {"min": least}, message)
        made = self._made(f"{uuid}-vol{index}")
        kind = kind_of_made(made, self) if made else kind_of_new(device["volume_type"], source, self, where, problems)
        name, pool, elsewhere = f"{uuid}-vol{index}", kind.pool, None if has_files(kind.pool) else self.files["name"]
        content = content_name(name, kind.format)
        if elsewhere is not None:  # other hosts may share such a pool
            content = host_name_of(content, self.hypervisor["uuid"])
        path = volume_path(pool, content)
        secret = secret_id(pool["name"], content)
        encryption = None if kind.encryption is None else {**kind.encryption, "secret": secret}
        record = {
            "kind": "volume", "name": name, "format": kind.format, "image": source.get("image"), "volume_id": None,
            "source": {key: source[key] for key in ("kind", "name", "id")} if source else None,
            "volume_type": kind.name, "encryption": encryption,
        }  # fmt: skip
        identity = volume_id("volume", pool["name"], name)
        found.made[index] = _connection(identity, pool, content, path, kind.format, encryption)
        found.plans.append(
            VolumePlan(
                role="volume", pool=pool["name"], file_pool=elsewhere, name=content, path=path, capacity=capacity,
                format=kind.format, preallocate=kind.preallocate, encryption=encryption,
                clone_of=source.get("content"), clone_format=source.get("content_format"),
                clone_pool=None if source.get("content_pool") == pool["name"] else source.get("content_pool"),
                recorded_as=name, record=record, delete_on_termination=device["delete_on_termination"],
            )
        )  # fmt: skip

    def _made(self, name: str) -> Record | None:
        """A volume that the server has already: it stays what it is, whatever its type means by now."""
        known = self.hypervisor.get("volumes") or []
        return next((record for record in known if (record["kind"], record["name"]) == ("volume", name)), None)

    def _source(self, device: BlockDevice, where: str, problems: Problems) -> dict[str, Any]:
        if device["source_type"] == "image":
            return self._image(device["image_id"], where, problems)
        if device["source_type"] == "snapshot":
            return self._snapshot(device["snapshot_id"], where, problems)
        return {}

    def _image(self, wanted: str | None, where: str, problems: Problems) -> dict[str, Any]:
        image = self.image(wanted)
        base = None if image is None else find_base(image, self.hypervisor["images"], self.files["name"])
        if image is None or base is None:
            message = f"{where}: the base image of {wanted if image is None else image['name']} is not on the host"
            problems.add("ImageNotFound", "BDM-73", where, wanted, None, message)
            return {}
        limits = {key: image[key] for key in ("min_disk", "min_ram") if image[key]}
        return {
            "kind": "image", "name": image["name"], "id": image["id"], "bytes": base["virtual_size"],
            "content": base["volume"], "content_format": "qcow2" if base["disk_format"] == "qcow2" else "raw",
            "content_pool": self.files["name"],
            "image": dict(image["properties"]) | limits | {"image_id": image["id"], "image_name": image["name"]},
        }  # fmt: skip

    def _snapshot(self, wanted: str | None, where: str, problems: Problems) -> dict[str, Any]:
        record = self._record("snapshot", wanted)
        if record is None or record["pool"] != self.pool["name"]:
            message = f"{where}.snapshot_id: the pool {self.pool['name']} has no snapshot {wanted}"
            problems.add("SnapshotNotFound", "BDM-76", f"{where}.snapshot_id", wanted, None, message)
            return {}
        return {
            "kind": "snapshot", "name": record["name"], "id": record["id"], "bytes": record["bytes"],
            "content": record["volume"], "content_format": record["format"], "image": record["image"],
            "content_pool": record["pool"], "volume_type": record.get("volume_type"), "encryption": record.get("encryption"),
        }  # fmt: skip


def _connection(
    identity: str, pool: StoragePool, name: str, path: str, volume_format: str, encryption: Mapping[str, Any] | None
) -> VolumeConnection:
    found = VolumeConnection(id=identity, driver="pool", pool=pool, name=name, path=path, format=volume_format)
    if encryption is not None:
        found["encryption_secret"] = encryption["secret"]
    return found


def check_taken_once(plans: Sequence[tuple[str, Sequence[VolumePlan]]], problems: Problems) -> None:
    """Two servers of one task cannot have the same volume. ``plans``: (path of the server, its volumes)."""
    holders: dict[tuple[str, str], str] = {}
    for path, volumes in plans:
        for volume in volumes:
            key = (volume.pool, volume.name)
            first = holders.setdefault(key, path)
            if volume.existing and first != path:
                where = f"{path}.block_device_mapping"
                message = f"{where}: the volume {volume.recorded_as} is {first}'s in this task already"
                problems.add("InvalidVolume", "BDM-75", where, volume.recorded_as, "a volume that no other server has", message)
