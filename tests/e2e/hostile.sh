#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# hostile.sh KVMTOP: guests whose names want to do harm (hostile.xml), by way of libvirt's test driver.
# Their names come out whole and harmless, in CSV and on a terminal, and move no column.

set -u
# shellcheck source-path=SCRIPTDIR source=tmux.sh
. "$(dirname "$0")/tmux.sh"

kvmtop=$(readlink -f "${1:?which kvmtop?}")
here=$(cd "$(dirname "$0")" && pwd)
uri=test://$here/hostile.xml
guests=12
# What all these guests have in common and no other has.
uuid=00000000-0000-4000-8000

if [ ! -e "$(dirname "$kvmtop")/kvmtop-libvirt.so" ]; then
	echo "SKIP: kvmtop-libvirt.so is not beside $kvmtop"
	exit 77
fi
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

csv() {
	timeout 60 "$kvmtop" -c "$uri" -b -n 5 -t domain -C name,uuid,vcpus,state \
		>"$dir/csv" 2>"$dir/err" || {
		cat "$dir/err"
		echo "FAILED: status of -b"
		return 1
	}
	python3 - "$dir/csv" "$uuid" <<'P'
import csv, sys

data = open(sys.argv[1], "rb").read()
text = data.decode()  # strictly UTF-8
assert data.endswith(b"\n")
for char in text:
    code = ord(char)
    assert char == "\n" or 0x20 <= code < 0x7F or code >= 0xA0, f"U+{code:04X} is in it"
    assert not 0x200B <= code <= 0x200F and not 0x2028 <= code <= 0x202E, f"U+{code:04X} is in it"
    assert not 0x2060 <= code <= 0x206F and code != 0xFEFF, f"U+{code:04X} is in it"
rows = list(csv.reader(text.splitlines(keepends=True), strict=True))
head = rows[0]
assert all(len(row) == len(head) for row in rows), "rows of different lengths"
name, uuid, vcpus = (head.index(c) for c in ("name", "uuid", "vcpus"))
expected = [
    r"t\x09b",
    r"c\x0Dr",
    r"csi\u{009B}31m",
    r"rlo\u{202E}gnp",
    "=1+1",
    'a,"b"',
    "..",
    "--help",
    "$(id)",
    "n" * 300,
    "中文主机",
    "e\u0301\u0301" + r"\u{0301}" * 10 + "nd",
]
seen = {row[uuid]: row for row in rows if row[uuid].startswith(sys.argv[2])}
for number, wanted in enumerate(expected):
    row = seen.get(f"{sys.argv[2]}-{number + 1:012d}")
    assert row, f"{wanted} is missing"
    assert row[name] == wanted, f"{row[name]} instead of {wanted}"
    assert row[vcpus] == str(number % 4 + 1), f"{wanted}: vcpus is {row[vcpus]}"
P
}

dump() {
	local size
	for size in 80x24 40x8 200x50; do
		LC_ALL=C.UTF-8 timeout 60 "$kvmtop" -c "$uri" -d 0.5 --size "$size" --dump >"$dir/dump" ||
			return 1
		[ "$(wc -l <"$dir/dump")" -eq "${size#*x}" ] || return 1
		! LC_ALL=C grep -q $'[\x01-\x09\x0b-\x1f\x7f]' "$dir/dump" || return 1
	done
}

# A row of the table is one that has a guest's state and its number of vCPUs: they begin in the same
# cell in all rows, whatever stands left of them.
screen_is_aligned() {
	tm_capture | python3 -c '
import re, sys, unicodedata

def cells(text):
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(bool(unicodedata.combining(c)) for c in text)

places = set()
rows = 0
for line in sys.stdin.read().split("\n"):
    title = re.search(r" S +VCPU ", line)
    if title:
        places.add(cells(line[: title.start() + 1]))
    row = re.search(r" R +[1-4] ", line)
    if row:
        rows += 1
        places.add(cells(line[: row.start() + 1]))
sys.exit(0 if rows == int(sys.argv[1]) and len(places) == 1 else 1)' "$guests"
}

screen() {
	tm_start "$1" "$kvmtop" -c "$uri" -d 0.5 -F "$uuid"
	trap 'tm_end; rm -rf "$dir"' EXIT
	tm_wait 1Domains
	tm_until 20 screen_is_aligned || tm_fail "columns are not aligned, or rows are missing"
	tm_keys End
	tm_until "$TM_DEADLINE" screen_is_aligned || tm_fail "columns are not aligned at the end"
	# The name of each is what is searched for.
	tm_keys /
	# shellcheck disable=SC2016 # nobody shall expand it
	tm_type '$(id)'
	tm_wait 'Search: $(id)'
	tm_keys Enter
	tm_until "$TM_DEADLINE" screen_is_aligned || tm_fail "columns are not aligned after a search"
	tm_shows 'uid=' && tm_fail 'a name was run as a command'
	tm_keys q
	tm_ended 0
	tm_restored
	tm_end
}

failed=0
csv || failed=1
dump || { echo 'FAILED: --dump'; failed=1; }
tm_need
for size in 80x24 120x40; do
	screen "$size" || failed=1
done
[ "$failed" -eq 0 ] && echo 'all fine'
exit "$failed"
