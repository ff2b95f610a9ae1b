#!/bin/sh
# Runs the molecule scenarios of extensions/ with the environment's own programs.
# Usage: tools/molecule.sh [molecule arguments]          (default: test --scenario-name boot)
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
cd "$(dirname "$0")/../extensions"
PATH=$(cd ../.venv/bin && pwd):$PATH
KILONOVA_LAB=${KILONOVA_LAB:-molecule-$$} # runs side by side have labs of their own
MOLECULE_GLOB=${MOLECULE_GLOB:-molecule/boot/molecule.yml} # molecule calls it critical that no scenario is named default
export PATH KILONOVA_LAB MOLECULE_GLOB
[ $# -gt 0 ] || set -- test --scenario-name boot
exec molecule "$@"
