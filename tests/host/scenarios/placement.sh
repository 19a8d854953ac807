#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# host: libvirt
#
# Where guests lie and run: one bound to node 0 whose vCPUs are pinned to CPUs of node 1, and three
# spread over the other nodes. Against numastat, virsh and /proc.

# shellcheck source=tests/host/scenarios/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

have_guests \
	"wrong mib=384 vcpus=2 nodes=0 pin=2,3 work=touch=256 share=no nic=vhost" \
	"spin1 mib=192 nodes=1 pin=5 work=touch=64,spin share=no hold=yes" \
	"spin2 mib=192 nodes=2 pin=5 work=touch=64,spin share=no hold=yes" \
	"spin3 mib=192 nodes=3 pin=5 work=touch=64,spin share=no hold=yes"
guests=(wrong spin1 spin2 spin3)

# In six seconds lies at least one slow reading of libvirt's balloon figures.
take_placed 2 4 "${guests[*]}" domain vcpu placement thread node cpu

# ---- who they are ----

# One virsh for all questions about a guest: a start of it takes half a second in here.
expect_identity() {
	local name=$1 uuid pid state vcpus memory rss balloon answers

	IFS=$'\t' read -r uuid pid state vcpus memory rss balloon < <(
		col domain "uuid pid state vcpus memory_bytes rss_bytes balloon_bytes" "name=$name")
	mapfile -t answers < <(virsh -q "domuuid $name; domstate $name;
		domstats --raw --nowait --vcpu --balloon $name" | grep .)
	stat_of() {
		printf '%s\n' "${answers[@]}" | sed -n "s/^ *$1=//p"
	}
	expect_same "$name: uuid" "$uuid" "${answers[0]}"
	expect_same "$name: pid" "$pid" "$(guest_pid "$name")"
	expect_same "$name: state" "$state" "${answers[1]}"
	expect_same "$name: number of vCPUs" "$vcpus" "$(stat_of vcpu.current)"
	expect_same "$name: memory" "$memory" "$(($(stat_of balloon.maximum) * 1024))"
	expect_same "$name: balloon" "$balloon" "$(($(stat_of balloon.current) * 1024))"
	expect_near "$name: resident memory" "$rss" \
		"$(awk '{ printf "%.0f", $2 * 4096 }' "/proc/$pid/statm")" $((memory / 50))
}

for name in "${guests[@]}"; do
	expect_identity "$name"
done
expect_same "guests on the host" "$(columns domain name sample=4 | sort | xargs)" \
	"$(virsh -q list --name | sort | xargs)"

for name in "${guests[@]}"; do
	expect_shares "$name"
done

# ---- threads ----

node_of_cpu() {
	local node

	node=$(echo "/sys/devices/system/cpu/cpu$1"/node*)
	echo "${node##*/node}"
}

# Per vCPU of a guest "NUMBER CPU AFFINITY", from virsh.
virsh_vcpus() {
	virsh "vcpuinfo $1; vcpupin $1" | awk '
	$1 == "VCPU:" { number = $2 }
	$1 == "CPU:" { cpu[number] = $2 }
	/^ *[0-9]+ +[0-9]/ { print $1, cpu[$1], $2 }'
}

expect_vcpus() {
	local name=$1 number cpu affinity ours

	while read -r number cpu affinity; do
		IFS=$'\t' read -ra ours < <(
			col vcpu "tid cpu node affinity" "domain=$name" "vcpu=$number")
		expect_same "$name: thread of vCPU $number" "${ours[0]}" \
			"$(guest_vcpu_tid "$name" "$number")"
		expect_same "$name: CPU of vCPU $number" "${ours[1]}" "$cpu"
		expect_same "$name: node of vCPU $number" "${ours[2]}" "$(node_of_cpu "$cpu")"
		expect_same "$name: affinity of vCPU $number" "${ours[3]}" "$affinity"
	done < <(virsh_vcpus "$name")
}

for name in "${guests[@]}"; do
	expect_vcpus "$name"
done

pid=$(guest_pid wrong)
expect_same "emulator thread" "$(columns thread tid domain=wrong role=emulator sample=4)" "$pid"
expect_same "vhost worker" "$(columns thread tid domain=wrong role=vhost sample=4)" \
	"$(pgrep -x "vhost-$pid")"
expect_same "number of threads" \
	"$({ columns thread tid domain=wrong sample=4; columns vcpu tid domain=wrong sample=4; } |
		while read -r tid; do [ -e "/proc/$pid/task/$tid" ] && echo; done | wc -l)" \
	"$(awk '/^Threads/ { print $2 }' "/proc/$pid/status")"

# ---- what follows from it ----

IFS=$'\t' read -r home run_nodes local < <(col domain "home run_nodes local_ratio" name=wrong)
expect_same "wrong: home node" "$home" 0
expect_same "wrong: nodes it runs on" "$run_nodes" 1
# Its RAM is all on node 0; what QEMU itself holds beside its vCPUs is a few hundredths of the whole.
expect_near "wrong: local share" "$local" "$(resident_shares wrong | sed -n 's/^1 //p')" 0.03
expect_between "wrong: nearly nothing is local" "$local" 0 0.1
# CPU 5 is of node 2, where only spin2 lies.
expect_same "spin2: home node" "$(col domain home name=spin2)" 2

# ---- nodes and CPUs ----

for node in 0 1 2 3; do
	path=/sys/devices/system/node/node$node
	expect_same "CPUs of node $node" "$(col node cpus "node=$node")" "$(<$path/cpulist)"
	expect_same "memory of node $node" "$(col node total_bytes "node=$node")" \
		"$(awk '/MemTotal/ { printf "%.0f", $4 * 1024 }' $path/meminfo)"
	distance=$(col node distance "node=$node")
	expect_same "distances of node $node" "$(tr -c '0-9\n' ' ' <<<"$distance" | xargs)" \
		"$(xargs <$path/distance)"
done
for cpu in 0 1 2 3 4 5 6 7; do
	expect_same "node of CPU $cpu" "$(col cpu node "cpu=$cpu")" "$(node_of_cpu $cpu)"
done

# ---- memory per node, every page counted ----

kvmtop_options="--numa exact"
take_placed 2 1 "${guests[*]}" domain placement
expect_placement wrong 384
for name in spin1 spin2 spin3; do
	expect_placement "$name" 192
done
