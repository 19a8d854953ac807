#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# host: bare
#
# No libvirtd, and none ever was: guests started by hand are found through /proc, with their names,
# sizes and threads; also the vCPUs of a QEMU that does not name its threads.

# shellcheck source=tests/host/scenarios/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

require "no libvirtd" test ! -e /run/libvirt/libvirt-sock
have_guests \
	"plain mib=192 vcpus=2 nodes=2 pin=2,3 work=touch=64 nic=vhost uuid=6b1f7c52-6f0e-4d5a-9a7d-0c2e5f1b9e31" \
	"busy mib=160 nodes=3 pin=6 work=touch=32,spin hold=yes" \
	"nameless mib=160 vcpus=2 nodes=1 work=exits threads=nameless"
require "busy works" guest_go busy
busy_tid=$(guest_vcpu_tid busy 0)

kvmtop_options="--numa exact"
reference_start "$busy_tid"
take_placed 2 6 "plain busy nameless" domain vcpu placement thread source
reference_stop

expect_same "guests" "$(columns domain name sample=6 | sort | xargs)" "busy nameless plain"
expect_same "uuid of the command line" "$(col domain uuid name=plain)" \
	6b1f7c52-6f0e-4d5a-9a7d-0c2e5f1b9e31
for guest in "plain 2 192" "busy 1 160" "nameless 2 160"; do
	read -r name vcpus mib <<<"$guest"
	expect_same "$name: pid" "$(col domain pid "name=$name")" "$(guest_pid "$name")"
	expect_same "$name: number of vCPUs" "$(col domain vcpus "name=$name")" "$vcpus"
	expect_same "$name: memory" "$(col domain memory_bytes "name=$name")" $((mib * 1048576))
	expect_same "$name: state" "$(col domain state "name=$name")" running
	expect_placement "$name" "$mib"
done

for vcpu in "plain 0 2" "plain 1 3" "busy 0 6"; do
	read -r name number pinned <<<"$vcpu"
	IFS=$'\t' read -r tid cpu affinity < <(col vcpu "tid cpu affinity" "domain=$name" "vcpu=$number")
	expect_same "$name: thread of vCPU $number" "$tid" "$(guest_vcpu_tid "$name" "$number")"
	expect_same "$name: affinity of vCPU $number" "$affinity" "$pinned"
	# One that has slept since it was pinned was last on another.
	expect_same "$name: CPU of vCPU $number" "$cpu" "$(ps -L -o tid=,psr= -p "$(guest_pid "$name")" |
		awk -v tid="$tid" '$1 == tid { print $2 }')"
done
expect_cpu_time "busy: run time" "$busy_tid" run_ratio 3 vcpu domain=busy

# KVM itself knows which thread runs which vCPU.
pid=$(guest_pid nameless)
for number in 0 1; do
	expect_same "nameless: thread of vCPU $number" \
		"$(col vcpu tid domain=nameless "vcpu=$number")" \
		"$(cat "/sys/kernel/debug/kvm/$pid"-*/"vcpu$number/pid")"
done
expect_same "plain: vhost worker" "$(columns thread tid domain=plain role=vhost sample=6)" \
	"$(pgrep -x "vhost-$(guest_pid plain)")"
expect_true "libvirt's source says that there is none" "it says '$(col source state source=libvirt)'" \
	test "$(col source state source=libvirt)" != ok

# What leaves the guest swings under emulation, so it is counted in kvmtop's own windows; a log five
# times a second leaves some 0.2 s of 8 open.
exits=$(echo "/sys/kernel/debug/kvm/$pid"-*/exits)
reference_start "$exits"
take 2 5 domain
reference_stop
read -r counted _ < <(seconds_of domain exits_per_second name=nameless)
expected=$(reference_windows "$exits" 3 domain name=nameless | awk '{ sum += $2 } END { printf "%.0f", sum }')
expect_near "nameless: exits" "$counted" "$expected" $((expected / 20))
expect_true "nameless: exits, some thousands" "it is $expected" test "$expected" -gt 1000
