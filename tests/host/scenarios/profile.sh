#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# host: bare
#
# A guest that spends its time in known functions of its kernel: a profile by the CPU's clock, for there
# is no PMU, names them from a copy of the guest's symbols. perf's own view of the same guest, and what
# is said when symbols are missing, empty, hidden, or of another boot. Software counters of its vCPU.

# shellcheck source=tests/host/scenarios/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

uuid=0f3f9a52-5a0e-4c5a-9a7d-0c2e5f1b9e77
kept=/var/lib/kvmtop/guests/$uuid
out=$samples_dir/out
mkdir -p "$out"

have_guests "crypto mib=160 pin=5 disk=16 work=symbols,random uuid=$uuid"

# ---- the guest's symbols ----

# The disk is padded with zero bytes, and so is what lies between the two files.
dd if="$guests_images/crypto.img" bs=1M count=12 2>/dev/null | tr -d '\0' >"$out/kallsyms"
dd if="$guests_images/crypto.img" bs=1M skip=12 2>/dev/null | tr -d '\0' >"$out/modules"
require "the guest wrote its symbols" grep -q ' _stext$' "$out/kallsyms"

# run_profile SECONDS ARGUMENT...: its output as $out/report.
run_profile() {
	local status=0

	timeout 120 "$KVMTOP" profile crypto --seconds "$@" >"$out/report" 2>"$out/messages" || status=$?
	[ $status -eq 0 ] || not_ok "kvmtop profile" "exit status $status: $(tail -n 3 "$out/messages")"
}

# share_of FUNCTIONS FILE: of a report of either, guest kernel only.
share_of() {
	awk -v work="$1" '$1 ~ /%$/ && /\[g\]/ && $NF ~ work { sum += $1 } END { printf "%.2f\n", sum }' "$2"
}

says() {
	expect_true "$1" "the report says: $(grep '^#' "$out/report" | head -n 5)" grep -q "$2" "$out/report"
}

run_profile 1
says "missing symbols are named" "$kept/kallsyms is missing"
says "with the commands that make them" "ssh root@GUEST cat /proc/kallsyms >$kept/kallsyms"
says "it was sampled by the clock" "by the clock of the CPU"

mkdir -p -m 700 "$kept"
: >"$kept/kallsyms"
run_profile 1
says "an empty file is named" "kallsyms is empty"
sed 's/^[0-9a-f]*/0000000000000000/' "$out/kallsyms" >"$kept/kallsyms"
run_profile 1
says "hidden addresses are named" "kernel.kptr_restrict hides them"
# Another boot of a kernel whose place is random: moved by 512 MiB.
awk '{ if (match($1, /^ffffffff[89ab]/)) { high = index("89ab", substr($1, 9, 1))
	$1 = "ffffffff" substr("ab89", high, 1) substr($1, 10) } print }' "$out/kallsyms" >"$kept/kallsyms"
run_profile 1
says "symbols of another boot are named" "so they are stale"
cp "$out/kallsyms" "$out/modules" "$kept"
touch -d '2001-01-01' "$kept/kallsyms"
run_profile 1
says "symbols older than the guest are named" "is older than the guest"

# ---- the profile ----

touch "$kept/kallsyms"
run_profile 4
cp "$out/report" "$out/report.kept"
sed 's/^/# /' "$out/report" | head -n 24
expect_true "nothing is missing" "$(grep '^#' "$out/report")" \
	eval '! grep -q "Symbols of the guest" "$out/report"'
# The largest row of the guest's kernel, which does nothing but make random numbers and copy them;
# which of the two takes longer is a matter of the emulation.
work='^(chacha|copy_user)'
top=$(awk '$1 ~ /%$/ && /\[g\]/ { print $NF; exit }' "$out/report")
expect_true "the guest's own function leads: $top" "$(grep '\[g\]' "$out/report" | head -n 3)" \
	grep -qE "$work" <<<"$top"
share=$(share_of chacha "$out/report")
expect_true "chacha has a part of it: $share %" "$share %" awk "BEGIN { exit !($share > 10) }"
work_share=$(share_of "$work" "$out/report")
expect_true "the two have most of it: $work_share %" "$work_share %" \
	awk "BEGIN { exit !($work_share > 60) }"
expect_true "the host's own functions have names" "$(grep '\[k\]' "$out/report" | head -n 3)" \
	grep -qE '\[k\] [a-z_]' "$out/report"

run_profile 4 -f csv
expect_same "head of the CSV" "$(head -n 1 "$out/report")" share_ratio,samples,mode,thread,object,symbol
csv_top=$(awk -F, 'NR > 1 && $3 == "guest kernel" { print $6; exit }' "$out/report")
expect_true "the guest's own function leads in CSV: $csv_top" \
	"$(grep ',guest kernel,' "$out/report" | head -n 3)" grep -qE "$work" <<<"$csv_top"
# Both runs saw the same endless work: the parts of its functions differ little, whichever leads.
csv_share=$(awk -F, -v work="$work" '$3 == "guest kernel" && $6 ~ work { sum += $1 }
	END { printf "%.2f\n", 100 * sum }' "$out/report")
expect_near "share of the work in CSV" "$csv_share" "$work_share" 10
# Each sample of the clock weighs the same: a share is a row's part of all samples.
expect_same "CSV: shares follow from samples, the largest first" "$(awk -F, '
	NR > 1 { share[NR] = $1; samples[NR] = $2; sum += $1; all += $2 }
	END {
		for (i = 2; i <= NR; i++) {
			off = share[i] - samples[i] / all
			if (off > 0.001 || off < -0.001) printf "row %d: %s of %s samples; ", i, share[i], samples[i]
			if (i > 2 && share[i] > share[i - 1]) printf "row %d: larger than the one before; ", i
		}
		if (NR < 2 || sum < 0.999 || sum > 1.001) printf "%d rows make %s", NR - 1, sum
	}' "$out/report")" ""
run_profile 2 --guest-kallsyms "$out/kallsyms" --guest-modules "$out/modules"
top=$(awk '$1 ~ /%$/ && /\[g\]/ { print $NF; exit }' "$out/report")
expect_true "symbols may be named by hand: $top" "$top" grep -qE "$work" <<<"$top"

# ---- beside perf ----

perf_kvm=(perf kvm --host --guest --guestkallsyms="$out/kallsyms" --guestmodules="$out/modules")

# Which function takes longer changes from one second to the next: both look at the same ones.
beside_perf() {
	local job

	rm -f "$out/perf.data"
	"${perf_kvm[@]}" record -q -e cpu-clock -F 997 -p "$(guest_pid crypto)" -o "$out/perf.data" \
		>"$out/perf.log" 2>&1 &
	job=$!
	wait_until 20 "perf to record" test -s "$out/perf.data"
	run_profile 4
	kill -TERM $job 2>/dev/null
	wait $job
	"${perf_kvm[@]}" report -i "$out/perf.data" --stdio --sort sym \
		>"$out/perf.report" 2>>"$out/perf.log"
	share=$(share_of chacha "$out/report") theirs=$(share_of chacha "$out/perf.report")
}

if command -v perf >/dev/null; then
	for try in 1 2 3; do
		beside_perf
		! is_near "$share" "$theirs" 10 || break
		echo "# $scenario: measurement $try differs: chacha has $share %, perf says $theirs %"
	done
	grep -vE '^#|^$' "$out/perf.report" | head -n 12 | sed 's/^/# perf: /'
	if awk "BEGIN { exit !($theirs > 0) }"; then
		expect_near "share of chacha, as perf kvm report tells it" "$share" "$theirs" 10
		expect_near "share of all its work, as perf kvm report tells it" \
			"$(share_of "$work" "$out/report")" "$(share_of "$work" "$out/perf.report")" 6
	else
		echo "# $scenario: perf kvm report names no such function: $(tail -n 2 "$out/perf.log" | xargs)"
	fi
fi

# ---- software counters ----

tid=$(guest_vcpu_tid crypto 0)
read -r _ _ before <"/proc/$tid/schedstat"
kvmtop_options="-C counted_switches,cycles" # counters are read where they are named
take 2 4 vcpu
kvmtop_options=
read -r _ _ after <"/proc/$tid/schedstat"
counted=$(columns vcpu "interval_seconds counted_switches_per_second" domain=crypto |
	awk -F '\t' '$2 != "" { sum += $1 * $2 } END { printf "%.0f\n", sum }')
# The kernel counts how often it came to a CPU: who was on one before may have left it once more.
expect_between "context switches that were counted" "${counted:-}" 0 $((after - before + 1))
expect_same "no PMU: cycles are absent" "$(col vcpu cycles_per_second domain=crypto)" ""
take 1 2 event source
expect_true "and the reason is told" "$(col source note source=counters)" \
	grep -q "no hardware PMU" <<<"$(col source note source=counters)"
