# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a domain claims of its host's NUMA cells, TCP ports and devices, read from its definition; and what is then left.

Plain XML and plain data: the host counts its domains by it, and the controller the servers that it is about to build there.
"""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, Iterable, List, Optional, Set
from xml.etree import ElementTree

Cell = Dict[str, Any]
Claims = Dict[str, Any]

# MiB: more than any ratio of overcommitment leaves of a cell.
_FULL = 1 << 40

_KIB = {"": 1, "KiB": 1, "k": 1, "K": 1, "MiB": 1 << 10, "m": 1 << 10, "M": 1 << 10, "GiB": 1 << 20, "g": 1 << 20, "G": 1 << 20}


def parse_cpus(text: str) -> FrozenSet[int]:
    """libvirt's lists of CPUs and nodes: ``0-3,^2,8``. A part that takes away counts for what stands before it."""
    found: Set[int] = set()
    for part in text.replace(" ", "").split(","):
        first, _dash, last = part.lstrip("^").partition("-")
        if not first.isdigit():
            continue
        numbers = range(int(first), int(last if last.isdigit() else first) + 1)
        found = found.difference(numbers) if part.startswith("^") else found.union(numbers)
    return frozenset(found)


def claims_of(domain: ElementTree.Element, cells: List[Cell]) -> Claims:
    """{cells: [{id, pinned_cpus, memory (MiB), cpus, pages: {size (KiB): count}}], ports: [number], devices: [text]}, empty
    parts left out.

    A CPU is pinned where a vCPU, the emulator or an I/O thread may run on it and not on the rest of its cell. ``cpus`` are
    vCPUs that are bound to the cell and share it. A domain that is bound to no cell claims of none (so counts Nova).
    """
    found: Dict[int, Dict[str, Any]] = {}
    for cell in cells:
        found[cell["id"]] = {"id": cell["id"], "pinned_cpus": [], "memory": 0, "cpus": 0, "pages": {}}
    _claim_cpus(domain, cells, found)
    _claim_memory(domain, found)
    claims: Claims = {}
    taken = [found[key] for key in sorted(found) if any(value for name, value in found[key].items() if name != "id")]
    if taken:
        claims["cells"] = taken
    ports = listening_ports(domain)
    if ports:
        claims["ports"] = ports
    devices = host_devices(domain)
    if devices:
        claims["devices"] = devices
    return claims


def _claim_cpus(domain: ElementTree.Element, cells: List[Cell], found: Dict[int, Dict[str, Any]]) -> None:
    cpus_of = {cell["id"]: frozenset(cpu["id"] for cpu in cell["cpus"]) for cell in cells}
    own = {pin.get("vcpu"): parse_cpus(pin.get("cpuset") or "") for pin in domain.findall("cputune/vcpupin")}
    vcpu = domain.find("vcpu")
    count = int((vcpu.text if vcpu is not None else None) or 1)
    common = parse_cpus((vcpu.get("cpuset") if vcpu is not None else None) or "")
    pinned: Set[int] = set()
    for index in range(count):
        allowed = own.get(str(index), common)
        if _dedicates(allowed, cpus_of):
            pinned |= allowed
        if len(allowed) > 1:
            inside = [cell for cell, cpus in cpus_of.items() if allowed <= cpus]
            for cell in inside[:1]:
                found[cell]["cpus"] += 1
    for tag in ("emulatorpin", "iothreadpin"):
        for pin in domain.findall("cputune/" + tag):
            allowed = parse_cpus(pin.get("cpuset") or "")
            pinned |= allowed if _dedicates(allowed, cpus_of) else frozenset()
    for cell, cpus in cpus_of.items():
        found[cell]["pinned_cpus"] = sorted(pinned & cpus)


def _dedicates(allowed: FrozenSet[int], cpus_of: Dict[int, FrozenSet[int]]) -> bool:
    """All CPUs of whole cells are a matter of memory, not of CPUs; one CPU alone is always a pin."""
    if len(allowed) <= 1:
        return bool(allowed)
    whole: Set[int] = set()
    for cpus in cpus_of.values():
        whole |= cpus if cpus <= allowed else frozenset()
    return whole != allowed


def _claim_memory(domain: ElementTree.Element, found: Dict[int, Dict[str, Any]]) -> None:
    common = domain.find("numatune/memory")
    everywhere = parse_cpus((common.get("nodeset") if common is not None else None) or "")
    own = {node.get("cellid"): parse_cpus(node.get("nodeset") or "") for node in domain.findall("numatune/memnode")}
    pages = domain.findall("memoryBacking/hugepages/page")
    hugepages = domain.find("memoryBacking/hugepages") is not None
    for guest, size in _guest_cells(domain):
        page = _page_size(pages, guest)
        bound = sorted((own.get(guest) or everywhere) & set(found))
        # Huge pages are taken from somewhere even where nothing says from which cell.
        for cell in bound or (sorted(found) if hugepages and page else []):
            share = size // len(bound or found)
            found[cell]["memory"] += share // 1024 if bound else 0
            if page:
                found[cell]["pages"][page] = found[cell]["pages"].get(page, 0) + -(-share // page)


def _guest_cells(domain: ElementTree.Element) -> List[Any]:
    """(cell id, KiB) of the guest's own cells; without any, all memory is cell 0."""
    cells = domain.findall("cpu/numa/cell")
    if cells:
        return [(cell.get("id") or str(index), _kib(cell, cell.get("memory"))) for index, cell in enumerate(cells)]
    memory = domain.find("memory")
    return [("0", 0 if memory is None else _kib(memory, memory.text))]


def _kib(element: ElementTree.Element, text: Any) -> int:
    return int(text or 0) * _KIB.get(element.get("unit") or "", 1)


def _page_size(pages: List[ElementTree.Element], guest: str) -> int:
    """KiB; 0 for pages of the common size, and where libvirt's default huge page says no size."""
    for page in pages:
        nodes = page.get("nodeset")
        if nodes is None or int(guest) in parse_cpus(nodes):
            return _kib(page, page.get("size"))
    return 0


def listening_ports(domain: ElementTree.Element) -> List[int]:
    """TCP ports that its character devices listen on."""
    found: Set[int] = set()
    for device in domain.findall("devices/*[@type='tcp']"):
        source = device.find("source")
        service = source.get("service") or "" if source is not None and source.get("mode") == "bind" else ""
        found |= {int(service)} if service.isdigit() else set()
    return sorted(found)


def host_devices(domain: ElementTree.Element) -> List[str]:
    """Devices of the host that it has: PCI addresses (``0000:0a:00.1``), uuids of mediated devices, paths of its NVDIMMs."""
    found: Set[str] = set()
    pci = [*domain.findall("devices/hostdev[@type='pci']"), *domain.findall("devices/interface[@type='hostdev']")]
    for address in (device.find("source/address") for device in pci):
        if address is not None and address.get("slot") is not None:
            parts = [int(address.get(name) or "0", 0) for name in ("domain", "bus", "slot", "function")]
            found.add("%04x:%02x:%02x.%x" % tuple(parts))
    for address in domain.findall("devices/hostdev[@type='mdev']/source/address"):
        found.add((address.get("uuid") or "").lower())
    for path in domain.findall("devices/memory[@model='nvdimm']/source/path"):
        found.add(path.text or "")
    return sorted(found)


def device_holders(domains: Iterable[Dict[str, Any]]) -> Dict[str, str]:
    """Which of these domains ({name, claims}) has a device, by what ``host_devices`` calls it."""
    return {device: domain["name"] for domain in domains for device in (domain.get("claims") or {}).get("devices", ())}


def count_claims(cells: List[Cell], domains: Iterable[Dict[str, Any]]) -> List[Cell]:
    """The cells with what these domains ({active, claims}) take: ``pinned_cpus``, ``memory_used`` (MiB), ``cpu_used``,
    and ``free`` of each kind of pages.

    The kernel's own count of free huge pages, where a cell has it, knows of the domains that run; those that are only defined
    are taken off it, because define is the claim. It says nothing useful of common pages, most of which hold file cache.
    """
    counted = [dict(cell, pinned_cpus=[], memory_used=0, cpu_used=0, pages=[dict(p) for p in cell["pages"]]) for cell in cells]
    by_kernel = any("free" in page for cell in cells for page in cell["pages"])
    for cell in counted:
        for page in cell["pages"]:
            page.setdefault("free", page["total"])
    for domain in domains:
        counted = add_claims(counted, domain if by_kernel else dict(domain, active=False))
    return counted


def add_claims(cells: List[Cell], domain: Dict[str, Any]) -> List[Cell]:
    """The cells once this domain has taken its part too."""
    claimed = {claim["id"]: claim for claim in (domain.get("claims") or {}).get("cells", [])}
    return [_changed(cell, claimed[cell["id"]], domain, 1) if cell["id"] in claimed else cell for cell in cells]


def without_claims(cells: List[Cell], domain: Dict[str, Any], others: Iterable[Dict[str, Any]]) -> List[Cell]:
    """The cells without this domain; CPUs that one of the others is pinned to as well stay taken."""
    claimed = {claim["id"]: claim for claim in (domain.get("claims") or {}).get("cells", [])}
    kept: Set[int] = set()
    for other in others:
        for claim in (other.get("claims") or {}).get("cells", []):
            kept.update(claim["pinned_cpus"])
    found = []
    for cell in cells:
        claim = claimed.get(cell["id"])
        if claim is None:
            found.append(cell)
            continue
        left = _changed(cell, claim, domain, -1)
        gone = set(claim["pinned_cpus"]) - kept
        left["pinned_cpus"] = [cpu for cpu in cell.get("pinned_cpus", ()) if cpu not in gone]
        found.append(left)
    return found


def claim(hypervisor: Dict[str, Any], uuid: str, name: str, xml: str) -> Dict[str, Any]:
    """The facts of a host as they will be once this domain is defined there."""
    claims = claims_of(ElementTree.fromstring(xml), hypervisor["numa_cells"])
    if not claims:
        return hypervisor
    domain = {"name": name, "uuid": uuid, "active": False, "claims": claims}
    ports = set(hypervisor.get("ports_in_use") or ()) | set(claims.get("ports", ()))
    return dict(
        hypervisor,
        domains=[*hypervisor["domains"], domain],
        numa_cells=add_claims(hypervisor["numa_cells"], domain),
        ports_in_use=sorted(ports),
    )


def release(hypervisor: Dict[str, Any], uuid: str) -> Dict[str, Any]:
    """The facts of a host as they are for this domain: it does not stand in its own way."""
    own = next((domain for domain in hypervisor["domains"] if domain.get("uuid") == uuid and domain.get("claims")), None)
    if own is None:
        return hypervisor
    others = [domain for domain in hypervisor["domains"] if domain is not own]
    kept = {port for domain in others for port in (domain.get("claims") or {}).get("ports", [])}
    gone = set(own["claims"].get("ports", ())) - kept
    return dict(
        hypervisor,
        domains=others,
        numa_cells=without_claims(hypervisor["numa_cells"], own, others),
        ports_in_use=[port for port in hypervisor.get("ports_in_use") or () if port not in gone],
    )


def at_home(hypervisor: Dict[str, Any], uuid: str) -> Optional[Dict[str, Any]]:
    """The same with nothing left but what this domain has already of CPUs, nodes and devices; None where it has none."""
    own: Dict[str, Any] = next((domain for domain in hypervisor["domains"] if domain.get("uuid") == uuid), {})
    claims = own.get("claims") or {}
    claimed = {claim["id"]: claim for claim in claims.get("cells", [])}
    if not claimed and not claims.get("devices"):
        return None
    found = release(hypervisor, uuid)
    if claimed:
        found = dict(found, numa_cells=[_home_cell(cell, claimed) for cell in found["numa_cells"]])
    if claims.get("devices"):
        found = dict(found, home_devices=claims["devices"])
    return found


def _home_cell(cell: Cell, claimed: Dict[int, Any]) -> Cell:
    pinned = {cpu["id"] for cpu in cell["cpus"]} - set((claimed.get(cell["id"]) or {}).get("pinned_cpus", ()))
    changed = dict(cell, pinned_cpus=sorted(pinned))
    if cell["id"] not in claimed:
        changed["memory_used"] = _FULL
    return changed


def _changed(cell: Cell, claim: Dict[str, Any], domain: Dict[str, Any], sign: int) -> Cell:
    pages = [dict(page) for page in cell["pages"]]
    smallest = min((page["size"] for page in pages), default=0)
    # Keys are numbers here and texts once the facts have travelled as JSON.
    huge = {int(size): count for size, count in claim["pages"].items() if int(size) != smallest}
    common = claim["memory"] * 1024 - sum(size * count for size, count in huge.items())
    for page in pages:
        if page["size"] == smallest:
            taken = max(common, 0) // smallest
        else:
            taken = 0 if domain.get("active") else huge.get(page["size"], 0)
        if page.get("free") is not None:
            page["free"] = max(0, page["free"] - sign * taken)
    return dict(
        cell,
        pages=pages,
        pinned_cpus=sorted(set(cell.get("pinned_cpus", ())) | set(claim["pinned_cpus"])),
        memory_used=max(0, cell.get("memory_used", 0) + sign * claim["memory"]),
        cpu_used=max(0, cell.get("cpu_used", 0) + sign * claim["cpus"]),
    )
