#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# columns.sh KVMTOP HOST: a column shows the same alone as beside all others. If not, it needs a
# source that it does not name.

set -u
kvmtop=$(readlink -f "${1:?which kvmtop?}")
host=$(readlink -f "${2:?which captured host?}")
# As many samples as it has rates for: so nobody is told that the recording ends.
count=$(($(grep -c '^## [0-9]' "$host") - 1))
python3 - "$kvmtop" "$host" "$count" <<'P'
import csv, io, subprocess, sys
kvmtop, host, count = sys.argv[1:]
bad = 0

# What a captured host has no answer for ends with 3, and is the same alone all the same.
def read(*words):
    run = subprocess.run([kvmtop, *words], stdout=subprocess.PIPE, text=True)
    if run.returncode not in (0, 3):
        sys.exit(f"kvmtop {' '.join(words)}: status {run.returncode}")
    return run.stdout

def rows(table, names):
    text = read("-b", "--root", host, "-n", count, "-t", table, "-C", ",".join(names))
    return list(csv.DictReader(io.StringIO(text)))

for table in (line.split()[0] for line in read("--list-tables").splitlines()):
    if table == "source":  # tells what each run costs, and which sources were on
        continue
    names = [line.split()[1] for line in read("--list-columns", "-t", table).splitlines()]
    whole = rows(table, names)
    for name in names if whole else []:
        if [r[name] for r in whole] != [r[name] for r in rows(table, [name])]:
            print(f"FAILED: {table}.{name} is not the same alone")
            bad = 1
sys.exit(bad)
P
