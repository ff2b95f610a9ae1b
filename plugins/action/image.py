# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's half of image: reads a file of the controller and copies it only where its content is missing."""

from __future__ import annotations

import os
from typing import Any

from ansible.errors import AnsibleError

from ansible_collections.kilonova.compute.plugins.module_utils._argspec import Spec, connection_spec, image_spec
from ansible_collections.kilonova.compute.plugins.module_utils._checksum import verified_sha256
from ansible_collections.kilonova.compute.plugins.module_utils._image_header import ImageError, check, inspect
from ansible_collections.kilonova.compute.plugins.module_utils._libvirt.base_image import content_name
from ansible_collections.kilonova.compute.plugins.plugin_utils._entry.action import KilonovaAction


class ActionModule(KilonovaAction):
    """See the documentation of the module."""

    _requires_connection = True

    def spec(self) -> Spec:
        return connection_spec() | image_spec()

    def constraints(self) -> dict[str, Any]:
        return {"mutually_exclusive": [["src", "path"]], "required_one_of": [["src", "path", "checksum"]]}

    def work(self, params: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        source = params.pop("src")
        if source is None:
            return self.run_on_host("image", params, task_vars)
        path = self._on_controller(source, params["name"])
        if getattr(self._connection, "transport", "") == "local":
            return self.run_on_host("image", params | {"path": path}, task_vars)
        facts = self._verified(path, params)
        return self._copied(path, facts, params | {"checksum": f"sha256:{facts['sha256']}"}, task_vars)

    def _on_controller(self, source: str, name: str) -> str:
        try:
            return str(self._find_needle("files", source))
        except AnsibleError as exc:
            raise ImageError(f"the file {source} of the image {name} does not exist on the controller") from exc

    def _verified(self, path: str, params: dict[str, Any]) -> dict[str, Any]:
        """{sha256, disk_format, virtual_size, size} of a file of the controller. Raises ImageError or ChecksumError."""
        try:
            with open(path, "rb") as content:
                found = inspect(content)
                check(params["name"], found, params["disk_format"])
                sha256 = verified_sha256(content, params["name"], params["checksum"])
                size = content.seek(0, os.SEEK_END)
                return {
                    "sha256": sha256,
                    "disk_format": found["format"],
                    "virtual_size": found["virtual_size"],
                    "size": size,
                }
        except OSError as exc:
            raise ImageError(f"the file {path} of the image {params['name']} cannot be read: {exc.strerror}") from exc

    def _copied(self, path: str, facts: dict[str, Any], params: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Looks first: gigabytes travel only where they are missing."""
        looked = self.run_on_host("image", params, task_vars)
        if looked["image"] is not None:
            return looked
        if self.check_mode:
            # What the host cannot know of a file that did not travel: the next task's check mode goes on from it.
            volume = content_name(facts["sha256"])
            expected = facts | {"name": params["name"], "pool": params["pool"], "volume": volume, "path": volume, "created": 0}
            return looked | {"image": expected, "diff": {"before": {}, "after": expected}}
        folder = self._connection._shell.tmpdir or self._make_tmp_path()
        remote = self._connection._shell.join_path(folder, os.path.basename(path))
        self._transfer_file(path, remote)
        return self.run_on_host("image", params | {"path": remote}, task_vars)
