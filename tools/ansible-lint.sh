#!/bin/bash
# Runs ansible-lint at profile production on a copy of the tracked files: it judges every file that it finds.
# SPDX-License-Identifier: GPL-3.0-or-later
set -euo pipefail
cd "$(dirname "$0")/.."
here=$(pwd -P)
tree=$here/.cache/lint/ansible_collections/kilonova/compute
rm -rf "$tree"
mkdir -p "$tree"
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
  [ -f "$file" ] && printf '%s\0' "$file"
done | tar --null -cf - -T - | tar -xf - -C "$tree"
cd "$tree"
git init -q
git add -A
PATH=$here/.venv/bin:$PATH ANSIBLE_COLLECTIONS_PATH=$here/.cache/lint exec "$here/.venv/bin/ansible-lint" --offline --profile production --strict -q
