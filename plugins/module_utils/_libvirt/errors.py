# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One translation from libvirt's errors to ours."""

from __future__ import annotations

from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Callable, Dict, Iterator, Optional, Tuple, TypeVar

from .._errors import HypervisorError
from .binding import libvirt

# The three error levels share prefix and numbers with the codes, and so do the error domains' names in old bindings.
_LEVELS = ("VIR_ERR_NONE", "VIR_ERR_WARNING", "VIR_ERR_ERROR")

_GONE = ("VIR_ERR_NO_DOMAIN", "VIR_ERR_NO_STORAGE_VOL", "VIR_ERR_NO_STORAGE_POOL", "VIR_ERR_NO_NETWORK")

T = TypeVar("T")


@lru_cache(maxsize=1)
def _symbols() -> Dict[int, str]:
    names = [n for n in dir(libvirt) if n.startswith("VIR_ERR_") and n not in _LEVELS]
    return {getattr(libvirt, name): name for name in names}


def symbol(number: Optional[int]) -> Optional[str]:
    """VIR_ERR_NO_DOMAIN for 42; None for a number that this binding does not know."""
    return None if number is None else _symbols().get(number)


@contextmanager
def translate_errors(action: str, domain: Optional[str] = None) -> Iterator[None]:
    """The only ``except libvirtError``. ``action`` completes "could not ...": say what was being done, and to what."""
    try:
        yield
    except libvirt.libvirtError as exc:
        number = exc.get_error_code()
        name = symbol(number)
        text = exc.get_error_message() or str(exc)
        raise HypervisorError(
            "could not %s: %s (%s, %s)" % (action, text, name or "libvirt error", number),
            action=action,
            domain=domain,
            number=number,
            symbol=name,
        ) from exc


def is_error(exc: HypervisorError, *names: str) -> bool:
    """Whether libvirt gave one of these symbolic errors."""
    return exc.symbol in names


def unless_gone(call: Callable[..., T], *given: Any, else_on: Tuple[str, ...] = ()) -> Optional[T]:
    """What ``call`` answers; None where the domain, volume, pool or network is there no more (a list is old as soon as it is
    made), or libvirt gave one of the symbolic errors ``else_on``."""
    try:
        return call(*given)
    except HypervisorError as exc:
        if is_error(exc, *_GONE, *else_on):
            return None
        raise
