# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A web server that breaks off, refuses and lies as it is told."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Web:
    """``files`` by path. ``break_after``: bytes after which each of the next ``breaks`` answers ends; ``errors``: status codes
    of the next answers; ``pause_s``: how long the second half of a file is waited for."""

    files: dict[str, bytes] = field(default_factory=dict)
    break_after: int = 0
    breaks: int = 0
    errors: list[int] = field(default_factory=list)
    pause_s: float = 0
    sent: int = 0
    requests: list[str] = field(default_factory=list)
    url: str = ""


class _Handler(BaseHTTPRequestHandler):
    web: Web

    def log_message(self, format: str, *args: object) -> None:
        """Silence."""

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        web = self.web
        web.requests.append(f"{self.command} {self.path} {self.headers.get('Range', '')}".strip())
        content = web.files.get(self.path)
        if web.errors or content is None:
            self._plain(web.errors.pop(0) if web.errors else 404)
            return
        tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        if self.headers.get("If-None-Match") == tag:
            self._plain(304)
            return
        begin = int((self.headers.get("Range") or "bytes=0-")[6:].rstrip("-"))
        self.send_response(206 if begin else 200)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(content) - begin))
        self.end_headers()
        if with_body:
            self._send(content[begin:])

    def _send(self, content: bytes) -> None:
        web = self.web
        if web.breaks:
            web.breaks -= 1
            content = content[: web.break_after]
            self.close_connection = True
        if web.pause_s:
            self.wfile.write(content[: len(content) // 2])
            time.sleep(web.pause_s)
            content = content[len(content) // 2 :]
        self.wfile.write(content)
        web.sent += len(content)

    def _plain(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextmanager
def serve(address: str = "127.0.0.1", **files: bytes) -> Iterator[Web]:
    """Serves files, by name, for the length of a ``with`` block."""
    web = Web({f"/{name}": content for name, content in files.items()})
    handler = type("Handler", (_Handler,), {"web": web})
    server = ThreadingHTTPServer((address, 0), handler)
    web.url = f"http://{address}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
