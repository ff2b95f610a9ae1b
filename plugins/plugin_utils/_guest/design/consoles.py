# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Serial ports and the console log (guest CON-01 to CON-10)."""

from __future__ import annotations

from ..device_model import CharLog, Serial, TcpSource
from ..volume_plan import VolumePlan
from .context import Context

# QEMU has four; one is kept for the console log (rules SPW-23).
_MAX_PORTS = 3


def design_serials(context: Context) -> tuple[Serial, ...]:
    """The console is the first serial port's; libvirt adds the console element itself, so none is written."""
    log = CharLog(file=context.volume_path("console.log"), append="off")
    if context.options.flag("serial_console", "enabled"):
        return _tcp_ports(context, log)
    if context.arch in ("s390", "s390x"):
        return (Serial(type="pty", log=log, element="console", target_type="sclp"),)
    return (Serial(type="pty", log=log),)


def _tcp_ports(context: Context, log: CharLog) -> tuple[Serial, ...]:
    """Guest CON-02 to CON-05: only the first one is logged."""
    count = context.combination.serial_port_count
    if count > _MAX_PORTS:
        message = f"a guest has at most {_MAX_PORTS} serial ports beside the console log"
        field = context.spec_field("hw:serial_port_count")
        context.refuse("SerialPortNumberLimitExceeded", "CON-05", field, count, {"max": _MAX_PORTS}, message)
        return ()
    host = context.options.text("serial_console", "proxyclient_address") or "127.0.0.1"
    sources = [TcpSource(host=host, service=str(port)) for port in _free_ports(context, count)]
    element = {"element": "console", "target_type": "sclp"} if context.arch in ("s390", "s390x") else {}
    return tuple(
        Serial(type="tcp", source=source, log=None if index else log, **element) for index, source in enumerate(sources)
    )


def _free_ports(context: Context, count: int) -> list[int]:
    """Ports of ``[serial_console]port_range`` (its end is not part of it) that nothing on the host uses."""
    text = context.options.text("serial_console", "port_range") or ""
    first, _colon, last = text.partition(":")
    field = "host_options.serial_console.port_range"
    if not (first.isdigit() and last.isdigit() and int(first) < int(last)):
        context.refuse("Invalid", "CON-02", field, text, "first:last", "port_range must be two ports, such as 10000:20000")
        return []
    candidates = range(int(first), int(last))
    earlier = context.resources.earlier.serial_ports if context.resources.earlier is not None else ()
    own = [port for port in earlier if port in candidates]
    free: list[int] = []
    for port in (*own, *candidates):
        if len(free) == count:
            break
        if port not in context.resources.ports_in_use and port not in free:
            free.append(port)
    if len(free) < count:
        message = f"all ports of {text} are in use"
        context.refuse("SocketPortRangeExhaustedException", "CON-02", field, text, None, message)
    return free


def console_volume(context: Context) -> VolumePlan:
    """A file in the pool, empty at first, so that the log can be read as a volume over any URI."""
    return VolumePlan(
        role="console.log",
        pool=context.file_pool["name"],
        name=context.volume_name("console.log"),
        path=context.volume_path("console.log"),
        capacity=0,
        format="raw",
    )
