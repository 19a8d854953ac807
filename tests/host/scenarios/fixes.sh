#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# host: libvirt
#
# What fixes change, by the tools of others, before, after and when it is undone; and fixes that are
# refused, fall short, fail half way or are killed.

# shellcheck source=tests/host/scenarios/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

fixer=${KVMTOP%/*}/fixer
journal=/run/testhost/journal
ksm=/sys/kernel/mm/ksm
thp=/sys/kernel/mm/transparent_hugepage/enabled
if [ ! -x "$fixer" ]; then
	echo "skip $scenario: no fixer beside kvmtop"
	exit 0
fi
export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0

# Its memory lies on node 0, and its vCPUs run on node 1.
have_guests "wrong mib=384 vcpus=2 nodes=0 mode=preferred pin=2,3 work=touch=256 share=no" \
	"strict mib=96 nodes=0 mode=restrictive"
pid=$(guest_pid wrong)
uuid=$(virsh -q domuuid wrong | grep .)

# fix KIND TARGET EXPECTED VALUE...: prints how it ended.
fix() {
	"$fixer" "$journal" qemu:///system wrong "$uuid" "$pid" -- "$@"
}

fix_host() {
	"$fixer" "$journal" none -- "$@"
}

fix_node() {
	"$fixer" "$journal" qemu:///system -- "$@"
}

expect_done() {
	local name=$1
	shift
	expect_same "$name" "$("$@")" "done"
}

expect_undo() {
	"$KVMTOP" --journal "$journal" undo --yes >"$journal.out" 2>&1
	expect_same "$1: undone" "$?" 0
}

pins() {
	virsh -q vcpupin wrong | awk 'NF { printf "%s=%s ", $1, $2 }'
}

# ---- pins ----

before=$(pins)
expect_done "pin both vCPUs" fix pin-vcpu 0 2 0-1 pin-vcpu 1 3 0-1
expect_same "vcpupin shows it" "$(pins)" "0=0-1 1=0-1 "
expect_undo "pins"
expect_same "vcpupin shows the old ones" "$(pins)" "$before"

before=$(virsh -q emulatorpin wrong)
expect_done "pin the emulator" fix pin-emulator '' '?' 2-3
expect_same "its main thread has them" "$(taskset -cp "$pid" | sed 's/.*: //')" 2,3
expect_undo "emulator"
expect_same "emulatorpin shows the old ones" "$(virsh -q emulatorpin wrong)" "$before"

# ---- memory ----

# Of the guest's private memory, MiB on a node.
on_node() {
	numastat -p "$pid" | awk -v n="$1" '$1 == "Private" { print int($(n + 2)) }'
}

all=$(($(on_node 0) + $(on_node 1)))
was=$(on_node 0)
expect_less "its memory is on node 0" 250 "$was"
expect_done "move it to node 1" fix migrate-pages all '?' 1
# QEMU's program file, and what it shares with other guests, stays.
expect_less "numa_maps: of its RAM more than 99 % is on node 1" 990 "$(ram_on_node wrong 1)"
expect_less "numastat: all but a hundredth and QEMU's own is on node 1" $((all * 99 / 100 - 40)) "$(on_node 1)"
expect_less "numastat: a hundredth and QEMU's own is left on node 0" "$(on_node 0)" $((all / 100 + 40))
expect_undo "moved memory"
expect_near "numastat: as much on node 0 as before" "$(on_node 0)" "$was" 12

tuned() {
	virsh -q numatune strict | tr -s ' \n' ' '
}
# Emulated, the kernel takes a minute to move the pages after it, in which libvirt is not to be asked to
# undo it: that is tried with other parameters.
expect_done "a nodeset of what is restricted to it" \
	"$fixer" "$journal" qemu:///system strict "$(virsh -q domuuid strict | grep .)" "$(guest_pid strict)" -- \
	numatune nodeset 0 1
expect_same "numatune shows it" "$(tuned)" "numa_mode : restrictive numa_nodeset : 1 "
guest_kill strict
rm -f "$guests_dir/strict.keys"

answer=$(fix numatune mode '?' interleave)
expect_same "libvirt's own words when it refuses" "${answer%%:*}" "put back"
case $answer in
*"numatune mode"*) ok "what was refused is named" ;;
*) not_ok "what was refused is named" "$answer" ;;
esac

expect_done "the balloon's statistics" fix stats-period '' '?' 3
virsh dumpxml wrong | grep -q "<stats period='3'/>" && ok "dumpxml shows them" ||
	not_ok "dumpxml shows them" "$(virsh dumpxml wrong | grep -A1 '<memballoon')"
expect_undo "balloon's statistics"

# ---- libvirt's parameters ----

# there_and_back WHAT PATTERN COMMAND...: $todo makes the command's output have PATTERN in it, and undo
# makes the output what it was.
there_and_back() {
	local what=$1 pattern=$2 before
	shift 2
	before=$("$@" 2>&1)
	expect_done "$what" "${todo[@]}"
	if "$@" 2>&1 | grep -q -e "$pattern"; then ok "$what: $1 shows it"; else not_ok "$what: $1 shows it" "$("$@" 2>&1)"; fi
	expect_undo "$what"
	expect_same "$what: $1 shows the old one" "$("$@" 2>&1)" "$before"
}

memtune() {
	virsh -q memtune wrong
}

schedinfo() {
	virsh -q schedinfo wrong
}

balloon() {
	virsh -q dommemstat wrong | grep '^actual'
}

node_memory() {
	virsh -q node-memory-tune && cat "$ksm/pages_to_scan"
}

todo=(fix memory-limit hard_limit unlimited 1048576)
there_and_back "a hard limit" '^hard_limit *: 1048576$' memtune
todo=(fix memory-limit soft_limit unlimited 524288)
there_and_back "a soft limit" '^soft_limit *: 524288$' memtune
todo=(fix scheduler cpu_shares '?' 300)
there_and_back "CPU weight" '^cpu_shares *: 300$' schedinfo
todo=(fix scheduler vcpu_quota '?' 50000)
there_and_back "a quota of vCPUs" '^vcpu_quota *: 50000$' schedinfo
todo=(fix balloon '' 393216 385024)
there_and_back "the balloon" '^actual 385024$' balloon
todo=(fix_node node-memory shm_pages_to_scan '?' 321)
there_and_back "KSM by libvirt" '^321$' node_memory

# Of a guest that does not run there is nothing but the definition.
guest_define kept
kept_uuid=$(virsh -q domuuid kept | grep .)

fix_kept() {
	"$fixer" "$journal" qemu:///system kept "$kept_uuid" 0 -- "$@" saved
}

definition() {
	virsh -q dumpxml --inactive --security-info kept
}

todo=(fix_kept memory-limit hard_limit unlimited 1048576)
there_and_back "a hard limit that lasts" "<hard_limit unit='KiB'>1048576</hard_limit>" definition
answer=$(fix_kept memory-limit swap_hard_limit unlimited 1048576)
expect_same "less with swap than without" "${answer%%:*}" "put back"
todo=(fix_kept memory-limit hard_limit unlimited 1048576 saved memory-limit swap_hard_limit unlimited 2097152)
there_and_back "a limit with swap that lasts" "<swap_hard_limit unit='KiB'>2097152</swap_hard_limit>" definition
todo=(fix_kept scheduler cpu_shares '?' 300)
there_and_back "CPU weight that lasts" "<shares>300</shares>" definition
todo=(fix_kept scheduler vcpu_quota '?' 50000)
there_and_back "a quota that lasts" "<quota>50000</quota>" definition
todo=(fix_kept blkio weight '?' 300)
there_and_back "weight at disks that lasts" "<weight>300</weight>" definition
virsh -q undefine kept

# ---- the host ----

before=$(sysctl -n vm.swappiness)
expect_done "swappiness" fix_host sysctl vm.swappiness "$before" 10
expect_same "sysctl shows it" "$(sysctl -n vm.swappiness)" 10
expect_undo "swappiness"
expect_same "sysctl shows the old one" "$(sysctl -n vm.swappiness)" "$before"

echo always >$thp
before=$(<$thp)
expect_done "transparent huge pages" fix_host write "${thp#/}" '?' madvise
expect_same "they are for who asks" "$(<$thp)" "always [madvise] never"
expect_undo "transparent huge pages"
expect_same "they are as before" "$(<$thp)" "$before"

echo 1 >$ksm/run
before=$(<$ksm/merge_across_nodes)
expect_done "KSM within nodes" fix_host write "${ksm#/}/run" 1 2 await "${ksm#/}/pages_shared" '?' 0 \
	write "${ksm#/}/merge_across_nodes" "$before" $((1 - before)) write "${ksm#/}/run" '?' 1
expect_same "merge_across_nodes" "$(<$ksm/merge_across_nodes)" $((1 - before))
expect_same "it runs again" "$(<$ksm/run)" 1
expect_undo "KSM"
expect_same "merge_across_nodes is as before" "$(<$ksm/merge_across_nodes) $(<$ksm/run)" "$before 1"
echo 0 >$ksm/run

pool=/sys/devices/system/node/node3/hugepages/hugepages-2048kB/nr_hugepages
before=$(<$pool)
expect_done "huge pages on node 3" fix_host huge-pool "node3 2048" "$before" $((before + 16))
expect_same "they are on node 3" "$(<$pool)" $((before + 16))
expect_undo "huge pages"
expect_same "they are gone" "$(<$pool)" "$before"
answer=$(fix_host huge-pool "node3 2048" "$before" 100000)
expect_same "more than there can be" "${answer%%:*}" "done in part"
case $answer in
*" $(<$pool) stands there now") ok "how many came of it is told" ;;
*) not_ok "how many came of it is told" "$answer, but there are $(<$pool)" ;;
esac
expect_undo "all huge pages"
expect_same "all of them are gone" "$(<$pool)" "$before"

# Those of its kernel lie elsewhere here.
modules=/lib/modules/$(uname -r)
mkdir -p /lib/modules
[ -e "$modules" ] || ln -s "$TESTHOST_CACHE/host$modules" "$modules"
is_loaded() {
	lsmod | awk '$1 == "nbd" { print 1 }'
}
expect_same "a module is not loaded" "$(is_loaded)" ""
expect_done "load a module" fix_host module nbd '?' loaded
expect_same "it is loaded" "$(is_loaded)" 1
expect_undo "module"
expect_same "it is gone" "$(is_loaded)" ""

mkdir -p /etc/sysctl.d
expect_done "a file that makes it last" fix_host drop-in etc/sysctl.d/90-kvmtop.conf '?' "vm.swappiness = 10"
expect_same "sysctl would read it" "$(tail -n 1 /etc/sysctl.d/90-kvmtop.conf)" "vm.swappiness = 10"
expect_undo "a file"
expect_same "it is gone, too" "$(ls /etc/sysctl.d/90-kvmtop.conf 2>/dev/null)" ""

# ---- what goes wrong ----

sysctl -q -w vm.swappiness=60
answer=$(fix_host sysctl vm.swappiness 30 10)
expect_same "changed behind its back" "$answer" "refused: vm.swappiness: changed meanwhile, from 30 to 60"

# It waits for what never comes, and is killed there.
("$fixer" "$journal" none -- sysctl vm.swappiness 60 11 write "${thp#/}" '?' never await "${ksm#/}/run" '?' 2 >/dev/null) &
is_waiting() {
	[ "$(sysctl -n vm.swappiness)" = 11 ] && grep -q '\[never\]' $thp
}
require "a fix is in its middle" wait_until 20 "the second of three changes" is_waiting
answer=$(fix_host sysctl vm.dirty_ratio '?' 21)
case $answer in
"refused: another kvmtop is fixing something (process "*) ok "a second one is told who fixes" ;;
*) not_ok "a second one is told who fixes" "$answer" ;;
esac
pkill -KILL -x fixer
wait 2>/dev/null
"$KVMTOP" --journal "$journal" history >"$journal.out" 2>&1
expect_same "what was cut off is found" "$(grep -c 'cut off' "$journal.out")" 1
expect_undo "what was cut off"
expect_same "nothing is half done" "$(sysctl -n vm.swappiness) $(grep -c '\[never\]' $thp)" "60 0"

# ---- who may only look ----

looks=/run/testhost/looks
mkdir -p $looks
chown 65534:65534 $looks
printf '%s\n' 'balloon-stats-off.for = 0s' 'thp-mode.guest = 100000000' >$looks/conf

# only_looks WORDS...: kvmtop with the rights that it needs to see everything, and no others.
only_looks() {
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all,+sys_ptrace,+dac_read_search \
		--ambient-caps=-all,+sys_ptrace,+dac_read_search \
		timeout -k 5 120 "$KVMTOP" --config $looks/conf --journal $looks/journal "$@" >$looks/out 2>&1
	status=$?
}

expect_said() {
	grep -q -e "$2" $looks/out && ok "$1" || not_ok "$1" "$(tail -n 4 $looks/out | tr '\n' ' ')"
}

# Those that it told when it was asked above are good for a minute.
has_old_figures() {
	local at

	at=$(virsh -q dommemstat wrong | awk '$1 == "last_update" { print $2 }')
	[ $(($(date +%s) - ${at:-0})) -gt 61 ]
}
wait_until 90 "the balloon's figures to be old" has_old_figures

echo never >$thp
chmod 0700 /run/libvirt/libvirt-sock # as where it is not open to all
only_looks fix balloon-stats-off wrong --yes=wrong
expect_same "libvirt lets it only look" "$status" 7
expect_said "libvirt's words for that" 'refused: .*libvirt: .*Permission denied'
expect_said "the command instead" 'by hand it would be: virsh dommemstat --domain wrong --period 5 --live'
only_looks fix balloon-stats-off wrong --dry-run
expect_same "a preview takes no more" "$status" 0
expect_said "it has the command" 'virsh dommemstat --domain wrong --period 5 --live'
chmod 0777 /run/libvirt/libvirt-sock
only_looks fix thp-mode --yes
expect_same "a file that it may only read" "$status" 7
expect_said "the file is named" 'refused: .*transparent_hugepage/enabled'
expect_said "the command instead" 'by hand it would be: echo madvise > /sys/kernel/mm/transparent_hugepage/enabled'
expect_same "nothing was changed" "$(<$thp)" "always madvise [never]"
expect_same "nor in libvirt" "$(virsh dumpxml wrong | grep -c '<stats period')" 0
echo always >$thp

kill -STOP "$pid"
wait_until 10 "the guest to stop" grep -q '^State:.T' "/proc/$pid/status"
answer=$(fix pin-vcpu 0 '?' 0)
case $answer in
"refused: "*"is stopped"*) ok "a stopped guest is left alone" ;;
*) not_ok "a stopped guest is left alone" "$answer" ;;
esac
kill -CONT "$pid"

guest_kill wrong
rm -f "$guests_dir/wrong.keys"
answer=$(fix pin-vcpu 0 '?' 0)
expect_same "a guest that has ended" "$answer" "refused: wrong has ended"
