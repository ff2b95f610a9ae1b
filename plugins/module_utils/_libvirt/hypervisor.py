# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The facts of one host: what it is, what it can, what it has left, what runs there."""

from __future__ import annotations

from typing import Any, Dict, List, Optional
from xml.etree import ElementTree

from .._claims import count_claims
from .._errors import HypervisorError
from .._pool_kinds import has_files
from .access import add_faults, read_qemu_process
from .base_image import list_bases
from .errors import translate_errors, unless_gone
from .firmware import has_stateless_firmware
from .hypervisor_domains import domain_facts, read_domains, server_facts
from .node_devices import node_device_facts
from .pools import list_pool_facts
from .storage import open_pool, while_active
from .virt_type import choose_virt_type
from .volume_task import volume_facts

SCHEMA = 1


def hypervisor_facts(connection: Any, *, node_devices: bool = False) -> Dict[str, Any]:
    """See the documentation of the module hypervisor_info for the shape. ``node_devices`` cost a call each."""
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
    facts["qemu_process"] = read_qemu_process(capabilities)
    facts["numa_cells"] = [_cell(cell) for cell in capabilities.findall("host/topology/cells/cell")]
    domain_capabilities = _domain_capabilities(connection, facts["arch"], "kvm") or {}
    facts["cpu_model"], facts["cpu_flags"] = _host_cpu(connection, host_cpu, domain_capabilities)
    facts["virt_type"] = choose_virt_type(facts, kvm_offered=bool(domain_capabilities))
    if facts["virt_type"]["name"] != "kvm":
        domain_capabilities = _domain_capabilities(connection, facts["arch"], facts["virt_type"]["name"]) or {}
    facts["sev_models"] = domain_capabilities.pop("sev_models", [])
    facts["domain_capabilities"] = domain_capabilities
    facts["pools"] = list_pool_facts(connection)
    facts["images"] = _images(connection, facts["pools"])
    facts["volumes"] = volume_facts(connection, facts["pools"])
    facts["networks"] = _networks(connection)
    if node_devices:
        facts["node_devices"] = node_device_facts(connection)
    _add_domains(connection, facts)
    return facts


def _add_domains(connection: Any, facts: Dict[str, Any]) -> None:
    known = read_domains(connection)
    add_faults(connection, facts, known)
    facts["servers"] = server_facts(known, facts["hostname"])
    cells = _with_free_pages(connection, facts["numa_cells"])
    facts["domains"] = [domain_facts(entry, cells) for entry in known]
    facts["numa_cells"] = count_claims(cells, facts["domains"])
    ports = {port for entry in facts["domains"] for port in entry.get("claims", {}).get("ports", [])}
    facts["ports_in_use"] = sorted(ports)
    facts["usage"] = _usage(facts["domains"])


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


def _with_free_pages(connection: Any, cells: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """With the kernel's count of free huge pages, where there are any and the driver tells."""
    sizes = {page["size"] for cell in cells for page in cell["pages"][1:] if page["total"]}
    if not sizes:
        return cells
    ids = [cell["id"] for cell in cells]
    try:
        with translate_errors("read the free pages of the host"):
            counts = connection.getFreePages(sorted(sizes), min(ids), max(ids) - min(ids) + 1)
    except HypervisorError:
        # A driver that does not know it; the definitions of the domains tell as much as can be known then.
        return cells
    found = []
    for cell in cells:
        free = counts.get(cell["id"], {})
        pages = [dict(page, free=free[page["size"]]) if page["size"] in free else page for page in cell["pages"]]
        found.append(dict(cell, pages=pages))
    return found


def _number(text: Optional[str]) -> Optional[int]:
    return int(text) if text and text.isdigit() else None


def _host_cpu(connection: Any, cpu: Optional[ElementTree.Element], capabilities: Dict[str, Any]) -> Any:
    """Model and feature names of the host's CPU, as libvirt expands them; both empty where it cannot tell."""
    if cpu is None:
        return None, []
    flags = cpu_features(cpu)
    model = cpu.findtext("model")
    if model:
        try:
            with translate_errors("expand the host CPU model"):
                text = connection.baselineCPU([ElementTree.tostring(cpu, encoding="unicode")], 1)
            flags = cpu_features(ElementTree.fromstring(text))
        except HypervisorError:
            # Not every driver or CPU can be expanded; the listed features are then all that is known.
            pass
    return model, sorted(set(flags))


def cpu_features(cpu: ElementTree.Element) -> List[str]:
    """The features that a CPU has. libvirt 11 also lists what the host lacks of the model's, with the policy ``disable``."""
    return [f.get("name") or "" for f in cpu.findall("feature") if f.get("policy") != "disable"]


def _domain_capabilities(connection: Any, arch: str, virt_type: str) -> Optional[Dict[str, Any]]:
    """What domains of that type may have on this host; None where the host has no such type.

    Firmware belongs to a machine type: Secure Boot of x86_64 is a matter of q35, which is not the default."""
    root = _read_domain_capabilities(connection, arch, None, virt_type)
    if root is None:
        return None
    q35 = _read_domain_capabilities(connection, arch, "q35", virt_type) if arch == "x86_64" else None
    roots = [root] if q35 is None else [root, q35]
    found: Dict[str, Any] = {
        "machine": root.findtext("machine"),
        "firmware": sorted({name for each in roots for name in _enum(each.find("os"), "firmware")}),
        "loader_secure": any("yes" in _enum(each.find("os/loader"), "secure") for each in roots),
        "cpu_modes": [m.get("name") for m in root.findall("cpu/mode") if m.get("supported") == "yes"],
        "cpu_models": [m.text for m in root.findall("cpu/mode[@name='custom']/model") if m.get("usable") != "no"],
    }
    if "efi" in found["firmware"]:
        stateless = has_stateless_firmware(connection, arch, roots[-1].findtext("machine") or "", virt_type)
        found.update({} if stateless is None else {"loader_stateless": stateless})
    for device in root.findall("devices/*"):
        if device.get("supported") == "yes":
            found[device.tag] = {e.get("name"): [v.text for v in e.findall("value")] for e in device.findall("enum")}
    found["features"] = [f.tag for f in root.findall("features/*") if f.get("supported") == "yes"]
    if root.find("features/hyperv") is not None:
        found["hyperv"] = _enum(root.find("features/hyperv"), "features")
    found["sev_models"] = _sev_models(root)
    return found


def _read_domain_capabilities(connection: Any, arch: str, machine: Optional[str], virt_type: str) -> Any:
    try:
        with translate_errors("read the domain capabilities for %s" % virt_type):
            return ElementTree.fromstring(connection.getDomainCapabilities(None, arch, machine, virt_type, 0))
    except HypervisorError:
        return None


def _sev_models(root: ElementTree.Element) -> List[str]:
    """Nova's names of what launchSecurity may ask for on this host (guest SEV-03)."""
    sev = root.find("features/sev[@supported='yes']")
    if sev is None:
        return []
    kinds = _enum(root.find("features/launchSecurity"), "sectype")
    found = ["amd-sev"]
    if int(sev.findtext("maxESGuests") or 0) > 0:
        found.append("amd-sev-es")
    return [*found, "amd-sev-snp"] if "sev-snp" in kinds else found


def _enum(element: Optional[ElementTree.Element], name: str) -> List[str]:
    if element is None:
        return []
    return [value.text or "" for value in element.findall("enum[@name='%s']/value" % name)]


def _images(connection: Any, pools: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """The base images in the active pools of files, the newest first in each."""
    found: List[Dict[str, Any]] = []
    for entry in pools:
        if entry["active"] and has_files(entry):
            found.extend(while_active(_bases, connection, entry["name"]))
    return found


def _bases(connection: Any, pool_name: str) -> List[Dict[str, Any]]:
    return list_bases(connection, open_pool(connection, pool_name))


def _networks(connection: Any) -> List[Dict[str, Any]]:
    with translate_errors("list the networks"):
        networks = connection.listAllNetworks()
    found = [unless_gone(_network, network) for network in networks]
    return sorted((entry for entry in found if entry), key=lambda entry: str(entry["name"]))


def _network(network: Any) -> Dict[str, Any]:
    with translate_errors("read the network %s" % network.name()):
        tree = ElementTree.fromstring(network.XMLDesc(0))
        bridge, forward = tree.find("bridge"), tree.find("forward")
        return {
            "name": network.name(),
            "uuid": network.UUIDString(),
            "active": bool(network.isActive()),
            "autostart": bool(network.autostart()),
            "bridge": None if bridge is None else bridge.get("name"),
            "mode": "isolated" if forward is None else forward.get("mode") or "nat",
        }


def _usage(domains: List[Dict[str, Any]]) -> Dict[str, int]:
    return {
        "servers": len(domains),
        "vcpus": sum(d["vcpus"] for d in domains),
        "memory": sum(d["memory"] for d in domains),
    }
