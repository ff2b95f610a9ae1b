# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which input put what into the XML, found out by taking each away."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.explanation.differences import Tree
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.explanation.explain import explain
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.explanation.inputs import DesignInputs
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.explanation.values import ABSENT, dotted, put
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.host_options import check_host_options
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.overlay import read_overlay
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.render import render_domain
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.resources import EVERYTHING, Resources
from ansible_collections.kilonova.compute.plugins.plugin_utils._guest.shape import PLAIN, Shape
from tests.unit.guest.values import (
    CLOCK,
    ROOT,
    UUID,
    base_image,
    block_device,
    flavor,
    hypervisor,
    image,
    nic,
    numa_cell,
    pool,
    server,
)

SPECS = {"hw:cpu_cores": "2", "hw:watchdog_action": "reset", "quota:disk_read_iops_sec": "100"}


def given(wanted: Any = None, *, options: Any = None, host: Any = None, shape: Shape = PLAIN) -> DesignInputs:
    usual = server(
        flavor=flavor(vcpus=4, ephemeral=2, extra_specs=SPECS),
        image=image(properties={"hw_machine_type": "q35", "hw_disk_bus": "scsi", "hw_scsi_model": "virtio-scsi"}),
        block_device_mapping=[ROOT, block_device(volume_size=2)],
        networks=[nic(), nic("other")],
        key_pair={"schema": 1, "name": "laptop", "public_key": "ssh-ed25519 AAAA me", "type": "ssh"},
    )
    return DesignInputs(
        server=wanted or usual,
        uuid=UUID,
        hypervisor=host or hypervisor(),
        options=check_host_options(options).value,
        pool=pool(),
        base_image=base_image(),
        clock=CLOCK,
        resources=Resources(abilities=EVERYTHING),
        shape=shape,
    )


def explained(inputs: DesignInputs) -> dict[str, Any]:
    design = inputs.design()
    assert design.problems == ()
    return explain(inputs, design)


@pytest.fixture(scope="module")
def usual() -> dict[str, Any]:
    return explained(given(options={"libvirt": {"cpu_mode": "host-passthrough"}}))


def element(found: dict[str, Any], path: str) -> dict[str, Any]:
    [entry] = [entry for entry in found["elements"] if entry["path"] == path]
    return dict(entry)


def ends(found: dict[str, Any], name: str) -> list[str]:
    [entry] = [entry for entry in found["inputs"] if entry["name"] == name]
    return list(entry["ends"])


@pytest.mark.parametrize(
    ("path", "inputs"),
    [
        ("/domain/memory", ["flavor.ram"]),
        ("/domain/name", ["name"]),
        ("/domain/uuid", ["uuid"]),
        ("/domain/os/type/@machine", ["image.properties.hw_machine_type"]),
        ("/domain/cpu/@mode", ["host_options.libvirt.cpu_mode"]),
        ("/domain/cpu/topology/@cores", ["flavor.vcpus", 'flavor.extra_specs["hw:cpu_cores"]']),
        ("/domain/devices/watchdog", ['flavor.extra_specs["hw:watchdog_action"]']),
        ("/domain/devices/disk[3]", ["config_drive"]),
        ("/domain/devices/disk[1]/iotune/read_iops_sec", ['flavor.extra_specs["quota:disk_read_iops_sec"]']),
        ("/domain/devices/interface[2]/source/@network", ["networks[1].network.libvirt_network"]),
        ("/domain/metadata/nova:instance/nova:creationTime", ["clock"]),
    ],
)
def test_what_decides_a_place(usual: dict[str, Any], path: str, inputs: list[str]) -> None:
    found = element(usual, path)
    assert sorted(set(found["inputs"]) - {"networks[0]", "block_device_mapping[1]"}) == sorted(inputs)


def test_defaults_are_told_from_what_was_given(usual: dict[str, Any]) -> None:
    rng = element(usual, "/domain/devices/rng/backend")
    assert (rng["value"], rng["inputs"], rng["defaults"]) == ("/dev/urandom", [], ["host_options.libvirt.rng_dev_path"])
    told = explained(given(options={"libvirt": {"rng_dev_path": "/dev/random"}}))
    rng = element(told, "/domain/devices/rng/backend")
    assert (rng["inputs"], rng["defaults"]) == (["host_options.libvirt.rng_dev_path"], [])


def test_what_no_input_decides_comes_with_its_element_or_always(usual: dict[str, Any]) -> None:
    assert element(usual, "/domain/devices/watchdog/@model")["of"] == "/domain/devices/watchdog"
    offset = element(usual, "/domain/clock/@offset")
    assert (offset["inputs"], offset["defaults"], offset["of"]) == ([], [], None)


def test_where_inputs_end(usual: dict[str, Any]) -> None:
    assert ends(usual, "flavor.ram") == ["/domain/memory", "/domain/metadata/nova:instance/nova:flavor/nova:memory"]
    watchdog = ends(usual, 'flavor.extra_specs["hw:watchdog_action"]')
    assert watchdog[-2:] == ["/domain/devices/watchdog", "/domain/devices/watchdog/@action"]
    assert ends(usual, "key_pair.public_key") == []


def test_both_directions_say_the_same(usual: dict[str, Any]) -> None:
    forth = {(entry["path"], name) for entry in usual["elements"] for name in (*entry["inputs"], *entry["defaults"])}
    back = {(path, entry["name"]) for entry in usual["inputs"] for path in entry["ends"]}
    assert forth == back


def test_every_element_and_attribute_is_there_once(usual: dict[str, Any]) -> None:
    inputs = given(options={"libvirt": {"cpu_mode": "host-passthrough"}})
    root = etree.fromstring(render_domain(inputs.design().domain))
    record = root.find("metadata/{urn:kilonova:compute:1}server")
    left_out = set(record.iter()) if record is not None else set()
    shown = [e for e in root.iter() if e not in left_out]
    assert len(usual["elements"]) == len(shown) + sum(len(e.attrib) for e in shown)
    paths = [entry["path"] for entry in usual["elements"]]
    assert len(set(paths)) == len(paths)
    for entry in usual["elements"]:
        [found] = root.xpath(entry["path"], namespaces={"nova": "http://openstack.org/xmlns/libvirt/nova/1.1"})
        assert entry["value"] == (found if isinstance(found, str) else (found.text or "").strip() or None)


def test_the_same_input_gets_the_same_answer(usual: dict[str, Any]) -> None:
    assert explained(given(options={"libvirt": {"cpu_mode": "host-passthrough"}})) == usual


def test_the_hosts_cells_decide_the_pins() -> None:
    wanted = server(flavor=flavor(extra_specs={"hw:cpu_policy": "dedicated"}))
    options = {"compute": {"cpu_dedicated_set": "2-5"}}
    found = explained(given(wanted, options=options, host=hypervisor(numa_cells=[numa_cell(0, 8, 65536)])))
    pin = element(found, "/domain/cputune/vcpupin[1]/@cpuset")
    assert (pin["value"], pin["inputs"]) == ("2", ["host_options.compute.cpu_dedicated_set", "hypervisor.numa_cells[0]"])


def test_the_users_own_shape_is_an_input() -> None:
    overlay = read_overlay("<domain><devices><panic model='isa'/></devices></domain>")
    found = explained(given(shape=Shape(overlay=overlay)))
    assert element(found, "/domain/devices/panic")["inputs"] == ["xml_overlay"]


def test_an_input_whose_other_values_are_refused_is_undecided() -> None:
    wanted = server(image=image(properties={"hw_firmware_type": "uefi", "hw_machine_type": "q35"}))
    wanted["flavor"]["extra_specs"] = {"hw:mem_encryption": "true"}
    host = hypervisor(sev_models=["amd-sev"])
    found = explained(given(wanted, host=host))
    [firmware] = [entry for entry in found["inputs"] if entry["name"] == "image.properties.hw_firmware_type"]
    assert (firmware["ends"], firmware["undecided"]) == ([], True)


def test_disks_are_told_apart_by_what_they_hold() -> None:
    disks = [f"<disk><source file='{file}'/><target dev='{dev}'/></disk>" for file, dev in (("a", "sda"), ("b", "sdb"))]
    one = etree.fromstring(f"<domain>{''.join(disks)}</domain>")
    other = etree.fromstring(f"<domain>{disks[0].replace('sda', 'vda')}{disks[1].replace('sdb', 'sda')}</domain>")
    assert Tree(one).changed_in(Tree(other)) == {"/domain/disk[1]/target/@dev", "/domain/disk[2]/target/@dev"}


def test_paths_and_places() -> None:
    assert dotted(("flavor", "extra_specs", "hw:x")) == 'flavor.extra_specs["hw:x"]'
    assert dotted(("extra", "boot_image", "properties", "os_type")) == "image.properties.os_type"
    assert put({"a": [{"b": 1}, {"b": 2}]}, ("a", 1, "b"), 3) == {"a": [{"b": 1}, {"b": 3}]}
    assert put({"a": [1, 2]}, ("a", 0), ABSENT) == {"a": [2]}
