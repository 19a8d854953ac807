#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# host: libvirt
#
# A host with all of these defects, each of which is found. What it takes down with
# KVMTOP_TESTHOST_KEEP is tests/hosts/bad.host, of which e2e.hosts asserts that nothing else is found:
# here the emulation itself disturbs guests, more or less.

# shellcheck source=tests/host/scenarios/mending.sh
. "${BASH_SOURCE[0]%/*}/mending.sh"

thp=/sys/kernel/mm/transparent_hugepage/enabled
clock=/sys/devices/system/clocksource/clocksource0/current_clocksource

# ---- the bad one ----

odd() {
	sed -e "s/<memballoon model='virtio'/<memballoon model='none'/" \
		-e "s|<features><acpi/><apic/>|<features><acpi/><apic eoi='off'/>|" \
		-e "s|<cpu mode='host-passthrough'/>|<cpu mode='host-passthrough'><feature policy='disable' name='x2apic'/></cpu>|" \
		-e "s|<memoryBacking>|<memoryBacking><locked/>|"
}
held_back() {
	sed -e "s|</cputune>|<period>100000</period><quota>20000</quota></cputune>|"
}
limited() {
	sed -e "s|<memoryBacking>|<memtune><hard_limit unit='MiB'>500</hard_limit></memtune>&|"
}

have_guests "away mib=384 nodes=0 mode=preferred pin=3 work=touch=256,spin share=no" \
	"odd pin=3 work=spin edit=odd" "float mib=160 nodes=0 pin=5 work=touch=64,spin" \
	"big mib=1024 nodes=3 vcpus=2 pin=6,0-7 work=spin edit=held_back" \
	"wide vcpus=9 edit=limited" "writer disk=16 nodes=0-1 mode=interleave pin=4 work=disk"
# Busy, it stays where it is.
virsh -q vcpupin float 0 0-7 --live
echo never >$thp
echo 0 >/sys/module/kvm/parameters/halt_poll_ns
echo 64 >/sys/devices/system/node/node2/hugepages/hugepages-2048kB/nr_hugepages
echo acpi_pm >$clock
may_find_more=yes expect_rules "bad host" $settings <<'RULES'
balloon-stats-off            nobody asks the others for theirs
cpu-cgroup-priority          who waits has the same weight as who does not
cpu-emulator-unpinned        writer's runs on its vCPU's CPU
cpu-guest-util-high          float's vCPU is always busy
cpu-kworker-isolation        the kernel works on CPUs of vCPUs
cpu-overcommit               15 vCPUs on 8 CPUs
cpu-pin-overlap              away and odd are on CPU 3, and CPU 2 is nobody's
cpu-pin-partial              big's first vCPU has CPU 6 for itself, and the other is allowed there
cpu-quota-throttled          big has 0.4 CPUs for two vCPUs and its emulator
cpu-vcpu-exceeds-host        wide has 9
cpu-vcpu-steal               away and odd wait for each other
exit-pv-eoi                  odd has none
exit-x2apic                  odd has none
guest-numa-missing           big is larger than a node and knows of none
mem-hard-limit               wide's is too low for QEMU
mem-locked                   odd's is, without a limit
mem-overcommit               more is promised than there is
mem-swap-headroom            there is no swap
numa-balancing-off           float is not bound, and nothing moves it
numa-mode-interleave         writer is small enough for one node
numa-node-imbalance          node 0 is full, others are not
numa-pin-without-memory      away runs on node 1 and lies on node 0
numa-strict-risk             big is bound to a node that has less left than it may want
numa-vcpu-float              float is busy on another node than its memory's
thp-mode                     there are none for big
timer-host-clocksource       it is acpi_pm
RULES
take_down bad
echo tsc >$clock
echo 0 >/sys/devices/system/node/node2/hugepages/hugepages-2048kB/nr_hugepages
