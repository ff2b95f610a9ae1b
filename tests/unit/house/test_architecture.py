# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of the house: who may import what, where it runs, how large it may grow."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PLUGINS = ROOT / "plugins"
COLLECTION = "ansible_collections.kilonova.compute.plugins."

# Which of our own folders each folder may import; the standard library is open to all.
OWN = {
    "plugin_utils/_boot": {"plugin_utils/_boot"},
    "plugin_utils/_guest": {"plugin_utils/_guest", "plugin_utils/_boot", "module_utils"},
    "plugin_utils/_plan": {
        "plugin_utils/_plan",
        "plugin_utils/_guest",
        "plugin_utils/_boot",
        "plugin_utils/_entry",
        "module_utils",
    },
    "plugin_utils/_entry": {"plugin_utils/_entry", "plugin_utils/_boot", "module_utils"},
    "module_utils": {"module_utils"},
    "modules": {"module_utils"},
    "action": {"plugin_utils/_entry", "plugin_utils/_boot", "plugin_utils/_plan", "module_utils"},
    "doc_fragments": set(),
}
THIRD_PARTY = {
    "plugin_utils/_boot": set(),
    "plugin_utils/_guest": {"jinja2", "markupsafe", "lxml", "pycdlib"},
    "plugin_utils/_plan": set(),
    "plugin_utils/_entry": {"ansible"},
    "module_utils": {"ansible", "libvirt"},
    "modules": {"ansible"},
    "action": {"ansible"},
    "doc_fragments": set(),
}


def python_files() -> list[Path]:
    return sorted(PLUGINS.rglob("*.py"))


def folder_of(path: Path) -> str:
    parts = path.relative_to(PLUGINS).parts
    return "/".join(parts[:2]) if parts[0] == "plugin_utils" else parts[0]


def imports_of(path: Path) -> Iterator[tuple[str, int]]:
    """Absolute module names; a relative import is written out."""
    package = (COLLECTION + ".".join(path.relative_to(PLUGINS).parts[:-1])).rstrip(".")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            base = package.rsplit(".", node.level - 1)[0] if node.level > 1 else package
            yield f"{base}.{node.module or ''}", node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node.lineno


def wrong_imports(path: Path) -> Iterator[str]:
    folder = folder_of(path)
    for name, line in imports_of(path):
        if name.startswith(COLLECTION):
            parts = name.removeprefix(COLLECTION).split(".")
            target = "/".join(parts[:2]) if parts[0] == "plugin_utils" else parts[0]
            if target not in OWN[folder]:
                yield f"{path.relative_to(ROOT)}:{line} imports {target}"
        elif name.split(".")[0] not in sys.stdlib_module_names | THIRD_PARTY[folder]:
            yield f"{path.relative_to(ROOT)}:{line} imports {name}"


@pytest.mark.parametrize("folder", sorted(OWN))
def test_a_folder_imports_only_what_its_layer_may(folder: str) -> None:
    files = [path for path in python_files() if folder_of(path) == folder]
    assert files
    assert [line for path in files for line in wrong_imports(path)] == []


def test_every_folder_has_a_rule() -> None:
    assert {folder_of(path) for path in python_files()} == set(OWN)


def test_libvirt_is_imported_in_one_folder_only() -> None:
    users = {
        str(path.parent.relative_to(PLUGINS))
        for path in python_files()
        for name, _line in imports_of(path)
        if name.split(".")[0] == "libvirt"
    }
    assert users == {"module_utils/_libvirt"}


def test_travelling_code_runs_on_python_3_9() -> None:
    command = [str(Path(sys.executable).parent / "vermin"), "--no-tips", "--violations", "--target=3.9-"]
    folders = [str(PLUGINS / "module_utils"), str(PLUGINS / "modules")]
    done = subprocess.run([*command, *folders], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", python_files(), ids=lambda path: str(path.relative_to(PLUGINS)))
def test_a_file_is_short_and_licensed(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "# SPDX-License-Identifier: GPL-3.0-or-later" in text.splitlines()[:5]
    if folder_of(path) not in ("modules", "doc_fragments"):
        assert text.count("\n") <= 400
    long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and (node.end_lineno or 0) - node.lineno + 1 > 60
    ]
    assert long == []


def test_everything_is_caught_in_the_entry_layer_only() -> None:
    catchers = set()
    for path in python_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler) and (node.type is None or ast.unparse(node.type) == "Exception"):
                catchers.add(str(path.relative_to(PLUGINS)))
    assert catchers == {"module_utils/_module.py", "plugin_utils/_entry/action.py"}
