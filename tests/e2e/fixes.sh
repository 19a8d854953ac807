#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# fixes.sh KVMTOP FIXER: fixes of a thread and of guests of a libvirtd of its own, each seen by the tools of
# others, and taken back by kvmtop undo; what is refused, what --dry-run opens, what --readonly keeps.

set -u
# shellcheck source-path=SCRIPTDIR source=place.sh
. "$(dirname "$0")/place.sh"

kvmtop=$(readlink -f "${1:?which kvmtop?}")
fixer=$(readlink -f "${2:?which fixer?}")
session_need
[ "$(nproc)" -gt 1 ] || place_skip 'there is but one CPU'
place_enter "$@"
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 # a thread may still hang in libvirt at the end
own=kvmtop$$ # what names begin with: another of these may run beside
uuid=5b0f1c2a-0000-4000-8000-00000000beef
session_enter
journal=$place/journal
# From kvmtop's side a value that libvirt would not change on its own.
first_cpu=$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')

open_session() {
	session_start
	cat >"$place/home/guest.xml" <<-X
		<domain type='qemu'>
		  <name>$own</name>
		  <uuid>$uuid</uuid>
		  <memory unit='MiB'>16</memory>
		  <vcpu>2</vcpu>
		  <os><type arch='x86_64' machine='pc'>hvm</type></os>
		  <devices>
		    <emulator>$(command -v qemu-system-x86_64)</emulator>
		    <memballoon model='virtio'/>
		  </devices>
		</domain>
	X
	session define "$place/home/guest.xml" >/dev/null && session start --paused "$own" >/dev/null ||
		place_skip "libvirt starts no guest: $(head -n 1 "$place/virsh.err")"
	guest=$(cat "$place/run/libvirt/qemu/run/$own.pid")
	echo "$guest" >"$place/guest.pid"
}

# fix WORDS...: about the guest; prints how it ended.
fix() {
	"${environment[@]}" timeout 60 "$fixer" "$journal" "$uri" "$own" "$uuid" "$guest" -- "$@"
}

kvmtop() {
	"${environment[@]}" timeout 60 "$kvmtop" --journal "$journal" -c "$uri" "$@" >"$place/out" 2>"$place/err" \
		</dev/null
}

undo() {
	kvmtop undo --yes && grep -q 'is undone' "$place/out"
}

pinned() {
	session vcpupin "$own" | awk '$1 == 1 { print $2 }'
}

a_vcpu_is_pinned_and_let_go() {
	local before
	before=$(pinned)
	[ "$(fix pin-vcpu 1 "$before" "$first_cpu")" = 'done' ] || return
	[ "$(pinned)" = "$first_cpu" ] || return
	kvmtop history && grep -q 'done  *by hand' "$place/out" || return
	undo && [ "$(pinned)" = "$before" ]
}

the_emulator_is_pinned_and_let_go() {
	local before after
	before=$(session emulatorpin "$own")
	[ "$(fix pin-emulator '' '?' "$first_cpu")" = 'done' ] || return
	after=$(session emulatorpin "$own")
	[ "$before" != "$after" ] && undo && [ "$(session emulatorpin "$own")" = "$before" ]
}

the_balloon_tells_its_statistics_and_stops() {
	[ "$(fix stats-period '' 0 5)" = 'done' ] || return
	session dumpxml "$own" | grep -q "<stats period='5'/>" || return
	undo && ! session dumpxml "$own" | grep -q '<stats period'
}

a_definition_is_changed_and_changed_back() {
	session dumpxml --inactive --security-info "$own" >"$place/before.xml"
	[ "$(fix define devices/memballoon '?' "<memballoon model='virtio'><stats period='9'/></memballoon>" \
		define iothreads '?' '<iothreads>2</iothreads>')" = 'done' ] || return
	session dumpxml --inactive --security-info "$own" >"$place/between.xml"
	grep -q "<stats period='9'/>" "$place/between.xml" && grep -q '<iothreads>2<' "$place/between.xml" || return
	undo || return
	session dumpxml --inactive --security-info "$own" >"$place/after.xml"
	cmp "$place/before.xml" "$place/after.xml"
}

# Not even a pin to all CPUs is left over, which says the same.
what_is_saved_is_undone_as_a_whole() {
	session dumpxml --inactive --security-info "$own" >"$place/before.xml"
	[ "$(fix pin-vcpu 0 '?' "$first_cpu" saved stats-period '' 0 5 saved numatune nodeset '' 0 saved \
		numatune mode '?' preferred saved)" = 'done' ] || return
	session dumpxml --inactive --security-info "$own" >"$place/between.xml"
	grep -q "<vcpupin vcpu='0' cpuset='$first_cpu'/>" "$place/between.xml" &&
		grep -q "<memory mode='preferred' nodeset='0'/>" "$place/between.xml" &&
		grep -q "<stats period='5'/>" "$place/between.xml" || return
	undo || return
	session dumpxml --inactive --security-info "$own" >"$place/after.xml"
	cmp "$place/before.xml" "$place/after.xml"
}

# libvirt puts it back where it was, and says that all went well.
what_libvirt_ignores_is_a_failure() {
	fix define devices/memballoon '?' '' | grep -q '^put back: devices/memballoon of' || return
	session dumpxml --inactive --security-info "$own" >"$place/after.xml"
	cmp "$place/before.xml" "$place/after.xml"
}

what_libvirt_refuses_is_told_in_its_words() {
	fix define devices/nonsense '?' '<nonsense/>' | grep -q 'libvirt: .*XML' &&
		fix pin-vcpu 1 '?' 60000 | grep -q 'no such CPUs'
}

of_three_changes_the_first_two_are_put_back() {
	local before
	before=$(pinned)
	fix pin-vcpu 1 '?' "$first_cpu" stats-period '' 0 7 pin-vcpu 9 '?' "$first_cpu" |
		grep -q '^refused: CPUs of vCPU 9' || return
	fix pin-vcpu 1 '?' "$first_cpu" stats-period '' 0 7 vcpus maximum '?' 9 |
		grep -q '^put back: .*what was done before was put back' || return
	[ "$(pinned)" = "$before" ] && ! session dumpxml "$own" | grep -q '<stats period'
}

a_stopped_guest_is_left_alone() {
	local begin=$SECONDS
	kill -STOP "$guest"
	until_true grep -q '^State:.T' "/proc/$guest/status"
	fix stats-period '' 0 5 | grep -q '^refused: .* is stopped' || return
	kill -CONT "$guest"
	[ $((SECONDS - begin)) -lt 10 ]
}

a_silent_daemon_is_not_waited_for() {
	kill -STOP "$(cat "$place/libvirtd.pid")"
	fix stats-period '' 0 5 | grep -q '^refused: .*libvirt has not answered' || return
	kill -CONT "$(cat "$place/libvirtd.pid")"
}

# Of this one: it is nobody's guest, and needs no right.
a_thread_moves_there_and_back() {
	local all
	all=$(taskset -cp $$ | sed 's/.*: //')
	"$fixer" "$journal" none -- affinity $$ "$all" "$first_cpu" >/dev/null || return
	[ "$(taskset -cp $$ | sed 's/.*: //')" = "$first_cpu" ] || return
	kvmtop undo
	[ $? -eq 7 ] && grep -q 'it takes --yes' "$place/err" || return
	kvmtop undo --dry-run && grep -q "taskset -cp [0-9,-]* $$" "$place/out" || return
	[ "$(taskset -cp $$ | sed 's/.*: //')" = "$first_cpu" ] || return
	undo && [ "$(taskset -cp $$ | sed 's/.*: //')" = "$all" ] || return
	kvmtop undo --yes 99999
	[ $? -eq 7 ] && grep -q 'no such fix' "$place/err"
}

cpus() {
	taskset -cp "$1" | sed 's/.*: //'
}

what_somebody_put_back_is_passed_over() {
	local all other
	all=$(cpus $$)
	sleep 600 &
	other=$!
	echo $other >"$place/other.pid"
	"$fixer" "$journal" none -- affinity $$ "$all" "$first_cpu" >/dev/null &&
		"$fixer" "$journal" none -- affinity $other "$all" "$first_cpu" >/dev/null || return
	taskset -cp "$all" $other >/dev/null
	undo && grep -q 'nothing is left to undo: all is back already' "$place/err" || return
	[ "$(cpus $$)" = "$all" ] || return
	kvmtop undo --yes
	[ $? -eq 7 ] && grep -q 'nothing is left to undo' "$place/err" || return
	kill "$other"
	rm "$place/other.pid"
}

a_dry_run_opens_nothing_for_writing() {
	command -v strace >/dev/null || return 0
	"$fixer" "$journal" none -- affinity $$ '?' "$first_cpu" >/dev/null || return
	"${environment[@]}" strace -f -o "$place/trace" -e trace=openat,openat2,open,creat,connect,rename,renameat,unlink \
		"$kvmtop" --journal "$journal" -c none undo --dry-run >/dev/null 2>&1 </dev/null || return
	! grep -E 'O_WRONLY|O_RDWR|O_CREAT|creat\(|connect\(|rename|unlink' "$place/trace" || return
	undo
}

rights() {
	grep -qE '^NoNewPrivs:.1$' "/proc/$1/status" 2>/dev/null
}

readonly_gives_its_rights_up() {
	local keeps eff
	"${environment[@]}" "$kvmtop" --readonly -c none -b 1 >/dev/null 2>&1 &
	echo $! >"$place/readonly.pid"
	until_true rights $! || return
	eff=$((16#$(awk '/^CapEff/ { print $2 }' "/proc/$!/status")))
	keeps=$((1 << 38 | 1 << 19 | 1 << 2)) # PERFMON, SYS_PTRACE, DAC_READ_SEARCH
	[ $((eff & ~keeps)) -eq 0 ] && ! grep -q '^Uid:.*\b0\b' "/proc/$!/status" || return
	kill "$!"
	rm "$place/readonly.pid"
	kvmtop --readonly undo --yes 1
	[ $? -eq 7 ] && grep -q -e --readonly "$place/err"
}

a_captured_host_is_not_changed() {
	kvmtop --demo undo --yes
	[ $? -eq 7 ] && grep -q 'captured host cannot be changed' "$place/err"
}

open_session
run_checks a_thread_moves_there_and_back what_somebody_put_back_is_passed_over a_dry_run_opens_nothing_for_writing \
	a_vcpu_is_pinned_and_let_go the_emulator_is_pinned_and_let_go the_balloon_tells_its_statistics_and_stops \
	a_definition_is_changed_and_changed_back what_is_saved_is_undone_as_a_whole \
	what_libvirt_ignores_is_a_failure \
	what_libvirt_refuses_is_told_in_its_words of_three_changes_the_first_two_are_put_back \
	readonly_gives_its_rights_up a_captured_host_is_not_changed \
	a_stopped_guest_is_left_alone a_silent_daemon_is_not_waited_for
