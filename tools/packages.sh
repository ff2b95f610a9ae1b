#!/bin/sh
# Installs the Debian packages of a list that are missing. Usage: tools/packages.sh FILE   (one package a line, # comments)
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
missing=""
# shellcheck disable=SC2013  # one name a line, and no blanks in names
for package in $(sed 's/#.*//' "$1"); do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || :)" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ]; then as_root=""; else as_root="sudo"; fi
command -v apt-get >/dev/null 2>&1 || { echo "tools/packages.sh: no apt-get to install:$missing" >&2; exit 1; }
[ -z "$as_root" ] || command -v sudo >/dev/null 2>&1 || { echo "tools/packages.sh: needs root or sudo to install:$missing" >&2; exit 1; }
echo "installing:$missing"
# A broken foreign package source must not stop us: the install itself says whether anything is really missing.
$as_root apt-get update -qq >/dev/null 2>&1 || :
# shellcheck disable=SC2086  # a list of package names
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
