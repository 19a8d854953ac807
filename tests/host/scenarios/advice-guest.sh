#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# host: libvirt
#
# Guests that halt, or lack a device or huge pages: what rules find is fixed by their own plans, and
# undone. What others' tools show before and after.

# shellcheck source=tests/host/scenarios/mending.sh
. "${BASH_SOURCE[0]%/*}/mending.sh"

# ---- the guest's own devices ----

without_balloon() {
	sed "s/<memballoon model='virtio'/<memballoon model='none'/"
}
have_guests "talker nic=vhost work=net" "writer disk=16 pin=4 work=disk" \
	"bare saved=yes edit=without_balloon"

echo 0 >/sys/module/kvm/parameters/halt_poll_ns
mend "halt polling is off" halt-poll-off
expect_same "KVM polls" "$(</sys/module/kvm/parameters/halt_poll_ns)" 200000
take_back "halt polling is off"
expect_same "KVM does not poll" "$(</sys/module/kvm/parameters/halt_poll_ns)" 0
echo 200000 >/sys/module/kvm/parameters/halt_poll_ns

before=$(virsh -q emulatorpin writer)
mend "the emulator on its vCPU's CPU" cpu-emulator-unpinned writer
expect_same "its main thread has the node's other CPU" \
	"$(taskset -cp "$(guest_pid writer)" | sed 's/.*: //')" 5
take_back "the emulator on its vCPU's CPU"
expect_same "emulatorpin shows the old ones" "$(virsh -q emulatorpin writer)" "$before"

saved() {
	virsh dumpxml --inactive bare
}
before=$(saved)
mend "no balloon" balloon-missing bare
expect_true "no balloon: it is told when that counts" "it is not" grep -q 'counts from the next start' $said
expect_true "the saved definition has one" "it has none" grep -q "memballoon model='virtio'" <(saved)
expect_true "what runs has none" "it has one" \
	grep -q "memballoon model='none'" <(virsh dumpxml bare)
take_back "no balloon"
expect_same "the saved definition is as before" "$(saved)" "$before"

# As its driver starts a guest tells its figures once, and never again.
figures_age() {
	awk -v now="$EPOCHSECONDS" '$1 == "last_update" { at = $2 } END { print now - at }' \
		<(virsh -q dommemstat talker)
}
are_old() {
	[ "$(figures_age)" -gt 61 ]
}
period() {
	virsh dumpxml talker | grep -o "<stats period='[0-9]*'" | tr -cd 0-9
}
require "the figures of talker grow old" wait_until 90 "figures of a minute ago" are_old
mend "a balloon without statistics" balloon-stats-off talker
expect_true "dumpxml shows a period" "there is none" test "$(period)" -gt 0
is_told_again() {
	[ "$(figures_age)" -lt 30 ]
}
expect_true "the guest tells its figures again" "they are $(figures_age) s old" \
	wait_until 60 "new figures" is_told_again
take_back "a balloon without statistics"
expect_same "there is none again" "$(period)" ""

# ---- a guest that cannot start ----

pool=/sys/devices/system/node/node3/hugepages/hugepages-2048kB/nr_hugepages
before=$(<$pool)
require "huge is defined" guest_define huge mib=128 nodes=3 pages=huge
mend "a pool too small" hugepages-pool-short huge
expect_same "the pages are on its node" "$(($(<$pool) - before))" 64
expect_true "it starts" "it does not" virsh -q start huge
virsh -q destroy huge
take_back "a pool too small"
expect_same "the pages are gone" "$(<$pool)" "$before"
virsh -q undefine huge
rm -f "$guests_dir/huge.xml"
