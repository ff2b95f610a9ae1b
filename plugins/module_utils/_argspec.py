# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specs: one factory for each group of options, paired by name with a doc fragment. Defaults stand here once."""

from __future__ import annotations

from typing import Any, Dict

from ansible.module_utils.basic import env_fallback

from ._pool_kinds import DEFAULT_POOL

Spec = Dict[str, Dict[str, Any]]

DEFAULT_URI = "qemu:///system"
DEFAULT_TIMEOUT = 180
DEFAULT_CONCURRENCY = 4
DEFAULT_UNUSED_FOR = 86400
DEFAULT_CONSOLE_PATTERN = "login:"
DEFAULT_DOMAIN_SCHEMA = "/usr/share/libvirt/schemas/domain.rng"

SERVER_STATES = ("present", "running", "stopped", "paused", "absent")


def connection_spec() -> Spec:
    return {
        "uri": {
            "type": "str",
            "default": DEFAULT_URI,
            "aliases": ["libvirt_uri"],
            "fallback": (env_fallback, ["LIBVIRT_DEFAULT_URI"]),
        }
    }


def hypervisor_info_spec() -> Spec:
    return {"node_devices": {"type": "bool", "default": False}}


CATALOGUES = ("flavors", "images", "networks", "keypairs", "security_groups", "server_groups", "volume_types")


def catalogue_spec() -> Spec:
    """What requests refer to. Dicts by name, or lists; normalised ones are taken as they are."""
    return {name: {"type": "raw"} for name in CATALOGUES}


def quota_spec() -> Spec:
    return {"quota": {"type": "dict"}, "usage": {"type": "dict"}}


# The forms that a request may come in; one of them at a time.
REQUEST_FORMS = ("servers", "api_request", "nova_boot", "ec2_request")


def request_forms_spec() -> Spec:
    return {
        "servers": {"type": "list", "elements": "dict", "no_log": True},
        "api_request": {"type": "dict", "no_log": True},
        "microversion": {"type": "str"},
        "nova_boot": {"type": "raw", "no_log": True},
        "ec2_request": {"type": "dict", "no_log": True},
        "ec2_ids": {"type": "dict"},
    }


def request_spec() -> Spec:
    """The options of one server, by the names of openstack.cloud.server and Nova."""
    return {
        "name": {"type": "str"},
        "hostname": {"type": "str"},
        "flavor": {"type": "raw"},
        "flavor_ram": {"type": "int"},
        "flavor_include": {"type": "str"},
        "image": {"type": "raw"},
        "image_exclude": {"type": "str"},
        "key_name": {"type": "str", "no_log": False},
        "network": {"type": "raw"},
        "nics": {"type": "raw"},
        "metadata": {"type": "raw", "aliases": ["meta"]},
        "userdata": {"type": "str", "aliases": ["user_data"], "no_log": True},
        "volumes": {"type": "list", "elements": "str"},
        "boot_from_volume": {"type": "bool"},
        "boot_volume": {"type": "str", "aliases": ["root_volume"]},
        "volume_size": {"type": "raw"},
        "terminate_volume": {"type": "bool"},
        "block_device_mapping": {"type": "raw"},
        "security_groups": {"type": "raw"},
        "availability_zone": {"type": "str"},
        "config_drive": {"type": "raw"},
        "scheduler_hints": {"type": "dict"},
        "tags": {"type": "list", "elements": "str"},
        "description": {"type": "str"},
        "min_count": {"type": "raw"},
        "max_count": {"type": "raw"},
        "personality": {"type": "raw", "no_log": True},
        "admin_pass": {"type": "str", "no_log": True},
        "auto_ip": {"type": "bool", "aliases": ["auto_floating_ip", "public_ip"]},
        "floating_ips": {"type": "list", "elements": "str"},
        "floating_ip_pools": {"type": "list", "elements": "str"},
        "reuse_ips": {"type": "bool"},
        "delete_fip": {"type": "bool"},
    }


def wait_spec() -> Spec:
    return {
        "wait": {"type": "bool", "default": True},
        "timeout": {"type": "int", "default": DEFAULT_TIMEOUT, "aliases": ["wait_timeout"]},
    }


def host_options_spec() -> Spec:
    return dict(pool_spec(), host_options={"type": "dict"}, hypervisor={"type": "dict"})


def pool_spec() -> Spec:
    """``file_pool`` holds what a pool that is not one of files cannot hold."""
    return {"pool": {"type": "str", "default": DEFAULT_POOL}, "file_pool": {"type": "str"}}


def shaping_spec() -> Spec:
    """What a user puts in front of our templates and on top of their result."""
    return {
        "template_folders": {"type": "list", "elements": "path", "default": []},
        "xml_overlay": {"type": "str"},
        "domain_schema": {"type": "str", "default": DEFAULT_DOMAIN_SCHEMA},
    }


def server_spec() -> Spec:
    spec = connection_spec()
    parts = (request_forms_spec, catalogue_spec, quota_spec, request_spec, wait_spec, host_options_spec, shaping_spec)
    for part in parts:
        spec.update(part())
    spec.update(
        state={"type": "str", "default": "present", "choices": list(SERVER_STATES)},
        wait_for={"type": "str", "default": "running", "choices": ["running", "console"]},
        console_pattern={"type": "str", "default": DEFAULT_CONSOLE_PATTERN},
        persistent={"type": "bool", "default": True},
        concurrency={"type": "int", "default": DEFAULT_CONCURRENCY},
        redefine={"type": "bool", "default": False},
        restart={"type": "bool", "default": False},
    )
    return spec


# Modules that stay on the controller take `uri` too, so that module_defaults can set it once for the whole action group.


def validate_flavor_spec() -> Spec:
    return dict(connection_spec(), flavors={"type": "raw", "required": True})


def validate_image_spec() -> Spec:
    return dict(connection_spec(), images={"type": "raw", "required": True})


def validate_server_spec() -> Spec:
    spec = connection_spec()
    for part in (request_forms_spec, catalogue_spec, quota_spec):
        spec.update(part())
    return spec


def validate_block_device_mapping_spec() -> Spec:
    return dict(
        connection_spec(),
        block_device_mapping={"type": "raw"},
        format={"type": "str", "default": "auto", "choices": ["auto", "v2", "v1", "ec2"]},
        flavor={"type": "dict"},
        image={"type": "dict"},
        volumes={"type": "dict"},
        snapshots={"type": "dict"},
        volume_types={"type": "raw"},
        ec2_ids={"type": "dict"},
        root_device_name={"type": "str"},
        max_local_block_devices={"type": "int", "default": 3},
        virt_type={"type": "str", "default": "kvm", "choices": ["kvm", "qemu", "lxc", "parallels"]},
    )


def domain_xml_spec() -> Spec:
    spec = dict(connection_spec(), **host_options_spec())
    for part in (request_forms_spec, catalogue_spec, shaping_spec):
        spec.update(part())
    spec["hypervisor"] = {"type": "dict", "required": True}
    spec["explain"] = {"type": "bool", "default": False}
    return spec


def domain_spec() -> Spec:
    return {
        "xml": {"type": "str"},
        "domains": {"type": "list", "elements": "dict"},
        "name": {"type": "str"},
        "state": {
            "type": "str",
            "default": "present",
            "choices": ["present", "running", "stopped", "paused", "absent"],
        },
        "persistent": {"type": "bool", "default": True},
        "start_flags": {"type": "list", "elements": "str", "choices": ["paused"], "default": []},
    }


def image_spec() -> Spec:
    return {
        **pool_spec(),
        "name": {"type": "str"},
        "src": {"type": "path"},
        "path": {"type": "path"},
        "url": {"type": "str"},
        "fetch_on": {"type": "str", "default": "host", "choices": ["host", "controller"]},
        "checksum": {"type": "str"},
        "disk_format": {"type": "str", "choices": ["qcow2", "raw", "iso", "aki", "ari"]},
        "properties": {"type": "dict"},
        "min_disk": {"type": "int"},
        "min_ram": {"type": "int"},
        "state": {"type": "str", "default": "present", "choices": ["present", "absent", "pruned"]},
        "unused_for": {"type": "int", "default": DEFAULT_UNUSED_FOR},
        "progress_file": {"type": "path"},
    }


def image_info_spec() -> Spec:
    return {"name": {"type": "str"}, "pool": {"type": "str"}}


def volume_spec() -> Spec:
    return {
        "name": {"type": "str", "required": True},
        **pool_spec(),
        "size": {"type": "int"},
        "format": {"type": "str", "choices": ["raw", "qcow2"]},
        "preallocate": {"type": "bool", "default": False},
        "volume_type": {"type": "str", "aliases": ["type"]},
        "volume_types": {"type": "raw"},
        "encryption": {"type": "dict"},
        "encryption_passphrase": {"type": "str", "no_log": True},
        "source_image": {"type": "str"},
        "source_volume": {"type": "str"},
        "source_snapshot": {"type": "str"},
        "snapshot_of": {"type": "str"},
        "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    }


VOLUME_SOURCES = ("source_image", "source_volume", "source_snapshot", "snapshot_of")


def volume_info_spec() -> Spec:
    return {"name": {"type": "str", "aliases": ["id"]}, "pool": {"type": "str"}}


def server_action_spec() -> Spec:
    return {
        "name": {"type": "str", "required": True, "aliases": ["uuid"]},
        "action": {"type": "str", "required": True, "choices": ["attach_volume", "detach_volume"]},
        "volume": {"type": "str"},
        "device": {"type": "str"},
        "delete_on_termination": {"type": "bool", "default": False},
        "attempts": {"type": "int"},
        "timeout": {"type": "int"},
        "host_options": {"type": "dict"},
        "target": {"type": "dict"},
    }
