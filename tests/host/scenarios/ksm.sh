#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# host: libvirt
#
# Two equal guests whose memory KSM merges. The kernel's figures rise and fall from one moment to the
# next while it scans, so that no two readers see the same: they are compared while it rests. What the
# guests write meanwhile is unmerged all the same, so each of kvmtop's must lie between the smallest
# and the largest reading of the kernel's file.

# shellcheck source=tests/host/scenarios/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

ksm=/sys/kernel/mm/ksm

have_guests "twin1 mib=160 work=ksm=64" "twin2 mib=160 work=ksm=64"
echo 20000 >$ksm/pages_to_scan
echo 20 >$ksm/sleep_millisecs
scans=$(<$ksm/full_scans)
echo 1 >$ksm/run

merged() {
	[ "$(<$ksm/full_scans)" -ge $((scans + 3)) ] && [ "$(<$ksm/pages_sharing)" -gt 20000 ]
}
require "KSM merges" wait_until 120 "KSM to merge" merged
ksmd=$(pgrep -x ksmd)
reference_start "$ksmd"
take 1 4 host
reference_stop
expect_same "run while it merges" "$(col host ksm_run)" 1
expect_cpu_time "ksmd" "$ksmd" ksmd_ratio 3 host
expect_true "scanning is seen" "kvmtop says that nothing is scanned" \
	test "$(col host ksm_full_scans)" -ge $((scans + 3))
echo 0 >$ksm/run
resting() {
	local before

	before=$(<$ksm/full_scans)$(<$ksm/pages_volatile)
	pause 0.5
	[ "$before" = "$(<$ksm/full_scans)$(<$ksm/pages_volatile)" ]
}
require "KSM rests" wait_until 60 "KSM to rest" resting

# One "FILE VALUE" per line: the host's files, then what is merged of each guest.
read_ksm() {
	local file name

	for file in pages_shared pages_sharing pages_unshared pages_volatile full_scans; do
		echo "$file $(<"$ksm/$file")"
	done
	for name in twin1 twin2; do
		echo "$name $(<"/proc/$(guest_pid "$name")/ksm_merging_pages")"
	done
}

# bounds NAME UNIT: the smallest and the largest reading.
bounds() {
	awk -v name="$1" -v unit="$2" '$1 == name {
		value = $2 * unit
		if (!n++ || value < low) low = value
		if (value > high) high = value
	}
	END { printf "%.0f %.0f\n", low, high }' "$samples_dir/ksm"
}

expect_within_readings() {
	local low high

	read -r low high < <(bounds "$2" "$3")
	expect_between "$1" "$4" "$low" "$high"
}

tables="host cpu node hugepool domain vcpu thread"
# shellcheck disable=SC2086
kvmtop_start 1 4 $tables
while [ -e "/proc/$kvmtop_job" ]; do
	read_ksm
	pause 0.1
done >"$samples_dir/ksm"
kvmtop_wait host domain
for file in pages_shared pages_sharing pages_unshared pages_volatile; do
	expect_within_readings "$file" $file 4096 "$(col host "ksm_${file}_bytes")"
done
expect_within_readings full_scans full_scans 1 "$(col host ksm_full_scans)"
for name in twin1 twin2; do
	expect_within_readings "$name: merged memory" $name 4096 "$(col domain ksm_bytes "name=$name")"
	expect_true "$name: some of it is merged" "kvmtop says nothing is" \
		test "$(col domain ksm_bytes "name=$name")" -gt 10000000
done
for file in run pages_to_scan sleep_millisecs merge_across_nodes max_page_sharing use_zero_pages; do
	expect_same "$file" "$(col host "ksm_$file")" "$(<$ksm/$file)"
done

# lost_columns LIVE CAPTURED TABLE...: directories; those that have a figure in the first alone.
lost_columns() {
	python3 - "$@" <<'P'
import csv, sys
def told(place, table):
    with open(f"{place}/{table}.csv", newline="") as rows:
        return {name for row in csv.DictReader(rows) for name, value in row.items() if value}
for table in sys.argv[3:]:
    for name in sorted(told(sys.argv[1], table) - told(sys.argv[2], table)):
        print(f"{table}.{name}")
P
}

# A capture of this host tells all that the host told.
live=$samples_dir/$run
"$KVMTOP" capture -d 1 -n 4 "$samples_dir/host" </dev/null >"$samples_dir/capture" 2>&1 ||
	not_ok "kvmtop capture" "$(tail -n 1 "$samples_dir/capture")"
kvmtop_options="--root $samples_dir/host"
# shellcheck disable=SC2086
take 1 4 $tables
kvmtop_options=
# shellcheck disable=SC2086
expect_same "captured: all columns of $tables" "$(lost_columns "$live" "$samples_dir/$run" $tables)" ""

have_guests
# Stopped and unmerged, which the next scenario finds as the kernel starts with it.
echo 2 >$ksm/run
take 1 2 host
expect_same "run after unmerging" "$(col host ksm_run)" 2
expect_same "nothing is shared any more" "$(col host ksm_pages_sharing_bytes)" 0
echo 0 >$ksm/run
