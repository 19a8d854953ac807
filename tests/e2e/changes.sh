#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# changes.sh KVMTOP: guests that change while they are watched: one that reboots, one that gets more vCPUs, one
# that migrates to another process of this host, with the same name and uuid. Rows go on where the process does,
# begin and end with it, and none has a figure of another.
#
# The guests are emulated, as everywhere can be; ACCEL=kvm takes KVM. ONLY="CHECK..." runs these checks.

set -u
# shellcheck source-path=SCRIPTDIR source=place.sh
. "$(dirname "$0")/place.sh"

kvmtop=$(readlink -f "${1:?which kvmtop?}")
here=$(dirname "$(readlink -f "$0")")
command -v python3 >/dev/null || place_skip 'python3 is not installed'
has_qemu || place_skip 'qemu-system-x86_64 is not installed'
place_enter "$@"
cd "$place" || exit 2

name='' uuid='' watcher='' answer=''
declare -A ask said # of each guest, to and from the one who talks to it

# launch GUEST [OPTIONS...]: as a child, for with -daemonize another QEMU of the same name lives for a moment.
launch() {
	qemu-system-x86_64 -name "$name,debug-threads=on" -uuid "$uuid" -machine pc -accel "${ACCEL:-tcg}" -m 64 \
		-display none -nodefaults -no-user-config -monitor none -serial none \
		-qmp "unix:$1.sock,server=on,wait=off" "${@:2}" 2>"$1.err" &
	echo $! >"$1.pid"
}

# connect GUEST: one talks to it all the time, as it takes long to start one on a loaded host.
connect() {
	local fd
	mkfifo "$1.ask" "$1.said"
	"$here/qmp.py" "$1.sock" <"$1.ask" >"$1.said" &
	echo $! >"$1-qmp.pid"
	exec {fd}>"$1.ask"
	ask[$1]=$fd
	exec {fd}<"$1.said"
	said[$1]=$fd
}

disconnect() {
	local fd=${ask[$1]}
	exec {fd}>&-
	fd=${said[$1]}
	exec {fd}<&-
	rm "$1.ask" "$1.said" "$1-qmp.pid"
}

# qmp GUEST WHAT...: what it tells is in $answer.
qmp() {
	echo "${@:2}" >&"${ask[$1]}"
	read -r -t "$place_deadline" -u "${said[$1]}" answer || answer='failed: no answer'
	[[ $answer == ok* ]] || {
		cat "$1.err" >&2
		place_fail "guest $1: ${*:2}: $answer"
	}
	answer=${answer#ok}
	answer=${answer# }
}

is_running() {
	qmp "$1" state
	[ "$answer" = running ]
}

# guest GUEST [OPTIONS...]
guest() {
	launch "$@"
	connect "$1"
	qmp "$1" state
}

quit() {
	local pid
	pid=$(cat "$1.pid")
	qmp "$1" quit
	until_true is_gone "$pid" || place_fail "guest $1 does not end"
	rm -f "$1.pid"
	disconnect "$1"
}

watch() {
	"$kvmtop" -b -d 0.3 -c none -g "$name" -t domain,vcpu,thread -o out/ >watcher.out 2>watcher.err &
	watcher=$!
	echo $watcher >watcher.pid
}

# begin UUID: of the guests of this check. One kvmtop sees those of all checks, as its first sample takes two
# seconds, and there is one that it shall not see.
begin() {
	name=kvmtop$$-other uuid=7d1c0c54-0000-4000-8000-000000000001
	[ -e other.pid ] || launch other -S
	name=kvmtop$$ uuid=7d1c0c54-0000-4000-8000-$1
	[ -n "$watcher" ] || watch
	: >marks
}

unwatch() {
	local status
	kill -TERM "$watcher"
	until_true is_gone "$watcher" || place_fail 'kvmtop does not end'
	wait "$watcher"
	status=$?
	rm watcher.pid
	# Who is not root, or has no KVM, cannot see all of what there is.
	[ $status -eq 0 ] || [ $status -eq 3 ] || {
		cat watcher.err >&2
		place_fail "kvmtop ended with $status"
	}
	! grep -v '^kvmtop: ' watcher.err >&2 || place_fail 'standard error is not ours'
}

# Its main thread has a row in each sample, in the table that is written last.
sampled() {
	local pid
	pid=$(cat "$1.pid")
	grep -c ",$pid,$uuid,$pid,emulator," out/thread.csv 2>/dev/null || true
}

samples() {
	local now
	now=$(sampled "$1")
	[ "${now:-0}" -ge "$2" ]
}

# more GUEST N: waits for so many samples more.
more() {
	local now
	now=$(sampled "$1")
	until_true samples "$1" $((${now:-0} + $2)) || place_fail "no more rows of guest $1"
}

# record GUEST: its vCPUs as QEMU tells them, its threads as the kernel does.
record() {
	local pid vcpu task
	pid=$(cat "$1.pid")
	qmp "$1" vcpus
	for vcpu in $answer; do
		echo "$pid ${vcpu%:*} ${vcpu#*:}" >>vcpus
	done
	for task in "/proc/$pid/task"/*; do
		echo "$pid ${task##*/}" >>threads
	done
}

# mark WHAT [TIME]: now, as rows tell the time.
mark() {
	echo "$1 ${2:-$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)}" >>marks
}

# judge GUEST CHECK: on the rows between the marks "start" and "stop", which is now.
judge() {
	mark stop
	more "$1" 2
	"$here/changes_rows.py" "$2" out "$name" "$uuid" || place_fail "$2"
}

reboots() {
	begin 0000000000a1
	guest one -smp 2
	more one 2
	record one
	mark start
	for _ in {1..4}; do
		qmp one reset
		more one 1
	done
	more one 1
	record one
	judge one rebooted
	quit one
}

gets_vcpus() {
	local pid number tid
	begin 0000000000a2
	guest one -smp 1,maxcpus=4
	more one 2
	mark start
	more one 2 # one may have been about to be written
	pid=$(cat one.pid)
	for number in 1 2 3; do
		qmp one plug
		qmp one vcpus
		tid=$(grep -oP "(?<=\b$number:)\d+" <<<"$answer") || place_fail "there is no vCPU $number"
		until_true grep -qs ",$pid,$uuid,$number,$tid," out/vcpu.csv || place_fail "vCPU $number was not seen"
	done
	more one 2
	record one
	judge one grown
	quit one
}

# A firmware that does nothing else than jump to where it is: its vCPU is always busy.
busy_firmware() {
	{
		head -c 65520 /dev/zero
		printf '\xeb\xfe'
		head -c 14 /dev/zero
	} >busy.bin
}

migrates() {
	begin 0000000000a3
	busy_firmware
	guest source -bios busy.bin
	more source 2
	record source
	mark source "$(cat source.pid)"
	mark start
	guest target -bios busy.bin -incoming "unix:$PWD/incoming.sock"
	more target 2
	mark target "$(cat target.pid)"
	mark before
	more source 1 # one may have been about to be read
	qmp source migrate "unix:$PWD/incoming.sock"
	until_true is_running target || place_fail 'it does not run where it has come to'
	more source 2 # the second one has been read since: what comes later tells of nothing else
	mark after
	more source 2
	record source
	quit source
	mark end
	more target 2
	record target
	judge target migrated
	quit target
}

run_checks reboots gets_vcpus migrates
unwatch
