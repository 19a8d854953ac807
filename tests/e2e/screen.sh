#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# screen.sh KVMTOP HOST: every screen and every key on a real terminal (tmux). HOST is a captured host
# whose guests are called vm1 to vm4. Only its first two samples are played, over and over: between them
# lie the rates that --dump prints, and there are no others.
#
# What the terminal shows is held against what --dump prints after the same keys, from the row on that
# has no clock; so whatever is lost on the way to a terminal is found.

set -u
# shellcheck source-path=SCRIPTDIR source=tmux.sh
. "$(dirname "$0")/tmux.sh"

kvmtop=$(readlink -f "${1:?which kvmtop?}")
whole=$(readlink -f "${2:?which captured host?}")
captured=()
demo=(--demo)
host=()
with=() # what runs kvmtop
term=$TM_TERM
size=
# What a screen shows and no other does.
declare -A sign=([1]='WORST%' [2]='vCPU 0: thread' [3]='LOCAL%' [4]='KSM: pages' [5]='Disks of guests'
	[6]='NICs of guests' [7]='Guests: exits' [8]='DISTANCE'
	[9]='WHAT IS WRONG' [0]='WHAT IT LACKS')

# start SIZE [ARGUMENTS...]
start() {
	size=$1
	shift
	TM_TERM=$term tm_start "$size" "${with[@]}" "$kvmtop" "${host[@]}" -d 0.3 "$@"
	tm_wait 1Domains
}

quit() {
	tm_keys "${1:-q}"
	tm_ended 0
	tm_restored
}

resize() {
	size=$1
	tm_resize "$size"
}

# Histories grow while one waits: they are left out.
trimmed() {
	sed 's/[▁▂▃▄▅▆▇█]/ /g; s/[[:blank:]]*$//'
}

# The first row that is the same in every sample: wide screens have histories in the header.
first_row() {
	local columns=${size%x*} rows=${size#*x}
	if [ "$columns" -lt 40 ] || [ "$rows" -lt 8 ]; then
		echo 1
	elif [ "$columns" -lt 100 ]; then
		echo 2
	else
		echo 5
	fi
}

dumped() {
	env -u LC_ALL LANG="$TM_LANG" TZ=UTC "$kvmtop" "${host[@]}" --size "$size" --keys "$1" --dump |
		trimmed
}

# shown FROM: the rows from that one on; empty ones at the end do not count.
shown() {
	tm_capture | trimmed | tail -n "+$1"
}

is_shown() {
	[ "$(shown "$2")" = "$(tail -n "+$2" <<<"$1")" ]
}

# as_dumped [KEYS]: the screen is the one that these keys lead to.
as_dumped() {
	local wanted from
	wanted=$(dumped "${1-}")
	from=$(first_row)
	tm_until "$TM_DEADLINE" is_shown "$wanted" "$from" && return
	diff <(tail -n "+$from" <<<"$wanted") <(shown "$from") >&2
	tm_fail "$size ${host[*]}: not what --dump prints after '${1-}'"
}

row() {
	tm_capture | sed -n "${1}p"
}

clock() {
	row 1 | grep -oE '[0-9]{2}:[0-9]{2}:[0-9]{2}'
}

clock_is_not() {
	local now
	now=$(clock)
	[ -n "$now" ] && [ "$now" != "$1" ]
}

every_screen_at_every_size() {
	local digit
	for size in 80x24 120x40 200x50; do
		start "$size"
		for digit in 2 3 4 8 1; do
			tm_keys "$digit"
			as_dumped "$digit"
		done
		tm_keys 0
		tm_wait "${sign[0]}"
		quit
	done
	host=("${demo[@]}")
	for size in 80x24 120x40 200x50; do
		start "$size"
		for digit in 2 3 4 0 1; do
			tm_keys "$digit"
			tm_wait "${sign[$digit]}"
			[[ $(row 1) == 'kvmtop  DEMO  '* ]] || tm_fail 'a demo that does not say so'
		done
		quit
	done
	host=("${captured[@]}")
}

tab_walks_the_screens() {
	local digit
	start 80x24
	for digit in 2 3 4 5 6 7 8 9 0 1; do
		tm_keys Tab
		tm_wait "${sign[$digit]}"
	done
	for digit in 0 9 8 7 6 5 4 3 2 1; do
		tm_keys BTab
		tm_wait "${sign[$digit]}"
	done
	quit
}

sorts() {
	start 80x24
	tm_keys s
	as_dumped s
	tm_keys Down Down Enter
	as_dumped 's Down Down Enter'
	tm_keys I
	tm_wait '▲WAIT%'
	tm_keys F6
	tm_wait 'Sort by'
	tm_keys Escape
	tm_gone 'Sort by'
	tm_keys M
	tm_wait '▼MEM'
	tm_keys '>'
	tm_wait '▼LOCAL%'
	quit F10
}

searches() {
	start 80x24
	tm_keys /
	tm_type vm3
	as_dumped '/ "vm3"'
	tm_keys Enter
	tm_wait 'vm3: 60 % of its'
	tm_keys F3
	tm_type vm
	tm_wait 'Search: vm'
	tm_keys Enter n
	tm_wait 'vm4: 83 % of its'
	tm_keys N
	tm_wait 'vm3: 60 % of its'
	tm_keys /
	tm_type nobody
	tm_wait "Nothing here holds 'nobody'"
	tm_keys Escape
	tm_wait 'vm3: 60 % of its'
	quit
}

filters() {
	start 80x24
	tm_keys F4
	tm_type vm2
	tm_wait 'Filter: vm2'
	tm_gone 'vm4  '
	tm_keys Enter
	as_dumped '\ "vm2" Enter'
	tm_keys Escape
	tm_wait 'vm4  '
	tm_keys \\
	tm_type 'cpux>1'
	tm_keys Enter
	tm_wait "the nearest is 'cpu'"
	tm_keys C-u
	tm_type 'memory>9G'
	tm_gone 'vm1  '
	tm_keys Escape
	tm_wait 'vm1  '
	quit
}

# Whatever is typed into a text field is text: k9s' users deleted machines by a letter too many.
text_fields_are_text() {
	local field letters='q12380zdsCtTiIPMxnNhkjgG?<>,.\/ '
	for field in '/ Search:' '\ Filter:'; do
		start 80x24
		tm_keys "${field%% *}"
		tm_wait "${field#* }"
		tm_type "$letters"
		tm_keys Tab BTab F1 F2 F5 F6 Up Down PageUp PageDown Home End Left Right C-b C-f
		tm_type '|'
		tm_wait "${field#* }"
		tm_wait "${letters: -10}|" # the end of it is seen
		tm_gone PAUSED
		tm_keys Escape
		tm_gone "${field#* }"
		as_dumped
		quit
	done
	start 80x24
	tm_keys d
	tm_wait 'Seconds between samples:'
	tm_type "$letters"
	tm_wait "Seconds between samples: ${letters% }"
	tm_keys Escape
	as_dumped
	quit
}

# On this host: a captured one has an interval of its own.
sets_the_delay() {
	host=(-c none)
	start 80x24
	tm_wait 'every 300ms'
	tm_keys d
	tm_type 0
	tm_keys Enter
	tm_wait 'at least 0.1'
	tm_keys BSpace
	tm_type 0.5
	tm_keys Enter
	tm_wait 'every 500ms'
	tm_keys d
	tm_type 2
	tm_keys Enter
	tm_wait 'every 2s'
	quit C-c
	host=("${captured[@]}")
}

chooses_columns() {
	start 80x24
	tm_keys C
	as_dumped C
	tm_keys Down Space
	tm_wait '[x] UUID'
	tm_keys Escape
	as_dumped 'C Down Space Esc'
	tm_wait 'UUID'
	tm_keys F2
	tm_wait '[x] UUID'
	tm_keys Down Space Escape
	tm_gone 'UUID'
	quit
}

unfolds() {
	start 80x24
	tm_keys t
	as_dumped t
	tm_keys F5
	tm_gone 'iothread 1'
	tm_keys T
	as_dumped T
	tm_keys T
	tm_gone 'iothread 1'
	quit
}

opens_a_guest() {
	start 120x40
	tm_keys Down Enter
	as_dumped 'Down Enter'
	tm_wait 'vm2, running'
	tm_keys Escape
	tm_wait 'vm1  '
	tm_keys 2 Enter
	tm_wait 'vm1, running'
	tm_keys Tab
	tm_wait "${sign[3]}"
	quit
}

has_paused_a_while() {
	row 1 | grep -qE 'PAUSED ([2-9]|[1-9][0-9])(\.[0-9])?s'
}

# On this host, where time does not go back. Nobody needs guests for that.
pauses() {
	local held
	host=(-c none)
	start 80x24
	tm_until "$TM_DEADLINE" clock_is_not '' || tm_fail 'no clock'
	tm_keys z
	tm_wait PAUSED
	held=$(clock)
	[[ $(row 1) == *PAUSED* ]] || tm_fail 'the header does not say PAUSED'
	tm_until "$TM_DEADLINE" has_paused_a_while || tm_fail 'for how long?'
	[ "$(clock)" = "$held" ] || tm_fail 'the picture is not held'
	tm_keys z
	tm_gone PAUSED
	tm_until "$TM_DEADLINE" clock_is_not "$held" || tm_fail 'the picture stays held'
	quit
	host=("${captured[@]}")
}

helps() {
	local key
	start 80x24
	for key in F1 h '?'; do
		tm_keys "$key"
		as_dumped F1
		tm_keys x
		tm_gone 'Help ─'
	done
	tm_keys 2 F1 PageDown
	as_dumped '2 F1 PgDn'
	tm_keys q # closes the help, not the program
	as_dumped 2
	quit
}

# What there is room for: the screen, the sentence that there is none for it, or at least no end.
as_it_fits() {
	local cols=${size%x*} rows=${size#*x}

	if [ "$cols" -ge 40 ] && [ "$rows" -ge 8 ]; then
		as_dumped
	elif [ "$cols" -ge 20 ]; then
		tm_wait "needs 40x8, has $size"
	else
		tm_is alternate_on 1 || tm_fail "it ended at $size"
	fi
}

resizes() {
	local keys
	start 80x24
	for size in 40x8 39x7 2x2 1x1 300x1 1x100 300x100 200x50 20x5 120x40 80x12 80x24; do
		resize "$size"
		as_it_fits
	done
	quit
	for keys in s F1 '/' Enter; do
		start 80x24
		tm_keys "$keys"
		as_dumped "$keys"
		resize 1x1
		for size in 120x40 80x24; do
			resize "$size"
			tm_keys Home # a menu has scrolled where it was small
			as_dumped "$keys Home"
		done
		tm_keys F10
		tm_ended 0
	done
	start 80x24
	RANDOM=${SEED:-1}
	for _ in {1..60}; do
		resize "$((RANDOM % 300 + 1))x$((RANDOM % 100 + 1))"
	done
	as_dumped
	resize 80x24
	as_dumped
	quit
}

starts_in_any_size() {
	local odd
	for odd in 1x1 2x2 20x5 300x1; do
		size=$odd
		tm_start "$odd" "$kvmtop" "${host[@]}" -d 0.3
		tm_until "$TM_DEADLINE" tm_is alternate_on 1 || tm_fail "nothing at $odd"
		as_it_fits
		resize 80x24
		as_dumped
		tm_keys q
		tm_until "$TM_DEADLINE" tm_is alternate_on 0 || tm_fail 'it did not end'
		# tmux may have put back its first screen badly, which was that small.
		tm_shell "echo sta'tus' \$?"
		tm_wait 'status 0'
		tm_restored
	done
}

# For a terminal that it does not know ncurses itself leaks a little, which a sanitizer would report.
unknown_terminals() {
	with=(env -u TERM ASAN_OPTIONS=detect_leaks=0)
	start 80x24
	as_dumped
	quit
	with=(env ASAN_OPTIONS=detect_leaks=0)
	for term in '' nonsense xterm-kitty vt100 linux screen-256color; do
		start 80x24
		as_dumped
		tm_keys 3
		as_dumped 3
		quit
	done
	with=()
	term=$TM_TERM
}

# 30-37, 40-47, 90-97 and 100-107 are colours, 38 and 48 begin others.
shows_colours() {
	tm_capture_colours | grep -qP '\033\[([0-9;]*;)?(3[0-8]|4[0-8]|9[0-7]|10[0-7])[;m]'
}

# shows_reversed TEXT: a row with this text has something in reverse video. What is set in one row holds
# in the next.
shows_reversed() {
	tm_capture_colours | awk -v text="$1" '{
		n = split($0, part, "\033[[]")
		seen = reverse && part[1] != ""
		for (i = 2; i <= n; i++) {
			codes = part[i]
			sub(/[a-zA-Z].*/, "", codes)
			for (k = split(codes, code, ";"); k > 0; k--)
				if (code[k] == 7) break
			reverse = k > 0 || (reverse && codes !~ /^0?$|^0;|27/)
			rest = part[i]
			sub(/^[0-9;]*[a-zA-Z]/, "", rest)
			seen = seen || (reverse && rest != "")
		}
		if (seen && index($0, text)) found = 1
	}
	END { exit !found }'
}

# Then reverse video tells the line that is selected, and words tell everything else.
no_colours() {
	local digit
	for digit in 2 3 4 8 1; do
		tm_keys "$digit"
		as_dumped "$digit"
		shows_colours && tm_fail "colours on screen $digit"
	done
	shows_reversed 'vm1 ' || tm_fail 'one does not see which line is selected'
	shows_reversed 'vm2 ' && tm_fail 'two lines are selected'
	tm_keys z
	tm_wait PAUSED
	tm_keys z s
	tm_wait '* CPU%'
	shows_colours && tm_fail 'colours in the menu'
	tm_keys Escape F1
	tm_wait 'Help ─'
	shows_colours && tm_fail 'colours in the help'
	tm_keys F10
	tm_ended 0
}

colours_only_where_wanted() {
	start 80x24
	tm_until "$TM_DEADLINE" shows_colours || tm_fail 'no colours'
	quit
	with=(env NO_COLOR=1)
	start 80x24
	no_colours
	with=()
	term=vt100
	start 80x24
	no_colours
	term=$TM_TERM
}

letters() {
	tr -cd '[:alnum:]\n'
}

# Pure ASCII with the same words and figures; what is drawn, and what is cut off, may differ.
ascii() {
	local keys wanted
	TM_LANG=C
	start 80x24
	for keys in 2 3 4 8 1 t 't s' 't C' 't F1'; do
		tm_keys "${keys##* }"
		as_dumped "$keys"
		tm_capture | LC_ALL=C grep -qP '[^\x00-\x7f]' && tm_fail 'more than ASCII'
		[[ $keys == 't '* ]] || continue
		tm_keys Escape
		as_dumped t
	done
	tm_keys 0
	tm_wait "${sign[0]}"
	tm_capture | LC_ALL=C grep -qP '[^\x00-\x7f]' && tm_fail 'more than ASCII'
	quit
	size=120x40
	for keys in 1 2 3 4 8 T Enter; do
		wanted=$(TM_LANG=C.UTF-8 dumped "$keys" | letters)
		[ "$(dumped "$keys" | letters)" = "$wanted" ] || tm_fail "other words in ASCII: $keys"
	done
	TM_LANG=C.UTF-8
}

checks=(every_screen_at_every_size tab_walks_the_screens sorts searches filters
	text_fields_are_text sets_the_delay chooses_columns unfolds opens_a_guest pauses helps resizes
	starts_in_any_size unknown_terminals colours_only_where_wanted ascii)
tm_need
dir=$(mktemp -d "${TMPDIR:-/tmp}/kvmtop-screen.XXXXXX")
trap 'rm -rf "$dir"' EXIT
awk '/^## [0-9]/ && ++n > 2 { exit } { print } END { print "## end" }' "$whole" >"$dir/two.host"
# Something is said of each guest, at once.
echo 'numa-memory-remote.for = 0s' >"$dir/at-once.conf"
captured=(--root "$dir/two.host" --config "$dir/at-once.conf")
host=("${captured[@]}")
# What tmux.sh starts it ends itself, in a shell of its own.
(
	for check in ${ONLY:-"${checks[@]}"}; do
		"$check"
		echo "ok     $check"
	done
)
