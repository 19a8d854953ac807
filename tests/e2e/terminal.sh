#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# terminal.sh READY COMMAND...: does a program get on with terminals? READY is a text that it shows at
# 80x24 and at any larger size; "q" ends it with status 0. ONLY="CHECK..." runs these checks.

set -u
# shellcheck source-path=SCRIPTDIR source=tmux.sh
. "$(dirname "$0")/tmux.sh"

[ $# -ge 2 ] || {
	echo "usage: $0 READY COMMAND..." >&2
	exit 2
}
ready=$1
shift
program=("$@")

start() {
	tm_start "$1" "${program[@]}"
	tm_wait "$ready"
}

quit() {
	tm_keys q
	tm_ended 0
	tm_restored
	tm_end
}

# Descriptions that Debian has, that it lacks, and none.
unknown_terminals() {
	local term
	for term in tmux-256color xterm linux vt100 xterm-kitty foot alacritty ghostty nonsense ''; do
		TM_TERM=$term start 80x24
		quit
	done
}

no_cursor_control() {
	TM_TERM=dumb tm_start 80x24 "${program[@]}"
	tm_wait "TERM is 'dumb', which cannot place its cursor"
	tm_wait ']$'
	tm_restored
	tm_end
}

ascii_where_the_locale_is_not_utf8() {
	TM_LANG=C start 80x24
	tm_capture | LC_ALL=C grep -qP '[^\x00-\x7f]' && tm_fail 'more than ASCII'
	quit
}

# 30-37, 40-47, 90-97 and 100-107 are colours, 38 and 48 begin others.
shows_colours() {
	tm_capture_colours | grep -qP '\033\[([0-9;]*;)?(3[0-8]|4[0-8]|9[0-7]|10[0-7])[;m]'
}

colours_unless_refused() {
	start 80x24
	tm_until "$TM_DEADLINE" shows_colours || tm_fail 'no colours'
	quit
	program=(env NO_COLOR=1 "${program[@]}")
	start 80x24
	shows_colours && tm_fail 'colours in spite of NO_COLOR'
	program=("${program[@]:2}")
	quit
	TM_TERM=vt100 start 80x24
	shows_colours && tm_fail 'colours on a vt100'
	quit
}

# tmux may have put back its first screen badly, which was that small: the prompt is wrapped in it.
quit_where_it_was_small() {
	tm_keys q
	tm_until "$TM_DEADLINE" tm_is alternate_on 0 || tm_fail 'it did not end'
	tm_shell "echo sta'tus' \$?"
	tm_wait 'status 0'
	tm_restored
	tm_end
}

any_size() {
	local size rows columns
	for size in 1x1 2x2 300x1 1x100 40x10 20x5 300x100; do
		tm_start "$size" "${program[@]}"
		tm_until "$TM_DEADLINE" tm_is alternate_on 1 || tm_fail "nothing at $size"
		tm_resize 80x24
		tm_wait "$ready"
		quit_where_it_was_small
	done
	start 80x24
	RANDOM=1
	for _ in {1..100}; do
		columns=$((RANDOM % 300 + 1))
		rows=$((RANDOM % 100 + 1))
		tm_resize "${columns}x${rows}"
	done
	tm_resize 80x24
	tm_wait "$ready"
	quit
}

stops_and_goes_on() {
	start 80x24
	tm_keys C-z
	tm_stopped
	tm_restored
	tm_resize 100x30
	tm_shell fg
	tm_until "$TM_DEADLINE" tm_is alternate_on 1 || tm_fail 'it did not come back'
	tm_wait "$ready"
	tm_keys C-z
	tm_stopped
	tm_shell bg
	tm_restored
	tm_shell fg
	tm_wait "$ready"
	quit
}

ends_when_stopped() {
	start 80x24
	tm_keys C-z
	tm_stopped
	tm_shell 'kill %1; wait; clear; echo al""l gone'
	tm_wait 'all gone'
	tm_restored
	tm_end
}

redraws_what_was_spoilt() {
	start 80x24
	printf '\033[H\033[2Jspoilt' >"$(tm_knows pane_tty)"
	tm_wait spoilt
	tm_keys C-l
	tm_gone spoilt
	tm_wait "$ready"
	quit
}

checks=(unknown_terminals no_cursor_control ascii_where_the_locale_is_not_utf8 colours_unless_refused
	any_size stops_and_goes_on ends_when_stopped redraws_what_was_spoilt)
for check in ${ONLY:-"${checks[@]}"}; do
	"$check"
	echo "ok     $check"
done
