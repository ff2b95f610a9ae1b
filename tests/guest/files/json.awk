# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Writes one JSON object in plain ASCII from arguments: `key=string` or `key:=raw JSON` (an empty raw value is null).
# `key@=FILE` puts a file's text in as a string, or, when it is not printable UTF-8, its base64 under the key "base64".
# Works byte by byte on purpose: busybox awk knows no multi-byte characters.

function hex4(n) { return sprintf("\\u%04x", n) }

function code_point(n) {
    if (n == 34) return "\\\""
    if (n == 92) return "\\\\"
    if (n == 10) return "\\n"
    if (n == 13) return "\\r"
    if (n == 9) return "\\t"
    if (n < 32 || n == 127) return hex4(n)
    if (n < 127) return sprintf("%c", n)
    if (n < 65536) return hex4(n)
    n -= 65536
    return hex4(55296 + int(n / 1024)) hex4(56320 + n % 1024)
}

function printable(n) { return n == 9 || n == 10 || n == 13 || (n > 31 && n < 127) || n > 159 }

# bytes b[1..count] -> body of a JSON string; `bad` counts bytes that are no printable UTF-8.
function encode(b, count,    i, j, n, need, least, out) {
    bad = 0
    for (i = 1; i <= count; i++) {
        n = b[i]; need = 0
        if (n >= 240 && n < 245) { need = 3; n -= 240; least = 65536 }
        else if (n >= 224 && n < 240) { need = 2; n -= 224; least = 2048 }
        else if (n >= 194 && n < 224) { need = 1; n -= 192; least = 128 }
        else if (n >= 128) { bad++; n = 65533 }
        for (j = 1; j <= need && b[i + j] >= 128 && b[i + j] < 192; j++) n = n * 64 + b[i + j] - 128
        if (need && (j <= need || n < least || n > 1114111 || (n > 55295 && n < 57344))) { bad++; n = 65533 }
        else i += need
        if (!printable(n)) bad++
        out = out code_point(n)
    }
    return out
}

function string(s,    i, n, b) {
    n = length(s)
    for (i = 1; i <= n; i++) b[i] = byte[substr(s, i, 1)]
    return encode(b, n)
}

function content(key, file,    command, n, b, text) {
    command = "hexdump -v -e '1/1 \"%u\\n\"' '" file "'"
    while ((command | getline text) > 0) b[++n] = text + 0
    close(command)
    text = encode(b, n)
    if (!bad) return "\"" key "\": \"" text "\""
    command = "base64 '" file "' | tr -d '\\n'"
    command | getline text
    close(command)
    return "\"base64\": \"" text "\""
}

function member(arg,    at, key) {
    at = index(arg, "=")
    key = substr(arg, 1, at - 1)
    arg = substr(arg, at + 1)
    if (key ~ /:$/) { sub(/:$/, "", key); return "\"" key "\": " (arg == "" ? "null" : arg) }
    if (key ~ /@$/) { sub(/@$/, "", key); return content(key, arg) }
    return "\"" key "\": \"" string(arg) "\""
}

BEGIN {
    for (i = 1; i < 256; i++) byte[sprintf("%c", i)] = i
    for (i = 1; i < ARGC; i++)
        if (ARGV[i] != "--") out = out (out == "" ? "" : ", ") member(ARGV[i])
    print "{" out "}"
    exit
}
