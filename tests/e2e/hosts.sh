#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# hosts.sh KVMTOP HOSTS: of a captured host with many defects exactly those are found, and of one that
# is set up well nothing. Both were taken on the test host (tests/host/scenarios/bad-host.sh, good-host.sh).
# On none of all captured hosts two fixes are offered at once that would work against each other.

set -u
kvmtop=${1:?which kvmtop?} hosts=${2:?where are the captured hosts?}
out=$(mktemp) failed=0
trap 'rm -f "$out"' EXIT

# found HOST: "RULE GUEST…" per line.
found() {
	"$kvmtop" --config none --root "$hosts/$1" advise -f jsonl >"$out"
	sed -n 's/^{"table":"finding","id":"\([^"]*\)","level":"\(info\|warning\|critical\)","subject":"\([^"]*\)".*/\1 \3/p' "$out" |
		sort | awk '$1 != rule { if (rule) print line; rule = line = $1 }
			{ $1 = ""; line = line $0 } END { if (rule) print line }'
}

expect() {
	local host=$1

	if ! diff <(sort) <(found "$host") >&2; then
		echo "FAILED: $host: what is found (>) is not what is there (<)" >&2
		failed=1
	fi
}

expect bad.host <<'FOUND'
balloon-stats-off away float wide writer
cpu-cgroup-priority host
cpu-emulator-unpinned writer
cpu-guest-util-high float writer
cpu-kworker-isolation host
cpu-overcommit host
cpu-pin-overlap host
cpu-pin-partial big
cpu-quota-throttled big
cpu-vcpu-exceeds-host wide
cpu-vcpu-steal away odd
exit-pv-eoi odd
exit-x2apic odd
guest-numa-missing big
mem-hard-limit wide
mem-locked odd
mem-overcommit host
mem-swap-headroom host
numa-balancing-off host
numa-mode-interleave writer
numa-node-imbalance node 0
numa-pin-without-memory away odd writer
numa-strict-risk big
numa-vcpu-float float
thp-mode host
timer-host-clocksource host
FOUND
expect good.host </dev/null

for host in "$hosts"/*.host; do
	"$kvmtop" --config none --root "$host" advise -f jsonl |
		"$(dirname "$0")/offered.py" "$(basename "$host")" || failed=1
done
exit $failed
