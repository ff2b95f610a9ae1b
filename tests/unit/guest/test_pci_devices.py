# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PCI devices: what host options may say, which devices of a host they mean, and which of them a server gets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.designer import Design
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.host_options import check_host_options
from tests.unit.guest.values import design, flavor, holder, hypervisor, image, node_devices, numa_cell, pci, server

GPU = {"name": "gpu", "vendor_id": "10de", "product_id": "1eb8"}
A, B, C, D = (f"0000:{bus}:00.0" for bus in ("0a", "0b", "0c", "0d"))
PINNED = {"hw:cpu_policy": "dedicated"}


def host(*devices: dict[str, Any], cells: int = 1, domains: Any = (), **changes: Any) -> Any:
    found = [numa_cell(cell, 4, 16384) for cell in range(cells)]
    return hypervisor(node_devices=node_devices(*devices), numa_cells=found, vcpus=4 * cells, domains=list(domains), **changes)


def ask(
    wish: str, given: Any, *, alias: Any = GPU, spec: Any = None, specs: Any = None, properties: Any = None, compute: Any = None
) -> Design:
    """A server whose flavor asks for these aliases."""
    wanted = server(
        flavor=flavor(vcpus=2, ram=2048, extra_specs={"pci_passthrough:alias": wish, **(specs or {})}),
        image=image(properties=properties or {}),
    )
    options = {"pci": {"alias": alias, "device_spec": spec or {"vendor_id": "10de"}}, "compute": compute or {}}
    return design(wanted, host=given, host_options=options)


def got(found: Design) -> list[str]:
    assert found.problems == ()
    sources = [device.source for device in found.domain.devices.hostdevs]
    return [f"{source.domain}:{source.bus}:{source.slot}.{source.function}" for source in sources]


def refused(found: Design) -> str:
    [problem] = found.problems
    assert (problem.code, problem.field) == ("PciDeviceRequestFailed", 'flavor.extra_specs["pci_passthrough:alias"]')
    return problem.message


@pytest.mark.parametrize(
    ("options", "field", "code"),
    [
        ({"alias": {"name": "gpu"}}, "alias[0].product_id alias[0].vendor_id", "PciInvalidAlias"),
        ({"alias": {**GPU, "colour": "red"}}, "alias[0]", "PciInvalidAlias"),
        ({"alias": [GPU, {**GPU, "numa_policy": "required"}]}, "alias[1]", "PciInvalidAlias"),
        ({"alias": "{"}, "alias", "Invalid"),
        ({"device_spec": ["x", 1]}, "device_spec", "Invalid"),
        ({"device_spec": {"vendor": "10de"}}, "device_spec[0]", "PciConfigInvalidSpec"),
        ({"device_spec": {"vendor_id": "10dee"}}, "device_spec[0].vendor_id", "PciConfigInvalidSpec"),
        ({"device_spec": {"vendor_id": 8086}}, "device_spec[0].vendor_id", "PciConfigInvalidSpec"),
        ({"device_spec": {"address": "0000:0a:20.0"}}, "device_spec[0].address", "PciConfigInvalidSpec"),
        ({"device_spec": {"address": "0:0:0:0.0"}}, "device_spec[0].address", "PciConfigInvalidSpec"),
        ({"device_spec": {"address": "0a*"}}, "device_spec[0].address", "PciConfigInvalidSpec"),
        ({"device_spec": {"address": {"bus": "("}}}, "device_spec[0].address", "PciConfigInvalidSpec"),
        ({"device_spec": {"address": {"row": "1"}}}, "device_spec[0].address", "PciConfigInvalidSpec"),
        ({"device_spec": {"managed": "perhaps"}}, "device_spec[0].managed", "PciConfigInvalidSpec"),
        ({"device_spec": {"devname": "eth0"}}, "device_spec[0].devname", "PciConfigInvalidSpec"),
        ({"device_spec": {"remote_managed": "yes"}}, "device_spec[0].remote_managed", "PciConfigInvalidSpec"),
        ({"device_spec": {"one_time_use": True}}, "device_spec[0].one_time_use", "PciConfigInvalidSpec"),
    ],
)
def test_options_are_refused_by_name(options: Any, field: str, code: str) -> None:
    problems = check_host_options({"pci": options}).problems
    assert [problem.field for problem in problems] == [f"host_options.pci.{part}" for part in field.split()]
    assert {problem.code for problem in problems} == {code}


def test_options_come_as_novas_configuration_has_them() -> None:
    """JSON text of a dictionary or a list of them, or YAML's own."""
    texts = [json.dumps(GPU), json.dumps([{"vendor_id": "10de", "address": A}, {"address": B}])]
    found = check_host_options({"pci": {"alias": texts[0], "device_spec": texts[1:]}})
    assert not found.problems
    assert found.value.values["pci", "alias"] == (GPU,)
    assert len(found.value.values["pci", "device_spec"]) == 2


def test_what_only_placement_and_ports_read_is_told() -> None:
    words = {"resource_class": "GPU", "traits": "blue"}
    found = check_host_options({"pci": {"alias": {**GPU, **words}, "device_spec": {"physical_network": "a", "trusted": "yes"}}})
    assert not found.problems
    fields = ["alias[0].resource_class", "alias[0].traits", "device_spec[0].physical_network", "device_spec[0].trusted"]
    assert [entry["field"] for entry in found.no_effect] == [f"host_options.pci.{field}" for field in fields]


@pytest.mark.parametrize(
    ("spec", "means"),
    [
        ({}, [A, B, C]),
        ({"vendor_id": "*", "product_id": "1EB8"}, [A, B, C]),
        ({"vendor_id": "0x10de"}, [A, B, C]),
        ({"vendor_id": "de"}, []),
        ({"address": A}, [A]),
        ({"address": "b:0.0"}, [B]),
        ({"address": "*:0b:*.*"}, [B]),
        ({"address": ".0"}, [A, B, C]),
        ({"address": ".1"}, []),
        ({"address": ""}, [A, B, C]),
        ({"address": {"bus": "0[ab]"}}, [A, B]),
        ({"address": {"domain": "0000", "bus": "0c", "slot": "00", "function": "0"}}, [C]),
        ([{"address": A}, {"address": C}], [A, C]),
    ],
)
def test_which_devices_servers_may_have(spec: Any, means: list[str]) -> None:
    given = host(pci(A), pci(B), pci(C))
    count = len(means)
    if count:
        assert got(ask(f"gpu:{count}", given, spec=spec)) == means
    assert "has " + str(count) in refused(ask(f"gpu:{count + 1}", given, spec=spec))


def test_a_physical_function_means_its_virtual_ones() -> None:
    vf = pci("0000:0a:00.1", kind="type-VF", parent=A)
    other = pci("0000:0b:00.1", kind="type-VF", parent=B)
    given = host(pci(A, kind="type-PF"), vf, pci(B, kind="type-PF"), other)
    assert got(ask("gpu:1", given, spec={"address": A})) == ["0000:0a:00.1"]
    assert refused(ask("gpu:2", given, spec={"address": A}))
    assert refused(ask("gpu:1", given, spec={"address": "*:0a:00.0"}))


def test_managed_is_what_the_spec_says() -> None:
    given = host(pci(A), pci(B))
    found = ask("gpu:2", given, spec=[{"address": A, "managed": False}, {"managed": "yes"}])
    assert [device.managed for device in found.domain.devices.hostdevs] == ["no", "yes"]


@pytest.mark.parametrize(
    ("wanted", "means"),
    [
        ({}, "0000:0a:00.1"),  # a PF only for who asks for one
        ({"device_type": "type-PF"}, B),
        ({"device_type": "type-VF"}, "0000:0a:00.1"),
        ({"device_type": "type-PCI"}, C),
        ({"live_migratable": "yes"}, D),
        ({"live_migratable": "no"}, C),
    ],
)
def test_an_alias_means_devices_by_type_and_by_what_they_can(wanted: dict[str, str], means: str) -> None:
    vf = pci("0000:0a:00.1", kind="type-VF", parent=A)
    given = host(pci(A, kind="type-PF"), vf, pci(B, kind="type-PF"), pci(C), pci(D))
    spec = [{"address": "*:0c:*.*", "live_migratable": "no"}, {"address": "*:0d:*.*", "live_migratable": True}, {}]
    alias = {**GPU, **wanted}
    if wanted.get("device_type") == "type-PF":
        assert got(ask("gpu:2", given, alias=alias, spec=spec)) == [A, B]
    else:
        assert got(ask("gpu:1", given, alias=alias, spec=spec)) == [means]


def test_no_alias_means_a_vdpa_device() -> None:
    assert "has 0" in refused(ask("gpu:1", host(pci(A, kind="vdpa", parent=B))))


def test_definitions_of_one_name_are_alternatives() -> None:
    given = host(pci(A), pci(B, product_id="2236"), pci(C, product_id="0001"))
    alias = [GPU, {**GPU, "product_id": "2236"}]
    assert got(ask("gpu:2", given, alias=alias)) == [A, B]


def test_several_aliases_share_what_fits_both() -> None:
    """Whoever has the fewest to choose from chooses first; the devices come in the order of the wishes."""
    given = host(pci(A), pci(B, product_id="2236"))
    alias = [GPU, {**GPU, "name": "any"}, {**GPU, "name": "any", "product_id": "2236"}]
    assert got(ask("any:1,gpu:1", given, alias=alias)) == [B, A]


def test_a_device_of_another_domain_is_not_given_again() -> None:
    given = host(pci(A), pci(B), domains=[holder("db", A)])
    assert got(ask("gpu:1", given)) == [B]
    message = refused(ask("gpu:2", given))
    assert "2 that its aliases mean, 1 of them free" in message
    assert f"{A} on node None has db" in message


def test_a_function_goes_with_its_card() -> None:
    vfs = [pci(f"0000:0a:00.{number}", kind="type-VF", parent=A) for number in (1, 2)]
    card = pci(A, kind="type-PF")
    whole = {**GPU, "name": "whole", "device_type": "type-PF"}
    assert refused(ask("whole:1", host(card, *vfs, domains=[holder("db", "0000:0a:00.2")]), alias=whole))
    assert refused(ask("gpu:1", host(card, *vfs, domains=[holder("db", A)])))
    assert refused(ask("gpu:1,whole:1", host(card, *vfs), alias=[GPU, whole]))


def test_an_alias_that_nobody_defined() -> None:
    [problem] = ask("fpga:1", host(pci(A))).problems
    assert (problem.code, problem.allowed) == ("PciRequestAliasNotDefined", ["gpu"])


def test_facts_without_devices_say_so() -> None:
    given = host(pci(A))
    del given["node_devices"]
    assert "node_devices" in refused(ask("gpu:1", given))


def test_options_without_devices_say_so() -> None:
    wanted = server(flavor=flavor(extra_specs={"pci_passthrough:alias": "gpu:1"}))
    assert "pci.device_spec says" in refused(design(wanted, host_options={"pci": {"alias": GPU}}))


@pytest.mark.parametrize(
    ("policy", "nodes", "given"),
    [
        # the guest is on node 0, which alone has dedicated CPUs
        ("required", (1, 0), B),
        ("required", (1, None), None),
        ("legacy", (1, None), B),
        ("legacy", (1, 1), None),
        ("preferred", (1, None), B),
        ("preferred", (1, 1), A),
        ("socket", (1, 2), A),  # node 1 is on the socket of node 0
        ("socket", (2, None), None),
    ],
)
def test_affinity_policies(policy: str, nodes: tuple[Any, Any], given: str | None) -> None:
    facts = host(pci(A, nodes[0]), pci(B, nodes[1]), cells=3)
    for cpu in facts["numa_cells"][1]["cpus"]:
        cpu["socket"] = 0
    found = ask("gpu:1", facts, alias={**GPU, "numa_policy": policy}, specs=PINNED, compute={"cpu_dedicated_set": "0-3"})
    if given is None:
        assert "the guest fits onto the nodes [0]" in refused(found)
    else:
        assert got(found) == [given]


def test_the_flavors_policy_goes_before_the_alias() -> None:
    facts = host(pci(A, 1), cells=2)
    for words in (
        {"specs": {"hw:pci_numa_affinity_policy": "preferred"}},
        {"properties": {"hw_pci_numa_affinity_policy": "preferred"}},
    ):
        specs = PINNED | words.get("specs", {})
        found = ask("gpu:1", facts, specs=specs, properties=words.get("properties"), compute={"cpu_dedicated_set": "0-3"})
        assert got(found) == [A]
    assert refused(ask("gpu:1", facts, specs=PINNED, compute={"cpu_dedicated_set": "0-3"}))


def test_a_host_cell_on_no_single_socket_has_no_socket_affinity() -> None:
    facts = host(pci(A, 1), cells=2)
    facts["numa_cells"][1]["cpus"][0]["socket"] = 7
    alias = {**GPU, "numa_policy": "socket"}
    assert refused(ask("gpu:1", facts, alias=alias, specs=PINNED, compute={"cpu_dedicated_set": "0-3"}))


def test_a_guest_without_cells_is_near_to_everything() -> None:
    assert got(ask("gpu:1", host(pci(A, 1), cells=2), alias={**GPU, "numa_policy": "required"})) == [A]


def test_the_guest_goes_where_its_devices_are() -> None:
    """And one that asks for none leaves the nodes with devices to others (guest FIT-02)."""
    facts = host(pci(A, 1), pci(B, 1), cells=2)
    for wish, node in (("gpu:1", "1"), (None, "0")):
        specs = {"hw:numa_nodes": "1"} | ({"pci_passthrough:alias": wish} if wish else {})
        options = {"pci": {"alias": GPU, "device_spec": {}}}
        found = design(server(flavor=flavor(extra_specs=specs)), host=facts, host_options=options)
        assert found.problems == ()
        assert found.domain.numa_tune is not None
        assert found.domain.numa_tune.nodeset == node


def test_the_second_best_cells_are_taken_for_the_devices() -> None:
    """Node 0 has the most devices, but not those that the alias means."""
    facts = host(pci(A, 0, product_id="0001"), pci(B, 0, product_id="0001"), pci(C, 1), cells=2)
    alias = {**GPU, "numa_policy": "required"}
    found = ask("gpu:1", facts, alias=alias, specs={"hw:numa_nodes": "1"})
    assert got(found) == [C]
