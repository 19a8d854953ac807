# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What scenarios share: assertions, kvmtop's CSV, a log of the kernel's own scheduling figures.
#
# A scenario prints `ok NAME` or `not ok NAME: why` per assertion and # comments. Figures of kvmtop
# are compared with those that another tool, or the kernel's file itself, gave for the same moment.

# shellcheck source=tests/host/guests.sh
. "$TESTHOST_DIR/guests.sh"

scenario=$(basename "$0" .sh)
samples_dir=/run/testhost/samples/$scenario
run=0
mkdir -p "$samples_dir"

# ---- guests ----

# comes_up "NAME KEY=VALUE...": now and then emulation leaves a guest's kernel spinning before it has
# said a word. Such a guest is started again, once, which costs less than another host.
comes_up() {
	local name=${1%% *}

	guest_wait "$name" up 60 && return
	echo "# $scenario: $name hangs as it boots; started again"
	guest_kill "$name"
	# shellcheck disable=SC2086,SC2154
	"$guest_starter" $1 && guest_wait "$name" up
}

# have_guests ["NAME KEY=VALUE..."...]: these guests and no others, up, with their memory filled. A
# guest that is there already with the same keys is kept: scenarios that follow one another share.
have_guests() {
	local line name file started=()

	for file in "$guests_dir"/*.keys; do
		[ -e "$file" ] || continue
		name=$(basename "$file" .keys)
		for line in "$@"; do
			[ "$line" = "$(<"$file")" ] && continue 2
		done
		guest_kill "$name"
		rm -f "$file"
	done
	for line in "$@"; do
		name=${line%% *}
		[ -e "$guests_dir/$name.keys" ] && continue
		# shellcheck disable=SC2086,SC2154
		"$guest_starter" $line &
		started+=($!)
	done
	for job in "${started[@]}"; do
		require "guests start" wait "$job"
	done
	for line in "$@"; do
		name=${line%% *}
		[ -e "$guests_dir/$name.keys" ] || require "$name is up" comes_up "$line"
		case $line in
		*hold=yes*) require "$name is ready" guest_wait "$name" ready ;;
		*) require "$name works" guest_wait "$name" works ;;
		esac
		echo "$line" >"$guests_dir/$name.keys"
	done
	echo "# $scenario: guests ready at $(cut -d ' ' -f 1 /proc/uptime) s"
}

# ---- assertions ----

ok() {
	echo "ok $scenario: $1"
}

not_ok() {
	echo "not ok $scenario: $1: $2"
}

expect_same() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "kvmtop says '$2', it is '$3'"
	fi
}

# expect_near NAME GOT WANT TOLERANCE: numbers, the tolerance in the same unit.
expect_near() {
	if is_near "$2" "$3" "$4"; then
		ok "$1"
	else
		not_ok "$1" "kvmtop says '$2', it is '$3' (± $4)"
	fi
}

# Sets micro to a decimal number in millionths: every process not started counts under emulation.
to_micro() {
	local whole fraction sign=1

	[[ $1 =~ ^(-?)([0-9]+)(\.([0-9]+))?$ ]] || return
	[ -z "${BASH_REMATCH[1]}" ] || sign=-1
	whole=${BASH_REMATCH[2]} fraction=${BASH_REMATCH[4]}000000
	micro=$((sign * (10#$whole * 1000000 + 10#${fraction:0:6})))
}

is_near() {
	local micro got want tolerance

	to_micro "$1" && got=$micro && to_micro "$2" && want=$micro && to_micro "$3" || return
	tolerance=$micro
	[ $((got - want)) -le "$tolerance" ] && [ $((want - got)) -le "$tolerance" ]
}

# expect_between NAME GOT LOW HIGH: a figure that lies between two readings of the truth.
expect_between() {
	local micro got low high

	if to_micro "$2" && got=$micro && to_micro "$3" && low=$micro && to_micro "$4" &&
		high=$micro && [ "$got" -ge "$low" ] && [ "$got" -le "$high" ]; then
		ok "$1"
	else
		not_ok "$1" "kvmtop says '$2', it is between '$3' and '$4'"
	fi
}

# expect_less NAME A B: whole numbers.
expect_less() {
	if [ "$2" -lt "$3" ]; then ok "$1"; else not_ok "$1" "$2 is not less than $3"; fi
}

# expect_true NAME WHY COMMAND...
expect_true() {
	local name=$1 why=$2
	shift 2

	if "$@" >/dev/null 2>&1; then
		ok "$name"
	else
		not_ok "$name" "$why"
	fi
}

# For what must be so or nothing that follows means anything; a new host may have it.
require() {
	local what=$1
	shift

	if ! "$@"; then
		echo "# $scenario: $what: the scenario cannot be set up"
		exit 99
	fi
}

# ---- kvmtop's figures ----

table_file() {
	echo "$samples_dir/$run/$1.csv"
}

# Each run of kvmtop has a directory of its own, and what reads its tables reads the last run's.
next_run() {
	run=$((run + 1))
	mkdir "$samples_dir/$run"
}

# Sets the array kvmtop_run for INTERVAL COUNT TABLE...
kvmtop_command() {
	local interval=$1 count=$2 list
	shift 2

	list=$(IFS=,; echo "$*")
	# shellcheck disable=SC2206
	kvmtop_run=(timeout -k 5 $((${interval%.*} * count + 90)) "$KVMTOP" -b $kvmtop_options
		-d "$interval" -n "$count" -t "$list" -o "$samples_dir/$run/")
}

# kvmtop_start INTERVAL COUNT TABLE...: in the background, as $kvmtop_job, for callers that do
# something meanwhile; then kvmtop_wait TABLE...
kvmtop_start() {
	next_run
	kvmtop_command "$@"
	"${kvmtop_run[@]}" </dev/null 2>"$samples_dir/$run/messages" &
	kvmtop_job=$!
}

kvmtop_wait() {
	local status=0 table

	wait "$kvmtop_job" || status=$?
	case $status in
	0 | 3) ;;
	*) not_ok "kvmtop -b" "exit status $status: $(tail -n 3 "$samples_dir/$run/messages")" ;;
	esac
	for table in "$@"; do
		[ -s "$(table_file "$table")" ] || not_ok "table $table" "kvmtop wrote nothing"
	done
}

# take INTERVAL COUNT TABLE...: all tables of one run of kvmtop, for the columns below.
take() {
	kvmtop_start "$@"
	kvmtop_wait "${@:3}"
}

are_placed() {
	local name

	[ "$(only_last=yes columns domain sample)" -ge "$1" ] || return
	for name in $2; do
		[ -n "$(col placement share_ratio "domain=$name")" ] || return
	done
}

# take_placed INTERVAL COUNT "GUEST..." TABLE...: at least so many samples, and as many as it takes
# until the placement of each guest was read. kvmtop spends little of a CPU on that, and under
# emulation little does not reach far.
take_placed() {
	local name

	for name in $3; do
		numastat_bytes "$name" >"$samples_dir/$name.nodes"
	done
	kvmtop_start "$1" 60 "${@:4}"
	wait_until 150 "the placement of $3" are_placed "$2" "$3"
	kill -TERM "$kvmtop_job" 2>/dev/null
	kvmtop_wait "${@:4}"
}

kvmtop_options=

# columns TABLE "COLUMN..." [KEY=VALUE...]: the rows that match, tab between the fields; `sample` is
# a column too: its number, from 1. An unknown column is an error, not an empty field.
columns() {
	local table=$1 names=$2
	shift 2

	awk -v only_last="${only_last:-}" -v names="$names" -v filters="$(printf '%s\n' "$@")" -v table="$table" '
	function split_row(row, field,   piece, pieces, n, i, open, value) {
		# Most rows have none: to look at each character takes an emulated host a second.
		if (!index(row, "\"")) return split(row, field, ",")
		pieces = split(row, piece, ",")
		for (i = 1; i <= pieces; i++) {
			value = open ? value "," piece[i] : piece[i]
			open = gsub(/"/, "\"", value) % 2
			if (open) continue
			if (value ~ /^"/) value = substr(value, 2, length(value) - 2)
			gsub(/""/, "\"", value)
			field[++n] = value
		}
		return n
	}
	function need(name) {
		if (!(name in place)) {
			print "no column " name " in table " table > "/dev/stderr"
			failed = 1
			exit 1
		}
		return place[name]
	}
	{ sub(/\r$/, "") }
	NR == 1 {
		count = split_row($0, head)
		for (i = 1; i <= count; i++) place[head[i]] = i
		place["sample"] = 0
		wanted = split(names, want, " ")
		for (i = 1; i <= wanted; i++) need(want[i])
		rules = split(filters, rule, "\n")
		for (i = 1; i <= rules; i++) if (rule[i] != "") {
			equal = index(rule[i], "=")
			key[i] = need(substr(rule[i], 1, equal - 1))
			value[i] = substr(rule[i], equal + 1)
		}
		next
	}
	{
		split_row($0, field)
		if (field[place["time"]] != last) { last = field[place["time"]]; sample++ }
		field[0] = sample
		for (i = 1; i <= rules; i++)
			if (rule[i] != "" && field[key[i]] != value[i]) next
		line = field[need(want[1])]
		for (i = 2; i <= wanted; i++) line = line "\t" field[place[want[i]]]
		if (!only_last) print line
		else if (field[place[want[1]]] != "") kept = line
	}
	END { if (only_last && !failed) print kept; exit failed }' "$(table_file "$table")"
}

# col TABLE "COLUMN..." [KEY=VALUE...]: the last row that has the first of these columns.
col() {
	only_last=yes columns "$@"
}

# Sum over samples of a ratio times its interval: seconds of CPU time, and the span they cover.
seconds_of() {
	local table=$1 column=$2
	shift 2

	columns "$table" "interval_seconds $column" "$@" |
		awk -F '\t' '$2 != "" { time += $1 * $2; span += $1 } END { printf "%.6f %.6f\n", time, span }'
}

# No two samples of table domain lie farther apart than one and a half intervals.
expect_rhythm() {
	local worst

	worst=$(columns domain interval_seconds name=spin1 | awk '$1 > worst { worst = $1 } END { print worst + 0 }')
	expect_true "samples keep their rhythm" "an interval of $worst s instead of $1" \
		awk "BEGIN { exit !($worst > 0 && $worst <= $1 * 1.5) }"
}

# ---- the kernel's own figures ----

# One "time cpuN busy all" per CPU, in ticks.
reference_cpus() {
	local before=$EPOCHREALTIME line lines

	mapfile -t lines </proc/stat
	for line in "${lines[@]}"; do
		[[ $line = cpu[0-9]* ]] || continue
		# Time in guests is part of the first two.
		read -r cpu user nice system idle iowait irq softirq steal _ <<<"$line"
		busy=$((user + nice + system + irq + softirq + steal))
		echo "$before $cpu $busy $((busy + idle + iowait))"
	done
}

# Writes "time thread run wait" of each thread several times a second until reference_stop, with
# nothing but the shell's own reading: a process per reading would disturb what is measured. Of "cpus"
# instead of a thread, what reference_cpus writes; of a file with one number, "time FILE number".
reference_start() {
	local tasks=() files=() tid

	for tid in "$@"; do
		case $tid in
		cpus) ;;
		/*) files+=("$tid") ;;
		*) tasks+=("/proc/$tid/schedstat") ;;
		esac
	done
	rm -f "$samples_dir/reference.stop"
	(
		while [ ! -e "$samples_dir/reference.stop" ]; do
			for task in "${tasks[@]}"; do
				before=$EPOCHREALTIME
				read -r run wait _ <"$task" || continue
				task=${task%/schedstat}
				echo "$before ${task##*/} $run $wait"
			done
			for file in "${files[@]}"; do
				before=$EPOCHREALTIME
				read -r number <"$file" && echo "$before $file $number"
			done
			[[ " $* " != *" cpus "* ]] || reference_cpus
			pause 0.2
		done
	) >"$samples_dir/reference" 2>/dev/null &
	reference_job=$!
	wait_until 20 "the first reference reading" test -s "$samples_dir/reference"
}

reference_stop() {
	touch "$samples_dir/reference.stop"
	wait "$reference_job"
}

# reference_windows TID FIELD TABLE [KEY=VALUE...]: per row "SECONDS GREW": the length of its window
# (time minus interval to time), and how much field 3 or 4 of the log grew in it, by interpolation.
reference_windows() {
	local tid=$1 field=$2 table=$3
	shift 3

	columns "$table" "time interval_seconds" "$@" | awk -v tid="$tid" -v field="$field" '
	function epoch(text,   y, m, d, days) {
		y = substr(text, 1, 4) + 0; m = substr(text, 6, 2) + 0; d = substr(text, 9, 2) + 0
		if (m <= 2) { y--; m += 12 }
		days = 365 * y + int(y / 4) - int(y / 100) + int(y / 400) + int((153 * m - 457) / 5) + d - 719469
		return days * 86400 + substr(text, 12, 2) * 3600 + substr(text, 15, 2) * 60 + substr(text, 18, 6)
	}
	function at(moment,   i) {
		for (i = 2; i < n && when[i] < moment; i++) ;
		return value[i - 1] + (value[i] - value[i - 1]) * (moment - when[i - 1]) / (when[i] - when[i - 1])
	}
	FNR == NR { if ($2 == tid) { when[++n] = $1; value[n] = $field }; next }
	$2 != "" && $2 > 0 && n > 1 {
		end = epoch($1)
		printf "%.6f %.6f\n", $2, at(end) - at(end - $2)
	}' "$samples_dir/reference" -
}

# Seconds that a thread ran (field 3) or waited (4) in those windows together.
reference_seconds() {
	reference_windows "$@" | awk '{ sum += $2 } END { printf "%.6f\n", sum / 1e9 }'
}

# reference_busy N TABLE [KEY=VALUE...]: of CPU N the ticks that were not idle, as a share of all that
# the kernel counted; the mean over those windows. The clock is no measure: emulation loses ticks.
reference_busy() {
	paste <(reference_windows "cpu$1" 3 "${@:2}") <(reference_windows "cpu$1" 4 "${@:2}") |
		awk '$4 > 0 { sum += $1 * $2 / $4; span += $1 } END { printf "%.6f\n", sum / span }'
}

# expect_cpu_seconds NAME GOT WANT SPAN: within 2 %.
expect_cpu_seconds() {
	echo "# $scenario: $1: kvmtop $2 s, kernel $3 s of $4 s"
	expect_near "$1" "$2" "$3" "$(awk -v want="$3" 'BEGIN { printf "%.6f", 0.02 * want }')"
}

# expect_cpu_time NAME TID COLUMN FIELD TABLE [KEY=VALUE...]: a ratio of kvmtop against the log, within
# 2 % of it.
expect_cpu_time() {
	local name=$1 tid=$2 column=$3 field=$4 got span want
	shift 4

	read -r got span < <(seconds_of "$1" "$column" "${@:2}")
	want=$(reference_seconds "$tid" "$field" "$@")
	expect_cpu_seconds "$name" "$got" "$want" "$span"
}

# Bytes of a guest's process on each node, from numastat: "NODE BYTES" per line.
numastat_bytes() {
	numastat -p "$(guest_pid "$1")" | awk -v row="${2:-Total}" '
	$1 == "Node" { for (i = 1; i < NF; i += 2) node[++nodes] = $(i + 1) }
	$1 == row { for (i = 1; i <= nodes; i++) printf "%s %.0f\n", node[i], $(i + 1) * 1048576 }'
}

# Of a guest's RAM, which is the largest of QEMU's mappings, the part on a node in thousandths.
ram_on_node() {
	awk -v node="N$2" '{
		here = sum = 0
		for (i = 3; i <= NF; i++) if ($i ~ /^N[0-9]+=/) {
			split($i, part, "=")
			sum += part[2]
			if (part[1] == node) here = part[2]
		}
		if (sum > most) { most = sum; share = 1000 * here / sum }
	}
	END { printf "%d\n", share }' "/proc/$(guest_pid "$1")/numa_maps"
}

# "NODE LOW HIGH": bytes before take_placed and now, for a VMM that has just started still grows.
numastat_range() {
	join "$samples_dir/$1.nodes" <(numastat_bytes "$1") |
		awk '{ print $1, ($2 < $3 ? $2 : $3), ($2 > $3 ? $2 : $3) }'
}

# Memory per node within 2 % of the guest's RAM of $2 MiB; of take_placed with --numa exact, which
# counts what numastat counts: all that is resident.
expect_placement() {
	local name=$1 tolerance=$(($2 * 1048576 / 50)) node low high got

	while read -r node low high; do
		got=$(col placement memory_bytes "domain=$name" "node=$node")
		expect_between "$name: memory on node $node" "${got:-0}" $((low - tolerance)) $((high + tolerance))
	done < <(numastat_range "$name")
}

# "NODE SHARE" of all that is resident, from numastat.
resident_shares() {
	numastat_bytes "$1" | awk '
	{ node[NR] = $1; bytes[NR] = $2; sum += $2 }
	END { for (i = 1; i <= NR; i++) printf "%s %.6f\n", node[i], bytes[i] / sum }'
}

# Shares per node of a run that was free to sample: 2 points and thrice the error that it tells.
expect_shares() {
	local name=$1 node share got error

	while read -r node share; do
		IFS=$'\t' read -r got error < <(col placement "share_ratio share_error_ratio" \
			"domain=$name" "node=$node")
		expect_near "$name: share of memory on node $node" "${got:-0}" "$share" \
			"$(awk -v error="$error" 'BEGIN { printf "%.6f", 0.02 + 3 * error }')"
	done < <(resident_shares "$name")
}
