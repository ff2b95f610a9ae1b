# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetching a file by http or https: resumed where it broke off, tried again with growing pauses, never taken half."""

from __future__ import annotations

import http.client
import io
import time
import urllib.error
import urllib.parse
from typing import Any, BinaryIO, Callable, Dict, Mapping, Optional

from ansible.module_utils.urls import ConnectionError as UrlError
from ansible.module_utils.urls import open_url

from ._errors import KilonovaError
from ._progress import SILENT, Progress

ATTEMPTS = 6
TIMEOUT_S = 60
_PAUSES = (1, 2, 4, 8, 16)
_CHUNK = 1 << 20
# Answers that another attempt may change.
_PASSING = (408, 425, 429, 500, 502, 503, 504)
_BROKEN = (OSError, http.client.HTTPException, UrlError)
_AGENT = "kilonova.compute"


class FetchError(KilonovaError):
    """A file could not be fetched."""


def fetch(
    url: str,
    target: BinaryIO,
    *,
    known: Optional[Mapping[str, Any]] = None,
    limit: Optional[int] = None,
    progress: Progress = SILENT,
    sleep: Callable[[float], None] = time.sleep,
) -> Optional[Dict[str, Any]]:
    """Writes the file to ``target``, and returns {etag, last_modified, size} of it; None where it is still what ``known``
    (such a dict of an earlier fetch) says. ``limit``: bytes that it must not exceed."""
    _check_scheme(url)
    transfer = _Transfer(url, target, known or {}, limit, progress)
    why = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            sleep(_PAUSES[min(attempt, len(_PAUSES)) - 1])
        try:
            return transfer.run()
        except urllib.error.HTTPError as exc:
            exc.close()
            if exc.code not in _PASSING:
                raise FetchError("%s cannot be fetched: the server answers %d %s" % (url, exc.code, exc.reason)) from exc
            why = "the server answers %d %s" % (exc.code, exc.reason)
        except _BROKEN as exc:
            why = str(getattr(exc, "reason", None) or exc) or type(exc).__name__
    raise FetchError("%s cannot be fetched: %s (tried %d times)" % (url, why, ATTEMPTS))


def is_current(url: str, known: Mapping[str, Any]) -> bool:
    """Whether the file is still what ``known`` says. A server that does not tell counts as no."""
    _check_scheme(url)
    headers: Dict[str, str] = {}
    if known.get("etag"):
        headers["If-None-Match"] = known["etag"]
    elif known.get("last_modified"):
        headers["If-Modified-Since"] = known["last_modified"]
    try:
        _open(url, headers, "HEAD").close()
        return False
    except urllib.error.HTTPError as exc:
        exc.close()
        return exc.code == 304
    except _BROKEN:
        return False


def fetch_text(url: str, *, limit: int = 1 << 22) -> str:
    """A small text file."""
    target = io.BytesIO()
    fetch(url, target, limit=limit)
    return target.getvalue().decode("utf-8", "replace")


def _open(url: str, headers: Mapping[str, str], method: str) -> Any:
    """Ansible's own opener, which knows proxies and certificates; the bytes come as they are."""
    return open_url(url, headers=dict(headers), method=method, timeout=TIMEOUT_S, http_agent=_AGENT, decompress=False)


def _check_scheme(url: str) -> None:
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise FetchError("%s cannot be fetched: only http and https can" % url)


class _Transfer:
    """One file over any number of connections."""

    def __init__(self, url: str, target: BinaryIO, known: Mapping[str, Any], limit: Optional[int], progress: Progress) -> None:
        self._url = url
        self._target = target
        self._known = known
        self._limit = limit
        self._progress = progress
        self._done = 0
        self._version: Optional[str] = None

    def run(self) -> Optional[Dict[str, Any]]:
        try:
            answer = _open(self._url, self._headers(), "GET")
        except urllib.error.HTTPError as exc:
            if exc.code == 304:
                exc.close()
                return None
            if exc.code == 416 and self._done:
                self._done = 0  # the file is another one by now, and shorter
            raise
        with answer:
            return self._take(answer)

    def _headers(self) -> Dict[str, str]:
        headers = {"Accept-Encoding": "identity"}
        if self._done:
            headers["Range"] = "bytes=%d-" % self._done
            if self._version:
                headers["If-Range"] = self._version
        elif self._known.get("etag"):
            headers["If-None-Match"] = self._known["etag"]
        elif self._known.get("last_modified"):
            headers["If-Modified-Since"] = self._known["last_modified"]
        return headers

    def _take(self, answer: Any) -> Dict[str, Any]:
        etag, modified = answer.headers.get("ETag"), answer.headers.get("Last-Modified")
        # A weak tag names no bytes, and cannot be resumed by.
        self._version = etag if etag and not etag.startswith("W/") else modified
        if answer.status != 206:
            self._done = 0
        self._target.seek(self._done)
        self._target.truncate()
        length = answer.headers.get("Content-Length")
        whole = None if length is None else self._done + int(length)
        self._check_limit(whole)
        self._progress.begin("fetched", whole, self._done)
        while True:
            chunk = answer.read(_CHUNK)
            if not chunk:
                break
            self._keep(chunk)
            self._done += len(chunk)
            self._check_limit(self._done)
            self._progress.at(self._done)
        self._keep(b"")
        if whole is not None and self._done < whole:
            raise http.client.IncompleteRead(b"", whole - self._done)
        return {"etag": etag, "last_modified": modified, "size": self._done}

    def _keep(self, chunk: bytes) -> None:
        """Another attempt makes no more room."""
        try:
            self._target.write(chunk)
            if not chunk:
                self._target.flush()
        except OSError as exc:
            raise FetchError("%s cannot be kept in the temporary folder: %s" % (self._url, exc.strerror)) from exc

    def _check_limit(self, size: Optional[int]) -> None:
        if size is not None and self._limit is not None and size > self._limit:
            raise FetchError("%s cannot be fetched: it has %d bytes, and there is room for %d" % (self._url, size, self._limit))
