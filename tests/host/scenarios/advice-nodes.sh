#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# host: libvirt
#
# vCPUs and memory on different nodes, and settings of the host: what rules find is fixed by their own
# plans, and undone. What others' tools show before and after.

# shellcheck source=tests/host/scenarios/mending.sh
. "${BASH_SOURCE[0]%/*}/mending.sh"

thp=/sys/kernel/mm/transparent_hugepage/enabled

# The node on which a guest's only vCPU ran last, by the CPU in its stat.
vcpu_node() {
	local stat
	stat=$(<"/proc/$(guest_pid "$1")/task/$(guest_vcpu_tid "$1" 0)/stat")
	awk '{ print int($37 / 2) }' <<<"${stat##*) }"
}

# ---- vCPUs and memory apart ----

# Memory lies where it is first touched, so a vCPU that is moved meanwhile has some on each node.
has_touched() {
	[ "$(awk '/^VmRSS/ { print $2 }' "/proc/$(guest_pid spread)/status")" -gt "$1" ]
}
walk() {
	wait_until 120 "half of the memory to be touched" has_touched 350000
	virsh -q vcpupin spread 0 6 --live
}
walk 2>/dev/null &
walker=$!
# Large enough that what QEMU itself has elsewhere is far less than a tenth; in huge pages, which
# numastat tells from all that is QEMU's own.
pool=/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages
sync
echo 3 >/proc/sys/vm/drop_caches
echo 192 >$pool
have_guests "float mib=384 nodes=0 pages=huge pin=3 work=touch=256,spin share=no" \
	"spread mib=768 pin=4 work=touch=620 share=no"
wait "$walker"
wait_until 120 "all of the memory to be touched" has_touched 700000
virsh -q vcpupin spread 0 0-7 --live
# Of a guest's huge pages, the part beside its vCPU.
huge_beside() {
	numastat_bytes "$1" Huge | awk -v here="$(vcpu_node "$1")" '
	{ sum += $2; if ($1 == here) beside = $2 }
	END { printf "%.4f\n", sum ? beside / sum : -1 }'
}
expect_same "numastat: none of its RAM is beside its vCPU" "$(huge_beside float)" 0.0000
# Busy, it stays where it is.
virsh -q vcpupin float 0 0-7 --live

mend_by_key "vCPUs away from their memory" numa-vcpu-float float
expect_local "vCPUs away from their memory"
expect_same "vcpupin shows the node of its memory" "$(pins float)" "0=0-1 "
expect_between "numastat: more than 0.99 of its RAM is" "$(huge_beside float)" 0.99 1
take_back "vCPUs away from their memory"
expect_same "vcpupin shows where it was" "$(pins float)" "0=0-7 "

before=$(all_on_node spread 2)
expect_less "memory is spread" "$(ram_on_node spread 2)" 700
mend_by_key "memory on two nodes" numa-memory-remote spread confirm
expect_local "memory on two nodes"
home=2
[ "$(ram_on_node spread 2)" -gt 500 ] || home=3
expect_less "numa_maps: 99 % of it is on one node" 990 "$(ram_on_node spread $home)"
expect_same "its vCPU may run there only" "$(pins spread)" "0=$((2 * home))-$((2 * home + 1)) "
take_back "memory on two nodes"
expect_near "numa_maps: spread as before" "$(all_on_node spread 2)" "$before" 20
expect_same "its vCPU may run anywhere" "$(pins spread)" "0=0-7 "

# ---- the host ----

before=$(<$thp)
echo never >$thp
mend "no transparent huge pages" thp-mode
expect_same "they are for who asks" "$(<$thp)" "always [madvise] never"
take_back "no transparent huge pages"
expect_same "there are none again" "$(<$thp)" "always madvise [never]"
echo "$before" | grep -o '\[.*\]' | tr -d '[]' >$thp

modprobe -d "$TESTHOST_CACHE/host" brd rd_nr=1 rd_size=65536
mkswap -q /dev/ram0 >/dev/null && swapon /dev/ram0
cgroup=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(guest_pid spread)/cgroup")
echo 30M >"${cgroup%/emulator}/memory.reclaim" 2>/dev/null
sysctl -q -w vm.swappiness=60
mend "a host that swaps readily" mem-swappiness
expect_same "sysctl shows it" "$(sysctl -n vm.swappiness)" 10
take_back "a host that swaps readily"
expect_same "sysctl shows the old one" "$(sysctl -n vm.swappiness)" 60
swapoff /dev/ram0

# ---- pins and memory that do not go together ----

echo 0 >$pool
have_guests "away mib=384 nodes=0 mode=preferred pin=3 work=touch=256,spin share=no"
# Of what numastat calls private, QEMU's own heap too, the part on that node in thousandths.
numastat_beside() {
	numastat -p "$(guest_pid away)" | awk -v node="$(vcpu_node away)" '
		$1 == "Private" { printf "%d\n", 1000 * $(node + 2) / $NF }'
}
expect_less "numa_maps: next to none of its RAM is beside its vCPU" "$(ram_on_node away "$(vcpu_node away)")" 10
expect_less "numastat: little of its memory is" "$(numastat_beside)" 200
mend "pinned away from its memory" numa-pin-without-memory away
expect_local "pinned away from its memory"
expect_same "its vCPU runs where its memory lies" "$(pins away)" "0=0-1 "
expect_less "numa_maps: more than 99 % of its RAM is beside its vCPU" 990 "$(ram_on_node away "$(vcpu_node away)")"
expect_less "numastat: nearly all of its memory is, QEMU's own too" 900 "$(numastat_beside)"
take_back "pinned away from its memory"
expect_same "its vCPU is where it was" "$(pins away)" "0=3 "
