#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs a program on a real terminal (tmux) and looks at what it shows. To be sourced:
#
#   . "$(dirname "$0")/tmux.sh"
#   tm_start 80x24 ./kvmtop --demo
#   tm_wait 'DOMAIN'
#   tm_keys 2 Down
#   tm_wait 'VCPU'
#   tm_keys q
#   tm_ended 0
#   tm_restored
#   tm_end
#
# Each tm_start has a tmux server of its own, which ends with the script at the latest. Within it the
# program is started by an interactive bash, so that Ctrl-Z and fg work as for a user. Nothing here
# waits for time to pass: everything waits for what shall be seen, until a deadline.
#
# What fails prints the screen and ends the script with status 1. Without tmux the status is 77.

# The terminal that the program is told to be on, its locale, and seconds until a deadline. What is
# empty in TM_TERM is passed on as empty.
: "${TM_TERM=tmux-256color}"
: "${TM_LANG=C.UTF-8}"
: "${TM_DEADLINE=40}"

tm_dir=
tm_socket=
tm_cwd=

tm_need() {
	command -v tmux >/dev/null && return
	echo "SKIP: tmux is not installed"
	exit 77
}

# The server's environment is that of its tests, not of who runs them. Its socket lies in its own
# directory, so no name can meet another's. Its shell is not the user's, who may have none.
tm() {
	env -i PATH="$PATH" HOME="$tm_dir" SHELL="$BASH" LANG=C.UTF-8 LC_ALL=C.UTF-8 TZ=UTC TERM=xterm-256color \
		tmux -f /dev/null -S "$tm_socket" "$@"
}

tm_fail() {
	echo "FAILED: $*" >&2
	if [ -n "$tm_socket" ]; then
		echo '--- the screen:' >&2
		tm_capture >&2 || true
		echo '---' >&2
	fi
	exit 1
}

# tm_until SECONDS WORDS...: until the command succeeds. Status 1 at the deadline.
tm_until() {
	local end=$((SECONDS + $1 + 1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.03 # how often to look, not how long to wait
	done
}

tm_capture() {
	tm capture-pane -p
}

# With colours and attributes, as escape sequences.
tm_capture_colours() {
	tm capture-pane -pe
}

tm_shows() {
	tm_capture | grep -qF -- "$1"
}

tm_shows_not() {
	! tm_shows "$1"
}

# tm_wait TEXT [SECONDS]
tm_wait() {
	tm_until "${2:-$TM_DEADLINE}" tm_shows "$1" || tm_fail "'$1' was not seen"
}

# tm_gone TEXT [SECONDS]
tm_gone() {
	tm_until "${2:-$TM_DEADLINE}" tm_shows_not "$1" || tm_fail "'$1' stayed"
}

# Something that tmux knows about the terminal: tm_knows cursor_flag
tm_knows() {
	tm display-message -p "#{$1}"
}

tm_is() {
	[ "$(tm_knows "$1")" = "$2" ]
}

# Keys by tmux' names (Up, F1, C-c, Escape, BTab), or characters.
tm_keys() {
	tm send-keys -- "$@"
}

tm_type() {
	tm send-keys -l -- "$1"
}

tm_resize() {
	tm resize-window -x "${1%x*}" -y "${1#*x}"
}

# Types a line for the shell, which must be at its prompt.
tm_shell() {
	tm_type "$1"
	tm_keys Enter
}

# A file that the shell writes is whole when it has been renamed.
tm_modes() {
	rm -f "$tm_dir/$1"
	tm_shell "stty -g >$1.new; mv $1.new $1"
	tm_until "$TM_DEADLINE" test -s "$tm_dir/$1" || tm_fail 'the shell does not answer'
}

# tm_start COLUMNSxROWS COMMAND...
tm_start() {
	local size=$1 words
	shift
	tm_need
	[ -z "$tm_socket" ] || tm_end
	tm_dir=$(mktemp -d "${TMPDIR:-/tmp}/kvmtop-e2e.XXXXXX")
	tm_socket=$tm_dir/socket
	tm_cwd=$PWD
	trap tm_end EXIT
	printf '%s\n' "PS1='[\$?]\$ '" 'HISTFILE=' "cd '$tm_dir'" >"$tm_dir/bashrc"
	tm new-session -d -x 80 -y 24 \
		"exec env -u LC_ALL -u TMUX LANG=$TM_LANG bash --rcfile '$tm_dir/bashrc' -i" ||
		tm_fail 'tmux does not start'
	tm set-option -g status off
	tm_resize 80x24
	tm_wait '[0]$'
	tm_modes modes-before
	printf -v words '%q ' "$@"
	printf '%s\n' '#!/bin/bash' "cd '$tm_cwd'" "TERM='$TM_TERM' exec $words" >"$tm_dir/program"
	chmod +x "$tm_dir/program"
	tm_resize "$size"
	tm_shell 'clear; ./program; (exit $?)'
}

# The process that was started (its wrapper has become it).
tm_pid() {
	pgrep -P "$(tm_knows pane_pid)" | tail -n 1
}

tm_signal() {
	kill -s "$1" "$(tm_pid)"
}

# The program has ended with this status; 128 + n after signal n.
tm_ended() {
	tm_wait "[$1]\$"
}

# Ctrl-Z has stopped the program.
tm_stopped() {
	tm_wait 'Stopped'
}

# The terminal is what it was before the program ran. The shell must be at its prompt.
tm_restored() {
	local flag
	tm_is alternate_on 0 || tm_fail 'the second screen is still shown'
	tm_is cursor_flag 1 || tm_fail 'the cursor is still hidden'
	for flag in keypad_flag mouse_any_flag insert_flag; do
		tm_is "$flag" 0 || tm_fail "$flag is still set"
	done
	tm_modes modes-after
	cmp -s "$tm_dir/modes-before" "$tm_dir/modes-after" ||
		tm_fail "modes are $(cat "$tm_dir/modes-after"), were $(cat "$tm_dir/modes-before")"
}

# Ends the server and with it whatever still runs in it.
tm_end() {
	[ -n "$tm_socket" ] || return 0
	tm kill-server 2>/dev/null || true
	rm -rf "$tm_dir"
	tm_socket=
	tm_dir=
}
