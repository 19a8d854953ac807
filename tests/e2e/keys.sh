#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# keys.sh KVMTOP: fixes by keys on a real terminal, of a guest of a libvirtd of its own: made by f, seen by
# virsh, told by the journal, taken back by u, made to last by p; and where the keys are dead.

set -u
# shellcheck source-path=SCRIPTDIR source=place.sh
. "$(dirname "$0")/place.sh"
# shellcheck source-path=SCRIPTDIR source=tmux.sh
. "$(dirname "$0")/tmux.sh"

kvmtop=$(readlink -f "${1:?which kvmtop?}")
session_need
place_enter "$@"
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 # a thread may still hang in libvirt at the end
own=kvmtop$$ # what names begin with: another of these may run beside
session_enter
journal=$place/journal
first_cpu=$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')
config=keys.conf # of $place
every_character=$(printf '%b' "$(printf '\\%03o' {32..126})") # that can be typed

open_session() {
	session_start
	session_guest "$own" 1
	# Only what this is about, and at once.
	{
		"$kvmtop" --list-rules | sed 's/ .*/.enabled = no/'
		printf '%s\n' 'balloon-stats-off.enabled = yes' 'balloon-stats-off.for = 0s'
	} >"$place/keys.conf"
	sed 's/^balloon-stats-off\.\(.* = [y0]\)/cpu-pin-not-persistent.\1/' "$place/keys.conf" >"$place/pins.conf"
}

# start SIZE WORDS...
start() {
	local size=$1
	shift
	tm_start "$size" "${environment[@]}" TERM="$TM_TERM" "$kvmtop" -c "$uri" --journal "$journal" \
		--config "$place/$config" -d 0.5 "$@"
	tm_wait '1Domains'
}

# Every key is pressed when what it is about can be seen.
press() {
	tm_wait "$1"
	shift
	tm_keys "$@"
}

# The keys that count are named a moment after what was done.
press_done() {
	tm_wait "Done, and read back: fix $1 of"
	press 'Esc closes' "$2"
}

# Of the fix that is undone.
press_undone() {
	tm_wait "Fix $1 is undone, and read back"
	press 'Esc closes' "$2"
}

period() {
	session dumpxml "$@" "$own" | sed -n "s/.*<stats period='\([0-9]*\)'.*/\1/p"
}

period_is() {
	[ "$(period "${@:2}")" = "$1" ]
}

quit() {
	tm_keys q
	tm_ended 0
	tm_restored
	tm_end
}

lines() {
	wc -l <"$journal/journal.jsonl" 2>/dev/null || echo 0
}

# What a sample has just brought is shown first; not so what a key led to.
advised() {
	tm_keys 9
	tm_wait 'has a balloon'
	tm_keys 8 9
}

f_fixes_it_and_u_takes_it_back() (
	start 100x30
	advised
	press 'has a balloon' f
	press 'Esc closes' Escape
	period_is 5 || tm_fail 'virsh sees no fix'
	tm_wait 'u undoes it, p makes it last'
	tm_wait ': 1 -> 0, better'
	tm_keys 0
	tm_wait '0 -> 5, seconds'
	tm_wait '1 -> 0, better'
	press "Fix 1 of" u
	press 'Enter applies' Enter
	press_undone 1 Escape
	tm_wait 'undone'
	period_is '' || tm_fail 'virsh still sees the fix'
	tm_keys 9
	tm_wait 'has a balloon' # it is advised again
	quit
)

p_makes_it_last() (
	start 80x24
	advised
	press 'has a balloon' f
	press 'p makes it last' p
	press 'Enter asks for the name' Enter
	tm_wait "Type $own to go on:"
	tm_type "${own}x"
	tm_keys Enter
	press 'that is not its name' BSpace
	period_is '' --inactive || tm_fail 'the wrong name was taken'
	tm_keys Enter
	press_done 4 u
	period_is 5 --inactive || tm_fail 'virsh sees nothing that lasts'
	press 'Enter applies' Enter
	press_undone 4 Escape
	period_is '' --inactive || tm_fail 'it still lasts'
	tm_keys u
	press 'Enter applies' Enter
	press_undone 3 Escape
	period_is '' || tm_fail 'virsh still sees the fix'
	quit
)

pinned_then() {
	session dumpxml --inactive "$own" | grep -q "<vcpupin vcpu='0' cpuset='$first_cpu'/>"
}

a_fix_that_lasts_asks_for_the_name() (
	session dumpxml --inactive "$own" >"$place/before.xml"
	session vcpupin "$own" 0 "$first_cpu" --live >/dev/null || tm_fail 'virsh does not pin'
	config=pins.conf
	start 100x30
	tm_keys 9
	press 'From its next start on it is bound otherwise' f
	press 'Enter asks for the name' Enter
	tm_wait "Type $own to go on:"
	tm_type "${own}x"
	tm_keys Enter
	press 'that is not its name' BSpace
	if pinned_then; then tm_fail 'the wrong name was taken'; fi
	tm_keys Enter
	press_done 7 u
	pinned_then || tm_fail 'virsh sees no pin of the next start'
	press 'Enter applies' Enter
	press_undone 7 Escape
	session dumpxml --inactive "$own" | cmp - "$place/before.xml" || tm_fail 'the definition is another one'
	quit
)

# Into a field, each on its own, and erased; tmux takes a lone semicolon for the end of its command.
type_and_erase() {
	local i character
	for ((i = 0; i < ${#every_character}; i++)); do
		character=${every_character:i:1}
		tm_type "${character/#;/\\;}"
		tm_keys BSpace
	done
}

what_is_typed_ahead_confirms_nothing() (
	local before
	before=$(lines)
	start 100x30 --confirm=all
	tm_keys 9
	tm_wait 'has a balloon'
	tm_keys f Enter Enter y Enter
	press 'Enter applies' Escape
	tm_gone 'Enter applies'
	period_is '' || tm_fail 'it was fixed'
	[ "$(lines)" -eq "$before" ] || tm_fail 'the journal has become longer'
	# In fields of text and in the help these keys are letters, or nothing.
	tm_keys /
	tm_wait 'Search:'
	type_and_erase
	tm_type "$every_character"
	tm_keys Escape
	tm_gone 'Search:'
	tm_keys '\\'
	tm_wait 'Filter:'
	type_and_erase
	tm_type "$every_character"
	tm_keys Escape
	tm_gone 'Filter:'
	period_is '' || tm_fail 'a character of a field fixed it'
	tm_keys F1
	tm_wait 'any other key closes'
	tm_keys f F1 u F1 p
	tm_gone 'any other key closes'
	[ "$(lines)" -eq "$before" ] || tm_fail 'a key was heard'
	quit
)

# What f would do about the guest, not yet done.
preview() {
	start 100x30 --confirm=all
	tm_keys 9
	press 'has a balloon' f
	tm_wait 'Enter applies'
}

what_changed_meanwhile_is_refused() (
	local before
	before=$(lines)
	preview
	session dommemstat "$own" --period 7 --live >/dev/null
	tm_keys Enter
	tm_wait 'Refused: '
	tm_wait 'changed meanwhile, from 0 to 7'
	period_is 7 || tm_fail 'it was changed all the same'
	session dommemstat "$own" --period 0 --live >/dev/null
	press 'Esc closes' Escape
	[ "$(lines)" -eq "$before" ] || tm_fail 'the journal has become longer'
	quit
)

where_nothing_is_changed_the_keys_are_dead() (
	start 100x30 --journal /etc/passwd
	tm_keys 9
	tm_wait "By hand: virsh dommemstat --domain $own --period 5 --live"
	tm_shows 'f fix' && tm_fail 'f is offered without a journal'
	tm_keys f
	tm_wait 'no journal can be kept in /etc/passwd'
	quit
	tm_start 100x30 "${environment[@]}" TERM="$TM_TERM" "$kvmtop" -c none --readonly -d 0.5
	press '1Domains' u
	tm_wait 'Nothing is changed with --readonly.'
	quit
	tm_start 100x30 "${environment[@]}" TERM="$TM_TERM" "$kvmtop" --demo
	press '1Domains' u
	tm_wait 'A captured host cannot be changed.'
	quit
)

# Then there is no guest any more.
a_guest_that_dies_before_enter_is_left_alone() (
	preview
	session destroy "$own" >/dev/null
	until_true is_gone "$guest" || tm_fail 'the guest does not end'
	tm_keys Enter
	tm_wait 'Refused: '
	tm_wait 'has ended'
	press 'Esc closes' Escape
	quit
)

# A sleep that is told apart from the guest by nothing but when it was started.
give_number_again() {
	for _ in {1..20}; do
		echo $(($1 - 1)) >/proc/sys/kernel/ns_last_pid
		sleep 300 &
		echo $! >"$place/other.pid"
		[ $! -ne "$1" ] || return 0
		kill $!
	done
	false
}

has_no_process() {
	[ ! -e "/proc/$1" ]
}

# The last one, of a guest that is started for it.
another_process_with_its_number_is_left_alone() (
	local before
	if [ -z "$place_own" ] || [ ! -w /proc/sys/kernel/ns_last_pid ]; then
		echo '       left out: process numbers used again: that takes root, and a kernel that gives them as told'
		return 0
	fi
	session start --domain "$own" >/dev/null || tm_fail 'the guest does not start again'
	guest=$(cat "$place/run/libvirt/qemu/run/$own.pid")
	echo "$guest" >"$place/guest.pid"
	before=$(lines)
	preview
	session destroy "$own" >/dev/null
	until_true has_no_process "$guest" || tm_fail 'the guest does not end'
	rm "$place/guest.pid"
	give_number_again "$guest" || tm_fail "the number $guest was not given again"
	tm_keys Enter
	tm_wait 'Refused: '
	tm_wait 'is another one now'
	press 'Esc closes' Escape
	[ "$(lines)" -eq "$before" ] || tm_fail 'the journal has become longer'
	[ "$(cat "/proc/$guest/comm")" = sleep ] || tm_fail 'the other process is gone'
	quit
)

tm_need
open_session
run_checks f_fixes_it_and_u_takes_it_back p_makes_it_last a_fix_that_lasts_asks_for_the_name \
	what_is_typed_ahead_confirms_nothing what_changed_meanwhile_is_refused where_nothing_is_changed_the_keys_are_dead \
	a_guest_that_dies_before_enter_is_left_alone another_process_with_its_number_is_left_alone
