# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory of a guest: huge pages, locking, file backing, encryption (guest section 5)."""

from __future__ import annotations

from ..domain_model import HugePage, LaunchSecurity, MemoryBacking
from .context import Context
from .host_cells import ratio, smallest_page
from .numa import NumaDesign

_POLICIES = {"amd-sev": "0x0033", "amd-sev-es": "0x0037", "amd-sev-snp": "0x00030000"}


def design_memory_backing(context: Context, numa: NumaDesign) -> MemoryBacking | None:
    """None where nobody wishes for anything (guest MEM-10)."""
    pages = _huge_pages(context, numa)
    realtime = bool(context.combination.cpu.realtime_cpus)
    encryption = context.combination.mem_encryption
    locked = realtime or bool(context.combination.locked_memory) or (encryption is not None and encryption.locks_memory)
    file_backed = _file_backed(context, numa)
    _check_realtime(context)
    if not (pages or locked or file_backed):
        return None
    return MemoryBacking(
        huge_pages=pages,
        no_share_pages=realtime,
        locked=locked,
        source_type="file" if file_backed else None,
        access_mode="shared" if file_backed else None,
        allocation_mode="immediate" if file_backed else None,
        discard=file_backed,
    )


def _huge_pages(context: Context, numa: NumaDesign) -> tuple[HugePage, ...]:
    """Guest MEM-01, MEM-02: pages of the smallest size are no huge pages."""
    smallest = smallest_page(context)
    sizes = zip(numa.cells, numa.page_sizes, strict=True)
    return tuple(HugePage(size=size, nodeset=cell.id) for cell, size in sizes if size is not None and size > smallest)


def _file_backed(context: Context, numa: NumaDesign) -> bool:
    """Guest MEM-05, MEM-06."""
    if context.options.number("libvirt", "file_backed_memory") <= 0:
        return False
    field = "host_options.libvirt.file_backed_memory"
    if ratio(context, "ram_allocation_ratio") != 1.0:
        message = "file-backed memory needs a ram_allocation_ratio of 1.0"
        context.refuse("Invalid", "MEM-05", field, ratio(context, "ram_allocation_ratio"), 1.0, message)
    if any(size is not None for size in numa.page_sizes):
        message = "file-backed memory cannot be combined with a page size"
        context.refuse("MemoryPagesUnsupported", "MEM-06", context.spec_field("hw:mem_page_size"), None, None, message)
    return True


def _check_realtime(context: Context) -> None:
    """Guest MEM-04."""
    cpu = context.combination.cpu
    if cpu.realtime_cpus and cpu.emulator_policy == "share" and context.options.text("compute", "cpu_shared_set") is None:
        message = "realtime CPUs with shared emulator threads need the host option compute.cpu_shared_set"
        field = context.spec_field("hw:emulator_threads_policy")
        context.refuse("RealtimeMaskNotFoundOrInvalid", "MEM-04", field, "share", None, message)


def design_launch_security(context: Context) -> LaunchSecurity | None:
    """Guest SEV-01 to SEV-09."""
    encryption = context.combination.mem_encryption
    if encryption is None:
        return None
    if encryption.model not in _POLICIES:
        field = context.wish_field("hw:mem_encryption_model")
        message = f"memory encryption with {encryption.model} is not built yet, so the request is refused"
        context.refuse("NotBuilt", "SEV-03", field, encryption.model, list(_POLICIES), message)
        return None
    if _models(context) or context.definable:
        _check_encryption(context, encryption.model)
    model = encryption_model(context)
    if model is None:
        return None
    policy = _POLICIES[model]
    if model != "amd-sev-snp":
        return LaunchSecurity(type="sev", policy=policy)
    hashes = "yes" if context.properties.get("kernel_id") else "no"
    return LaunchSecurity(type="sev-snp", policy=policy, author_key="no", vcek="yes", kernel_hashes=hashes)


def encryption_model(context: Context) -> str | None:
    """How the guest's memory is encrypted; not at all on a host that cannot do what is asked for (guest SEV-01). Nova asks no
    more than whether the host can encrypt at all."""
    encryption, known = context.combination.mem_encryption, _models(context)
    if encryption is None or not known or (context.definable and encryption.model not in known):
        return None
    return encryption.model


def _models(context: Context) -> list[str]:
    """What the host can do; libvirt's capabilities alone tell of the first model only."""
    known = context.hypervisor.get("sev_models")
    if known is not None:
        return known
    return ["amd-sev"] if "sev" in _features(context) else []


def _features(context: Context) -> list[str]:
    return context.hypervisor["domain_capabilities"].get("features") or []


def _check_encryption(context: Context, model: str) -> None:
    """A default machine type is known only here (guest SEV-05). A host whose own capabilities deny this model is refused: Nova
    would leave that to its scheduler and start the guest in the clear (guest SEV-01)."""
    if not context.is_q35 and not context.properties.get("hw_machine_type"):
        message = f"encrypted memory needs a q35 machine, and the default is {context.machine}"
        field = context.property_field("hw_machine_type")
        context.refuse("InvalidMachineType", "SEV-05", field, context.machine, {"contains": "q35"}, message)
    if context.definable and _features(context) and model not in _models(context):
        message = f"the host cannot encrypt the memory of guests with {model}"
        name = "hw:mem_encryption_model"
        given = name in context.specs or context.properties.get("hw_mem_encryption_model") is not None
        field = context.wish_field(name if given else "hw:mem_encryption")
        context.refuse("ComputeResourcesUnavailable", "SEV-12", field, model, _models(context), message)
