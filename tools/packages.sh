#!/bin/sh
# Installs the Debian packages of a list that are missing. Usage: tools/packages.sh FILE   (one package a line, # comments)
# Behind a name may stand a pattern of files: then the package is passed over where such a file is there without it, and
# where the distribution has no package of that name.
# SPDX-License-Identifier: GPL-3.0-or-later
set -eu
missing=""
perhaps=""
while read -r package pattern; do
  case $package in "" | "#"*) continue ;; esac
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || :)" != installed ] || continue
  # shellcheck disable=SC2086  # a pattern
  if [ -z "$pattern" ]; then missing="$missing $package"; elif ! ls $pattern >/dev/null 2>&1; then perhaps="$perhaps $package"; fi
done <"$1"
[ -n "$missing$perhaps" ] || exit 0
if [ "$(id -u)" = 0 ]; then as_root=""; else as_root="sudo"; fi
command -v apt-get >/dev/null 2>&1 || { echo "tools/packages.sh: no apt-get to install:$missing$perhaps" >&2; exit 1; }
[ -z "$as_root" ] || command -v sudo >/dev/null 2>&1 || { echo "tools/packages.sh: needs root or sudo to install:$missing" >&2; exit 1; }
# A broken foreign package source must not stop us: the install itself says whether anything is really missing.
$as_root apt-get update -qq >/dev/null 2>&1 || :
for package in $perhaps; do
  [ "$(apt-cache pkgnames "$package" | grep -cx "$package")" = 0 ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
echo "installing:$missing"
# shellcheck disable=SC2086  # a list of package names
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
