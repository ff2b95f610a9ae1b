# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arbitrary input to every entry point of the contract: nothing but problems comes out, the same ones every time, and what is
good comes back unchanged.

KILONOVA_FUZZ_EXAMPLES says how many random examples each module takes (make fuzz: 10,000); without it they are few and the same
every time."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ansible_collections.kilonova.compute.plugins.plugin_utils._boot import flavor as flavors
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot import image as images
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.block_device import validate_block_device_mapping
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.block_device_entry import STORED_KEYS, UNSTORED_KEYS
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.block_device_legacy import LEGACY_KEYS
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.checked import Checked
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.extra_spec import REGISTRY
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.image_table import KEPT_RAW, PROPERTIES
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.image_table import LEGACY as OLDER_NAMES
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.network import Port
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.problems import Problem
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.request_api import server_table
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.request_argv_nova import SYNTAX as NOVA
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.request_argv_openstack import SYNTAX as OPENSTACK
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.request_ec2 import TABLE as EC2
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.request_hints import HINTS
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.request_option_values import NIC
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.request_options import TABLE as OPTIONS
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.request_unsupported import UNSUPPORTED
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server import validate_servers
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server_api import validate_api_request
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server_argv import files_of, validate_nova_boot
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.server_ec2 import validate_ec2_request
from ansible_collections.kilonova.compute.plugins.plugin_utils._boot.volume_type import VolumeType, validate_volume_types
from tests.unit.boot.server_catalogues import IMAGE_ID, KERNEL_ID, NETWORK_ID, VOLUME_ID, catalogues, request

EXAMPLES = int(os.environ.get("KILONOVA_FUZZ_EXAMPLES", "300"))
FUZZ = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=os.environ.get("KILONOVA_FUZZ_SEED") != "random",
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
# The forms are one module's, and share its examples.
FORM = settings(FUZZ, max_examples=EXAMPLES // 3)
PORT_ID = "99999999-8888-4777-8666-666666666666"
PORT = Port(
    id=PORT_ID,
    network=catalogues()["networks"]["internal"],
    fixed_ips=["192.0.2.9"],
    device_id="",
    ip_allocation="immediate",
    resource_request=False,
)
WORLD = catalogues(
    volumes={VOLUME_ID: {"size": 3, "status": "available"}},
    ports={PORT_ID: PORT},
    certificates=["cert"],
    snapshots={KERNEL_ID: {"size": 2, "volume_id": VOLUME_ID}},
    ec2_ids={"ami-00000001": IMAGE_ID, "aki-00000001": KERNEL_ID, "snap-0000000a": KERNEL_ID, "vol-0000000b": VOLUME_ID},
)

# Values that rules know, whatever key they belong to, and values at the edges of types.
_TEXT = """small large cirros direct kernel inactive big internal me web pair auto none 1 nokernel z:h:n z::n
    ami-00000001 aki-00000001 snap-0000000a vol-0000000b dedicated shared mixed isolate require prefer any 2MB 2048 ^0 0-1,^1
    0-3 q35 uefi required forbidden disabled optional amd-sev tpm-crb 2.0 1.2 luks true off AUTO MANUAL volume image snapshot
    blank local swap ephemeral0 virtio scsi cdrom lun vda /dev/sdb qcow2 iso bare active queued 192.0.2.5 2001:db8::1 aGVsbG8=
    a=b a=b,c=d net-name=internal v4-fixed-ip=192.0.2.9 -1 0 99999999999999999999 nan [] {} é"""
WORDS = (*_TEXT.split(), IMAGE_ID, KERNEL_ID, NETWORK_ID, VOLUME_ID, "", " ", "a" * 300, "\ud800", "\x00")
SCALARS: tuple[Any, ...] = (
    None,
    True,
    False,
    -1,
    0,
    1,
    2,
    3,
    64,
    512,
    2**31,
    2**70,
    0.5,
    1.0,
    float("inf"),
    float("nan"),
    1e300,
)


def mostly(*weighted: tuple[int, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """One of the strategies by weight: hypothesis itself flattens nested alternatives and takes all of them alike."""
    table = [strategy for weight, strategy in weighted for _ in range(weight)]
    return st.integers(0, len(table) - 1).flatmap(table.__getitem__)


PLAIN = st.sampled_from((*WORDS, *SCALARS))
ODD = st.integers() | st.floats() | st.text(max_size=8)
LEAF = mostly((4, PLAIN), (1, ODD))
_KEYS = """uuid virtual_name ebs virtual device path contents content name _nova_x schema size sha256 policy
    max_server_per_host availability_zone AvailabilityZone"""
_NIC_KEYS = [key for prop in NIC.properties for key in (prop.name, *prop.aliases)]
NESTED_KEYS = (*_KEYS.split(), *STORED_KEYS, *sorted(UNSTORED_KEYS)[:4], *_NIC_KEYS, *HINTS)


# Good values by kind and key: what the parity table probes with.
_SAMPLES = yaml.safe_load((Path(__file__).parents[3] / "tools/parity/samples.yaml").read_text(encoding="utf-8"))
Pairs = list[tuple[str, Any]]


def good(*kinds: Mapping[str, Any]) -> Pairs:
    return [(entry.get("key", key), entry["value"]) for kind in kinds for key, entry in kind.items() if "value" in entry]


def objects(
    keys: Iterable[str], values: st.SearchStrategy[Any], known: Pairs, size: int = 4
) -> st.SearchStrategy[dict[Any, Any]]:
    """Objects of which most fields are good, some have a value that may be anything, and few have a key that nobody knows."""
    wild = st.tuples(st.sampled_from(sorted(keys)), values)
    fine = st.sampled_from(known)
    pair = mostly((16, fine), (3, wild), (1, st.tuples(st.text(max_size=6), values)))
    return st.lists(pair, max_size=size).map(dict)


_REQUESTS = _SAMPLES["requests"]
GOOD_DEVICES = [
    *good(_REQUESTS["devices"]),
    ("uuid", VOLUME_ID),
    ("uuid", IMAGE_ID),
    ("device_name", "vdb"),
    ("virtual_name", "swap"),
]
GOOD_LEGACY = [("device_name", "vdd"), ("delete_on_termination", True), ("volume_size", 3), ("volume_id", VOLUME_ID)]
GOOD_INNER = [*GOOD_DEVICES, *good(_REQUESTS["nics"], _REQUESTS["hints"])]
INNER = objects(NESTED_KEYS, LEAF | st.lists(LEAF, max_size=2), GOOD_INNER)
VALUES = mostly((3, LEAF), (1, INNER), (1, st.lists(mostly((1, LEAF), (1, INNER)), max_size=3)))


def around(base: Mapping[str, Any], keys: Iterable[str], known: Pairs) -> st.SearchStrategy[Any]:
    """A good value with some of its fields replaced; now and then something else altogether."""
    changed = objects(keys, VALUES, known).map(lambda changes: {**base, **changes})
    return mostly((19, changed), (1, VALUES))


SPEC_KEYS = [spec.key.replace("<n>", "0") for spec in REGISTRY] + ["ssd", "a:b", "hw:nope", "resources:VCPU"]
SPECS = objects(SPEC_KEYS, LEAF, good(_SAMPLES["extra_specs"]))
RAW_KEYS = [entry.name for entry in PROPERTIES] + [*OLDER_NAMES, *KEPT_RAW, "hw_numa_cpus.0", "trait:X", "free"]
RAW = objects(RAW_KEYS, VALUES, good(_SAMPLES["properties"]))
SIZE = {"vcpus": 2, "ram": 512, "disk": 1}
_PLAIN_FLAVOR = around(SIZE, (*flavors.FIELDS, *flavors.PREFIXED.values()), good(_REQUESTS["flavor"]))
FLAVOR = mostly((1, _PLAIN_FLAVOR), (1, SPECS.map(lambda specs: {**SIZE, "extra_specs": specs})))
_PLAIN_IMAGE = around({}, (*images.FIELDS, *images.SERVICE_FIELDS), good(_REQUESTS["image"]))
IMAGE = mostly((1, _PLAIN_IMAGE), (1, RAW.map(lambda raw: {"properties": raw})))


GOOD_TYPES: Pairs = [
    ("pool", "ssd"),
    ("format", "qcow2"),
    ("preallocate", True),
    ("encryption", {"cipher": "aes-cbc-essiv:sha256"}),
]
TYPE = around({"encryption": {"provider": "luks", "key_size": 256}}, [*VolumeType.__annotations__], GOOD_TYPES)


def catalogue(entries: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = mostly((9, st.sampled_from(("a", "b"))), (1, st.sampled_from(("", " c ", 1, None))))
    return mostly((16, st.dictionaries(names, entries, max_size=2)), (3, st.lists(entries, max_size=2)), (1, VALUES))


ROOT = {"source_type": "image", "destination_type": "local", "boot_index": 0, "uuid": IMAGE_ID}
BLANK = {"source_type": "blank", "destination_type": "local", "boot_index": -1}
VOLUME = {"source_type": "volume", "destination_type": "volume", "uuid": VOLUME_ID}
LEGACY_VOLUME = {"device_name": "vdb", "volume_id": VOLUME_ID}
SWAP = {"device_name": "vdc", "virtual_name": "swap"}
ENTRY = mostly(*((1, around(base, NESTED_KEYS, GOOD_DEVICES)) for base in (BLANK, BLANK, VOLUME)))
LEGACY = mostly((1, around(LEGACY_VOLUME, LEGACY_KEYS, GOOD_LEGACY)), (1, around(SWAP, LEGACY_KEYS, GOOD_LEGACY)))
_FIRST = st.lists(ENTRY, max_size=2).map(lambda entries: [ROOT, *entries])
DEVICES = mostly((12, _FIRST), (4, st.lists(LEGACY, max_size=2)), (2, st.lists(ENTRY, max_size=3)), (1, VALUES))
OPTION_KEYS = [key for prop in OPTIONS.properties for key in (prop.name, *prop.aliases)] + sorted(UNSUPPORTED)
GOOD_OPTIONS = [
    *(pair for pair in good(_REQUESTS["options"]) if pair[0] in ("name", "description", "min_count", "tags", "meta", "state")),
    *(pair for pair in good(_REQUESTS["options"]) if pair[0] not in ("flavor", "image", "volumes", "scheduler_hints")),
    ("flavor", "large"),
    ("volumes", [VOLUME_ID]),
]
LARGE = request(flavor="large")
_WITH_DEVICES = DEVICES.map(lambda devices: {**LARGE, "block_device_mapping": devices})
REQUEST = mostly((3, around(LARGE, OPTION_KEYS, GOOD_OPTIONS)), (1, _WITH_DEVICES))
API = {"name": "a", "flavorRef": "1", "imageRef": IMAGE_ID, "networks": "auto"}
GOOD_API = [pair for pair in good(_REQUESTS["api"]) if pair[0] not in ("imageRef", "personality") and "hints" not in pair[0]]
API_SERVER = around(API, [prop.name for prop in server_table(104, (), ()).properties], GOOD_API)
_HINTS = mostly((5, st.just({})), (1, objects(("os:scheduler_hints", "OS-SCH-HNT:scheduler_hints"), INNER, [("x", {})])))
BODY = st.tuples(_HINTS, API_SERVER).map(lambda parts: {**parts[0], "server": parts[1]})
MINOR = st.sampled_from((None, None, None, "2.1", "2.37", "2.60", "2.104", "latest", "2.105", "x", 2.1))
EC2_KEYS = [prop.name for prop in EC2.properties] + ["ImageId", "MinCount", "BlockDeviceMapping.1.Ebs.SnapshotId", "Signature"]
GOOD_EC2 = [pair for pair in good(_REQUESTS["ec2"]) if pair[0] not in ("instance_type", "image_id")]
EC2_REQUEST = around({"image_id": "cirros", "instance_type": "small", "display_name": "e"}, EC2_KEYS, GOOD_EC2)
OPTION_WORDS = [
    f"--{name}" for syntax in (NOVA, OPENSTACK) for name in (*syntax.single, *syntax.repeated, *syntax.flags, *syntax.silent)
]
PAIRS = (
    "id=x,source=image,dest=volume,size=2",
    "size=1,format=ext4",
    "vda=x:snap:3:1",
    "vdb=x",
    "k=v",
    "net-id=a,v4-fixed-ip=x",
)
WORD = st.sampled_from(OPTION_WORDS) | st.sampled_from(PAIRS) | st.sampled_from(WORDS) | st.text(max_size=5)
PLAIN_WORDS = ["--flavor", "large", "--image", "cirros", "web"]
CLIENTS = (["nova", "boot"], ["openstack", "server", "create"], ["nova"], [])


def _command(client: int) -> st.SearchStrategy[list[str]]:
    """Mostly pairs of an option and a value that suits it, after a command line that would do."""
    syntax, name = ((NOVA, "nova"), (OPENSTACK, "openstack"))[client % 2]
    suits = [[f"--{key}", str(value)] for key, value in good(_REQUESTS[name]) if syntax.takes_value(key) and key != "image"]
    flags = [[f"--{key}"] for key in sorted(syntax.flags)]
    chunk = mostly((14, st.sampled_from(suits)), (4, st.sampled_from(flags)), (2, st.lists(WORD, max_size=3)))
    plain = st.sampled_from((PLAIN_WORDS, PLAIN_WORDS, PLAIN_WORDS, []))
    return st.tuples(plain, st.lists(chunk, max_size=4)).map(
        lambda parts: [*CLIENTS[client], *parts[0], *(word for words in parts[1] for word in words)]
    )


ARGV = mostly((9, _command(0)), (9, _command(1)), (1, _command(2)), (1, _command(3)))


def seal(answer: Checked[Any]) -> str:
    """What two equal answers have in common; the keys of problems and reasons are checked on the way."""
    for problem in answer.problems:
        assert isinstance(problem, Problem)
        assert problem.code
        assert problem.field
        assert problem.message
    shown = [answer.value, [problem.to_dict() for problem in answer.problems], answer.no_effect]
    return json.dumps(shown, default=str)


def hold(validate: Callable[[Any], Checked[Any]], value: Any) -> Checked[Any]:
    """Twice the same answer, and the input is left as it was."""
    before = repr(value)
    kept = copy.deepcopy(value)
    answer = validate(value)
    assert repr(value) == before
    assert seal(validate(kept)) == seal(answer)
    assert len({(problem.field, problem.code, problem.message) for problem in answer.problems}) == len(answer.problems)
    return answer


def comes_back(validate: Callable[[Any], Checked[Any]], value: Any) -> None:
    """A normalised value is good, stays as it is, and survives JSON."""
    text = json.dumps(value)  # as text, since a NaN is no equal of itself
    again = validate(json.loads(text))
    assert again.problems == ()
    assert json.dumps(again.value) == text


def each_comes_back(validate: Callable[[Any], Checked[Any]], answer: Checked[Any]) -> None:
    """What is good of a catalogue comes back, even where other entries have problems or repeat its id."""
    for name, value in answer.value.items():
        comes_back(validate, {name: value})


def only_reasons(answer: Checked[Any]) -> None:
    for entry in answer.no_effect:
        assert entry["field"]
        assert entry["reason"]


@given(catalogue(FLAVOR))
@FUZZ
def test_flavors(value: Any) -> None:
    answer = hold(flavors.validate_flavors, value)
    only_reasons(answer)
    each_comes_back(flavors.validate_flavors, answer)


@given(catalogue(IMAGE))
@FUZZ
def test_images(value: Any) -> None:
    answer = hold(images.validate_images, value)
    only_reasons(answer)
    each_comes_back(images.validate_images, answer)


@given(catalogue(TYPE))
@FUZZ
def test_volume_types(value: Any) -> None:
    answer = hold(validate_volume_types, value)
    if not answer.problems:
        comes_back(validate_volume_types, answer.value)


@given(DEVICES, st.sampled_from(("auto", "v1", "v2", "ec2")), st.booleans(), st.sampled_from((None, "vda", "/dev/sda")))
@FUZZ
def test_block_device_mappings(value: Any, form: Any, with_image: bool, root: str | None) -> None:
    parts: dict[str, Any] = {"flavor": WORLD["flavors"]["large"], "root_device_name": root}
    parts |= {"image": WORLD["images"]["cirros"] if with_image else None, "images": WORLD["images"]}
    parts |= {"volumes": WORLD["volumes"], "snapshots": WORLD["snapshots"], "ec2_ids": WORLD["ec2_ids"]}
    answer = hold(lambda given: validate_block_device_mapping(given, format=form, **parts), value)
    only_reasons(answer)
    if not answer.problems:
        again = {**parts, "root_device_name": answer.value["root_device_name"]}
        found = validate_block_device_mapping(answer.value["block_device_mapping"], format="auto", **again)
        assert (found.value, found.problems) == (answer.value, ())


@given(mostly((19, st.lists(REQUEST, min_size=1, max_size=2)), (1, VALUES)))
@FUZZ
def test_servers(value: Any) -> None:
    answer = hold(lambda given: validate_servers(given, **WORLD), value)
    only_reasons(answer)
    if not answer.problems:
        comes_back(lambda given: validate_servers(given, **WORLD), answer.value)


@given(mostly((19, BODY), (1, VALUES)), MINOR)
@FORM
def test_api_requests(body: Any, version: Any) -> None:
    answer = hold(lambda given: validate_api_request(given, microversion=version, **WORLD), body)
    only_reasons(answer)
    if not answer.problems:
        comes_back(lambda given: validate_servers(given, **WORLD), answer.value)


@given(mostly((19, ARGV), (1, VALUES)))
@FORM
def test_command_lines(argv: Any) -> None:
    files = {name: b"x" for name in files_of(argv) if len(name) > 3}
    answer = hold(lambda given: validate_nova_boot(given, files=files, **WORLD), argv)
    only_reasons(answer)
    if not answer.problems:
        comes_back(lambda given: validate_servers(given, **WORLD), answer.value)


@given(EC2_REQUEST)
@FORM
def test_ec2_requests(value: Any) -> None:
    answer = hold(lambda given: validate_ec2_request(given, **WORLD), value)
    only_reasons(answer)
    if not answer.problems:
        comes_back(lambda given: validate_servers(given, **WORLD), answer.value)
