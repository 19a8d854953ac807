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
stub=5b0f1c2a-0000-4000-8000-00000000face
definitions=$(readlink -f "$(dirname "$0")/definitions.py")
rules=$(readlink -f "$(dirname "$0")/../rules")
session_enter
journal=$place/journal
# From kvmtop's side a value that libvirt would not change on its own.
first_cpu=$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')

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

definition() {
	session dumpxml --inactive --security-info "$own"
}

# there_and_back PATTERN WORDS...: what libvirt's own tool, `seen` of the check, shows has PATTERN in it
# while the fix stands, and is the same before it and when it is undone; the definition, too.
there_and_back() {
	local pattern=$1 before how
	shift
	before=$(seen)
	definition >"$place/before.xml"
	how=$(fix "$@")
	[ "$how" = 'done' ] || place_complain "$*: $how" || return
	seen | grep -q -e "$pattern" || place_complain "$*: $(seen)" || return
	undo || place_complain "$*: not undone: $(cat "$place/err")" || return
	[ "$(seen)" = "$before" ] || place_complain "$*: undone: $(seen)" || return
	definition | cmp - "$place/before.xml"
}

parameters_are_set_and_put_back() {
	seen() { session iothreadinfo "$own"; }
	there_and_back " $first_cpu\$" pin-iothread 1 '?' "$first_cpu" || return
	seen() { session blkdeviotune "$own" vda; }
	there_and_back '^total_iops_sec *: 1000$' block-iotune 'vda total_iops_sec' 0 1000 || return
	there_and_back '^read_bytes_sec *: 4294967296$' block-iotune 'vda read_bytes_sec' 0 4294967296 || return
	seen() { definition; }
	there_and_back "<iothreadpin iothread='1' cpuset='$first_cpu'/>" pin-iothread 1 '?' "$first_cpu" saved || return
	there_and_back "<emulatorpin cpuset='$first_cpu'/>" pin-emulator '' '?' "$first_cpu" saved || return
	there_and_back '<total_iops_sec>1000</total_iops_sec>' block-iotune 'vda total_iops_sec' 0 1000 saved || return
	there_and_back "<currentMemory unit='KiB'>8192<" balloon '' 16384 8192 saved || return
	there_and_back "<vcpu placement='static' current='1'>3<" vcpus current 2 1 saved || return
	there_and_back "<vcpu placement='static' current='2'>4<" vcpus maximum 3 4 saved
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

# define_stub VCPUS: a guest that does not run, and has next to nothing in its definition.
define_stub() {
	cat >"$place/home/stub.xml" <<-X
		<domain type='qemu'>
		  <name>$own-stub</name>
		  <uuid>$stub</uuid>
		  <memory unit='KiB'>5242880</memory>
		  <vcpu>$1</vcpu>
		  <os><type arch='x86_64' machine='pc'>hvm</type></os>
		  <cpu mode='host-passthrough'>
		    <topology sockets='$1' dies='1' cores='1' threads='1'/>
		    <numa>
		      <cell id='0' cpus='0' memory='2621440' unit='KiB'/>
		      <cell id='1' cpus='1' memory='2621440' unit='KiB'/>
		    </numa>
		  </cpu>
		  <devices>
		    <emulator>$place/home/emulator</emulator>
		    <memballoon model='none'/>
		  </devices>
		</domain>
	X
	session define "$place/home/stub.xml" >/dev/null || place_complain "$(cat "$place/virsh.err")"
}

saved_stub() {
	session dumpxml --inactive --security-info "$own-stub" >"$place/stub-$1.xml"
}

# by_hand WORDS...: the same by the commands that --script would print.
by_hand() {
	command -v virt-xml >/dev/null || return 0
	echo 'set -e' >"$place/script"
	"${environment[@]}" timeout 60 "$fixer" --script "$uri" "$own-stub" "$stub" 0 -- "$@" >>"$place/script" &&
		"${as_user[@]}" LIBVIRT_DEFAULT_URI=qemu:///session sh "$place/script" >/dev/null 2>"$place/script.err" &&
		saved_stub between && "$definitions" holds "$place/stub-between.xml" "${words[@]}"
}

# All that the rules' examples write into definitions.
what_rules_define_is_taken() {
	local at vcpus all=0 words how i by_hand=' '
	ln -s "$(command -v qemu-system-x86_64)" "$place/home/emulator"
	"$definitions" list "$rules" >"$place/plans"
	while IFS=$'\t' read -r at vcpus words; do
		define_stub "$vcpus" && saved_stub before || return
		IFS=$'\t' read -ra words <<<"$words"
		set --
		for ((i = 0; i < ${#words[@]}; i += 2)); do
			set -- "$@" define "${words[i]}" '?' "${words[i + 1]#-}" saved
		done
		how=$("${environment[@]}" timeout 60 "$fixer" "$journal" "$uri" "$own-stub" "$stub" 0 -- "$@")
		[ "$how" = 'done' ] || place_complain "$at: $how" || return
		saved_stub between
		"$definitions" holds "$place/stub-between.xml" "${words[@]}" ||
			place_complain "$at: $(diff "$place/stub-before.xml" "$place/stub-between.xml")" || return
		undo || place_complain "$at: not undone: $(cat "$place/err")" || return
		saved_stub after
		cmp "$place/stub-before.xml" "$place/stub-after.xml" || place_complain "$at" || return
		case $by_hand in
		*" ${words[0]} "*) ;; # virt-xml takes its time
		*) by_hand "$@" || place_complain "$at: by hand: $(cat "$place/script" "$place/script.err")" || return ;;
		esac
		by_hand+="${words[0]} "
		all=$((all + 1))
	done <"$place/plans"
	session undefine "$own-stub" >/dev/null
	[ "$all" -ge 25 ] || place_complain "there are but $all"
}

# libvirt puts it back where it was, and says that all went well.
what_libvirt_ignores_is_a_failure() {
	definition >"$place/before.xml"
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

vcpus() {
	session vcpucount "$own" --live --active
}

# In this guest there is no system that lets a CPU go.
a_vcpu_comes_and_what_does_not_leave_is_told() {
	[ "$(vcpus)" = 2 ] && [ "$(fix vcpus current 2 3)" = 'done' ] && [ "$(vcpus)" = 3 ] || return
	kvmtop undo --yes
	[ $? -eq 7 ] && grep -q 'libvirt: .*unplug' "$place/err" || place_complain "$(cat "$place/err")" || return
	[ "$(vcpus)" = 3 ] && kvmtop history && grep -q '^ *[0-9]*.* done  *by hand' "$place/out" ||
		place_complain "$(cat "$place/out")"
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

# trace WORDS...: what kvmtop opens, connects to and sends, in $place/trace.
trace() {
	"${environment[@]}" timeout 120 strace -f -x -s 256 -o "$place/trace" \
		-e trace=openat,openat2,open,creat,connect,rename,renameat,unlink,write,sendto,sendmsg \
		"$kvmtop" --journal "$journal" --config "$place/fixes.conf" -c "$uri" "$@" \
		>"$place/out" 2>"$place/err" </dev/null
}

# Of every connection the flags that libvirt was asked for as it was opened (call 1 of program 0x20008086
# of its protocol): 1 is a connection that may read only.
connections() {
	local head='\\x20\\x00\\x80\\x86\\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x00'

	sed -n "s/.*$head.*\\\\x00\\\\x00\\\\x00\\\\x\\(..\\)\".*/\\1/p" "$place/trace" | sort -u
}

is_found() {
	kvmtop --config "$place/fixes.conf" advise -f csv
	grep -q "^[^,]*,.*balloon-stats-off,$own," "$place/out"
}

# With a guest of libvirt's: nobody is asked for more than to be read.
a_dry_run_of_a_rule_only_reads() {
	local before
	command -v strace >/dev/null || return 0
	{
		"$kvmtop" --list-rules | sed 's/ .*/.enabled = no/'
		echo 'balloon-stats-off.enabled = yes'
	} >"$place/fixes.conf"
	session resume "$own" >/dev/null
	until_true is_found || return
	before=$(session dumpxml "$own")
	trace fix balloon-stats-off "$own" --dry-run || return
	grep -q -e '--period 5 --live' "$place/out" || return
	[ "$(connections)" = 01 ] || return
	! grep -E 'connect\(' "$place/trace" | grep -v "sun_path=\"$place/run/libvirt/libvirt-sock\"" || return
	# It gives its own threads names.
	! grep -E 'O_WRONLY|O_RDWR|O_CREAT|creat\(|rename|unlink' "$place/trace" |
		grep -vE '"/proc/self/task/[0-9]+/comm"' || return
	[ "$(session dumpxml "$own")" = "$before" ] || return
	# The same fix, made, asks for more.
	trace fix balloon-stats-off "$own" --yes || return
	connections | grep -qx 00 && grep -q '^Effect: 1 -> 0, better' "$place/out" || return
	session suspend "$own" >/dev/null
	undo && [ "$(session dumpxml "$own" | grep -c '<stats period')" -eq 0 ]
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

session_start
session_guest "$own" 2 --paused
run_checks a_thread_moves_there_and_back what_somebody_put_back_is_passed_over a_dry_run_opens_nothing_for_writing \
	a_dry_run_of_a_rule_only_reads \
	a_vcpu_is_pinned_and_let_go the_emulator_is_pinned_and_let_go the_balloon_tells_its_statistics_and_stops \
	parameters_are_set_and_put_back \
	a_definition_is_changed_and_changed_back what_is_saved_is_undone_as_a_whole \
	what_rules_define_is_taken what_libvirt_ignores_is_a_failure \
	what_libvirt_refuses_is_told_in_its_words of_three_changes_the_first_two_are_put_back \
	readonly_gives_its_rights_up a_captured_host_is_not_changed \
	a_vcpu_comes_and_what_does_not_leave_is_told \
	a_stopped_guest_is_left_alone a_silent_daemon_is_not_waited_for
