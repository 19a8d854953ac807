#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# mending.sh KVMTOP: kvmtop fix by a rule's own plan, for a guest of a libvirtd of its own: shown, printed as a
# script that does the same, refused without the word that it takes, done, made to last, and undone.

set -u
# shellcheck source-path=SCRIPTDIR source=place.sh
. "$(dirname "$0")/place.sh"

kvmtop=$(readlink -f "${1:?which kvmtop?}")
session_need
place_enter "$@"
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0 # a thread may still hang in libvirt at the end
own=kvmtop$$ # what names begin with: another of these may run beside
session_enter
journal=$place/journal
now="virsh dommemstat --domain $own --period 5 --live"
later="virsh dommemstat --domain $own --period 5 --config"

# expect STATUS WORDS...: of kvmtop.
expect() {
	local expected=$1 status
	shift
	"${environment[@]}" timeout 120 "$kvmtop" --journal "$journal" -c "$uri" --config "$place/mending.conf" "$@" \
		>"$place/out" 2>"$place/err" </dev/null
	status=$?
	[ $status -eq "$expected" ] ||
		place_complain "kvmtop $*: status $status: $(cat "$place/out" "$place/err")"
}

out_has() {
	grep -qxF -e "$1" "$place/out" || place_complain "it does not say '$1': $(cat "$place/out")"
}

err_has() {
	grep -qF -e "$1" "$place/err" || place_complain "it does not complain '$1': $(cat "$place/err")"
}

fix() {
	local status=$1
	shift
	expect "$status" fix "$@" balloon-stats-off -- "$own"
}

period_is() {
	[ "$(session dumpxml "${@:2}" --domain "$own" | sed -n "s/.*<stats period='\([0-9]*\)'.*/\1/p")" = "$1" ] ||
		place_complain "the period is not '$1'"
}

what_is_shown_is_not_done() {
	fix 0 --dry-run && out_has "        $now" && ! grep -qF -e --config "$place/out" &&
		fix 0 --script && period_is '' && [ ! -e "$journal/journal.jsonl" ]
}

virsh_does() {
	"${as_user[@]}" LIBVIRT_DEFAULT_URI=qemu:///session sh "$1" >/dev/null 2>"$place/virsh.err"
}

the_script_does_the_same_and_names_the_way_back() {
	fix 0 --script && out_has "$now" && cp "$place/out" "$place/script" && virsh_does "$place/script" &&
		period_is 5 || return
	sed -n '/^# The way back:/,$s/^# \(virsh\)/\1/p' "$place/script" >"$place/back"
	[ -s "$place/back" ] && virsh_does "$place/back" && period_is ''
}

nothing_is_done_without_a_word() {
	fix 7 && err_has 'without a terminal it takes --yes' && period_is ''
}

one_word_is_enough_for_what_passes() {
	fix 0 --yes && out_has "        $now" && period_is 5 && period_is '' --inactive &&
		grep -q "takes it back" "$place/out" && out_has "To make it last: kvmtop fix --lasting balloon-stats-off $own"
}

what_lasts_takes_the_right_name() {
	fix 7 --lasting --yes && err_has "--yes=$own" && out_has "        $later" || return
	fix 7 --lasting "--yes=${own}x" && err_has "--yes=$own" && period_is '' --inactive || return
	fix 0 --lasting --script && out_has "$later" && period_is '' --inactive || return
	fix 0 --lasting "--yes=$own" && period_is 5 --inactive
}

what_is_mended_is_not_found() {
	fix 7 --yes && err_has "balloon-stats-off finds nothing wrong with $own"
}

each_is_taken_back_by_its_number() {
	expect 0 history && [ "$(grep -c balloon-stats-off "$place/out")" -eq 2 ] || return
	expect 0 undo --yes 1 && period_is '' && period_is 5 --inactive &&
		expect 0 undo --yes 2 && period_is '' --inactive
}

# It is the same to libvirt and to the shell of the script: by its uuid. To kvmtop it is a name after "--".
a_name_may_look_like_anything() {
	session destroy --domain "$own" >/dev/null && session undefine --domain "$own" >/dev/null || return
	own="-x; \$(id) $own"
	now="virsh dommemstat --domain $uuid --period 5 --live"
	later="virsh dommemstat --domain $uuid --period 5 --config"
	session_guest "$own" 1
	fix 0 --script && out_has "$now" && cp "$place/out" "$place/script" && sh -n "$place/script" || return
	virsh_does "$place/script" && period_is 5 || return
	sed -n '/^# The way back:/,$s/^# \(virsh\)/\1/p' "$place/script" >"$place/back"
	virsh_does "$place/back" && period_is '' || return
	fix 0 --yes && period_is 5 || return
	fix 7 --lasting --yes=-x && fix 0 --lasting "--yes=$own" && period_is 5 --inactive || return
	expect 0 undo --yes && expect 0 undo --yes && period_is '' && period_is '' --inactive
}

session_start
session_guest "$own" 1
{
	"$kvmtop" --list-rules | sed 's/ .*/.enabled = no/'
	printf '%s\n' 'balloon-stats-off.enabled = yes' 'balloon-stats-off.for = 0s'
} >"$place/mending.conf"
run_checks what_is_shown_is_not_done the_script_does_the_same_and_names_the_way_back nothing_is_done_without_a_word \
	one_word_is_enough_for_what_passes what_lasts_takes_the_right_name what_is_mended_is_not_found \
	each_is_taken_back_by_its_number a_name_may_look_like_anything
