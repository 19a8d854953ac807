#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# host: libvirt
#
# NICs of all kinds: vhost-net with one queue and with two, two of them on one guest, an emulated one
# and a macvtap beside them, one in user mode. Against /proc/net/dev and /sys/class/net, and vhost
# workers against /proc. Counters agree exactly where both are the same reading: in a capture.

# shellcheck source=tests/host/scenarios/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

# Nothing but what is sent here shall be on these wires.
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
if [ ! -e /sys/class/net/uplink0 ]; then
	modprobe -d "$TESTHOST_CACHE/host" -a bridge dummy macvtap
	ip link add uplink0 type dummy
	ip link add uplink1 type dummy
	ip link add bridge0 type bridge
	ip link set uplink1 master bridge0
	ip link set uplink0 up
	ip link set uplink1 up
	ip link set bridge0 up
fi
have_guests \
	"single mib=160 nodes=1 nic=vhost,e1000,direct work=net hold=yes" \
	"multi mib=176 vcpus=2 nodes=2 nic=vhost queues=2 work=net hold=yes" \
	"pair mib=160 nodes=3 nic=vhost,vhost2,user work=net1 hold=yes"
names="single multi pair"
ip link set tap-pair master bridge0
ip link set e1k-single mtu 1400
macvtap=$(basename "$(echo /sys/class/net/macvtap*)")
ip link set "$macvtap" up
interfaces=(tap-single e1k-single "$macvtap" tap-multi tap-pair tap2-pair)
counters=(transmit_bytes transmit_packets transmit_errors transmit_drops
	receive_bytes receive_packets receive_errors receive_drops)

has_samples() {
	[ "$(only_last=yes columns nic sample)" -ge "$1" ]
}

# "INTERFACE BYTES PACKETS ERRORS DROPS …" of a file net/dev in the guest's direction: sent, received.
# What a tap received the guest sent; a macvtap is the guest's own interface, and others are the host's.
guest_counters() {
	awk 'NR > 2 { sub(/:/, " ")
		if ($1 ~ /^(macvtap|bridge|uplink)/) print $1, $10, $11, $12, $13, $2, $3, $4, $5
		else print $1, $2, $3, $4, $5, $10, $11, $12, $13 }' "$1"
}

# counted TABLE: the same as kvmtop counted: rates times their intervals, of all samples.
counted() {
	columns "$1" "interface interval_seconds $(printf '%s_per_second ' "${counters[@]}")" | awk -F '\t' '
	{ seen[$1]; for (i = 3; i <= NF; i++) sum[$1, i] += $2 * $i }
	END { for (name in seen) { line = name
		for (i = 3; i <= 10; i++) line = line " " sprintf("%.0f", sum[name, i])
		print line } }'
}

# expect_counters WHAT BEFORE AFTER PERCENT TABLE INTERFACE...: files of guest_counters against what was
# counted.
expect_counters() {
	local interface i before after got want

	counted "$5" >"$samples_dir/counted"
	for interface in "${@:6}"; do
		read -ra before < <(grep "^$interface " "$2")
		read -ra after < <(grep "^$interface " "$3")
		read -ra got < <(grep "^$interface " "$samples_dir/counted")
		for i in "${!counters[@]}"; do
			want=$((after[i + 1] - before[i + 1]))
			expect_near "$1 $interface: ${counters[i]}" "${got[i + 1]:-}" $want \
				$((want * $4 / 100))
		done
	done
}

# ---- what NICs are ----

# GUEST INTERFACE MODEL TYPE BACKEND QUEUES
attributes="single tap-single virtio tap vhost-net 1
single e1k-single e1000 tap userspace 1
single $macvtap virtio macvtap vhost-net 1
multi tap-multi virtio tap vhost-net 2
pair tap-pair virtio tap vhost-net 1
pair tap2-pair virtio tap vhost-net 1"

host_attribute() {
	basename "$(readlink "/sys/class/net/$1/$2")" 2>/dev/null
}

expect_attributes() {
	local guest interface model type backend queues on said

	columns nic "interface domain model type backend queues mtu bridge queues_enabled" |
		tr '\t' '|' >"$samples_dir/nics"
	while read -r guest interface model type backend queues; do
		said=$(grep "^$interface|" "$samples_dir/nics" | tail -n 1)
		on=$(find "/sys/class/net/$interface/queues" -name 'rx-*' | wc -l)
		# What a macvtap's guest switched on nobody tells.
		[ "$type" != macvtap ] || on=
		expect_same "$1 $interface" "$said" \
			"$interface|$guest|$model|$type|$backend|$queues|$(<"/sys/class/net/$interface/mtu")|$(
				host_attribute "$interface" master)|$on"
	done <<<"$attributes"
	expect_same "$1 uplink and guests of a bridge" \
		"$(col nic "uplink bridge_guests" interface=tap-pair)" $'uplink1\t1'
	expect_same "$1 uplink of a macvtap" "$(col nic uplink "interface=$macvtap")" uplink0
	expect_same "$1 user mode has no counters" \
		"$(columns nic "type receive_bytes_per_second" type=user | sort -u)" $'user\t'
}

# ---- live ----

declare -A workers
for name in $names; do
	workers[$name]=$(pgrep -x "vhost-$(guest_pid $name)" | sort -n | xargs)
done
taskset -pc 5 "${workers[pair]#* }" >/dev/null
guest_counters /proc/net/dev >"$samples_dir/before"
# shellcheck disable=SC2086
reference_start ${workers[single]} ${workers[multi]} ${workers[pair]}
kvmtop_start 2 60 nic
wait_until 90 "the first rates" has_samples 1
for name in $names; do
	require "$name works" guest_go "$name"
done
# send INTERFACE NETWORK COUNT: so many packets to somebody who is not there.
send() {
	local i fd

	ip addr add "$2.1/24" dev "$1"
	ip neigh add "$2.2" lladdr 52:54:00:00:00:99 dev "$1"
	exec {fd}>"/dev/udp/$2.2/9"
	for ((i = 0; i < $3; i++)); do
		echo -n "not for you" >&"$fd"
	done
	exec {fd}>&-
	ip addr del "$2.1/24" dev "$1"
}

# A guest without a driver takes nothing: what its tap cannot keep is dropped.
send e1k-single 198.19.1 1300
# What the host sends through a macvtap, it sends in the guest's name.
send "$macvtap" 198.19.2 20
# Silence before the last sample, so that both have seen the same.
for name in $names; do
	virsh -q suspend "$name"
done
wait_until 60 "two more samples" has_samples $(($(only_last=yes columns nic sample) + 2))
guest_counters /proc/net/dev >"$samples_dir/after"
kill -TERM "$kvmtop_job"
kvmtop_wait nic
reference_stop
for name in $names; do
	virsh -q resume "$name"
done

guests_live() {
	local name

	for name in $names; do
		[ -e "/proc/$(guest_pid "$name")" ] || return
	done
}

# Emulation loses one now and then.
require "all guests live" guests_live
# Rates are by the time of reading, intervals by that of the sample: of a burst within one sample the
# product may be off by a tenth where everything is emulated.
expect_counters live "$samples_dir/before" "$samples_dir/after" 15 nic "${interfaces[@]}"
expect_true "live e1k-single: packets were dropped" "none was" \
	awk '$1 == "e1k-single" { exit !($9 > 0) }' "$samples_dir/counted"
expect_near "live $macvtap: transmitted" \
	"$(awk -v name="$macvtap" '$1 == name { print $3 }' "$samples_dir/counted")" 20 3
expect_true "live tap2-pair: packets went through" "none did" \
	awk '$1 == "tap2-pair" { exit !($3 > 10 && $7 > 10) }' "$samples_dir/counted"
expect_attributes "with libvirt"

# ---- workers ----

expect_same "single: workers of its two vhost NICs" "$(columns nic workers domain=single | sort -u | xargs)" \
	"${workers[single]}"
expect_same "multi: workers" "$(col nic "workers workers_of" interface=tap-multi)" \
	"${workers[multi]}	nic"
read -r idle busy <<<"${workers[pair]}"
expect_same "pair: worker of the first NIC" "$(col nic "workers workers_of" interface=tap-pair)" \
	"$idle	order"
expect_same "pair: worker of the second NIC" \
	"$(col nic "workers workers_of workers_cpu workers_node" interface=tap2-pair)" \
	"$busy	order	5	2"
idle_s=$(reference_seconds "$idle" 3 nic interface=tap-pair)
busy_s=$(reference_seconds "$busy" 3 nic interface=tap-pair)
expect_true "pair: the worker of the NIC that carries traffic is the one that works" \
	"they ran $idle_s s and $busy_s s" awk "BEGIN { exit !($busy_s > 5 * $idle_s) }"

# CPU time of workers in the same windows.
expect_workers_cpu() {
	local interface=$1 got span want=0 tid
	shift

	read -r got span < <(seconds_of nic vhost_cpus "interface=$interface")
	for tid in "$@"; do
		want=$(awk "BEGIN { print $want + $(reference_seconds "$tid" 3 nic "interface=$interface") }")
	done
	expect_cpu_seconds "$interface: CPU time of its workers" "$got" "$want" "$span"
}

# shellcheck disable=SC2086
expect_workers_cpu tap-multi ${workers[multi]}
expect_workers_cpu tap2-pair "$busy"

# ---- a capture, and without libvirt ----

ip addr add 198.19.1.1/24 dev e1k-single
exec {fd}>/dev/udp/198.19.1.2/9
# To nobody whom the bridge knows: it goes to all ports.
ip addr add 198.19.3.1/24 dev bridge0
ip neigh add 198.19.3.2 lladdr 52:54:00:00:00:99 dev bridge0
exec {bridge_fd}>/dev/udp/198.19.3.2/9
"$KVMTOP" capture -c none --numa off -d 1 -n 3 "$samples_dir/host" </dev/null >"$samples_dir/capture" 2>&1 &
capture_job=$!
while kill -0 $capture_job 2>/dev/null; do
	echo -n "not for you" >&"$fd"
	echo -n "for nobody" >&"$bridge_fd"
	pause 0.05
done
wait $capture_job || not_ok "kvmtop capture" "$(tail -n 1 "$samples_dir/capture")"
require "all guests live" guests_live
kvmtop_options="--root $samples_dir/host"
take 1 2 nic interface
guest_counters "$samples_dir/host/0/proc/net/dev" >"$samples_dir/before"
guest_counters "$samples_dir/host/2/proc/net/dev" >"$samples_dir/after"
expect_counters captured "$samples_dir/before" "$samples_dir/after" 0 interface bridge0 uplink0 uplink1
expect_true "captured bridge0 and uplink1: packets went out" "none did" \
	awk '/^(bridge0|uplink1) / { n += $3 > 10 } END { exit n != 2 }' "$samples_dir/counted"
expect_same "captured interfaces of the host" \
	"$(columns interface "interface kind master uplink guests" | sort -u | tr "\t" "|" | xargs)" \
	"bridge0|bridge||uplink1|pair uplink0|virtual|||single uplink1|virtual|bridge0||pair"
expect_counters captured "$samples_dir/before" "$samples_dir/after" 0 nic "${interfaces[@]}"
expect_true "captured tap-multi: packets went through" "none did" \
	awk '$1 == "tap-multi" { exit !($3 > 10 && $7 > 10) }' "$samples_dir/counted"
expect_true "captured e1k-single: packets were dropped" "none was" \
	awk '$1 == "e1k-single" { exit !($9 > 0) }' "$samples_dir/counted"

# Descriptors and the command line tell as much.
kvmtop_options="-c none"
take 1 2 nic
expect_attributes "without libvirt"
