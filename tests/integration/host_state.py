# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test host is given for a while: huge pages, other firmware, a share."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.plugin_utils._plan.entry import Place

from .world import World

FIRMWARE = Path("/usr/share/qemu/firmware")
_PAGES = Path("/proc/sys/vm/nr_hugepages")


@contextmanager
def huge_pages(count: int) -> Iterator[None]:
    """They are the whole machine's: what was reserved before stays, and is all that is reserved afterwards."""
    before = int(_PAGES.read_text())
    _PAGES.write_text(str(before + count))
    try:
        assert int(_PAGES.read_text()) == before + count, "the machine has no room for huge pages"
        yield
    finally:
        _PAGES.write_text(str(int(_PAGES.read_text()) - count))


@contextmanager
def own_keys(world: World) -> Iterator[None]:
    """Firmware whose Secure Boot trusts the key that signed the test guest instead of Microsoft's, and stateless firmware."""
    plain = next(firmware for firmware in map(_read, sorted(FIRMWARE.glob("*.json"))) if _is_plain(firmware))
    signed = json.loads(json.dumps(plain))
    for part, name in (("executable", "CODE"), ("nvram-template", "VARS")):
        signed["mapping"][part]["filename"] = f"/usr/share/OVMF/OVMF_{name}_4M.snakeoil.fd"
    signed["targets"][0]["machines"] = ["pc-q35-*"]
    signed["features"] += ["secure-boot", "requires-smm", "enrolled-keys"]
    stateless = json.loads(json.dumps(plain))
    stateless["mapping"] = {"device": "flash", "mode": "stateless", "executable": plain["mapping"]["executable"]}
    folder = world.host.path("/run/libvirt") / "firmware"
    folder.mkdir()
    for name, content in (("40-signed.json", signed), ("60-plain.json", plain), ("70-stateless.json", stateless)):
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    world.host.run(["mount", "--bind", "/run/libvirt/firmware", str(FIRMWARE)])
    try:
        yield
    finally:
        world.host.run(["umount", str(FIRMWARE)])
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _is_plain(firmware: dict[str, Any]) -> bool:
    """The kind of 4 MiB for x86_64 that knows no Secure Boot."""
    return "OVMF_CODE_4M.fd" in json.dumps(firmware) and "secure-boot" not in firmware["features"]


@contextmanager
def shared(names: Sequence[str], share: Path) -> Iterator[None]:
    """Servers of these names have a share: nothing else can give them one yet."""
    share.mkdir(exist_ok=True)
    (share / "hello").write_text("from the host", encoding="utf-8")
    plain = Place.resources_of

    def with_share(place: Place, server: Any, *rest: Any) -> Any:
        found = plain(place, server, *rest)
        return replace(found, shares=({"path": str(share), "tag": "share"},)) if server["name"] in names else found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Place, "resources_of", with_share)
        yield
