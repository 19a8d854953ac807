#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# host: libvirt
#
# Two guests with a node each, as one should set them up: nothing is said of them or their host. What
# it takes down with KVMTOP_TESTHOST_KEEP is tests/hosts/good.host.

# shellcheck source=tests/host/scenarios/mending.sh
. "${BASH_SOURCE[0]%/*}/mending.sh"

thp=/sys/kernel/mm/transparent_hugepage/enabled

tuned() {
	sed -e "s|<memballoon model='virtio'/>|<memballoon model='virtio'><stats period='5'/></memballoon>|" \
		-e "s|<vcpupin vcpu='0' cpuset='\([^']*\)'/>|&<emulatorpin cpuset='\1'/>|" \
		-e "s|<cpu mode='host-passthrough'/>|<cpu mode='host-passthrough'><topology sockets='1' cores='1' threads='1'/></cpu>|"
}
have_guests "one nodes=0 pin=0-1 saved=yes edit=tuned" "two nodes=1 pin=2-3 saved=yes edit=tuned"
echo madvise >$thp
echo 200000 >/sys/module/kvm/parameters/halt_poll_ns
sysctl -q -w vm.swappiness=10
expect_rules "good host" none </dev/null
take_down good
