# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Building one server: the steps between a build plan's entry and a running domain.

Each server goes through the same steps, and any of them may be the last one of a killed run; the next run goes through them
all again and does what is not done. Steps: define (the claim), volumes, drive, start, undefine (transient servers), mark, wait.
A run that finds a server half built cannot know whether the other run is dead. It defines it with its own mark, and a run that
finds another's mark on its server leaves the rest to that one.
"""

from __future__ import annotations

import base64
import io
import time
import uuid
import zlib
from typing import Any, Callable, Dict, List

from .._claims import host_devices
from .._domain_xml.text import parse_domain_text
from .._errors import HypervisorError, WaitError
from .._volume_name import tpm_secret_id
from .domain import define, find_domain, is_active, is_persistent, start, start_transient, undefine
from .domain_record import record_run, set_record_run, set_record_state, with_run
from .ended import has_ended, write_ended_record
from .errors import is_error
from .hypervisor_domains import read_domains
from .local_making import make_local
from .mdev import ensure_mdevs
from .power import ConsoleWait
from .removal import remove_ended, remove_server
from .secret import ensure_secret
from .servers import parse_domain, read_record
from .storage import ensure_volume, open_pool, upload
from .volume_making import ensure_recorded_volume
from .wait import POLL_S, LifecycleEvents, gone, wait_for_state

OnStep = Callable[[str, str], None]
_STARTING_S = 1.0


class Build:
    """One server of the plan on its way. ``entry`` is the plan's, ``phases`` the milliseconds of each step.

    ``records`` are those of servers of this host that end, or ended, with their power."""

    def __init__(
        self,
        connection: Any,
        entry: Dict[str, Any],
        events: LifecycleEvents,
        on_step: OnStep,
        records: List[Dict[str, Any]],
    ) -> None:
        self._connection = connection
        self._entry = entry
        self._events = events
        self._on_step = on_step
        self._records = records
        self.name: str = entry["name"]
        self.domain_name: str = entry["domain"]
        self.domain: Any = None
        self.claimed = False
        self._run = uuid.uuid4().hex
        self._xml = with_run(entry["xml"], self._run)
        self.phases: Dict[str, int] = {}

    def _step(self, name: str, work: Callable[[], None]) -> None:
        self._on_step(self.name, name)
        begun = time.monotonic()
        try:
            work()
        except HypervisorError as exc:
            # Between two steps a guest can end, and anybody can take it away.
            if self.domain is None or not is_error(exc, "VIR_ERR_NO_DOMAIN"):
                raise
            raise gone(self.name, exc.action) from exc
        self.phases[name] = int((time.monotonic() - begun) * 1000)

    def run(self) -> None:
        self._step("define", self._define)
        if not is_active(self.domain):
            self._step("volumes", self._volumes)
            for name, work in (("drive", self._drive), ("start", self._start)):
                if self.is_taken_over():
                    self.claimed = False
                    self._step("wait", self._wait_for_other)
                    return
                if name == "drive" or self._entry["wanted"] != "stopped":
                    self._step(name, work)
        if not self._entry["persistent"]:
            self._step("undefine", self._undefine)
        self._step("mark", self._mark)
        if self._entry["wait"] and self._entry["wanted"] != "stopped":
            self._step("wait", self._wait)

    def is_taken_over(self) -> bool:
        """Whether another run has put its mark on the server. One that is gone, or cannot be asked, is nobody else's."""
        try:
            return record_run(self.domain) != self._run
        except HypervisorError:
            return False

    def _define(self) -> None:
        self._clear()
        # A killed run's domain has our uuid: it is defined again, so that it says what is meant now; a running one is kept.
        existing = find_domain(self._connection, self._entry["uuid"])
        if existing is not None and is_active(existing):
            self.domain = existing
            set_record_run(existing, self._run)
        else:
            self.domain = self._claim()
            self.claimed = True
            self._share_no_device()
            if existing is not None:
                self._let_start()
        self.claimed = True

    def _let_start(self) -> None:
        """The run that this one takes the server from may have looked for its mark just before, and be starting it."""
        end = time.monotonic() + _STARTING_S
        while not is_active(self.domain) and time.monotonic() < end:
            self._events.pause(self._entry["uuid"], 0.1)

    def _clear(self) -> None:
        """A half-deleted server of this name goes first, and what is left of one that ended with its power."""
        replaced = find_domain(self._connection, self._entry["replaces"]) if self._entry.get("replaces") else None
        if replaced is not None:
            remove_server(self._connection, replaced)
        for record in self._records:
            if record["name"] == self.name and has_ended(self._connection, record):
                remove_ended(self._connection, record)

    def _claim(self) -> Any:
        try:
            return define(self._connection, self._xml, self.domain_name)
        except HypervisorError as exc:
            holder = find_domain(self._connection, self.domain_name) if is_error(exc, "VIR_ERR_OPERATION_FAILED") else None
            if holder is not None:
                exc.message = (
                    "the name %s was taken meanwhile by the domain %s: another run was quicker. Run the task again to see its "
                    "server; nothing was made here." % (self.domain_name, holder.UUIDString())
                )
            raise

    def _share_no_device(self) -> None:
        """Two runs that choose at the same time may choose the same: whoever sees that, once it has defined its server, gives
        way."""
        own = host_devices(parse_domain_text(self._xml))
        others = [known for known in read_domains(self._connection) if known.uuid != self._entry["uuid"]] if own else []
        for known in others:
            shared = sorted(set(own) & set(host_devices(known.tree)))
            if shared:
                raise HypervisorError(
                    "%s was taken meanwhile by the domain %s. Run the task again, which chooses anew" % (shared[0], known.name),
                    action="claim the devices of %s" % self.name,
                    domain=self.domain_name,
                )

    def _pool(self, name: str) -> Any:
        return open_pool(self._connection, name)

    def _volumes(self) -> None:
        if not self._entry["persistent"]:
            write_ended_record(self._connection, self._entry)
        if self._entry.get("tpm"):
            ensure_secret(self._connection, tpm_secret_id(self._entry["uuid"]), "vtpm", self._entry["uuid"])
        if self._entry.get("mdevs"):
            ensure_mdevs(self._connection, self._entry["uuid"], self._entry["mdevs"])
        for volume in self._entry["volumes"]:
            if self.is_taken_over():
                return
            if volume.get("record"):
                ensure_recorded_volume(self._connection, volume, self._on_copy)
            elif volume.get("content") is None and not volume.get("existing"):
                make_local(self._connection, volume, self._on_copy)

    def _on_copy(self, done: int, total: int) -> None:
        self._on_step(self.name, "volumes, %d of %d MiB copied" % (done >> 20, total >> 20))

    def _drive(self) -> None:
        """Volumes with content are written whole each time: what a killed run left of them may be half of it."""
        for volume in self._entry["volumes"]:
            if volume.get("content") is not None:
                content = zlib.decompress(base64.b64decode(volume["content"]))
                made = ensure_volume(self._pool(volume["pool"]), dict(volume, sparse=False))
                upload(self._connection, made, io.BytesIO(content), len(content))

    def _start(self) -> None:
        paused = self._entry["wanted"] == "paused"
        if self._entry["persistent"]:
            start(self.domain, paused=paused)
        else:
            self.domain = start_transient(self._connection, self._xml, self.domain_name, paused=paused)

    def _undefine(self) -> None:
        """Without its definition a running domain is transient: it ends with its power."""
        if is_persistent(self.domain):
            undefine(self.domain)

    def _mark(self) -> None:
        set_record_state(self.domain, "active")

    def _wait_for_other(self) -> None:
        """Until the run that took it over has built it."""
        deadline = time.monotonic() + self._entry["timeout"]
        while self._entry["wait"]:
            record = read_record(parse_domain(self.domain))
            if record is not None and record.state == "active":
                return
            if time.monotonic() > deadline:
                message = "another run builds the server %s and has not finished within %g s" % (
                    self.name,
                    self._entry["timeout"],
                )
                raise WaitError(message, outcome="timeout", action="wait for the other run", domain=self.domain_name)
            self._events.pause(self._entry["uuid"], POLL_S)

    def _wait(self) -> None:
        timeout_s = self._entry["timeout"]
        begun = time.monotonic()
        wait_for_state(self.domain, self._events, wanted=self._entry["wanted"], timeout_s=timeout_s)
        if self._entry["wanted"] == "running":  # a paused guest says nothing
            console = ConsoleWait(self._connection, self._entry)
            console.begin(anew=False)
            console.wait(self.domain, self._events, timeout_s, time.monotonic() - begun)
