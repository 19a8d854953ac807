# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# For scenarios in which rules' own plans are carried out and taken back.

# shellcheck source=tests/host/scenarios/lib.sh
. "$TESTHOST_DIR/scenarios/lib.sh"

journal=/run/testhost/advice-journal
settings=/run/testhost/advice.conf
said=/run/testhost/advice.said
screen=/run/testhost/screen # the socket of a terminal
export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0

# Limits that guests of this size can break, and no wait until they count.
cat >$settings <<'CONF'
numa-vcpu-float.for = 0s
ksm-disable.enabled = no
thp-mode.guest = 500000000
halt-poll-off.raise = 20
halt-poll-off.sleep = 100000
mem-swappiness.guests = 0.05
cpu-emulator-unpinned.raise = 0.03
CONF

kvmtop_run() {
	timeout -k 5 120 "$KVMTOP" --config $settings --journal $journal "$@" >$said 2>&1
}

# mend NAME RULE [SUBJECT]: by its plan.
mend() {
	kvmtop_run fix "$2" ${3:+"$3"} "--yes${3:+=$3}"
	[ $? -eq 0 ] && ok "$1: fixed" || not_ok "$1: fixed" "$(tail -n 3 $said | tr '\n' ' ')"
	sed 's/^/#   /' $said
}

on_screen() {
	tmux -S "$screen" capture-pane -p | grep -q "$1"
}

# expect_local NAME: of the fix before, which brought a guest's memory and vCPUs together, the effect that
# kvmtop measured.
expect_local() {
	local before after

	read -r before after < <(tr -s ' \n' ' ' <$said |
		sed -n 's/.*LOCAL \([0-9]*\)[0-9.]* % -> \([0-9]*\)[0-9.]* %[^>]*\(WAIT[^>]*>[^>]*\)\?, better.*/\1 \2/p')
	# How much of it was local before is up to where the vCPU was just then.
	expect_less "$1: the effect is told, and it is better" "${before:-100}" "${after:-0}"
	expect_less "$1: it is local then" 79 "${after:-0}"
}

# confirm NAME: a fix that takes a while, which the screen tells.
confirm() {
	wait_until 60 "the preview" on_screen "Enter applies" &&
		tmux -S "$screen" send-keys Enter &&
		if wait_until 60 "how far it is" on_screen "It is being done: .* of "; then
			ok "$1: the screen tells how far it is"
		else
			not_ok "$1: the screen tells how far it is" "nobody saw it"
		fi
}

# mend_by_key NAME RULE GUEST [CONFIRM]: of what is said about a guest the worst, by the key under it;
# with CONFIRM not by that key alone.
mend_by_key() {
	tmux -f /dev/null -S "$screen" new-session -d -x 120 -y 40 \
		"$KVMTOP" --config $settings --journal $journal -g "$3"
	# Not f alone: what a sample has just brought is shown first, what a key led to is fixed at once.
	if wait_until 120 "advice about $3" on_screen "f fix" &&
		tmux -S "$screen" send-keys 8 1 &&
		wait_until 60 "advice about $3" on_screen "f fix" &&
		tmux -S "$screen" send-keys f &&
		{ [ -z "${4:-}" ] || confirm "$1"; } &&
		wait_until 60 "the fix of $3" on_screen "Done, and read back"; then
		ok "$1: fixed by one key"
	else
		not_ok "$1: fixed by one key" "the screen shows:"
	fi
	wait_until 150 "the effect on $3" on_screen "Effect of fix"
	tmux -S "$screen" capture-pane -p >$said
	sed 's/^/#   /' $said
	tmux -S "$screen" send-keys Escape
	tmux -S "$screen" send-keys q
	wait_until 30 "the end of kvmtop" eval '! on_screen .'
}

take_back() {
	kvmtop_run undo --yes
	[ $? -eq 0 ] && ok "$1: undone" || not_ok "$1: undone" "$(tail -n 3 $said | tr '\n' ' ')"
}

# Of all that QEMU has, the part on a node in thousandths: an undo moves back as much to each node,
# whatever page it is.
all_on_node() {
	awk -v node="N$2" '{
		for (i = 3; i <= NF; i++) if ($i ~ /^N[0-9]+=/) {
			split($i, part, "=")
			sum += part[2]
			if (part[1] == node) here += part[2]
		}
	}
	END { printf "%d\n", 1000 * here / sum }' "/proc/$(guest_pid "$1")/numa_maps"
}

pins() {
	virsh -q vcpupin "$1" | awk 'NF { printf "%s=%s ", $1, $2 }'
}

# expect_rules NAME CONFIGURATION: the rules that find something are those of standard input; with
# may_find_more these are among them.
expect_rules() {
	local name=$1 wanted found line

	wanted=$(awk '{ print $1 }' | sort)
	next_run
	timeout -k 5 180 "$KVMTOP" --config "$2" advise -f csv >"$(table_file finding)" \
		2>"$samples_dir/$run/messages"
	columns finding "rule level subject evidence" | sed 's/^/#   /'
	[ -n "$wanted" ] || [ -s "$(table_file finding)" ] || not_ok "$name" "kvmtop said nothing at all"
	found=$(columns finding "rule level" | awk -F '\t' '$2 != "unjudged" { print $1 }' | sort -u)
	[ -n "$wanted$found" ] || ok "$name: nothing is found"
	while read -r line; do
		[ -z "$line" ] || ok "$name: $line"
	done < <(comm -12 <(echo "$wanted") <(echo "$found"))
	while read -r line; do
		[ -z "$line" ] || not_ok "$name: $line" "not found"
	done < <(comm -23 <(echo "$wanted") <(echo "$found"))
	while read -r line; do
		[ -z "$line" ] || [ -n "${may_find_more:-}" ] ||
			not_ok "$name: $line" "found, but there is no such defect"
	done < <(comm -13 <(echo "$wanted") <(echo "$found"))
}

# take_down NAME: this host, for whoever keeps what scenarios compared.
take_down() {
	[ ! -d "$TESTHOST_OUT/samples" ] || [ -e "$TESTHOST_OUT/$1.host" ] ||
		timeout 120 "$KVMTOP" capture -d 2 -n 5 "$TESTHOST_OUT/$1.host" </dev/null
}
