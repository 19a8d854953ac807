#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# host: libvirt
#
# Guests that share a CPU or pages: what rules find is fixed by their own plans, and undone. What others'
# tools show before and after.

# shellcheck source=tests/host/scenarios/mending.sh
. "${BASH_SOURCE[0]%/*}/mending.sh"

ksm=/sys/kernel/mm/ksm

# ---- one CPU for all ----

have_guests "busy1 mib=96 pin=5 work=spin" "busy2 mib=96 pin=5 work=spin" \
	"busy3 mib=96 pin=5 work=spin"
waits() {
	local name

	for name in busy1 busy2 busy3; do
		cut -d ' ' -f 2 "/proc/$(guest_pid $name)/task/$(guest_vcpu_tid $name 0)/schedstat"
	done | awk -v at="$EPOCHREALTIME" '{ sum += $1 } END { printf "%.6f %.6f\n", at, sum / 1e9 }'
}
# In a second they wait so many milliseconds together.
waiting() {
	local before

	before=$(waits)
	pause 3
	awk '{ printf "%d\n", 1000 * ($4 - $2) / ($3 - $1) }' <<<"$before $(waits)"
}
crowded=$(waiting)
mend "three on one CPU" cpu-pin-overlap
# Their node has two.
expect_same "one has the other CPU of the node" \
	"$(for g in busy1 busy2 busy3; do pins $g; echo; done | sort | tr -d '\n')" "0=4 0=5 0=5 "
spread=$(waiting)
echo "# $scenario: they waited $crowded ms of each second together, then $spread ms"
expect_less "they wait less" "$spread" $((crowded * 3 / 4))
take_back "three on one CPU"
expect_same "all are back" "$(for g in busy1 busy2 busy3; do pins $g; done)" "0=5 0=5 0=5 "

# ---- pages of two nodes merged ----

have_guests "twin1 mib=160 nodes=0 work=ksm=64" "twin2 mib=160 nodes=1 work=ksm=64"
echo 1 >$ksm/merge_across_nodes
echo 20000 >$ksm/pages_to_scan
echo 20 >$ksm/sleep_millisecs
echo 1 >$ksm/run
merged() {
	[ "$(<$ksm/pages_sharing)" -gt 12000 ]
}
require "KSM merges" wait_until 120 "KSM to merge" merged
mend "KSM over nodes" ksm-merge-across-nodes
expect_same "it merges within nodes, and runs" "$(<$ksm/merge_across_nodes) $(<$ksm/run)" "0 1"
take_back "KSM over nodes"
expect_same "it merges over nodes, and runs" "$(<$ksm/merge_across_nodes) $(<$ksm/run)" "1 1"
echo 2 >$ksm/run
