# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the parity table; with ``--check`` says whether what is written is what the code does."""

from __future__ import annotations

import argparse
import sys

from .table import DATA, MARKDOWN, build, to_json, to_markdown


def main() -> int:
    parser = argparse.ArgumentParser(prog="tools.parity", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when the written table is stale")
    check = parser.parse_args().check
    table = build()
    wanted = {MARKDOWN: to_markdown(table), DATA: to_json(table)}
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if not check:
            path.write_text(wanted[path], encoding="utf-8")
        print(f"{path.name} {'is stale: run make parity' if check else 'written'}")
    rows = [row for section in table.values() for row in section]
    print(f"{len(rows)} rows, {sum(row.silent for row in rows)} gaps")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
