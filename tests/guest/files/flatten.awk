# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Reads one JSON document and writes `path<TAB>value` per scalar, for shell readers: {"a": {"b": "c"}} -> "/a/b<TAB>c".
# Line breaks and tabs inside values become spaces; a document that is no JSON ends with exit code 1.

function space() { sub(/^[ \t\r\n]+/, "", rest) }

function take(n,    head) { head = substr(rest, 1, n); rest = substr(rest, n + 1); return head }

function utf8(n) {
    if (n < 128) return sprintf("%c", n)
    if (n < 2048) return sprintf("%c%c", 192 + int(n / 64), 128 + n % 64)
    if (n < 65536) return sprintf("%c%c%c", 224 + int(n / 4096), 128 + int(n / 64) % 64, 128 + n % 64)
    return sprintf("%c%c%c%c", 240 + int(n / 262144), 128 + int(n / 4096) % 64, 128 + int(n / 64) % 64, 128 + n % 64)
}

function number(hex,    i, n) {
    hex = tolower(hex)
    for (i = 1; i <= 4; i++) n = n * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
    return n
}

function string(    raw, out, c, n) {
    if (!match(rest, /^"([^"\\]|\\.)*"/)) exit failed = 1
    raw = take(RLENGTH)
    raw = substr(raw, 2, length(raw) - 2)
    while ((n = index(raw, "\\")) > 0) {
        out = out substr(raw, 1, n - 1)
        c = substr(raw, n + 1, 1)
        raw = substr(raw, n + 2)
        if (c == "u") {
            n = number(substr(raw, 1, 4)); raw = substr(raw, 5)
            if (n > 55295 && n < 56320) { n = 65536 + (n - 55296) * 1024 + number(substr(raw, 3, 4)) - 56320; raw = substr(raw, 7) }
            c = utf8(n)
        } else if (c ~ /[nrtbf]/) c = " "
        out = out c
    }
    return out raw
}

function value(path,    c, i, key) {
    space()
    c = substr(rest, 1, 1)
    if (c == "\"") print path "\t" string()
    else if (c != "{" && c != "[") {
        if (!match(rest, /^[-+.0-9a-zA-Z]+/)) exit failed = 1
        print path "\t" take(RLENGTH)
    } else {
        take(1); space()
        if (substr(rest, 1, 1) ~ /[]}]/) { take(1); return }
        for (i = 0; ; i++) {
            key = i
            if (c == "{") { space(); key = string(); space(); take(1) }
            value(path "/" key)
            space()
            if (take(1) != ",") return
        }
    }
}

{ rest = rest $0 "\n" }
END { if (!failed) value(""); exit failed }
