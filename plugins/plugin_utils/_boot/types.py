# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The value types that all parts of the contract share: booleans, integers, names, texts, ids, addresses (rules section 2)."""

from __future__ import annotations

import binascii
import ipaddress
import re
import unicodedata
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from .problems import Problems

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

# The largest number that Nova's database columns and the API's integers hold.
MAX_INT = 2**31 - 1
# What a request or an image calls no kernel and no ramdisk at all (rules REQ-70).
NO_KERNEL = "nokernel"

_TRUE_WORDS = frozenset(("1", "t", "true", "on", "y", "yes"))
_FALSE_WORDS = frozenset(("0", "f", "false", "off", "n", "no"))
_API_TRUE = frozenset(("True", "TRUE", "true", "1", "ON", "On", "on", "YES", "Yes", "yes"))
_API_FALSE = frozenset(("False", "FALSE", "false", "0", "OFF", "Off", "off", "NO", "No", "no"))
_SHOWN_LENGTH = 120
_UUID_DIGITS = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class ValueType(Generic[T_co]):
    """One kind of value. ``read`` answers None where the value does not fit (null is the caller's matter: ask before reading);
    ``allowed`` is what a problem lists as allowed, ``says`` the words that follow "must be"."""

    read: Callable[[object], T_co | None]
    allowed: Any
    says: str

    def check(
        self,
        value: object,
        problems: Problems,
        field: str,
        rule: str,
        *,
        code: str = "ValidationError",
        secret: bool = False,
    ) -> T_co | None:
        """The value read, or None after adding the problem. ``secret`` keeps the value out of the problem."""
        found = self.read(value)
        if found is None:
            given = "(hidden)" if secret else shown(value)
            problems.add(code, rule, field, given, self.allowed, f"{field} must be {self.says}")
        return found


def shown(value: object) -> Any:
    """A value as a problem shows it: long texts cut, large containers described; JSON-like and small."""
    if isinstance(value, str):
        return value if len(value) <= _SHOWN_LENGTH else f"{value[:_SHOWN_LENGTH]}... ({len(value)} characters)"
    if isinstance(value, (list, tuple)):
        return [shown(item) for item in value] if _small(value) else f"(a list of {len(value)})"
    if isinstance(value, Mapping):
        small = _small(value.values())
        return {str(shown(key)): shown(item) for key, item in value.items()} if small else f"(an object of {len(value)} keys)"
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 1024:
        return f"(a number of {value.bit_length()} bits)"
    return value if value is None or isinstance(value, (bool, int, float)) else f"(a value of type {type(value).__name__})"


def _small(values: Any) -> bool:
    return len(values) <= 10 and not any(isinstance(item, (list, tuple, Mapping)) for item in values)


def lenient_bool(value: object) -> bool:
    """Nova's forgiving boolean: ``1 t true on y yes`` in any letter case after trimming are true, everything else is false."""
    if isinstance(value, bool):
        return value
    return isinstance(value, (str, int, float)) and scalar_text(value).strip().lower() in _TRUE_WORDS


def strict_bool(value: object) -> bool | None:
    """Like lenient_bool, but false takes ``0 f false off n no``; None for anything else."""
    if isinstance(value, bool):
        return value
    if not isinstance(value, (str, int)):
        return None
    word = scalar_text(value).strip().lower()
    return True if word in _TRUE_WORDS else False if word in _FALSE_WORDS else None


def api_bool(value: object) -> bool | None:
    """The API's boolean: true, false, or one of the twenty spellings of the request schemas; numbers and ``t`` or ``n`` do not
    fit."""
    if isinstance(value, bool):
        return value
    if not isinstance(value, str):
        return None
    return True if value in _API_TRUE else False if value in _API_FALSE else None


def scalar_text(value: str | float) -> str:
    """The text form of a text, number or boolean; numbers too long to print stay readable as hexadecimal."""
    if isinstance(value, int) and value.bit_length() > 4096:
        return hex(value)
    return str(value)


def read_integer(value: object) -> int | None:
    """A whole number, or text of ASCII digits alone but for one final newline (the API's integer); booleans and fractions do
    not fit."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and len(value) <= 40 and value.isascii() and _without_final_newline(value).isdigit():
        return int(value)
    return None


def integer_text(value: object) -> int | None:
    """What Python's integer parser takes, as extra specs and image properties do: sign and surrounding space pass (ESP-06)."""
    if isinstance(value, int):
        return int(value)
    if not isinstance(value, str) or len(value) > 300:
        return None
    try:
        return int(value)
    except ValueError:
        return None


def integer(minimum: int | None = None, maximum: int | None = None) -> ValueType[int]:
    """A whole number (or digits) within bounds; None leaves that side open."""

    def read(value: object) -> int | None:
        number = read_integer(value)
        return number if number is not None and within(number, minimum, maximum) else None

    return ValueType(read, bounds(minimum, maximum), f"a whole number{says_bounds(minimum, maximum)}")


def within(number: float, minimum: float | None, maximum: float | None) -> bool:
    return (minimum is None or number >= minimum) and (maximum is None or number <= maximum)


def bounds(minimum: int | None, maximum: int | None) -> dict[str, Any]:
    """``allowed`` of a range."""
    limits = {"min": minimum, "max": maximum}
    return {"type": "integer", **{key: limit for key, limit in limits.items() if limit is not None}}


def says_bounds(minimum: int | None, maximum: int | None) -> str:
    if minimum is not None and maximum is not None:
        return f" from {minimum} to {maximum}"
    if minimum is not None:
        return f" of at least {minimum}"
    return "" if maximum is None else f" of at most {maximum}"


def printable(text: str) -> bool:
    """No control, unassigned, private or surrogate character, no line or paragraph separator, nothing beyond U+FFFE."""
    if text.isascii():
        return text.isprintable()
    return all(char <= "\ufffe" and _printable_char(char) for char in text)


def _printable_char(char: str) -> bool:
    category = unicodedata.category(char)
    return category[0] != "C" and category not in ("Zl", "Zp")


def _is_space(char: str) -> bool:
    return unicodedata.category(char) == "Zs"


def _without_final_newline(text: str) -> str:
    """Nova's patterns let one newline pass at the very end (as a YAML block scalar leaves it)."""
    return text[:-1] if text.endswith("\n") else text


def _length(minimum: int, maximum: int | None) -> dict[str, Any]:
    return {"type": "string", "min_length": minimum, **({} if maximum is None else {"max_length": maximum})}


def text(minimum: int = 0, maximum: int | None = None) -> ValueType[str]:
    """Any text of that many characters."""

    def read(value: object) -> str | None:
        fits = isinstance(value, str) and within(len(value), minimum, maximum)
        return str(value) if fits else None

    return ValueType(read, _length(minimum, maximum), f"a text{_says_length(minimum, maximum)}")


def _says_length(minimum: int, maximum: int | None) -> str:
    if maximum is None:
        return " that is not empty" if minimum else ""
    return f" of {minimum} to {maximum} characters" if minimum else f" of at most {maximum} characters"


def printable_text(minimum: int, maximum: int) -> ValueType[str]:
    """Printable text on one line; spaces anywhere, one final newline is tolerated and kept (descriptions)."""

    def read(value: object) -> str | None:
        fits = isinstance(value, str) and minimum <= len(value) <= maximum and printable(_without_final_newline(value))
        return str(value) if fits else None

    return ValueType(
        read,
        {**_length(minimum, maximum), "characters": "printable"},
        f"{minimum} to {maximum} printable characters on one line",
    )


def _read_name(value: object, *, forbidden: str = "", spaces_around: bool = False) -> str | None:
    if not isinstance(value, str) or not 1 <= len(value) <= 255:
        return None
    name = _without_final_newline(value)
    if not printable(name) or any(char in name for char in forbidden):
        return None
    trimmed = name.strip()
    if not trimmed or (not spaces_around and (_is_space(name[0]) or _is_space(name[-1]))):
        return None
    return trimmed


def pattern_text(pattern: str, minimum: int, maximum: int, says: str) -> ValueType[str]:
    """Text of that length that the pattern matches in full."""
    compiled = re.compile(pattern)

    def read(value: object) -> str | None:
        fits = isinstance(value, str) and minimum <= len(value) <= maximum and compiled.fullmatch(value)
        return str(value) if fits else None

    return ValueType(read, {**_length(minimum, maximum), "pattern": pattern}, says)


def choice(*words: str) -> ValueType[str]:
    """Exactly one of the words, in this letter case."""
    known = frozenset(words)

    def read(value: object) -> str | None:
        return value if isinstance(value, str) and value in known else None

    return ValueType(read, list(words), "one of " + ", ".join(words) if len(words) > 1 else words[0])


def or_null(kind: ValueType[T]) -> Callable[[object], T | None]:
    """A reader for values that may be null; null and misfit both read as None, so it suits lookups, not checks."""
    return lambda value: None if value is None else kind.read(value)


def read_uuid(value: object) -> str | None:
    """A uuid in any spelling (case, dashes, braces, ``urn:uuid:``), as canonical text."""
    if not isinstance(value, str) or len(value) > 64:
        return None
    digits = value.lower().replace("urn:", "").replace("uuid:", "").strip("{}").replace("-", "")
    return str(uuid.UUID(digits)) if _UUID_DIGITS.fullmatch(digits) else None


def read_base64(value: object) -> bytes | None:
    """Decoded content; characters outside the alphabet are skipped, only wrong padding does not fit."""
    if not isinstance(value, str):
        return None
    try:
        return binascii.a2b_base64(value.encode("utf-8"))
    except (binascii.Error, UnicodeEncodeError):
        return None


def _read_address(value: object, family: int | None) -> str | None:
    if not isinstance(value, str) or "%" in value:
        return None
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return None
    return value if family in (None, address.version) else None


_NAME_SAYS = "1 to 255 printable characters with no space at either end"
_NAME_ALLOWED = {**_length(1, 255), "characters": "printable"}

BOOLEAN: ValueType[bool] = ValueType(api_bool, [True, False], "true or false")
STRICT_BOOLEAN: ValueType[bool] = ValueType(
    strict_bool,
    sorted(_TRUE_WORDS | _FALSE_WORDS),
    "a boolean word (1 t true on y yes, 0 f false off n no)",
)
NAME: ValueType[str] = ValueType(_read_name, _NAME_ALLOWED, _NAME_SAYS)
NAME_TRIMMED: ValueType[str] = ValueType(
    lambda value: _read_name(value, spaces_around=True), _NAME_ALLOWED, "1 to 255 printable characters, not only spaces"
)
AZ_NAME: ValueType[str] = ValueType(
    lambda value: _read_name(value, forbidden=":"), {**_NAME_ALLOWED, "without": ":"}, f"{_NAME_SAYS}, without a colon"
)
DESCRIPTION = printable_text(0, 255)
POSITIVE_INTEGER = integer(1)
NON_NEGATIVE_INTEGER = integer(0)
VOLUME_SIZE = integer(1, MAX_INT)
UUID: ValueType[str] = ValueType(read_uuid, {"type": "uuid"}, "a uuid")
HOSTNAME = pattern_text(
    r"[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]",
    2,
    63,
    "2 to 63 letters, digits and dashes, with a letter or digit at both ends",
)
FQDN = pattern_text(r"[a-zA-Z0-9._-]+", 1, 255, "1 to 255 letters, digits, dots, dashes and underscores")
TAG = pattern_text(r"[^,/]+", 1, 60, "1 to 60 characters without comma and slash")
METADATA_KEY = pattern_text(
    r"[a-zA-Z0-9_:. -]+", 1, 255, "1 to 255 letters, digits, dashes, underscores, colons, dots and spaces"
)
METADATA_VALUE = text(0, 255)
BASE64: ValueType[bytes] = ValueType(read_base64, {"type": "string", "encoding": "base64"}, "base64 text")
IP_ADDRESS: ValueType[str] = ValueType(lambda value: _read_address(value, None), {"type": "ip"}, "an IPv4 or IPv6 address")
IPV4: ValueType[str] = ValueType(lambda value: _read_address(value, 4), {"type": "ipv4"}, "an IPv4 address")
IPV6: ValueType[str] = ValueType(lambda value: _read_address(value, 6), {"type": "ipv6"}, "an IPv6 address")
