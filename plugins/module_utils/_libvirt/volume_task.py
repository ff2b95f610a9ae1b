# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The work of the modules `volume` and `volume_info` on a host."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Optional

from .._errors import HypervisorError
from .._pool_kinds import has_files
from .._volume_name import GIB, volume_id
from .base_image import list_bases
from .binding import libvirt
from .domain import ended_by, find_domain
from .errors import translate_errors
from .making import grow_volume
from .pools import list_pool_facts
from .storage import open_pool, refresh, refresh_all, volume_names, while_active
from .volume_encryption import bring_key_back, check_same, new_encryption
from .volume_key import has_keys
from .volume_limits import check_grows, check_wishes, taken_bytes
from .volume_making import ensure_recorded_volume, find_recorded, volume_spec
from .volume_place import VolumePlace
from .volume_record import VolumeError, check_name, content_names, delete_record_and_content, list_volumes, read_volume
from .volume_use import Uses, list_uses, uses_of

Params = Dict[str, Any]


def volume_facts(connection: Any, pools: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """Every volume and snapshot that an active pool of files has or has a record of, with what uses it.

    ``pools`` as hypervisor_info has them."""
    found: List[Dict[str, Any]] = []
    for entry in pools:
        if entry["active"] and has_files(entry):
            found.extend(while_active(_volumes_in, connection, entry["name"]))
    return described(found, list_uses(connection)) if found else []


def _volumes_in(connection: Any, pool_name: str) -> List[Dict[str, Any]]:
    return list_volumes(connection, open_pool(connection, pool_name))


def described(records: List[Dict[str, Any]], uses: Uses) -> List[Dict[str, Any]]:
    """With ``status`` (Cinder's word) and ``attachments``."""
    shown = []
    for record in records:
        attachments = uses_of(uses, record)
        status = "in-use" if attachments else "available"
        shown.append(dict(record, status=status, attachments=attachments, bootable=bool(record.get("image"))))
    return shown


def read_volumes(connection: Any, params: Params) -> List[Dict[str, Any]]:
    """What volume_info returns."""
    wanted = params.get("pool")
    if wanted:
        refresh(open_pool(connection, wanted))
    pools = [entry for entry in list_pool_facts(connection) if entry["active"]]
    refresh_all(connection, [entry["name"] for entry in pools if not wanted])
    shown = [v for v in volume_facts(connection, pools) if wanted in (None, "", v["pool"])]
    return [record for record in shown if params.get("name") in (None, record["name"], record["id"])]


def volume_task(connection: Any, params: Params, *, check_mode: bool) -> Dict[str, Any]:
    """Returns {changed, volume, diff}; ``volume`` is None where it is gone, or would be made."""
    task = _VolumeTask(connection, params, check_mode)
    return task.absent() if params["state"] == "absent" else task.present()


class _VolumeTask:
    def __init__(self, connection: Any, params: Params, check_mode: bool) -> None:
        self._connection = connection
        self._params = params
        self._check_mode = check_mode
        self._place = VolumePlace(connection, params["pool"], params.get("file_pool"))
        self._name: str = params["name"]
        if self._place.kind.makes:
            check_name(self._name)
        self._kind = "snapshot" if params.get("snapshot_of") else "volume"

    def _read(self) -> Optional[Dict[str, Any]]:
        return find_recorded(self._place, self._name)

    def _described(self, record: Dict[str, Any]) -> Dict[str, Any]:
        return described([record], list_uses(self._connection))[0]

    def _answer(self, before: Optional[Dict[str, Any]], after: Optional[Dict[str, Any]], *, changed: bool) -> Dict[str, Any]:
        shown = ("name", "kind", "pool", "format", "size")
        sides = [{key: side.get(key) for key in shown} if side else {} for side in (before, after)]
        return {"changed": changed, "volume": after, "diff": {"before": sides[0], "after": sides[1]}}

    def absent(self) -> Dict[str, Any]:
        found = self._read()
        if found is None:
            contents = content_names(self._place, self._name)
            leftovers = set(contents) & set(volume_names(self._place.pool)) or has_keys(
                self._connection, self._place.name, contents
            )
            if leftovers and not self._check_mode:
                delete_record_and_content(self._place, self._name)
            return self._answer(None, None, changed=bool(leftovers))
        before = self._described(found)
        if before["attachments"]:
            raise VolumeError("the volume %s is in use %s: it is not deleted" % (self._name, _where(before["attachments"])))
        if not self._check_mode:
            delete_record_and_content(self._place, self._name)
        return self._answer(before, None, changed=True)

    def present(self) -> Dict[str, Any]:
        found = self._read()
        return self._make() if found is None else self._keep(self._described(found))

    def _make(self) -> Dict[str, Any]:
        if self._place.elsewhere:
            check_wishes(self._place, self._params)
        source = self._source()
        least = source["bytes"] if source else 0
        size = self._params.get("size")
        capacity = size * GIB if size else -(-least // GIB) * GIB
        if not self._place.kind.makes:
            capacity = taken_bytes(self._place, self._params)
        if not capacity:
            raise VolumeError("the volume %s needs a size: it is not there yet, and has no source" % self._name)
        if capacity < least:
            raise VolumeError(
                "the volume %s cannot be %d bytes: its source, the %s %s, has %d"
                % (self._name, capacity, source["kind"], source["name"], least)  # type: ignore[index]
            )
        # A snapshot is a copy that nothing writes to; qcow2 keeps only what was ever written.
        wanted = "qcow2" if self._kind == "snapshot" else self._params.get("format") or "raw"
        if self._place.elsewhere:
            wanted = "raw"
        spec = volume_spec(
            self._place, self._name, capacity, wanted,
            kind=self._kind, source=source, preallocate=bool(self._params.get("preallocate")),
            volume_type=self._params.get("volume_type") or (source or {}).get("volume_type"),
            encryption=new_encryption(self._place, self._params, source),
        )  # fmt: skip
        spec["passphrase"] = self._params.get("encryption_passphrase")
        if self._check_mode:
            planned = {"name": self._name, "kind": self._kind, "pool": self._params["pool"], "format": wanted}
            planned.update(id=volume_id(self._kind, self._params["pool"], self._name), size=capacity // GIB)
            planned.update({key: spec["record"][key] for key in ("volume_type", "encryption")})
            return self._answer(None, planned, changed=True)
        made = ensure_recorded_volume(self._connection, spec)
        changed = made.pop("changed")
        return self._answer(None, self._described(made), changed=changed)

    def _source(self) -> Optional[Dict[str, Any]]:
        """What the content comes from: {kind, name, id, bytes, content, content_format, image, volume_id, volume_type,
        encryption}."""
        if self._params.get("source_image"):
            return self._source_image(self._params["source_image"])
        for option, kind in (("source_volume", "volume"), ("source_snapshot", "snapshot"), ("snapshot_of", "volume")):
            if self._params.get(option):
                return self._source_volume(self._params[option], kind)
        return None

    def _source_image(self, wanted: str) -> Dict[str, Any]:
        found = next((base for base in self._bases() if wanted in (base["name"], base["sha256"])), None)
        if found is None:
            names = sorted({base["name"] for base in list_bases(self._connection, self._place.files)})
            raise VolumeError(
                "the image %s is not in the pool %s (there are: %s)"
                % (wanted, self._place.files.name(), ", ".join(names) or "none")
            )
        return {
            "kind": "image",
            "name": found["name"],
            "id": found["sha256"],
            "bytes": found["virtual_size"],
            "content": found["volume"],
            "content_format": "qcow2" if found["disk_format"] == "qcow2" else "raw",
            "content_pool": found["pool"],
            "image": image_metadata(found),
            "volume_id": None,
        }

    def _bases(self) -> Iterator[Dict[str, Any]]:
        """Those of the volume's pool, then those of all others: a type may mean a pool that nobody brings images to."""
        yield from list_bases(self._connection, self._place.files)
        for entry in [] if self._place.elsewhere else list_pool_facts(self._connection):
            if entry["active"] and entry["name"] != self._place.name and has_files(entry):
                yield from list_bases(self._connection, open_pool(self._connection, entry["name"]))

    def _source_volume(self, wanted: str, kind: str) -> Dict[str, Any]:
        found = read_volume(self._place, wanted)
        if found is None or found["kind"] != kind:
            known = list_volumes(self._connection, self._place.files)
            names = [r["name"] for r in known if r["kind"] == kind and r["pool"] == self._place.name]
            raise VolumeError(
                "the %s %s is not in the pool %s (there are: %s)"
                % (kind, wanted, self._params["pool"], ", ".join(names) or "none")
            )
        running = [entry for entry in self._described(found)["attachments"] if entry["active"]]
        if running:
            raise VolumeError(
                "the volume %s is in use %s, which is running: a copy of it would be torn. Stop the server first."
                % (wanted, _where(running))
            )
        return {
            "kind": kind,
            "name": found["name"],
            "id": found["id"],
            "bytes": found["bytes"],
            "content": found["volume"],
            "content_format": found["format"],
            "image": found["image"],
            "volume_id": found["id"] if self._kind == "snapshot" else None,
            "volume_type": found["volume_type"],
            "encryption": found["encryption"],
        }

    def _keep(self, found: Dict[str, Any]) -> Dict[str, Any]:
        """It is there: nothing but its size can change, and a key that the host has lost is brought back."""
        if found["kind"] != self._kind:
            raise VolumeError(
                "the pool %s has a %s %s already, which is not a %s"
                % (self._params["pool"], found["kind"], self._name, self._kind)
            )
        wanted_format = self._params.get("format")
        if wanted_format and wanted_format != found["format"]:
            raise VolumeError("the volume %s is %s, not %s" % (self._name, found["format"], wanted_format))
        check_same(self._params, found)
        brought = bring_key_back(self._place, self._params, found, check_mode=self._check_mode)
        wanted = (self._params.get("size") or 0) * GIB
        if not wanted or wanted == found["bytes"] or (not self._place.kind.makes and wanted == found["size"] * GIB):
            return self._answer(found, found, changed=brought)
        if wanted < found["bytes"]:
            raise VolumeError(
                "the volume %s has %d bytes and is never made smaller, to %d" % (self._name, found["bytes"], wanted)
            )
        if self._kind == "snapshot":
            raise VolumeError("the snapshot %s has %d bytes; a snapshot does not grow" % (self._name, found["bytes"]))
        check_grows(self._place, self._name)
        if not self._check_mode:
            self._grow(found, wanted)
        after = dict(found, size=wanted // GIB, bytes=wanted)
        return self._answer(found, after, changed=True)

    def _grow(self, found: Dict[str, Any], capacity: int) -> None:
        """A running guest learns of it by QEMU, which then is the one to write the file (guest EXT-01)."""
        for entry in [entry for entry in found["attachments"] if entry["active"]]:
            domain = find_domain(self._connection, entry["uuid"])
            if domain is not None and self._grown_in(domain, entry["device"], capacity):
                return
        with translate_errors("look up the volume %s" % found["volume"]):
            volume = self._place.pool.storageVolLookupByName(found["volume"])
        grow_volume(volume, capacity)

    def _grown_in(self, domain: Any, device: str, capacity: int) -> bool:
        """False where its guest has ended meanwhile."""
        try:
            with translate_errors("grow the volume %s in %s" % (self._name, domain.name()), domain.name()):
                domain.blockResize(device, capacity, libvirt.VIR_DOMAIN_BLOCK_RESIZE_BYTES)
        except HypervisorError as exc:
            if not ended_by(domain, exc):
                raise
            return False
        return True


def image_metadata(base: Dict[str, Any]) -> Dict[str, Any]:
    """What a bootable volume carries of its image (Cinder's volume_image_metadata)."""
    found = dict(base.get("properties") or {})
    found.update({key: base[key] for key in ("min_disk", "min_ram") if base.get(key)})
    found.update(image_name=base["name"], disk_format=base["disk_format"])
    return found


def _where(attachments: List[Dict[str, Any]]) -> str:
    return "by " + ", ".join("%s (%s)" % (entry["server"] or entry["domain"], entry["device"]) for entry in attachments)
