#!/bin/bash
# Runs ansible-test sanity on the tracked files, without containers. Usage: tools/sanity.sh [ansible-test sanity options]
# SPDX-License-Identifier: GPL-3.0-or-later
set -euo pipefail
cd "$(dirname "$0")/.."
here=$(pwd -P)
python=$here/.venv/bin/python
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')

# ansible-test wants a real folder ansible_collections/NAMESPACE/NAME and resolves links, so the files are copied.
tree=$here/.cache/sanity/ansible_collections/kilonova/compute
rm -rf "$tree"
mkdir -p "$tree"
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
  # ansible-test judges every Python file there is by what ansible-core ships: our own checks see to the tests and tools.
  case $file in tests/sanity/*) ;; tests/* | tools/* | extensions/* | .ci/*) continue ;; esac
  [ -f "$file" ] && printf '%s\0' "$file"
done | tar --null -cf - -T - | tar -xf - -C "$tree"

# It asks git which files there are, and the copy lies in a folder that the checkout ignores.
git -C "$tree" init -q
git -C "$tree" add -A

# Each test's own environment is set up by a bootstrap script that ansible-test would fetch from a project's web server.
# The same pip comes from the package index: a stand-in script in ansible-test's cache installs it from there.
wanted=$("$python" - <<'P'
import inspect
import re

import ansible_test._internal.python_requirements as requirements

found = re.search(r"pip=.([0-9.]+)", inspect.getsource(requirements))
print(found.group(1) if found else "24.2")
P
)
cache=${HOME:-/root}/.ansible/test/cache
script=$cache/get_pip_${wanted//./_}.py
mkdir -p "$cache"
if [ ! -f "$script" ]; then
  "$python" -m pip download -q --disable-pip-version-check --no-deps -d "$cache" "pip==$wanted" 2>/dev/null
  cat > "$script" <<P
import os
import runpy
import sys

cache = os.path.expanduser("~/.ansible/test/cache")
sys.path.insert(0, os.path.join(cache, "pip-$wanted-py3-none-any.whl"))
sys.argv = ["pip", "install", "--no-index", "--find-links", cache, "pip"]
runpy.run_module("pip", run_name="__main__")
P
fi

cd "$tree"
# A PATH with our environment first: a version manager's shims answer to names that they cannot run.
PATH=$here/.venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
exec "$here/.venv/bin/ansible-test" sanity --python "$version" --requirements --color no "$@"
