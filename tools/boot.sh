#!/bin/sh
# make boot: sets this machine up as a hypervisor and boots a server on it. Prepares the environment, the rest is Python.
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
cd "$(dirname "$0")/.."

if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null 2>&1; then
  echo "make boot: needs root or sudo, to install packages and to start libvirt" >&2
  exit 1
fi
begin=$(date +%s.%N)
tools/env.sh || exit 1
exec .venv/bin/python tools/boot/run.py "$begin"
