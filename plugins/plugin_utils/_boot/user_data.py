# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Content that must never be shown: user data, injected files and passwords, and the digests that stand for them."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from .problems import Problems
from .shapes import Digest, FileDigest
from .types import ValueType, read_base64

# The API's limit on the text as sent, in characters of base64 (REQ-61, ECA-11).
MAX_ENCODED = 65535


@dataclass(frozen=True, slots=True)
class Content:
    """Decoded bytes and the length of the base64 text they came in, which is what limits and quotas measure."""

    data: bytes
    encoded_length: int

    def __repr__(self) -> str:  # a traceback or a debug print must not show it
        return f"Content({len(self.data)} bytes)"


@dataclass(frozen=True, slots=True)
class InjectedFile:
    path: str
    content: Content


def digest(data: bytes) -> Digest:
    """What results and metadata carry in the place of the content."""
    return Digest(size=len(data), sha256=hashlib.sha256(data).hexdigest())


def file_digest(file: InjectedFile) -> FileDigest:
    short = digest(file.content.data)
    return FileDigest(path=file.path, size=short["size"], sha256=short["sha256"])


def plain_content(text: str) -> Content:
    """Content given as plain text; its limits still apply to the base64 form that Nova would have received."""
    return encoded_content(text.encode("utf-8", "surrogatepass"))


def encoded_content(data: bytes) -> Content:
    """Content given as bytes; base64 turns every three of them into four characters."""
    return Content(data, 4 * ((len(data) + 2) // 3))


def encode(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _read_encoded(value: object) -> Content | None:
    # Stray ASCII is skipped, but Nova cannot even look at text beyond ASCII here.
    if not isinstance(value, str) or not value.isascii():
        return None
    data = read_base64(value)
    return None if data is None else Content(data, len(value))


ENCODED: ValueType[Content] = ValueType(
    _read_encoded,
    {"type": "string", "encoding": "base64"},
    "base64 text (whitespace may stand in it, padding may not be wrong)",
)
PLAIN: ValueType[Content] = ValueType(
    lambda value: plain_content(value) if isinstance(value, str) else None, {"type": "string"}, "a text"
)


def read_user_data(value: object, path: str, problems: Problems, kind: ValueType[Content]) -> Content | None:
    """User data in either form; the problem names its length, never its text (rules REQ-12, REQ-60, REQ-61)."""
    content = kind.check(value, problems, path, "REQ-12", secret=True)
    return None if content is None or not within_limit(content, path, problems) else content


def within_limit(content: Content, path: str, problems: Problems) -> bool:
    if content.encoded_length > MAX_ENCODED:
        problems.add(
            "ValidationError",
            "REQ-61",
            path,
            f"({content.encoded_length} characters of base64)",
            {"type": "string", "max_length": MAX_ENCODED},
            f"{path} is {content.encoded_length} characters in base64, more than the {MAX_ENCODED} allowed",
        )
        return False
    return True
