#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""offered.py HOST <FINDINGS: no two fixes that can be made now act on the same thing, nor do two of
them say where the same guest runs or where its memory lies."""

import json
import sys

PLACING = {"pin-vcpu", "pin-emulator", "pin-iothread", "affinity", "numatune", "migrate-pages"}


def things(write):
    """What an action is about."""
    when = "at its next start" if write["saved"] else "now"
    yield f"{write['kind']} {write['domain'] or 'host'} {write['target']} {when}"
    if write["kind"] in PLACING:
        yield f"place of {write['domain']} {when}"


def main():
    offers = {}
    for line in sys.stdin:
        finding = json.loads(line)
        if not finding["class"] or finding["after"]:
            continue
        name = f"{finding['id']} {finding['subject']}"
        for write in finding["writes"]:
            for thing in things(write):
                offers.setdefault(thing, set()).add(name)
    failed = 0
    for thing, names in offers.items():
        if len(names) > 1:
            print(f"FAILED: {sys.argv[1]}: {thing}: {', '.join(sorted(names))}", file=sys.stderr)
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
