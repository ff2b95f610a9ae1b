# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of one host: what it is, what it can, what it has left, what runs there."""

from __future__ import annotations

from typing import Any, Dict, List, Optional
from xml.etree import ElementTree

from .._errors import HypervisorError
from .base_image import list_bases
from .errors import translate_errors
from .servers import list_servers
from .storage import open_pool
from .virt_type import choose_virt_type
from .volume_task import volume_facts

SCHEMA = 1


def hypervisor_facts(connection: Any) -> Dict[str, Any]:
    """See the documentation of the module hypervisor_info for the shape."""
    with translate_errors("read the capabilities of the host"):
        capabilities = ElementTree.fromstring(connection.getCapabilities())
        info = connection.getInfo()
        facts: Dict[str, Any] = {
            "schema": SCHEMA,
            "uri": connection.getURI(),
            "hostname": connection.getHostname(),
            "driver": connection.getType(),
            "libvirt_version": connection.getLibVersion(),
            "hypervisor_version": connection.getVersion(),
            "vcpus": int(info[2]),
            "memory": int(info[1]),
        }
    host_cpu = capabilities.find("host/cpu")
    facts["uuid"] = capabilities.findtext("host/uuid") or ""
    facts["arch"] = (host_cpu.findtext("arch") if host_cpu is not None else None) or str(info[0])
    facts["guests"] = [_guest(guest) for guest in capabilities.findall("guest") if guest.findtext("os_type") == "hvm"]
    facts["numa_cells"] = [_cell(cell) for cell in capabilities.findall("host/topology/cells/cell")]
    domain_capabilities = _domain_capabilities(connection, facts["arch"], "kvm") or {}
    facts["cpu_model"], facts["cpu_flags"] = _host_cpu(connection, host_cpu, domain_capabilities)
    facts["virt_type"] = choose_virt_type(facts, kvm_offered=bool(domain_capabilities))
    if facts["virt_type"]["name"] != "kvm":
        domain_capabilities = _domain_capabilities(connection, facts["arch"], facts["virt_type"]["name"]) or {}
    facts["domain_capabilities"] = domain_capabilities
    facts["pools"] = _pools(connection)
    facts["images"] = _images(connection, facts["pools"])
    facts["volumes"] = volume_facts(connection, facts["pools"])
    facts["networks"] = _networks(connection)
    facts["servers"] = list_servers(connection, full=True)
    facts["domains"] = _domains(connection)
    facts["usage"] = _usage(facts["domains"])
    return facts


def _guest(guest: ElementTree.Element) -> Dict[str, Any]:
    arch = guest.find("arch")
    if arch is None:
        return {"arch": "", "emulator": "", "domain_types": [], "machines": []}
    return {
        "arch": arch.get("name") or "",
        "emulator": arch.findtext("emulator") or "",
        "domain_types": [d.get("type") or "" for d in arch.findall("domain")],
        "machines": sorted({m.text or "" for m in arch.iter("machine")}),
    }


def _cell(cell: ElementTree.Element) -> Dict[str, Any]:
    return {
        "id": int(cell.get("id") or 0),
        "memory": int(cell.findtext("memory") or 0) // 1024,
        "cpus": [
            {
                "id": int(cpu.get("id") or 0),
                "socket": _number(cpu.get("socket_id")),
                "core": _number(cpu.get("core_id")),
                "siblings": cpu.get("siblings"),
            }
            for cpu in cell.findall("cpus/cpu")
        ],
        "pages": [{"size": int(p.get("size") or 0), "total": int(p.text or 0)} for p in cell.findall("pages")],
    }


def _number(text: Optional[str]) -> Optional[int]:
    return int(text) if text and text.isdigit() else None


def _host_cpu(connection: Any, cpu: Optional[ElementTree.Element], capabilities: Dict[str, Any]) -> Any:
    """Model and feature names of the host's CPU, as libvirt expands them; both empty where it cannot tell."""
    if cpu is None:
        return None, []
    flags = [f.get("name") or "" for f in cpu.findall("feature")]
    model = cpu.findtext("model")
    if model:
        try:
            with translate_errors("expand the host CPU model"):
                text = connection.baselineCPU([ElementTree.tostring(cpu, encoding="unicode")], 1)
            flags = [f.get("name") or "" for f in ElementTree.fromstring(text).findall("feature")]
        except HypervisorError:
            # Not every driver or CPU can be expanded; the listed features are then all that is known.
            pass
    return model, sorted(set(flags))


def _domain_capabilities(connection: Any, arch: str, virt_type: str) -> Optional[Dict[str, Any]]:
    """What domains of that type may have on this host; None where the host has no such type."""
    try:
        with translate_errors("read the domain capabilities for %s" % virt_type):
            root = ElementTree.fromstring(connection.getDomainCapabilities(None, arch, None, virt_type, 0))
    except HypervisorError:
        return None
    found: Dict[str, Any] = {
        "machine": root.findtext("machine"),
        "firmware": _enum(root.find("os"), "firmware"),
        "loader_secure": "yes" in _enum(root.find("os/loader"), "secure"),
        "cpu_modes": [m.get("name") for m in root.findall("cpu/mode") if m.get("supported") == "yes"],
        "cpu_models": [m.text for m in root.findall("cpu/mode[@name='custom']/model") if m.get("usable") != "no"],
    }
    for device in root.findall("devices/*"):
        if device.get("supported") == "yes":
            found[device.tag] = {e.get("name"): [v.text for v in e.findall("value")] for e in device.findall("enum")}
    found["features"] = [f.tag for f in root.findall("features/*") if f.get("supported") == "yes"]
    return found


def _enum(element: Optional[ElementTree.Element], name: str) -> List[str]:
    if element is None:
        return []
    return [value.text or "" for value in element.findall("enum[@name='%s']/value" % name)]


def _pools(connection: Any) -> List[Dict[str, Any]]:
    with translate_errors("list the storage pools"):
        found = []
        for pool in connection.listAllStoragePools():
            tree = ElementTree.fromstring(pool.XMLDesc(0))
            _state, capacity, allocation, available = pool.info()
            found.append(
                {
                    "name": pool.name(),
                    "type": tree.get("type"),
                    "active": bool(pool.isActive()),
                    "autostart": bool(pool.autostart()),
                    "path": tree.findtext("target/path"),
                    "capacity": capacity,
                    "allocation": allocation,
                    "available": available,
                }
            )
    return sorted(found, key=lambda entry: entry["name"])


def _images(connection: Any, pools: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """The base images in the active pools of files, the newest first in each."""
    found: List[Dict[str, Any]] = []
    for entry in pools:
        if entry["active"] and entry["path"]:
            found.extend(list_bases(connection, open_pool(connection, entry["name"])))
    return found


def _networks(connection: Any) -> List[Dict[str, Any]]:
    with translate_errors("list the networks"):
        found = []
        for network in connection.listAllNetworks():
            tree = ElementTree.fromstring(network.XMLDesc(0))
            bridge, forward = tree.find("bridge"), tree.find("forward")
            found.append(
                {
                    "name": network.name(),
                    "uuid": network.UUIDString(),
                    "active": bool(network.isActive()),
                    "autostart": bool(network.autostart()),
                    "bridge": None if bridge is None else bridge.get("name"),
                    "mode": "isolated" if forward is None else forward.get("mode") or "nat",
                }
            )
    return sorted(found, key=lambda entry: entry["name"])


def _domains(connection: Any) -> List[Dict[str, Any]]:
    """Every domain of the host, ours or not: capacity is counted over what is defined."""
    with translate_errors("list the domains"):
        found = []
        for domain in connection.listAllDomains():
            _state, max_kib, _kib, vcpus, _time = domain.info()
            found.append(
                {
                    "name": domain.name(),
                    "uuid": domain.UUIDString(),
                    "active": bool(domain.isActive()),
                    "vcpus": vcpus,
                    "memory": max_kib // 1024,
                }
            )
    return sorted(found, key=lambda entry: entry["name"])


def _usage(domains: List[Dict[str, Any]]) -> Dict[str, int]:
    return {
        "servers": len(domains),
        "vcpus": sum(d["vcpus"] for d in domains),
        "memory": sum(d["memory"] for d in domains),
    }
