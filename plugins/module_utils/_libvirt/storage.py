# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools and volumes through libvirt's storage API alone, so that every URI works the same."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any, BinaryIO, Callable, Dict, Iterable, List, Optional, TypeVar
from xml.etree import ElementTree

from .._errors import HypervisorError
from .binding import libvirt
from .errors import is_error, translate_errors, unless_gone

T = TypeVar("T")

# A pool refuses most calls while one of its volumes is being built or filled, and says so in words only.
_BUSY = "asynchronous jobs running"
# Encrypted volumes take five seconds of a processor each, and those of many servers stand in line.
_BUSY_PAUSES = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 1, 2, 2, 5, 5) + (10,) * 28

# What goes into one packet of libvirt (262120 bytes), in blocks of 64 KiB. Larger ones cost it memory anew each time: on a busy
# machine they take four times as long.
PIECE = 3 << 16

# Pools that last only as long as a look at a folder: no place for anything.
LOOK_PREFIX = "kilonova-look-"

# More than the stream's queues and buffers between us and the file can hold.
_IN_HAND = 64 << 20


def when_idle(call: Callable[[], T]) -> T:
    """Runs a storage call, waiting out other jobs of the pool (about five minutes)."""
    for pause in _BUSY_PAUSES:
        try:
            return call()
        except HypervisorError as exc:
            if _BUSY not in exc.message:
                raise
            time.sleep(pause)
    return call()


def list_pools(connection: Any, *, active: bool = False) -> List[Any]:
    """The pools of the host, or the active ones of them."""
    flags = libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE if active else 0
    with translate_errors("list the storage pools"):
        return [pool for pool in connection.listAllStoragePools(flags) if not pool.name().startswith(LOOK_PREFIX)]


def open_pool(connection: Any, name: str) -> Any:
    """The active pool of that name. Errors name the pools that there are."""
    try:
        with translate_errors("look up the storage pool %s" % name):
            pool = connection.storagePoolLookupByName(name)
    except HypervisorError as exc:
        if not is_error(exc, "VIR_ERR_NO_STORAGE_POOL"):
            raise
        names = sorted(p.name() for p in list_pools(connection))
        exc.message = "there is no storage pool %s on this host (there are: %s)" % (name, ", ".join(names) or "none")
        raise HypervisorError(exc.message, action=exc.action, number=exc.number, symbol=exc.symbol) from exc
    with translate_errors("read the storage pool %s" % name):
        active = pool.isActive()
    if not active:
        raise HypervisorError(
            "the storage pool %s is not active: start it (virsh pool-start %s), or run the playbook hypervisor.yml"
            % (name, name),
            action="open the storage pool %s" % name,
            symbol="VIR_ERR_OPERATION_INVALID",
        )
    return pool


def while_active(read: Callable[..., List[T]], *given: Any) -> List[T]:
    """What ``read`` finds in a pool; nothing where the pool was stopped or removed since somebody listed it."""
    return unless_gone(read, *given, else_on=("VIR_ERR_OPERATION_INVALID",)) or []


def refresh(pool: Any) -> None:
    def call() -> None:
        with translate_errors("refresh the storage pool %s" % pool.name()):
            pool.refresh(0)

    when_idle(call)


def refresh_all(connection: Any, names: Iterable[str]) -> None:
    """The pools of these names, as far as they are still active."""
    for name in names:
        unless_gone(lambda known: refresh(open_pool(connection, known)), name, else_on=("VIR_ERR_OPERATION_INVALID",))


def find_volume(pool: Any, name: str) -> Optional[Any]:
    """The volume, or None. A refresh that runs meanwhile hides volumes for a moment: who must be sure refreshes first."""
    try:
        with translate_errors("look up the volume %s in the pool %s" % (name, pool.name())):
            return pool.storageVolLookupByName(name)
    except HypervisorError as exc:
        if is_error(exc, "VIR_ERR_NO_STORAGE_VOL"):
            return None
        raise


def volume_names(pool: Any) -> List[str]:
    with translate_errors("list the volumes of the pool %s" % pool.name()):
        return sorted(pool.listVolumes())


def volume_xml(spec: Dict[str, Any]) -> str:
    """Volume XML of {name, capacity (bytes), format, backing_path, backing_format, mode, sparse, encryption}.

    One that is not sparse takes all its space when it is made, and fails then where the pool has too little."""
    root = ElementTree.Element("volume")
    ElementTree.SubElement(root, "name").text = spec["name"]
    ElementTree.SubElement(root, "capacity", unit="bytes").text = str(spec["capacity"])
    allocation = 0 if spec.get("sparse", True) else spec["capacity"]
    ElementTree.SubElement(root, "allocation", unit="bytes").text = str(allocation)
    target = ElementTree.SubElement(root, "target")
    ElementTree.SubElement(target, "format", type=spec["format"])
    if spec.get("mode"):
        ElementTree.SubElement(ElementTree.SubElement(target, "permissions"), "mode").text = spec["mode"]
    if spec.get("encryption"):
        target.append(_encryption(spec["encryption"]))
    if spec.get("backing_path"):
        backing = ElementTree.SubElement(root, "backingStore")
        ElementTree.SubElement(backing, "path").text = spec["backing_path"]
        ElementTree.SubElement(backing, "format", type=spec["backing_format"])
    return ElementTree.tostring(root, encoding="unicode")


def _encryption(encryption: Dict[str, Any]) -> ElementTree.Element:
    """{secret, cipher, key_size} as libvirt's storage API takes it; ``cipher`` is algorithm-mode-iv, as Cinder writes it."""
    algorithm, mode, initial = encryption["cipher"].split("-")
    root = ElementTree.Element("encryption", format="luks")
    ElementTree.SubElement(root, "secret", type="passphrase", uuid=encryption["secret"])
    size = str(encryption["key_size"])
    ElementTree.SubElement(root, "cipher", name=algorithm, size=size, mode=mode, hash="sha256")
    name, _colon, digest = initial.partition(":")
    ElementTree.SubElement(root, "ivgen", {"name": name, **({"hash": digest} if digest else {})})
    return root


def create_volume(pool: Any, spec: Dict[str, Any], *, flags: int = 0) -> Any:
    """Makes a volume; a volume of that name that is there already is VIR_ERR_STORAGE_VOL_EXIST."""
    xml = volume_xml(spec)

    def call() -> Any:
        with translate_errors("make the volume %s in the pool %s" % (spec["name"], pool.name())):
            return pool.createXML(xml, flags)

    return when_idle(call)


def ensure_volume(pool: Any, spec: Dict[str, Any], *, flags: int = 0) -> Any:
    """The volume of that name, made if it is not there. What a killed run left is taken as it is: names carry the uuid."""
    try:
        return create_volume(pool, spec, flags=flags)
    except HypervisorError as exc:
        if not is_error(exc, "VIR_ERR_STORAGE_VOL_EXIST"):
            raise
    found = find_volume(pool, spec["name"])
    if found is None:
        refresh(pool)
        found = find_volume(pool, spec["name"])
    return found if found is not None else create_volume(pool, spec, flags=flags)


def delete_volume(pool: Any, name: str) -> bool:
    """Removes a volume; false when there was none."""
    found = find_volume(pool, name)
    if found is None:
        return False

    def call() -> bool:
        try:
            _delete(pool, found)
        except HypervisorError as exc:
            if is_error(exc, "VIR_ERR_NO_STORAGE_VOL"):
                return False
            raise
        return True

    return when_idle(call)


def clear_volume(pool: Any, name: str) -> None:
    """Removes what an earlier run made of a server's own volume. If that run lives, libvirt may still be making it for it."""
    for pause in _BUSY_PAUSES:
        try:
            delete_volume(pool, name)
            return
        except HypervisorError as exc:
            if not is_error(exc, "VIR_ERR_OPERATION_INVALID"):
                raise
            time.sleep(pause)
    delete_volume(pool, name)


def _delete(pool: Any, volume: Any) -> None:
    """A volume in Ceph that was copied has the snapshots that its copies began with, and goes only together with them."""
    action = "delete the volume %s of the pool %s" % (volume.name(), pool.name())
    try:
        with translate_errors(action):
            volume.delete(0)
    except HypervisorError as exc:
        with translate_errors(action):
            if is_error(exc, "VIR_ERR_NO_STORAGE_VOL") or "type='rbd'" not in pool.XMLDesc(0):
                raise
        with translate_errors(action + " (do thin copies stand on it?)"):
            volume.delete(libvirt.VIR_STORAGE_VOL_DELETE_WITH_SNAPSHOTS)


def upload(connection: Any, volume: Any, source: BinaryIO, length: int) -> None:
    """Fills a volume from a file object, through a stream of the connection, and makes sure that all of it arrived."""
    name = volume.name()

    def call() -> None:
        source.seek(0)
        with translate_errors("fill the volume %s" % name):
            stream = connection.newStream(0)
            volume.upload(stream, 0, length, 0)
            try:
                stream.sendAll(lambda _stream, size, _opaque: source.read(min(size, PIECE)), None)
                stream.finish()
            except BaseException:
                abort(stream)
                raise

    when_idle(call)
    start = max(0, length - _IN_HAND)
    source.seek(start)
    check_written(connection, volume, start, source.read(length - start))


def check_written(connection: Any, volume: Any, offset: int, data: bytes) -> None:
    """libvirt answers that a stream has ended before its last parts are written, and then tells nobody that they could not
    be (a full disk): what it can have had in hand is read back."""
    if data and download(connection, volume, offset, len(data)) != data:
        raise HypervisorError(
            "could not fill the volume %s: it does not hold what was written. Is the pool full?" % volume.name(),
            action="fill the volume %s" % volume.name(),
        )


def abort(stream: Any) -> None:
    with suppress(libvirt.libvirtError):  # the stream is broken already; the first error is the one to tell
        stream.abort()


def read_into(connection: Any, volume: Any, sink: Callable[[bytes], Any], offset: int = 0, length: int = 0) -> None:
    """Gives ``sink`` the bytes from ``offset`` on, piece by piece; ``length`` 0 means to the end."""
    with translate_errors("read the volume %s" % volume.name()):
        stream = connection.newStream(0)
        volume.download(stream, offset, length, 0)
        try:
            stream.recvAll(lambda _stream, data, _opaque: sink(data), None)
            stream.finish()
        except BaseException:
            abort(stream)
            raise


def download(connection: Any, volume: Any, offset: int = 0, length: int = 0) -> bytes:
    """The same as one piece."""
    received: List[bytes] = []
    read_into(connection, volume, received.append, offset, length)
    return b"".join(received)


def path_of(volume: Any) -> str:
    with translate_errors("read the volume %s" % volume.name()):
        return str(volume.path())


def volume_size(volume: Any) -> int:
    """Bytes of the file as it is now: a look-up refreshes what libvirt knows of a volume."""
    with translate_errors("read the volume %s" % volume.name()):
        _kind, capacity, _allocation = volume.info()
    return int(capacity)
