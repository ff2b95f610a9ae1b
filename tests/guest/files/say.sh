# shellcheck shell=dash
# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Sourced by the guest's scripts: `say FACT key=string key:=json ...` writes one machine-readable line on the console.

export PATH=/bin:/sbin:/usr/bin:/usr/sbin
console=/dev/ttyS0

json() { awk -f /lib/json.awk -- "$@"; }

# One write() per line: the kernel keeps one write whole against other writers, whatever its length.
say() {
    fact=$1
    shift
    printf 'KILONOVA-GUEST %s %s\n' "$fact" "$(json "$@")" > "/run/line.$$"
    dd if="/run/line.$$" of=$console bs=131072 conv=notrunc 2> /dev/null
}

# A JSON string, or null for nothing.
quoted() {
    [ -n "$1" ] || { echo null; return; }
    quoted_object=$(json "k=$1")
    quoted_object=${quoted_object#\{\"k\": }
    echo "${quoted_object%\}}"
}

# "a b" -> ["a", "b"]; for words without quotes or backslashes.
list() {
    list_items=
    for list_word in $1; do list_items="$list_items${list_items:+, }\"$list_word\""; done
    echo "[$list_items]"
}

read_line() { [ -r "$1" ] && head -n 1 "$1" 2> /dev/null | tr -d '\000'; }
