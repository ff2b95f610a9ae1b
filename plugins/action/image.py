# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of image: a file of the controller, or one that it fetches, goes only where its content is missing."""

from __future__ import annotations

import os
import tempfile
from typing import Any

from ansible.errors import AnsibleError

from ansible_collections.kilonova.compute.plugins.module_utils._argspec import Spec, connection_spec, image_spec
from ansible_collections.kilonova.compute.plugins.module_utils._checksum import check_published
from ansible_collections.kilonova.compute.plugins.module_utils._decompress import compression_of
from ansible_collections.kilonova.compute.plugins.module_utils._fetch import fetch
from ansible_collections.kilonova.compute.plugins.module_utils._image_header import BOOT_FILES, ImageError, check, inspect
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.base_image import content_name
from ansible_collections.kilonova.compute.plugins.module_utils._progress import Progress
from ansible_collections.kilonova.compute.plugins.module_utils._sums import file_name, read_checksum
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.action import KilonovaAction
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.host_view import HostView
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.watch import State


class ActionModule(KilonovaAction):
    """See the documentation of the module."""

    _requires_connection = True

    def spec(self) -> Spec:
        return connection_spec() | image_spec()

    def constraints(self) -> dict[str, Any]:
        return {
            "mutually_exclusive": [["src", "path", "url"]],
            "required_if": [("state", "present", ("src", "path", "url", "checksum"), True), ("state", "present", ("name",)),
                            ("state", "absent", ("name",))],
        }  # fmt: skip

    def work(self, params: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        source = params.pop("src")
        if params["state"] != "present":
            return self.run_on_host("image", params, task_vars)
        if source is not None:
            return self._bring(self._on_controller(source, params["name"]), params, task_vars)
        if params["url"] is not None and params["fetch_on"] == "controller":
            return self._fetched(params, task_vars)
        return self._stored(params, task_vars)

    def _stored(self, params: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """The trip on which the host does the work, and is watched while it does."""
        view = HostView(self)
        note = view.new_file(at_the_cost_of_a_trip=True)
        with self.watched(f"the image {params['name']}", view.noted_in(note)):
            return self.run_on_host("image", params | {"progress_file": note}, task_vars)

    def _on_controller(self, source: str, name: str) -> str:
        try:
            return str(self._find_needle("files", source))
        except AnsibleError as exc:
            raise ImageError(f"the file {source} of the image {name} does not exist on the controller") from exc

    def _fetched(self, params: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """For hosts without a way out. With a checksum, nothing is fetched that the host has already."""
        url = params.pop("url")
        if params["checksum"]:
            params["checksum"] = read_checksum(params["checksum"], url)
            looked = self.run_on_host("image", params, task_vars)
            if looked["image"] is not None or self.check_mode:
                return looked
        if self.check_mode:
            return {"changed": True, "image": None}
        with tempfile.TemporaryDirectory(prefix="kilonova-") as folder:
            path = os.path.join(folder, file_name(url) or "image")
            latest: State = {}
            with self.watched(f"the image {params['name']}", lambda: latest), open(path, "w+b") as target:
                fetch(url, target, progress=Progress(latest.update))
            return self._bring(path, params, task_vars)

    def _bring(self, path: str, params: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        if getattr(self._connection, "transport", "") == "local":
            return self._stored(params | {"path": path}, task_vars)
        latest: State = {}
        with self.watched(f"the image {params['name']}", lambda: latest):
            checksum, facts = self._verified(path, params, Progress(latest.update))
        return self._copied(path, facts, params | {"checksum": checksum}, task_vars)

    def _verified(self, path: str, params: dict[str, Any], progress: Progress) -> tuple[str, dict[str, Any] | None]:
        """The sha256 of a file of the controller, and what is known of its content before it travels: {sha256, disk_format,
        virtual_size, size}, None where it has to be unpacked first. Raises ImageError or ChecksumError."""
        name, wanted = params["name"], params["checksum"]
        try:
            with open(path, "rb") as content:
                published = check_published(content, name, read_checksum(wanted, path) if wanted else None, progress)
                if params["disk_format"] not in BOOT_FILES and compression_of(content) is not None:
                    return published[0], None
                found = inspect(content)
                check(name, found, params["disk_format"])
                size = content.seek(0, os.SEEK_END)
        except OSError as exc:
            raise ImageError(f"the file {path} of the image {name} cannot be read: {exc.strerror}") from exc
        sha256 = published[0].rpartition(":")[2]
        facts = {"sha256": sha256, "disk_format": found["format"], "virtual_size": found["virtual_size"], "size": size}
        return published[0], facts

    def _copied(
        self, path: str, facts: dict[str, Any] | None, params: dict[str, Any], task_vars: dict[str, Any]
    ) -> dict[str, Any]:
        """Looks first: gigabytes travel only where they are missing."""
        looked = self.run_on_host("image", params, task_vars)
        if looked["image"] is not None:
            return looked
        if self.check_mode:
            return looked if facts is None else looked | self._expected(facts, params | {"pool": looked["pool"]})
        folder = self._connection._shell.tmpdir or self._make_tmp_path()
        remote = self._connection._shell.join_path(folder, os.path.basename(path))
        with self.watched(f"the image {params['name']}", HostView(self).arrived_in(remote, os.path.getsize(path))):
            self._transfer_file(path, remote)
        return self._stored(params | {"path": remote}, task_vars)

    def _expected(self, facts: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
        """What the host cannot know of a file that did not travel: the next task's check mode goes on from it."""
        volume = content_name(facts["sha256"])
        expected = facts | {"name": params["name"], "pool": params["pool"], "volume": volume, "path": volume, "created": 0}
        return {"image": expected, "diff": {"before": {}, "after": expected}}
