#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# cli.sh KVMTOP HOST: what the command line promises to scripts. HOST is a captured host with guests
# and at least three samples. Prints what fails; the status says whether something did.

set -u
kvmtop=$(readlink -f "${1:?which kvmtop?}")
host=$(readlink -f "${2:?which captured host?}")
hosts=$(dirname "$host")
forms=$(dirname "$(readlink -f "$0")")/advice_forms.py
dir=$(mktemp -d)
pid=
others=() # what else was started and may still be there
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null; kill "${others[@]}" 2>/dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit 2
# shellcheck disable=SC2317 # tests are called by their names
export LC_ALL=C.UTF-8 TERM=xterm
# Only this host's own libraries are tested here, not its libvirt.
live=(-c none)
captured=(--root "$host")
failed=0
seconds=20

fail() {
	echo "FAILED: $*"
	sed 's/^/  out: /' out 2>/dev/null | head -n 5
	sed 's/^/  err: /' err 2>/dev/null | head -n 5
	failed=1
}

# run STATUS ARGUMENTS...: standard output goes to "out", standard error to "err".
run() {
	local expected=$1 status
	shift
	LC_ALL=${locale:-C.UTF-8} timeout "$seconds" "$kvmtop" "$@" >out 2>err </dev/null
	status=$?
	[ "$status" -eq "$expected" ] || fail "kvmtop $*: status $status, not $expected"
	if grep -qv '^kvmtop: ' err; then fail "kvmtop $*: a line of standard error is not ours"; fi
}

says() {
	grep -qF -- "$1" err || fail "standard error does not say: $1"
}

says_only() {
	[ "$(cat err)" = "kvmtop: $1" ] || fail "standard error does not say only: $1"
}

silent() {
	[ ! -s "$1" ] || fail "$1 is not empty"
}

# until_true COMMAND...: until it succeeds, at most $seconds.
until_true() {
	local end=$((SECONDS + seconds))
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.02
	done
}

lines() {
	[ -e "$1" ] && [ "$(wc -l <"$1")" -ge "$2" ]
}

# csv FILE: RFC 4180, one head, as many fields everywhere, no time twice for one row's identity.
csv() {
	python3 - "$1" <<'P' || fail "$1 is no good CSV"
import csv, sys
data = open(sys.argv[1], newline="").read()
assert data.endswith("\n") and "\r" not in data, "ends of lines"
rows = list(csv.reader(data.splitlines(keepends=True), strict=True))
head = rows[0]
assert head[:2] == ["time", "interval_seconds"] and head[-1] == "status", head
for row in rows[1:]:
    assert len(row) == len(head), row
    assert row != head, "second head"
    assert row[0].endswith("Z") and len(row[0]) == 24, row[0]
    assert float(row[1]) >= 0
    assert row[-1] in "ok first stale partial reset denied stuck".split(), row[-1]
P
}

help_and_version() {
	run 0 --help
	silent err
	[ "$(wc -L <out)" -le 110 ] || fail "--help is too wide"
	run 0 -h
	run 0 --version
	silent err
	grep -qxE 'kvmtop [0-9]+\.[0-9]+\.[0-9]+' out || fail "--version"
	run 0 -V
	run 0 --list-tables
	run 0 --list-columns
	run 0 --list-keys
	silent err
}

# Whoever names a libvirt hears that it is not there; by default there may be none.
libvirt_that_is_not_there() {
	run 3 -b -n 1 -d 0.2 -c nosuch:///there -t domain -C libvirt_state
	says 'kvmtop: libvirt: absent: No connection'
	LC_ALL=C.UTF-8 "$kvmtop" -b -n 1 -d 0.2 -c none -t domain -C libvirt_state >out 2>err </dev/null
	! grep -q libvirt err || fail 'it misses a libvirt that nobody wants'
}

wrong_words() {
	local word
	run 2 --colums
	says "kvmtop: unknown option '--colums', did you mean '--columns'?"
	silent out
	run 2 -d 0
	says 'at least 0.1 seconds'
	run 2 -b -t domian
	says "did you mean 'domain'?"
	run 2 -b -C cpuu
	says "did you mean 'cpu_cpus'?"
	run 2 -b -f jsn
	says 'csv'
	run 2 -b -F 'nonsense >' "${captured[@]}"
	says "has no column 'nonsense'"
	grep -q 'nearest' err && fail 'something far away is called the nearest'
	run 2 -b -F 'cpux > 1' "${captured[@]}"
	says "the nearest is 'cpu'"
	# Of two tables that have a column of one name it is said which was meant.
	run 2 -b -t vcpu -F 'cpu>100%' "${captured[@]}"
	says "'100%' is no value of 'cpu': it takes a number such as 4 (table vcpu: Host CPU it last ran on)"
	run 2 -b -F '' "${captured[@]}"
	says '--filter needs an expression'
	run 2 -F ' ' "${captured[@]}"
	says '--filter needs an expression'
	run 2 -b -t domain, "${captured[@]}"
	says_only "--table 'domain,': a name is missing at a comma"
	run 2 -b -t domain -C name,,cpu "${captured[@]}"
	says 'a name is missing at a comma'
	run 0 -b -n 1 -t cpu -C time,interval_seconds,BUSY%,status "${captured[@]}"
	[ "$(head -n 1 out)" = time,interval_seconds,cpu,busy_ratio,status ] ||
		fail 'columns do not go by their titles, or what is always written is there twice'
	run 2 -b -n 1 -t host_exit -g web "${captured[@]}"
	says_only "table 'host_exit' tells of all guests together, which --guest leaves out; 'exit' has those of one"
	run 2 -b -s cpu,wait "${captured[@]}"
	says_only "--sort 'cpu,wait': rows are sorted by one column"
	run 2 -s cpu,wait "${captured[@]}"
	says 'rows are sorted by one column'
	run 2 -b -C nonsense
	grep -q 'did you mean' err && fail 'something far away was meant'
	run 2 -b --keys q
	run 2 interval
	silent out
}

wrong_roots() {
	run 1 -b --root "$dir/nothing"
	says 'No such file'
	mkdir -p empty
	run 1 -b --root empty
	says 'no captured host'
	echo text >text
	run 1 -b --root text
	says 'no captured host'
	run 1 -b --root /dev/null
	says 'no captured host'
	silent out
}

no_terminal() {
	run 1 "${captured[@]}"
	says 'kvmtop -b'
	says -- '--dump'
	silent out
}

csv_of_every_table() {
	local table
	while read -r table _; do
		# This host has neither disks nor NICs, nothing ails it, nobody looked at its exits,
		# and libvirt told nothing.
		case $table in
		blockdev | *exit | event | defined)
			run 3 -b "${captured[@]}" -t "$table" -n 1
			says ': absent: '
			csv out
			continue
			;;
		esac
		run 0 -b "${captured[@]}" -t "$table" -n 1
		silent err
		run 0 -b "${captured[@]}" -t "$table"
		csv out
		case $table in disk | nic | interface | pci | finding) continue ;; esac
		lines out 2 || fail "no rows of table $table"
	done < <("$kvmtop" --list-tables)
}

first_sample_only_primes() {
	run 0 -b "${captured[@]}" -t host -C uptime
	grep -q ',first$' out && fail 'the first sample was written'
	[ "$(wc -l <out)" -ge 3 ] || fail 'too few samples'
	run 0 -b "${captured[@]}" -t host -n 1
	[ "$(wc -l <out)" -eq 2 ] || fail '-n 1 is not one sample'
}

# A recording has an end, and whoever wanted more is told so.
recordings_end() {
	local samples
	samples=$(grep -c '^## [0-9]' "$host")
	run 0 -b "${captured[@]}" -t host -C uptime -n $((samples - 1))
	silent err
	run 0 -b "${captured[@]}" -t host -C uptime -n 100
	says_only "end of the recording: $samples samples, $((samples - 1)) written (the first has no rates)"
	run 0 -b "${captured[@]}" -t host -C uptime
	says_only "end of the recording: $samples samples, $((samples - 1)) written (the first has no rates)"
}

guests_that_are_not_there() {
	local name
	run 0 -b "${captured[@]}" -n 1 -C name
	name=$(sed -n 2p out | cut -d, -f3)
	run 3 -b "${captured[@]}" -n 1 -g 'no such guest'
	says_only "no guest is called 'no such guest'"
	silent out
	run 3 -b "${captured[@]}" -g "${name}x"
	says_only "no guest is called '${name}x', did you mean '$name'?"
	silent out
	# What is not about guests is written all the same.
	run 3 -b "${captured[@]}" -n 1 -g "${name}x" -t host
	csv out
	lines out 2 || fail 'no row of the host'
	# Live it may still come: this is said at once, and then waited for.
	start -b -d 100 "${live[@]}" -g 'no such guest'
	until_true says_now "no guest is called 'no such guest' yet" || fail 'nothing is said at once'
	silent out
	kill -TERM "$pid"
	ends 3
	silent out
}

says_now() {
	grep -qF -- "$1" err
}

# emulate NAME OPTIONS: a guest of QEMU alone, paused; then unemulate.
emulate() {
	local name=$1
	qemu-system-x86_64 -accel tcg -S -nodefaults -no-user-config -display none -m 16 -name "$name$2" \
		>/dev/null 2>&1 &
	others+=("$!")
	until_true eval '"$kvmtop" -b -n 1 -d 0.1 -c none -g "$name" -C name 2>/dev/null | grep -q "$name"' ||
		fail 'the emulated guest is not seen'
}

unemulate() {
	kill "${others[@]}"
	wait "${others[@]}" 2>/dev/null
	others=()
}

# A QEMU without KVM lacks nothing that a right or a mount would give.
emulated_guest() {
	local name="tcg-$$"
	command -v qemu-system-x86_64 >/dev/null || return 0
	emulate "$name" ,debug-threads=on
	run 0 -b -n 1 -d 0.1 "${live[@]}" -g "$name" -C vmm,rss,exits
	silent err
	grep -q ',qemu-tcg,[0-9]*,,ok$' out || fail 'an emulated guest is not shown as one'
	run 0 -b -n 1 -d 0.2 "${live[@]}" -g "$name" -t vcpu -C guest,user
	grep -q ',,[0-9.]*,ok$' out || fail 'an emulated guest has guest time'
	unemulate
}

# Its vCPU cannot be told from its other threads: a head alone would say that there is none.
nameless_vcpus() {
	local name="nameless-$$"
	command -v qemu-system-x86_64 >/dev/null || return 0
	emulate "$name" ''
	run 3 -b -n 1 -d 0.1 "${live[@]}" -g "$name" -t vcpu
	says 'threads: 1 vCPU of 1 guest is not told from other threads yet; -name ...,debug-threads=on'
	[ "$(wc -l <out)" -eq 1 ] || fail 'a vCPU that nobody can tell has a row'
	run 0 -b -n 1 -d 0.1 "${live[@]}" -g "$name" -C state
	silent err
	if grep -q ',idle,' out; then fail 'a guest is idle though nobody knows its vCPUs'; fi
	unemulate
}

locale_does_not_matter() {
	run 0 -b "${captured[@]}" -t vcpu
	mv out expected
	local locale
	for locale in de_DE.UTF-8 C; do
		run 0 -b "${captured[@]}" -t vcpu
		cmp -s out expected || fail "$locale"
	done
}

columns_sort_and_filter() {
	run 0 -b "${captured[@]}" -C memory,cpu -n 1 -s -memory
	head -n 1 out | grep -q '^time,interval_seconds,name,uuid,pid,memory_bytes,cpu_cpus,status$' ||
		fail 'columns'
	tail -n +2 out | cut -d, -f6 | grep . >sizes
	sort -nc sizes || fail 'not sorted'
	run 0 -b "${captured[@]}" -n 1 -C name
	name=$(sed -n 2p out | cut -d, -f3)
	run 0 -b "${captured[@]}" -n 1 -C name -F "name = $name"
	[ "$(wc -l <out)" -eq 2 ] || fail "filter"
	run 0 -b "${captured[@]}" -n 1 -C name -g "$name"
	[ "$(wc -l <out)" -eq 2 ] || fail "guest"
}

# A source that lacks something is told of, and no row that needs it claims to be whole.
partial_sources() {
	local partial=(--root "$(dirname "$host")/no-numa.host")
	run 3 -b "${partial[@]}" -n 1 -C exits
	says 'kvm: partial: '
	says 'debugfs is not mounted'
	grep -q ',partial$' out || fail 'the row does not say partial'
	grep -q ',ok$' out && fail 'a row without exits is ok'
	run 0 -b "${partial[@]}" -n 1 -C rss
	silent err
	tail -n +2 out | grep -qv ',ok$' && fail 'a row that is whole is not ok'
}

files() {
	run 0 -b "${captured[@]}" -o one.csv -t host
	silent out
	csv one.csv
	local n
	n=$(wc -l <one.csv)
	run 0 -b "${captured[@]}" -o one.csv -t host
	csv one.csv
	[ "$(wc -l <one.csv)" -eq $((2 * n - 1)) ] || fail 'not appended'
	run 0 -b "${captured[@]}" -o one.csv -t host -C uptime
	says 'one.1.csv'
	csv one.1.csv
	run 0 -b "${captured[@]}" -o all/
	says 'made the directory all/'
	run 5 -b "${captured[@]}" -o none/all/
	says_only 'none/all/: No such file or directory'
	[ "$(find all -name '*.csv' | wc -l)" -eq "$("$kvmtop" --list-tables | grep -vc 'only where it is named')" ] ||
		fail 'not a file per table'
	for file in all/*.csv; do csv "$file"; done
}

# is_off SOURCE FILE: nobody needed it, says that table of sources.
is_off() {
	grep -q "^[^,]*,[^,]*,$1,off," "$2"
}

# Tracepoints and counters cost the guests something, so somebody must have asked for them.
dear_sources() {
	run 0 -b "${captured[@]}" -n 1 -o plain/
	is_off exits plain/source.csv || fail 'a directory of tables watches exits'
	is_off counters plain/source.csv || fail 'a directory of tables counts events'
	run 3 -b "${captured[@]}" -n 1 -t host_exit,source -o exits/
	is_off exits exits/source.csv && fail 'the table of exits does not watch them'
	is_off counters exits/source.csv || fail 'the table of exits counts events'
	run 0 -b "${captured[@]}" -n 1 -t source
	is_off '[a-z_]*' out && fail 'the table of sources alone leaves one out'
	for table in domain vcpu; do
		run 0 -b "${captured[@]}" -n 1 -t $table
		head -n 1 out | grep -qE ',(ipc|watch_cost_cpus),' && fail "table $table has what is dear"
		run 0 -b "${captured[@]}" -n 1 -t $table -C ipc
		head -n 1 out | grep -q ',ipc,status$' || fail "table $table does not have what was asked for"
	done
}

lost_output() {
	timeout "$seconds" "$kvmtop" -b "${captured[@]}" >/dev/full 2>err
	[ $? -eq 5 ] || fail '/dev/full is no loss'
	[ "$(wc -l <err)" -eq 1 ] || fail '/dev/full takes more than a line'
	timeout "$seconds" "$kvmtop" --help >/dev/full 2>err
	[ $? -eq 5 ] || fail '--help into /dev/full'
	timeout "$seconds" "$kvmtop" -b "${captured[@]}" >&- 2>err
	[ $? -eq 5 ] || fail 'closed standard output'
	run 5 -b "${captured[@]}" -o missing/one.csv
	echo mine >mine
	ln -s mine link.csv
	run 5 -b "${captured[@]}" -o link.csv
	says 'symbolic link'
	ln mine hard.csv
	run 5 -b "${captured[@]}" -o hard.csv
	mkfifo fifo.csv
	run 5 -b "${captured[@]}" -o fifo.csv
	says 'fifo.csv: nobody reads it'
	run 5 -b "${captured[@]}" -o /dev/full
	[ "$(cat mine)" = mine ] || fail 'somebody else'"'"'s file was changed'
}

# What keeps no data of its own is written to as standard output is.
devices() {
	run 0 -b "${captured[@]}" -n 1
	mv out expected
	run 0 -b "${captured[@]}" -n 1 -o /dev/null
	silent out
	silent err
	run 0 -b "${captured[@]}" -n 1 -o /dev/stdout
	cmp -s out expected || fail '/dev/stdout is not standard output'
	mkfifo read.csv
	cat read.csv >from_fifo &
	local reader=$!
	others+=("$reader")
	if ! until_true fifo_is_read; then
		fail 'a FIFO with a reader is not written to'
		kill "$reader"
	fi
	wait "$reader" 2>/dev/null
	others=()
	cmp -s from_fifo expected || fail 'not everything went through the FIFO'
}

# Only once the reader has opened it.
fifo_is_read() {
	timeout "$seconds" "$kvmtop" -b "${captured[@]}" -n 1 -o read.csv 2>/dev/null
}

full_disk() {
	(
		ulimit -f 2
		exec timeout "$seconds" "$kvmtop" -b -d 0.1 -n 12 "${live[@]}" -t source -o full.csv 2>err
	)
	[ $? -eq 5 ] || fail 'a full file is no loss'
	csv full.csv
}

# start ARGUMENTS...: in the background.
start() {
	"$kvmtop" "$@" >out 2>err </dev/null &
	pid=$!
}

# ends STATUS: what was started ends so.
ends() {
	local status
	until_true eval '! kill -0 "$pid" 2>/dev/null' || fail "still runs"
	wait "$pid"
	status=$?
	pid=
	[ $status -eq "$1" ] || fail "ended with $status, not $1"
}

vanished_directory() {
	mkdir gone
	start -b -d 0.1 "${live[@]}" -t host -C busy,memory_used -o gone/
	until_true lines gone/host.csv 2 || fail 'no rows'
	rm -r gone
	ends 5
	says 'vanished'
}

two_writers() {
	start -b -d 0.1 "${live[@]}" -t host -C busy,memory_used -o shared.csv
	until_true lines shared.csv 1 || fail 'no head'
	timeout "$seconds" "$kvmtop" -b -n 1 "${captured[@]}" -t host -C busy,memory_used -o shared.csv 2>err2
	[ $? -eq 1 ] || fail 'a second writer was let in'
	grep -q 'another program' err2 || fail 'the second writer was not told why'
	kill -TERM "$pid"
	ends 0
	csv shared.csv
}

rotation() {
	start -b -d 0.1 "${live[@]}" -t host -C busy,memory_used -o rotated.csv
	local i
	for i in 1 2 3; do
		until_true lines rotated.csv 3 || fail 'no rows'
		mv rotated.csv "rotated.$i"
		kill -HUP "$pid"
		until_true test -e rotated.csv || fail 'not opened anew'
	done
	until_true lines rotated.csv 2 || fail 'no rows'
	kill -INT "$pid" # ignored in the background of a script
	kill -TERM "$pid"
	ends 0
	local file
	for file in rotated.csv rotated.[123]; do csv "$file"; done
	# No sample is lost or doubled: intervals are as long as the way between their times.
	python3 - rotated.1 rotated.2 rotated.3 rotated.csv <<'P' || fail 'samples were lost'
import csv, datetime, sys
rows = [r for f in sys.argv[1:] for r in list(csv.reader(open(f)))[1:]]
times = [datetime.datetime.fromisoformat(r[0].replace("Z", "+00:00")) for r in rows]
for before, now, row in zip(times, times[1:], rows[1:]):
    assert abs((now - before).total_seconds() - float(row[1])) < 0.05, row[:2]
P
}

signals() {
	start -b -d 100 "${live[@]}" -t host -C busy,memory_used
	until_true lines out 1 || fail 'no head'
	# Before the first sample is taken the signal only brings that about sooner.
	until_true eval 'kill -USR1 "$pid"; lines out 3' || fail 'USR1 takes no sample'
	kill -TERM "$pid"
	ends 0
	csv out
}

pipes() {
	local status begun=$SECONDS
	timeout "$seconds" "$kvmtop" -b -n 1000 -d 0.1 "${live[@]}" -t host -C busy,memory_used 2>err | head -n 1 >out
	status=${PIPESTATUS[0]}
	[ "$status" -eq 141 ] || fail "a closed pipe: status $status"
	silent err
	# It need not wait for the next sample to notice.
	timeout "$seconds" "$kvmtop" -b -d 1000 "${live[@]}" -t host -C busy,memory_used 2>err | head -n 1 >out
	[ $((SECONDS - begun)) -lt "$seconds" ] || fail 'a closed pipe was not noticed'
}

cron() {
	env -i "$kvmtop" -b -n 1 -d 0.2 "${live[@]}" -t host -C busy,memory_used >out 2>err </dev/null
	[ $? -eq 0 ] || fail 'empty environment'
	csv out
}

captures() {
	run 0 capture "${live[@]}" -d 0.1 -n 2 kept.host
	run 0 -b --root kept.host -t host -C busy,memory_used
	csv out
	run 0 capture "${live[@]}" -d 0.1 -n 2 --anonymous kept
	run 0 -b --root kept -t host -C busy,memory_used
	csv out
	grep -q ',host,' out || fail 'the name of the host is there'
	run 1 capture "${live[@]}" -d 0.1 kept
	says 'there already'
	run 5 capture "${live[@]}" -d 0.1 -n 1 missing/kept.host
}

dumps() {
	run 0 --dump "${captured[@]}"
	silent err
	[ "$(wc -l <out)" -eq 24 ] || fail 'not 24 lines'
	[ "$(wc -L <out)" -le 80 ] || fail 'wider than 80'
	local locale=C
	run 0 --dump "${captured[@]}" --size 120x40 --keys 3
	[ "$(wc -l <out)" -eq 40 ] || fail 'not 40 lines'
	LC_ALL=C grep -q '[^ -~]' out && fail 'more than ASCII'
	locale=
	run 0 --dump --demo
	grep -q 'DEMO.* [0-9]* samples  over 2s' out || fail 'a demo that does not say so'
	run 0 --dump --demo --size 100x24
	grep -q 'DEMO.* recorded 20[0-9-]*, [0-9]* samples  over 2s' out || fail 'a demo that does not say when it was'
	run 0 --dump "${captured[@]}" --size 60x10
	grep -q 'CAPTURED' out || fail 'a recording that does not say so'
	run 2 --dump "${captured[@]}" --size 39x8
	says_only 'a screen of 39x8 is too small: give 40x8 at least'
	run 2 --dump "${captured[@]}" -F 'nonsense >'
	run 2 --dump "${captured[@]}" -s nonsense
}

# A captured host may be hostile: never a crash, whatever was cut off.

# Half a picture must not pass for a whole one, wherever it was cut and wherever it is shown.
cut_archives() {
	local size at
	size=$(stat -c %s "$host")
	for at in 1 13 14 15; do
		head -c "$at" "$host" >cut.host
		run 1 -b --root cut.host
		says 'cut.host is no captured host'
	done
	for at in 100 1000 $((size / 3)) $((size / 2)) $((size - 1)); do
		head -c "$at" "$host" >cut.host
		run 3 -b --root cut.host -o cut/
		says 'cut.host is cut off:'
		rm -rf cut
	done
	run 3 --root cut.host --dump
	says 'cut.host is cut off:'
	run 3 -b --root cut.host -t source
	grep -q 'cut off' out || fail 'the table of sources does not tell'
	run 0 -b "${captured[@]}" -t host
	says_only "$(grep -o 'end of the recording.*' err)"
}

# A single sample has what slow sources tell; and its rates are of a whole interval.
slow_sources_are_waited_for() {
	run 0 -b -n 1 -d 0.5 "${live[@]}" -t source -C reads -F "source = images"
	awk -F, '$3 == "images" && $4 < 1' out | grep -q . && fail 'images were not read at all'
	awk -F, 'NR > 1 && $2 < 0.5' out | grep -q . && fail 'the interval is too short'
	if grep -q 'no answer yet' err; then fail 'a source has not answered'; fi
}

# Whoever pages through a text sees all of it: what was cut off begins the next page.
pages_leave_nothing_out() {
	local by keys way opened

	for opened in F1 '9 e' '5 Enter Enter'; do
		for way in Down PgDn; do
			keys=$opened
			: >"by-$way"
			for ((by = 0; by < 90; by++)); do
				run 0 --dump --demo --size 80x24 --keys "$keys"
				# The last line of a page may be cut.
				grep '^│' out | sed '${/… *│$/d}' >>"by-$way"
				grep -q '▼─┘' out || break
				keys+=" $way"
			done
		done
		[ "$(sort -u by-Down | wc -l)" -gt 20 ] || fail "$opened: there is hardly a line"
		comm -23 <(sort -u by-Down) <(sort -u by-PgDn) >missed
		[ ! -s missed ] || fail "$opened: PgDn leaves out: $(head -n 1 missed)"
	done
}

# Each line that makes no sense is told with its number, and what stands instead.
configurations() {
	cat >kvmtop.conf <<-'C'
		mem-swappiness.raise = 31
		mem-swappiness.guests = 1G
		mem-swappiness.for = -1
		mem-swappiness.raise = 32
		mem-swappiness.raise = much
		colour = blue
		nonsense
		mem-swapiness.raise = 7
		mem-swappiness.guests = 2G
	C
	run 0 explain mem-swappiness --config kvmtop.conf
	says "kvmtop.conf:2: '1G' is no share, such as 0.6 or 60%; the default stands"
	says "kvmtop.conf:3: '-1' is less than nothing; the default stands"
	says "kvmtop.conf:4: 'mem-swappiness.raise' is in line 1 already; the last one counts"
	says "kvmtop.conf:5: 'mem-swappiness.raise' is in line 4 already; the last one counts"
	says "kvmtop.conf:5: 'much' is no number; it is left out"
	says "kvmtop.conf:6: nothing is called 'colour'; it is left out"
	says "kvmtop.conf:7: not 'key = value'; the line is left out"
	grep -q 'mem-swappiness.raise = 32' out || fail 'the last good value does not count'
	says "kvmtop.conf:8: left out: no rule is called 'mem-swapiness', did you mean 'mem-swappiness'?"
	# Neither of the two made sense.
	says "kvmtop.conf:9: '2G' is no share, such as 0.6 or 60%; the default stands"
	[ "$(wc -l <err)" -eq 10 ] || fail 'not a line for each'
}

# Nobody has to know what a letter stands for.
classes_of_fixes() {
	run 0 --list-rules
	grep -qE '^mem-swappiness +warning +A at once +' out && grep -qE '^hugepages-pool-short +warning +B slow +' out &&
		grep -qE '^balloon-missing +info +C lasting +' out && grep -qE '^mem-overcommit +info +- advice +' out ||
		fail 'a class is not named'
	run 0 explain hugepages-pool-short --config none
	grep -q '^Class B, slow\. .* show it first' out || fail 'explain does not name the class'
	LC_ALL=C.UTF-8 "$kvmtop" "${captured[@]}" --size 80x90 --keys F1 --dump | grep -q 'C lasting  *It stays' ||
		fail 'the help does not name the classes'
}

# advise STATUS HOST WORDS...: of a captured host beside this one.
advise() {
	local expected=$1 host=$hosts/$2.host
	shift 2
	run "$expected" --root "$host" --config none advise "$@"
	silent err
}

# Scripts go by the status, people by the text, programs by the rest: all say the same.
advice() {
	advise 0 good
	if grep -qE '^(CRITICAL|WARNING|INFO)' out; then fail 'there is advice where all is well'; fi
	advise 11 short-memory
	advise 12 bad
	cp out bad.text
	grep -qx 'CRITICAL  big  (numa-strict-risk)' out && grep -qx 'WARNING  odd  (mem-locked)' out &&
		grep -qx '        virsh memtune --domain odd --hard-limit 1179648 --config' out ||
		fail 'the text lacks a finding'
	advise 12 bad -f jsonl
	cp out bad.jsonl
	advise 12 bad -f csv
	cp out bad.csv
	"$forms" bad.text bad.jsonl bad.csv >out || fail 'the forms of advice differ, or lack something'
	"$kvmtop" --list-rules | sed 's/ .*/.enabled = no/' >info.conf
	echo 'cpu-overcommit.enabled = yes' >>info.conf
	run 10 --root "$hosts/bad.host" --config info.conf advise
	run 2 explain nosuch-rule
	says "nosuch-rule"
	silent out
	run 2 explain
	silent out
}

# What would be done can be seen of any host; done it is on none but this.
fixes_of_captured_hosts() {
	local at=(--root "$hosts/bad.host" --config none)
	run 0 "${at[@]}" fix --dry-run cpu-pin-partial big
	grep -qx 'pin the rest of the vCPUs of big' out &&
		grep -qx '        virsh vcpupin --domain big --vcpu 1 --cpulist 7 --live' out ||
		fail 'the preview lacks title or command'
	run 0 "${at[@]}" fix --script cpu-pin-partial big
	[ "$(head -n 1 out)" = '#!/bin/sh' ] && sh -n out && [ "$(grep -vc '^#' out)" -eq 2 ] ||
		fail 'that is no script'
	run 0 "${at[@]}" fix --script exit-x2apic odd
	grep -q '^virt-xml odd --edit --define --xml ' out && sh -n out || fail 'a definition is no script'
	run 0 "${at[@]}" fix --lasting --dry-run cpu-pin-partial big
	grep -qx '        virsh vcpupin --domain big --vcpu 1 --cpulist 7 --config' out ||
		fail 'the preview lacks what lasts'
	run 7 "${at[@]}" fix --yes cpu-pin-partial big
	says 'refused: '
	run 7 "${at[@]}" fix --yes cpu-overcommit
	says 'by hand: '
	run 7 "${at[@]}" fix --dry-run cpu-vcpu-steal
	says "finds something wrong with 'odd': say which is meant"
	run 7 "${at[@]}" fix --dry-run cpu-vcpu-steal odd
	says 'first mend numa-pin-without-memory'
	run 0 "${at[@]}" -b -t finding -n 1
	grep -q ',exit-x2apic,odd,' out || fail 'the table of findings lacks one'
}

# An empty table would say that there are none.
exits_that_nobody_saw() {
	run 3 -b "${captured[@]}" -n 1 -t host_exit
	says_only 'exits: absent: Nobody looked at exits when this host was captured.'
	run 0 -b "${captured[@]}" -n 1 -t exit --exits off
	says_only 'exits: absent: Not watched: --exits=off.'
}

# What is wrong is said before anything is sampled, and nothing is advised that would do harm.
bad_symbols() {
	run 2 profile nobody --guest-kallsyms "$dir/none/k"
	says "$dir/none/k is missing."
	says "mkdir -p -m 700 $dir/none"
	says "ssh root@GUEST cat /proc/kallsyms >$dir/none/k"
	: >nosyms
	run 2 profile nobody --guest-kallsyms nosyms
	says "nosyms is empty. In the guest"
	run 2 profile nobody --guest-kallsyms "$kvmtop"
	says "$kvmtop is no kallsyms file of a kernel."
	if grep -q ">$kvmtop" err; then fail 'it would have the program written over'; fi
	silent out
}

# Nothing was found where nobody looked.
fixes_of_nobody() {
	run 7 fix --dry-run thp-mode nosuch "${captured[@]}"
	says_only "thp-mode judges the host, not 'nosuch'"
	run 7 fix --dry-run cpu-vcpu-unpinned nosuch "${captured[@]}"
	says_only "there is no guest 'nosuch'"
	run 1 history --journal "$dir/nonexist"
	says_only "the journal in $dir/nonexist: No such file or directory"
	silent out
	mkdir no-journal
	run 0 history --journal "$dir/no-journal"
	[ "$(cat out)" = 'Nothing was ever changed.' ] || fail 'an empty journal tells of something'
}

for test in ${ONLY:-help_and_version wrong_words libvirt_that_is_not_there wrong_roots no_terminal csv_of_every_table \
	first_sample_only_primes recordings_end guests_that_are_not_there \
	emulated_guest nameless_vcpus devices locale_does_not_matter columns_sort_and_filter partial_sources files dear_sources lost_output \
	full_disk vanished_directory two_writers rotation signals pipes cron captures dumps \
	cut_archives bad_symbols fixes_of_nobody fixes_of_captured_hosts advice configurations pages_leave_nothing_out classes_of_fixes exits_that_nobody_saw slow_sources_are_waited_for}; do
	$test
done
[ $failed -eq 0 ] && echo "all fine"
exit $failed
