#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# columns.sh KVMTOP HOST: a column shows the same alone as beside all others. If not, it needs a
# source that it does not name.

set -u
kvmtop=$(readlink -f "${1:?which kvmtop?}")
host=$(readlink -f "${2:?which captured host?}")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# As many samples as it has rates for: so nobody is told that the recording ends.
count=$(($(grep -c '^## [0-9]' "$host") - 1))
"$kvmtop" -b --root "$host" -n "$count" -o "$dir/" || exit 1
python3 - "$kvmtop" "$host" "$dir" "$count" <<'P'
import csv, io, subprocess, sys
kvmtop, host, dir, count = sys.argv[1:]
bad = 0
tables = subprocess.run([kvmtop, "--list-tables"], stdout=subprocess.PIPE, check=True, text=True)
for table in (line.split()[0] for line in tables.stdout.splitlines()):
    if table == "source":  # tells what each run costs, and which sources were on
        continue
    whole = list(csv.DictReader(open(f"{dir}/{table}.csv")))
    names = list(whole[0])[2:-1] if whole else []
    for name in names:
        run = subprocess.run([kvmtop, "-b", "--root", host, "-t", table, "-C", name,
                              "-n", count],
                             stdout=subprocess.PIPE, text=True)
        alone = list(csv.DictReader(io.StringIO(run.stdout)))
        if [r[name] for r in whole] != [r[name] for r in alone]:
            print(f"FAILED: {table}.{name} is not the same alone")
            bad = 1
sys.exit(bad)
P
