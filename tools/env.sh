#!/bin/sh
# Prepares .venv: picks a fit Python, installs pinned dependencies, links the checkout into the environment. Idempotent.
# Usage: tools/env.sh [requirements file]          (default requirements.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
cd "$(dirname "$0")/.."
here=$(pwd -P)
requirements=${1:-requirements.txt}
venv=.venv
stamp=$venv/.kilonova-$(basename "$requirements" .txt)

fail() { echo "make env: $*" >&2; exit 1; }

if [ "$(id -u)" = 0 ]; then as_root=""; elif command -v sudo >/dev/null 2>&1; then as_root="sudo"; else as_root="none"; fi

install_packages() { # only what is missing, so that a second run asks nobody for anything
  command -v apt-get >/dev/null 2>&1 || fail "needs these programs, and there is no apt-get to install them: $*"
  [ "$as_root" != none ] || fail "needs root or sudo to install: $*"
  # A broken foreign package source must not stop us: the install itself says whether anything is really missing.
  $as_root apt-get update -qq >/dev/null 2>&1 || :
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null ||
    fail "apt-get could not install: $*"
}

# Fit: 3.11 to 3.14 (what the pinned ansible-core supports), able to make an environment with pip, and with C headers,
# because the libvirt binding is compiled here. Version managers put shims on PATH that may answer for nothing: each is tried.
fit() {
  "$1" - >/dev/null 2>&1 <<'P'
import ensurepip, os, sys, sysconfig, venv
assert (3, 11) <= sys.version_info[:2] <= (3, 14)
assert os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h"))
P
}

find_python() {
  for candidate in ${KILONOVA_PYTHON:-} python3.13 python3.12 python3.11 python3.14 python3 \
    /usr/bin/python3.13 /usr/bin/python3.12 /usr/bin/python3.11 /usr/bin/python3.14 /usr/bin/python3; do
    path=$(command -v "$candidate" 2>/dev/null) || continue
    if fit "$path"; then "$path" -c 'import sys; print(sys.executable)'; return 0; fi
  done
  return 1
}

wanted=$(cat requirements.txt "$requirements" tools/env.sh | cksum)
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$wanted" ]; then
  missing=""
  command -v cc >/dev/null 2>&1 || missing="$missing gcc libc6-dev"
  command -v pkg-config >/dev/null 2>&1 || missing="$missing pkg-config"
  pkg-config --exists libvirt 2>/dev/null || missing="$missing libvirt-dev"
  python=$(find_python) || missing="$missing python3 python3-venv python3-dev"
  # shellcheck disable=SC2086  # a list of package names
  [ -z "$missing" ] || install_packages $missing
  python=$(find_python) || fail "no fit Python: 3.11 to 3.14 with venv, pip and headers is needed"
  if [ -e $venv/bin/python ] && ! fit $venv/bin/python; then rm -rf $venv; fi
  [ -e $venv/bin/python ] || { rm -rf $venv; "$python" -m venv $venv; }
  log=$venv/pip-$(basename "$requirements" .txt).log
  $venv/bin/python -m pip install --disable-pip-version-check -r "$requirements" >"$log" 2>&1 ||
    { tail -n 20 "$log" >&2; fail "pip could not install $requirements (all of it: $log)"; }
  echo "$wanted" > "$stamp"
fi

# ansible-core looks for collections on the interpreter's own path: this link makes every command of the
# environment find this checkout from any directory, without a variable.
site=$($venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
for tree in "$site" "$here/.cache/tree"; do
  mkdir -p "$tree/ansible_collections/kilonova"
  link=$tree/ansible_collections/kilonova/compute
  [ "$(readlink "$link" 2>/dev/null)" = "$here" ] || { rm -rf "$link"; ln -s "$here" "$link"; }
done
