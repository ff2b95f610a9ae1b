# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""libvirt's own test driver in this process: a fresh host for each test, with one domain, one pool and one network."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.connection import open_connection

PLAIN = "<domain type='test'><name>{}</name><memory>65536</memory><os><type>hvm</type></os>{}</domain>"
RECORD = (
    "<metadata><kilonova:server xmlns:kilonova='urn:kilonova:compute:1' schema='1' version='0' state='{}'>"
    "<kilonova:request>{}</kilonova:request><kilonova:volumes>{}</kilonova:volumes></kilonova:server></metadata>"
)


# Each connection to a file is a host of its own; all connections to test:///default share one.
HOST = """<node>
<domain type='test'><name>test</name><memory>65536</memory><os><type>hvm</type></os></domain>
<network><name>default</name></network>
<pool type='dir'><name>default-pool</name><target><path>/default-pool</path></target></pool>
</node>"""


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Any]:
    path = tmp_path / "host.xml"
    path.write_text(HOST)
    with open_connection(f"test://{path}", events=True) as opened:
        yield opened


def foreign_xml(name: str) -> str:
    return PLAIN.format(name, "")


def server_xml(domain: str, *, state: str = "active", volumes: Any = (), **request: Any) -> str:
    """A domain with our record in its metadata."""
    said = {"name": domain} | request
    return PLAIN.format(domain, RECORD.format(state, escape(json.dumps(said)), escape(json.dumps(list(volumes)))))


@pytest.fixture
def defined(connection: Any) -> Callable[..., Any]:
    """Defines one of our servers, as spawn would have."""
    return lambda domain, **options: connection.defineXML(server_xml(domain, **options))
