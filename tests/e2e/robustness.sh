#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# robustness.sh KVMTOP: what a host may do to kvmtop: too few descriptors, rights that are missing, processes
# that are hidden, system calls that fail, guests that come and go, process numbers used again, hostile names,
# any keys at any time. It must say what it lacks, and never crash, never invent, never attribute to another.
#
# SEED=N plays the same keys again; ONLY="CHECK..." runs these checks.

set -u
# shellcheck source-path=SCRIPTDIR source=place.sh
. "$(dirname "$0")/place.sh"
# shellcheck source-path=SCRIPTDIR source=tmux.sh
. "$(dirname "$0")/tmux.sh"

kvmtop=$(readlink -f "${1:?which kvmtop?}")
keys=$(dirname "$(readlink -f "$0")")/pty_keys.py
command -v python3 >/dev/null || place_skip 'python3 is not installed'
has_qemu || place_skip 'qemu-system-x86_64 is not installed'
place_enter "$@"
cd "$place" || exit 2
# shellcheck disable=SC2317 # checks are called by their names
all_tables=domain,vcpu,thread,placement,host,cpu,node,hugepool,source
nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups)
# While the screen is shown what a sanitizer reports would be lost.
sanitizers=${ASAN_OPTIONS:-}:log_path=$place/sanitizer
export ASAN_OPTIONS=$sanitizers
ubsan=${UBSAN_OPTIONS:-}:print_stacktrace=1:log_path=$place/sanitizer
export UBSAN_OPTIONS=$ubsan
is_sanitized() {
	grep -q __asan_init "$kvmtop"
}

# The part of a check that cannot be done here.
lacking() {
	echo "       left out: $*"
}

# run ARGUMENTS...: rows to "out", messages to "err"; the status in $status.
with=()
run() {
	LC_ALL=C.UTF-8 timeout 60 "${with[@]}" "$kvmtop" "$@" >out 2>err </dev/null
	status=$?
	! grep -qv '^kvmtop: ' err || {
		head -n 5 err >&2
		place_fail "standard error is not ours: ${with[*]} kvmtop $*"
	}
}

status_is_one_of() {
	[[ " $* " == *" $status "* ]] || {
		head -n 5 err >&2
		place_fail "status $status, not $*, of: ${with[*]}"
	}
}

says() {
	grep -qF -- "$1" err || {
		head -n 5 err >&2
		place_fail "standard error does not say: $1"
	}
}

# good FILE...: whole rows, no rate below 0.
good() {
	python3 - "$@" <<'P' || place_fail "bad rows: $*"
import csv, sys
bad = 0
for name in sys.argv[1:]:
    data = open(name, newline="").read()
    if not data:
        continue
    assert data.endswith("\n"), name
    head, *rows = csv.reader(data.splitlines(keepends=True), strict=True)
    for row in rows:
        assert len(row) == len(head) and row != head, (name, row)
        for column, value in zip(head, row):
            try:
                number = float(value)
            except ValueError:
                continue
            if number < 0 or number > 1e18:
                print(name, column, value, row[:4], file=sys.stderr)
                bad += 1
sys.exit(bad > 0)
P
}

short_of_descriptors() {
	local limit
	guest_start short guest.pid || place_fail 'no guest'
	for limit in 40 24 16 12 10 8 6; do
		with=(prlimit "--nofile=$limit")
		run -b -n 2 -d 0.1 -c none -t domain,vcpu,host -o "few-$limit/"
		if [ $limit -ge 24 ]; then
			status_is_one_of 0 3
			good few-$limit/*.csv
			grep -qE ',short,[^,]*,[0-9]+,.*,(ok|partial|denied)$' few-$limit/domain.csv || {
				cat few-$limit/domain.csv >&2
				place_fail 'no row of the guest'
			}
		else # not even its own files can be opened any more
			status_is_one_of 0 1 3 5
			[ $status -eq 0 ] || [ -s err ] || place_fail "it does not say why, with $limit"
		fi
	done
	with=()
	guest_end guest.pid
}

# A head without rows looks like a failure, so what it means is said, once.
no_guest_yet() {
	local says='kvmtop: there is no guest on this host' demo='; kvmtop --demo shows a host that has some'
	[ -n "$place_own" ] || {
		lacking 'a host without guests: that takes root'
		return 0
	}
	run -b -n 1 -d 0.2 -c none -C name
	status_is_one_of 0
	[ "$(cat err)" = "$says$demo" ] || place_fail "not what it says of no guest: $(cat err)"
	[ "$(wc -l <out)" -eq 1 ] || place_fail 'not a head alone'
	run -b -n 1 -d 0.2 -c none -t host -C busy
	[ ! -s err ] || place_fail "it speaks of guests where none were asked for: $(cat err)"
	run capture -d 0.1 -n 2 -c none none.host
	run -b --root none.host -n 1 -C name
	[ "$(cat err)" = "$says$demo" ] || place_fail "not what it says of a recording: $(cat err)"
	"$kvmtop" -b -d 0.1 -c none -C name >later 2>told </dev/null &
	echo $! >kvmtop.pid
	until_true grep -qs . told || place_fail 'it does not say that there is none'
	guest_start first guest.pid || place_fail 'no guest'
	until_true grep -q ',first,' later || place_fail 'the guest that came is not there'
	kill -TERM "$(cat kvmtop.pid)"
	wait "$(cat kvmtop.pid)" || place_fail "it ended with $?"
	rm kvmtop.pid
	[ "$(cat told)" = "$says yet, rows come as soon as one runs$demo" ] ||
		place_fail "not what it says of guests to come: $(cat told)"
	guest_end guest.pid
}

# A copy that everybody may run.
for_everybody() {
	local file
	mkdir -p everybody
	for file in "$kvmtop" "$(dirname "$kvmtop")"/kvmtop-libvirt.so; do
		[ ! -e "$file" ] || cp "$file" everybody/
	done
	chmod -R a+rX everybody
}

without_rights() {
	[ "$(id -u)" -eq 0 ] || {
		lacking 'another user: that takes root'
		return 0
	}
	guest_start foreign guest.pid -m 16 || place_fail 'no guest'
	for_everybody
	local kvmtop=$PWD/everybody/kvmtop
	"${nobody[@]}" test -x "$kvmtop" || {
		lacking 'another user: the directory for temporary files is closed to others'
		guest_end guest.pid
		return 0
	}
	with=("${nobody[@]}")
	run -b -n 2 -d 0.2 -c none -g foreign -C name,cpu,memory,exits
	status_is_one_of 3
	says 'kvmtop: kvm: denied'
	says CAP_SYS_PTRACE
	grep -qE ',foreign,[^,]*,[0-9]+,[0-9.e-]+,16777216,,denied$' out || {
		cat out >&2
		place_fail 'it does not show what it can'
	}
	run -b -n 2 -d 0.5 -c none -g foreign -C name,local
	grep -qE ',foreign,[^,]*,[0-9]+,(,denied|,partial|[01][0-9.]*,(ok|partial))$' out || {
		cat out >&2
		place_fail 'a figure is missing, and its row says ok'
	}
	run -b -n 1 -d 0.2 -c none -t source -C source,state,note
	grep -q '^[^,]*,[^,]*,guests,.*CAP_' out || place_fail 'guests: what is missing?'
	grep -q '^[^,]*,[^,]*,kvm,denied,.*CAP_' out || place_fail 'kvm: what is missing?'
	with=()
	guest_end guest.pid
}

# states FILE: the state of each source. That a slow one has not read yet tells nothing of its rights.
states() {
	cut -d, -f3,4 "$1" | tail -n +2 | sed 's/,starting$/,ok/' | sort
}

# With the three capabilities that the documentation names it sees what root sees.
three_capabilities() {
	local caps='-all,+sys_ptrace,+dac_read_search,+perfmon' few
	few=("${nobody[@]}" "--inh-caps=$caps" "--ambient-caps=$caps" "--bounding-set=$caps")
	if [ "$(id -u)" -ne 0 ] || ! "${few[@]}" true 2>/dev/null; then
		lacking 'another user with three capabilities: that takes root'
		return 0
	fi
	for_everybody
	local kvmtop=$PWD/everybody/kvmtop
	"${few[@]}" test -x "$kvmtop" || {
		lacking 'three capabilities: another user cannot come here'
		return 0
	}
	guest_start foreign guest.pid -m 16 || place_fail 'no guest'
	run -b -n 2 -d 0.2 -c none -t source -C source,state
	states out >as-root
	with=("${few[@]}")
	run -b -n 2 -d 0.2 -c none -t source -C source,state
	with=()
	states out >as-few
	diff as-root as-few >&2 || place_fail 'three capabilities are not enough'
	[ "$(wc -l <as-few)" -ge 20 ] || place_fail 'there are fewer sources than there should be'
	guest_end guest.pid
}

# The option hidepid of /proc: others' processes are not there. "No guest" would be a lie.
hidden_processes() {
	[ -n "$place_own" ] || {
		lacking 'another /proc: that takes root'
		return 0
	}
	guest_start hidden guest.pid || place_fail 'no guest'
	for_everybody
	cat >hide <<-H
		#!/bin/bash
		mount -t proc -o hidepid=2 proc /proc && exec ${nobody[*]} "\$@"
	H
	chmod +x hide
	local kvmtop=$PWD/everybody/kvmtop
	with=(unshare --mount ./hide)
	run -b -n 1 -d 0.2 -c none -C name,cpu
	status_is_one_of 3
	says 'kvmtop: guests: denied'
	run -c none --size 120x40 --keys 0 --dump
	grep -q hidepid out || place_fail 'screen 0 does not say what hides them'
	run -c none --dump
	! grep -q 'There is no guest' out || place_fail 'it guesses that there is none'
	grep -q 'which right is missing' out || place_fail 'it does not say why it shows none'
	with=()
	guest_end guest.pid
}

# exits_lack WHAT SAID COMMAND...: what is in the way of tracepoints is told, and guests are shown all the same.
exits_lack() {
	rm -rf exits
	mkdir -m 777 exits
	with=("${@:3}")
	run -b -n 1 -d 0.5 -c none -t host_exit,domain,source -o exits/
	with=()
	status_is_one_of 3
	grep -q ",exits,[^,]*,.*$2" exits/source.csv || {
		grep ,exits, exits/source.csv >&2
		place_fail "$1: the source of exits does not say: $2"
	}
	grep -q ',watched,' exits/domain.csv || {
		cat exits/domain.csv >&2
		place_fail "$1: the guest is not there"
	}
}

# A tracefs that is missing, that may not be read, or that makes no sense; a kernel that refuses perf's events.
unwatched_exits() {
	local format=/sys/kernel/tracing/events/kvm/kvm_exit/format
	if [ -z "$place_own" ] || [ ! -e $format ]; then
		lacking 'tracepoints of exits: that takes root, tracefs and KVM'
		return 0
	fi
	guest_start watched guest.pid || place_fail 'no guest'
	for_everybody
	local kvmtop=$PWD/everybody/kvmtop
	printf 'name: kvm_exit\nID: 1\nformat:\n\tfield:unsigned int exit_reason;\toffset:-8;\n' >malformed
	printf 'name: kvm_exit\nID: 1\nformat:\n\tfield:int other;\toffset:8;\tsize:4;\tsigned:1;\n' >unknown
	cat >apart <<-'A'
		#!/bin/bash
		case $1 in
		none) umount -l /sys/kernel/tracing && ! mountpoint -q /sys/kernel/debug/tracing ;;
		*) mount --bind "$1" /sys/kernel/tracing/events/kvm/kvm_exit/format ;;
		esac && exec "${@:2}"
	A
	chmod +x apart
	exits_lack 'a malformed format' 'makes no sense' unshare --mount ./apart malformed
	exits_lack 'a format of another kind' 'other fields' unshare --mount ./apart unknown
	exits_lack 'no tracefs' 'tracefs is not mounted' unshare --mount ./apart none
	exits_lack 'no right to tracefs' 'CAP_DAC_READ_SEARCH' "${nobody[@]}"
	exits_lack 'no right to events' 'perf_event_open is refused: it needs CAP_PERFMON' "${nobody[@]}" \
		--inh-caps=-all,+dac_read_search --ambient-caps=-all,+dac_read_search
	guest_end guest.pid
}

# calls_before NAME: so many calls of it are made until the first file of the host is opened.
calls_before() {
	sed '/"proc/q' calls | grep -cE "^[0-9]+ +$1\\("
}

# fails CALL ERROR AFTER: from that call on, counted from when it begins to read the host.
fails() {
	local from=$(($(calls_before "$1") + $3))
	with=(strace -f --seccomp-bpf -qq -o /dev/null -e "trace=$1" -e "inject=$1:error=$2:when=$from+")
	local written=()
	rm -rf failed written
	run -b -n 1 -d 0.1 -c none -t $all_tables -o failed/
	status_is_one_of 0 1 3 5
	[ ! -d failed ] || find failed -name '*.csv' -size +0 -print0 >written
	[ ! -s written ] || mapfile -d '' -t written <written
	good "${written[@]}"
}

failing_calls() {
	local call=(openat read pread64 getdents64 mmap) what after
	if ! strace -f --seccomp-bpf -qq -o /dev/null true 2>/dev/null; then
		lacking 'failing system calls: there is no strace, or it may not trace'
		return 0
	fi
	with=(strace -f --seccomp-bpf -qq -o calls -e "trace=$(IFS=,; echo "${call[*]}")")
	export ASAN_OPTIONS=$sanitizers:detect_leaks=0 # the leak sanitizer traces, too
	run -b -n 1 -d 0.1 -c none -t host
	status_is_one_of 0 3
	for what in openat:EMFILE openat:ENFILE openat:EACCES read:EIO pread64:EIO getdents64:EACCES; do
		for after in 1 30; do
			fails "${what%:*}" "${what#*:}" $after
		done
	done
	# Out of memory it ends, and says so.
	is_sanitized || for after in 1 6; do
		fails mmap ENOMEM $after
		[ $status -ne 1 ] || says memory
	done
	# Nothing to be seen is not the same as nothing there.
	with=(strace -f --seccomp-bpf -qq -o /dev/null -e trace=openat
		-e "inject=openat:error=EMFILE:when=$(($(calls_before openat) + 1))+")
	run -b -n 1 -d 0.1 -c none
	status_is_one_of 3
	says 'kvmtop: guests:'
	with=()
	export ASAN_OPTIONS=$sanitizers
}

# It opens nothing to write, talks to nobody, and touches no other process.
changes_nothing() {
	local table calls=open,openat,openat2,creat,socket,bind,listen,kill,tkill,tgkill,ptrace,process_vm_writev
	calls+=,process_madvise,move_pages,migrate_pages,sched_setaffinity,sched_setscheduler,setpriority
	calls+=,mount,umount2,mkdir,mkdirat,unlink,unlinkat,rename,renameat,renameat2,symlink,symlinkat,link
	calls+=,linkat,chmod,fchmodat,truncate,execve
	if ! strace -f --seccomp-bpf -qq -o /dev/null true 2>/dev/null; then
		lacking 'what it changes: there is no strace, or it may not trace'
		return 0
	fi
	guest_start seen guest.pid || place_fail 'no guest'
	# Sanitizers make the directories of their own files, and trace to find leaks.
	export ASAN_OPTIONS=detect_leaks=0:log_path=stderr UBSAN_OPTIONS=log_path=stderr
	for table in host node domain vcpu placement source; do
		with=(strace -f --seccomp-bpf -qq -o "calls-$table" -e "trace=$calls" -e signal=none)
		run -b -n 1 -d 0.2 -c none -t $table
		status_is_one_of 0 3
		[ "$(grep -c 'execve(' "calls-$table")" -eq 1 ] || place_fail 'it runs other programs'
	done
	with=()
	export ASAN_OPTIONS=$sanitizers UBSAN_OPTIONS=$ubsan
	cat calls-* >calls
	grep -q '"proc/stat"' calls || place_fail 'nothing of what it does is seen'
	# Its own start, files that it only reads, and the names of its own threads.
	grep -vE 'resumed>|execve\(|O_RDONLY|O_PATH|"/proc/self/task/[0-9]+/comm", O_RDWR' calls >changes
	[ ! -s changes ] || {
		head -n 5 changes >&2
		place_fail 'it does more than read'
	}
	guest_end guest.pid
}

has_rows() {
	[ -s "$1" ] && [ "$(wc -l <"$1")" -ge "$2" ]
}

is_stopped() {
	grep -q '^State:.T' "/proc/$1/status"
}

it_is_past() {
	[ "$(date +%s%N)" -ge "$1" ]
}

# Stopped for two seconds, as by a debugger or a host that slept: rates are over the time that has passed,
# and what was missed is not made up for.
stopped_meanwhile() {
	local pid rows
	"$kvmtop" -b -d 0.2 -c none -t host -o stopped/ 2>err &
	pid=$!
	echo $pid >kvmtop.pid
	until_true has_rows stopped/host.csv 5 || place_fail 'no rows'
	kill -STOP "$pid"
	until_true is_stopped "$pid" || place_fail 'it cannot be stopped'
	until_true it_is_past $(($(date +%s%N) + 2000000000))
	rows=$(wc -l <stopped/host.csv)
	kill -CONT "$pid"
	until_true has_rows stopped/host.csv $((rows + 6)) || place_fail 'it does not go on'
	kill -TERM "$pid"
	wait "$pid"
	status=$?
	rm kvmtop.pid
	status_is_one_of 0 3
	good stopped/host.csv
	python3 - "$rows" <<'P' || place_fail 'the pause is not told as it was'
import csv, datetime, sys
rows = list(csv.DictReader(open("stopped/host.csv")))
at = [datetime.datetime.fromisoformat(r["time"].replace("Z", "+00:00")).timestamp() for r in rows]
gaps = [b - a for a, b in zip(at, at[1:])]
for gap, row in zip(gaps, rows[1:]):
    # Times are written in whole milliseconds; the clocks are read one after the other.
    assert abs(gap - float(row["interval_seconds"])) < 0.02, (gap, row["interval_seconds"])
    assert 0 <= float(row["busy_ratio"]) <= 1, row["busy_ratio"]
assert max(gaps) > 1.9, gaps
after = gaps.index(max(gaps)) + 1
# The ten that were missed would follow at once.
assert sum(gaps[after : after + 4]) > 0.4, gaps
P
}

# Control characters, C1 ones and marks that turn the direction of text, as bytes.
hostile='[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]'

harmless() {
	! LC_ALL=C grep -qP "$hostile" "$1" || place_fail "hostile characters: $2"
}

# What tmux.sh starts it ends itself, in a shell of its own.
hostile_name_on_screen() (
	local columns
	tm_start 80x24 "$kvmtop" -c none -d 0.2
	tm_wait 'evil'
	tm_wait 'benign'
	tm_wait '16.0M'
	# Its row is as wide as the other's.
	columns=$(tm_capture | grep -E '^. (evil|benign)' | sed 's/…/~/' |
		awk '{ print index($0, "16.0M") }' | uniq | wc -l)
	[ "$columns" -eq 1 ] || tm_fail 'the columns of its row are elsewhere'
	! tm show-buffer >/dev/null 2>&1 || tm_fail 'it got through to the clipboard'
	tm_keys q
	tm_ended 0
	tm_end
)

hostile_names() {
	local name=$'evil\033]52;c;AAAA\007\tb\rc\302\233d\342\200\256e'
	(exec -a $'qemu-system-x86_64\033]52;c;AAAA\007' tail -f /dev/null >/dev/null 2>&1) &
	echo $! >sleep.pid
	guest_start "$name" guest.pid || guest_start "guest=$name" guest.pid || place_fail 'no guest'
	guest_start benign other.pid || place_fail 'no guest'
	run -b -n 2 -d 0.1 -c none -o named/ -t $all_tables
	status_is_one_of 0 3
	grep -q '^[^,]*,[^,]*,"\?evil' named/domain.csv || place_fail 'the guest is not there'
	for file in named/*.csv; do
		harmless "$file" "$file"
		! grep -q $'\t' "$file" || place_fail "a tab in $file"
	done
	run --dump -c none --size 120x40
	harmless out --dump
	hostile_name_on_screen || return 1
	guest_end guest.pid
	guest_end other.pid
	kill "$(cat sleep.pid)"
	rm sleep.pid
}

seen() {
	grep -q ",$1," "$2" 2>/dev/null
}

# ended_guests FILE...: no row of a guest later than its end ("ends" has NAME SECONDS).
ended_guests() {
	python3 - "$@" <<'P' || place_fail 'rows of guests that had ended'
import csv, datetime, sys
ends = dict(line.split() for line in open("ends"))
bad = 0
for file in sys.argv[1:]:
    for row in csv.DictReader(open(file)):
        name = row.get("domain") or row.get("name")
        at = datetime.datetime.fromisoformat(row["time"].replace("Z", "+00:00")).timestamp()
        if name in ends and at > float(ends[name]) + 0.002:
            print(file, name, "%.3f s after its end" % (at - float(ends[name])), file=sys.stderr)
            bad += 1
sys.exit(bad > 0)
P
}

# Thirty guests start and end while one kvmtop writes, and another is played on: one that changes
# nothing, for among any keys is the one that fixes this very host.
guests_come_and_go() {
	local pid player i fds=0 rss=0
	"$keys" random --seconds "${PLAY:-12}" ${SEED:+--seed "$SEED"} -- "$kvmtop" --readonly -c none -d 0.1 >played 2>&1 &
	player=$!
	"$kvmtop" -b -d 0.1 -c none -t domain,vcpu,thread,placement -o churn/ 2>err &
	pid=$!
	echo $pid >kvmtop.pid
	: >ends
	for i in {1..30}; do
		guest_start "churn$i" guest.pid || place_fail 'no guest'
		until_true seen "churn$i" churn/vcpu.csv || place_fail "guest $i was not seen"
		guest_end guest.pid
		echo "churn$i $(date +%s.%N)" >>ends
		[ "$i" -ne 5 ] || fds=$(descriptors "$pid") rss=$(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status")
	done
	# Nothing is left of the last one, nor of those before it.
	i=$(wc -l <churn/domain.csv)
	[ "$(descriptors "$pid")" -le $((fds + 2)) ] ||
		until_true eval "[ \$(descriptors $pid) -le $((fds + 2)) ]" ||
		place_fail "$(descriptors "$pid") descriptors, were $fds"
	echo "       $i rows, $(descriptors "$pid") descriptors (after five guests $fds), $(awk \
		'/^VmRSS/ { print $2 }' "/proc/$pid/status") kB resident ($rss)"
	kill -TERM "$pid"
	wait "$pid"
	status=$?
	rm kvmtop.pid
	status_is_one_of 0 3
	good churn/*.csv
	ended_guests churn/*.csv
	wait "$player" || {
		cat played >&2
		place_fail 'any keys at any time'
	}
	cat played
}

# Two guests one after the other with the same process number.
number_used_again() {
	local pid first try
	[ -n "$place_own" ] || {
		lacking 'process numbers used again: that takes root'
		return 0
	}
	[ -w /proc/sys/kernel/ns_last_pid ] || {
		lacking 'process numbers used again: this kernel gives them as it likes'
		return 0
	}
	exec 3>&2 2>bash.err # bash tells of each process that is killed
	"$kvmtop" -b -d 0.1 -c none -C name,uptime,cpu -o again.csv 2>err &
	pid=$!
	echo $pid >kvmtop.pid
	guest_foreground earlier
	first=$(cat guest.pid)
	until_true seen earlier again.csv || place_fail 'the first guest was not seen'
	guest_end guest.pid
	for try in {1..20}; do
		echo $((first - 1)) >/proc/sys/kernel/ns_last_pid
		guest_foreground later
		[ "$(cat guest.pid)" -ne "$first" ] || break
		guest_end guest.pid
	done
	[ "$(cat guest.pid)" -eq "$first" ] || place_fail "the number was not given again ($try)"
	until_true seen "later,[^,]*,$first" again.csv || place_fail 'the second guest was not seen'
	guest_end guest.pid
	kill -TERM "$pid"
	wait "$pid"
	rm kvmtop.pid
	wait
	exec 2>&3 3>&-
	python3 - "$first" <<'P' || place_fail 'taken for the guest before'
import csv, datetime, sys
# time, interval, name, uuid, pid, uptime, CPU time, status
rows = [r for r in csv.reader(open("again.csv")) if r[4] == sys.argv[1]]
names = [r[2] for r in rows]
second = rows[names.count("earlier") :]
assert names[: -len(second)] == ["earlier"] * names.count("earlier"), names
# Until its command line is read it is called after its program.
known = [r[2] for r in second if not r[2].startswith("qemu-system-")]
assert known and set(known) == {"later"}, names
# What it is said to have used is its own: no more than fits into its life, on as many CPUs.
used = float(second[0][6] or 0) * float(second[0][1])
assert used <= 2 * (float(second[0][5]) + 0.02), second[0]
# It began when the one before had been seen for the last time, to a tick and what reading takes.
last, begun = (datetime.datetime.fromisoformat(r[0].replace("Z", "+00:00")).timestamp()
               for r in (rows[names.count("earlier") - 1], second[0]))
begun -= float(second[0][5])
assert begun > last - 0.1, (begun, last)
P
}

# As guest_start, but nothing forks once more, so that its number is the next one.
guest_foreground() {
	local accel=tcg
	[ ! -w /dev/kvm ] || accel=kvm
	qemu-system-x86_64 -name "$1" -S -display none -nodefaults -no-user-config -machine pc \
		-m 16 -accel $accel -monitor none -serial none 2>/dev/null &
	echo $! >guest.pid
}

# At most three times what an idle screen may cost, as others make this host less idle.
few_bytes() {
	local size most i jobs=()
	for i in 1 2 3; do
		guest_start "idle$i" "idle$i.pid" || place_fail 'no guest'
	done
	for size in 80x24:3000 200x50:6000; do
		most=${size#*:}
		"$keys" idle --size "${size%:*}" --most "$most" -- "$kvmtop" -c none >"bytes-$most" 2>&1 &
		jobs+=($!)
	done
	for i in 0 1; do
		wait "${jobs[$i]}" || {
			cat bytes-* >&2
			place_fail 'too many bytes'
		}
	done
	cat bytes-*
	for i in 1 2 3; do
		guest_end "idle$i.pid"
	done
}

tm_need
run_checks no_guest_yet short_of_descriptors without_rights three_capabilities hidden_processes unwatched_exits \
	failing_calls changes_nothing hostile_names stopped_meanwhile guests_come_and_go number_used_again few_bytes
