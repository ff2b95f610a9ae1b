# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests in the form of a command line: ``nova boot ...`` or ``openstack server create ...``."""

from __future__ import annotations

from typing import Unpack

from .checked import Checked, checked
from .problems import Problems, join_path
from .quota import read_quota
from .request_argv import Arguments, Syntax, parse, read_words, refuse_cloud_options
from .request_argv_nova import SYNTAX as NOVA
from .request_argv_nova import read_nova_boot
from .request_argv_openstack import SYNTAX as OPENSTACK
from .request_argv_openstack import read_server_create
from .request_argv_wish import Files, needed_files
from .request_table import LATEST_MINOR
from .server import Planned, only_servers, plan_wishes
from .server_world import Catalogues, make_world
from .shapes import Server
from .types import shown

_CLIENTS: dict[str, Syntax] = {"nova": NOVA, "openstack": OPENSTACK}


def validate_nova_boot(
    argv: object,
    *,
    files: Files | None = None,
    quota: object = None,
    usage: object = None,
    field: str = "nova_boot",
    **catalogues: Unpack[Catalogues],
) -> Checked[list[Server]]:
    """The servers that a command line asks for; its first word names the client (see plan_nova_boot)."""
    return only_servers(plan_nova_boot(argv, files=files, quota=quota, usage=usage, field=field, **catalogues))


def plan_nova_boot(
    argv: object,
    *,
    files: Files | None = None,
    quota: object = None,
    usage: object = None,
    field: str = "nova_boot",
    **catalogues: Unpack[Catalogues],
) -> Checked[list[Planned]]:
    """``argv`` is a list of words, or one text that is split as a shell does.

    ``files`` holds the bytes of the local files that the command line names, by the path as it stands there (files_of tells
    which): one that is missing counts as unreadable.
    """
    problems = Problems()
    arguments = _arguments(argv, field, problems)
    if arguments is None:
        return checked([], problems)
    refuse_cloud_options(arguments, problems)
    world = make_world(catalogues, read_quota(quota, usage, problems), LATEST_MINOR)
    read = read_server_create if client_of(argv) == "openstack" else read_nova_boot
    wish, world.minor = read(arguments, world.images.entries, files or {}, problems)
    return plan_wishes([wish], world, problems)


def files_of(argv: object) -> list[str]:
    """The local files that the caller has to read for this command line."""
    arguments = _arguments(argv, "", Problems())
    return [] if arguments is None else needed_files(arguments)


def client_of(argv: object) -> str:
    """The first word without its folder, which tells the client."""
    words = read_words(argv, "", Problems())
    return words[0].rpartition("/")[2] if words else ""


def _arguments(argv: object, field: str, problems: Problems) -> Arguments | None:
    words = read_words(argv, field, problems)
    client = words[0].rpartition("/")[2] if words else ""
    if client not in _CLIENTS:
        where = join_path(field, 0)
        message = f"{where} must name the client, nova or openstack"
        problems.add("CommandError", "CLI", where, shown(client), list(_CLIENTS), message)
        return None
    return parse(words, _CLIENTS[client], field, problems)
