#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# hung.sh KVMTOP: a guest that hangs, and a libvirtd that hangs: the others keep their rhythm, kvmtop says
# who does not answer, its threads and descriptors do not become more, and it goes on by itself when they
# answer again. With a session libvirtd of its own, whose directories are thrown away.

set -u
# shellcheck source-path=SCRIPTDIR source=place.sh
. "$(dirname "$0")/place.sh"
# shellcheck source-path=SCRIPTDIR source=tmux.sh
. "$(dirname "$0")/tmux.sh"

kvmtop=$(readlink -f "${1:?which kvmtop?}")
session_need
place_enter "$@"
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 # a thread may still hang in libvirt at the end
declare -A guest # pids by name
own=kvmtop$$ # what their names begin with: another of these may run beside
session_enter

xml() {
	cat <<-X
		<domain type='qemu'>
		  <name>$1</name>
		  <memory unit='MiB'>16</memory>
		  <vcpu>1</vcpu>
		  <os><type arch='x86_64' machine='pc'>hvm</type></os>
		  <devices>
		    <emulator>$(command -v qemu-system-x86_64)</emulator>
		    <memballoon model='virtio'><stats period='1'/></memballoon>
		  </devices>
		</domain>
	X
}

open_session() {
	local name
	mkdir -p "$place/out"
	session_start
	for name in hung well; do
		xml "$own-$name" >"$place/home/$name.xml"
		session create --paused "$place/home/$name.xml" ||
			place_skip "libvirt starts no guest: $(head -n 1 "$place/virsh.err")"
		guest[$name]=$(cat "$place/run/libvirt/qemu/run/$own-$name.pid")
		echo "${guest[$name]}" >"$place/guest-$name.pid"
	done
}

# signal NAME WHAT...: it has arrived when this returns.
daemon() {
	kill -s "$1" "$(cat "$place/libvirtd.pid")"
}

pid=
out=$place/out
# What hangs here hangs for 20 s and more, as libvirt looks every 5 s, four times, for signs of life. Whoever
# has an answer within so many seconds has not waited for it, be this host as slow as it likes.
quickly=5

# start ARGUMENTS...: kvmtop in the background; rows in $out/TABLE.csv.
start() {
	rm -rf "${out:?}"/*
	"${environment[@]}" "$kvmtop" -b -c "$uri" -o "$out/" "$@" 2>"$place/err" &
	pid=$!
	echo $pid >"$place/kvmtop.pid"
}

ends() {
	local status
	until_true is_gone "$pid" || place_fail 'kvmtop does not end'
	wait "$pid"
	status=$?
	rm "$place/kvmtop.pid"
	[[ " $* " == *" $status "* ]] || {
		cat "$place/err" >&2
		place_fail "kvmtop ended with $status, not $*"
	}
}

# last NAME COLUMN: of its newest row.
last() {
	python3 - "$out/domain.csv" "$own-$1" "$2" <<'P' 2>/dev/null
import csv, sys
rows = [r for r in csv.DictReader(open(sys.argv[1])) if r["name"] == sys.argv[2]]
print(rows[-1][sys.argv[3]])
P
}

last_is() {
	[ "$(last "$1" "$2")" = "$3" ]
}

last_has() {
	[ -n "$(last "$1" "$2")" ]
}

# Who is not root cannot see all of what there is.
is_fine() {
	if [ -n "$place_own" ]; then last_is "$1" status ok; else ! last_is "$1" status stuck; fi
}

# Both guests have a row in each sample.
sampled() {
	grep -c ",$own-well," "$out/domain.csv" 2>/dev/null || true
}

# samples N: so many have been written.
samples() {
	local now
	now=$(sampled)
	[ "${now:-0}" -ge "$1" ]
}

# rhythm SECONDS: no two samples are farther apart, and each has both guests. Four intervals are allowed for: a
# loaded host may be late by some, and who waits for what hangs is late by ten times as much.
rhythm() {
	python3 - "$out/domain.csv" "$own" "$1" <<'P' || place_fail 'the rhythm is lost'
import csv, datetime, sys
rows = list(csv.DictReader(open(sys.argv[1])))
times = {}
for row in rows:
    times.setdefault(row["time"], set()).add(row["name"])
assert all(names >= {sys.argv[2] + "-hung", sys.argv[2] + "-well"} for names in times.values()), times
at = [datetime.datetime.fromisoformat(t.replace("Z", "+00:00")) for t in times]
gaps = [(b - a).total_seconds() for a, b in zip(at, at[1:])]
print(f"       {len(at)} samples, at most {max(gaps):.3f} s between two")
assert max(gaps) <= float(sys.argv[3]), gaps
P
}

# noticed SINCE SAMPLES: that the guest hangs was told in one of the first samples since then.
noticed() {
	python3 - "$out/domain.csv" "$own-hung" "$1" "$2" <<'P'
import csv, datetime, sys
states = []
for row in csv.DictReader(open(sys.argv[1])):
    at = datetime.datetime.fromisoformat(row["time"].replace("Z", "+00:00")).timestamp()
    if row["name"] == sys.argv[2] and at > float(sys.argv[3]):
        states.append(row["state"])
assert "stuck" in states[: int(sys.argv[4])], states
P
}

# few_descriptors MOST: other guests of this machine, which come and go, have theirs.
few_descriptors() {
	local now
	now=$(descriptors "$pid")
	[ -z "$place_own" ] || [ "$now" -le "$1" ] || place_fail "$now descriptors, not $1 at most"
}

guest_hangs() {
	local fds threads before stopped
	start -d 0.5 -t domain -C name,state,stuck,balloon,libvirt_state
	until_true last_is well libvirt_state paused || place_fail 'libvirt tells nothing'
	until_true last_has well balloon_bytes || place_fail 'the balloon tells nothing'
	fds=$(descriptors "$pid") threads=$(threads "$pid")
	stopped=$(date +%s.%N)
	kill -STOP "${guest[hung]}"
	before=$(sampled)
	until_true last_is hung state stuck || place_fail 'the guest is not called stuck'
	noticed "$stopped" 4 || place_fail 'that it is stuck was noticed too late'
	until_true samples $((before + 10)) || place_fail 'no more samples'
	last_is hung status stuck || place_fail 'the row is not stuck'
	if ! last_is well state paused || ! is_fine well || ! last_has well balloon_bytes; then
		tail -n 12 "$out/domain.csv" >&2
		place_fail 'the other guest suffers'
	fi
	few_descriptors $((fds + 1))
	[ "$(threads "$pid")" -le "$threads" ] || place_fail "threads: $(threads "$pid"), were $threads"
	kill -CONT "${guest[hung]}"
	until_true last_is hung state paused || place_fail 'the guest stays stuck'
	until_true is_fine hung || place_fail 'the row stays stuck'
	kill -TERM "$pid"
	if [ -n "$place_own" ]; then ends 0; else ends 0 3; fi
	rhythm 2
}

source_is() {
	grep -qE "^[^,]*,[^,]*,libvirt,$1," <(tail -n 20 "$out/source.csv" 2>/dev/null)
}

libvirtd_hangs_before() {
	local begun
	daemon STOP
	begun=$(date +%s%N)
	start -d 0.5 -t domain,source
	until_true samples 1 || place_fail 'no row'
	begun=$(($(date +%s%N) - begun))
	echo "       first row after $((begun / 1000000)) ms, with an interval of 500 ms"
	[ $begun -lt ${quickly}000000000 ] || place_fail 'the first row waited for libvirtd'
	until_true source_is stuck || place_fail 'the source is not called stuck'
	# That a guest is paused only libvirt knows.
	last_is well state running || last_is well state idle || last_is well state paused ||
		place_fail 'no state'
	kill -TERM "$pid"
	ends 3
	grep -q 'libvirt.*stuck' "$place/err" || place_fail 'standard error does not name libvirt'
	rhythm 2
	daemon CONT
}

libvirtd_hangs_between() {
	local fds threads
	start -d 0.5 -t domain,source
	until_true last_is well libvirt_state paused || place_fail 'libvirt tells nothing'
	fds=$(descriptors "$pid") threads=$(threads "$pid")
	daemon STOP
	until_true source_is stuck || place_fail 'the source is not called stuck'
	few_descriptors $((fds + 1))
	[ "$(threads "$pid")" -le "$threads" ] || place_fail 'more threads'
	daemon CONT
	until_true source_is ok || place_fail 'the source stays stuck'
	until_true last_is well libvirt_state paused || place_fail 'rows stay without libvirt'
	kill -TERM "$pid"
	ends 0 3 # QEMU without KVM has no statistics of it
	rhythm 2
}

# What tmux.sh starts it ends itself, in a shell of its own.
screen_goes_on() (
	tm_start 80x24 "${environment[@]}" TERM="$TM_TERM" "$kvmtop" -c "$uri" -d 0.5
	tm_wait 'libvirt ok'
	daemon STOP
	tm_wait 'libvirt stuck' "$place_deadline"
	tm_keys 0
	tm_wait 'Sources' $quickly
	tm_keys 1
	tm_wait 'WORST%' $quickly
	daemon CONT
	tm_wait 'libvirt ok' "$place_deadline"
	kill -STOP "${guest[hung]}"
	tm_keys /
	tm_type "$own-hung"
	tm_keys Enter
	tm_wait 'does not answer: STUCK'
	tm_keys q
	tm_wait '[0]$' $quickly
	tm_restored
	kill -CONT "${guest[hung]}"
	tm_end
)

# Whatever is asked of libvirtd on the way out, nobody waits for it.
ends_when_libvirtd_hangs() {
	start -d 0.5 -t domain,source
	until_true source_is ok || place_fail 'libvirt tells nothing'
	daemon STOP
	kill -TERM "$pid"
	place_deadline=$quickly ends 0 3
	daemon CONT
	screen_ends_when_libvirtd_hangs
}

screen_ends_when_libvirtd_hangs() (
	tm_start 80x24 "${environment[@]}" TERM="$TM_TERM" "$kvmtop" -c "$uri" -d 0.5
	tm_wait 'libvirt ok'
	daemon STOP
	tm_keys q
	tm_wait '[0]$' $quickly
	tm_restored
	daemon CONT
	tm_end
)

tm_need
open_session
run_checks guest_hangs libvirtd_hangs_before libvirtd_hangs_between screen_goes_on \
	ends_when_libvirtd_hangs
