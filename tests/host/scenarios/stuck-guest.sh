#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# host: libvirt
#
# One guest of three stops answering (SIGSTOP): it says so itself, the others keep their rhythm and
# their figures, and it comes back when it does.

# shellcheck source=tests/host/scenarios/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

have_guests \
	"spin1 mib=192 nodes=1 pin=5 work=touch=64,spin share=no hold=yes" \
	"spin2 mib=192 nodes=2 pin=5 work=touch=64,spin share=no hold=yes" \
	"spin3 mib=192 nodes=3 pin=5 work=touch=64,spin share=no hold=yes"
for name in spin1 spin3; do
	require "$name works" guest_go "$name"
done
tid=$(guest_vcpu_tid spin3 0)

take 1 2 domain
expect_same "before: spin2 runs" "$(col domain state name=spin2)" running

guest_stop spin2
reference_start "$tid"
take 2 10 domain vcpu source
reference_stop
expect_same "samples, all of them" "$(columns domain sample name=spin1 | tail -n 1)" 10
expect_rhythm 2
expect_same "spin2 is stuck" "$(col domain state name=spin2)" stuck
stuck=$(col domain stuck_seconds name=spin2)
expect_between "spin2: seconds it has been stuck" "$stuck" 10 30
expect_same "spin2: vCPU thread is stopped" "$(col vcpu state domain=spin2)" T
expect_near "spin2: no CPU time" "$(col vcpu run_ratio domain=spin2)" 0 0.001
expect_same "spin1 runs on" "$(columns domain state name=spin1 | sort -u)" running
expect_same "spin3 runs on" "$(columns domain state name=spin3 | sort -u)" running
expect_cpu_time "spin3: run time" "$tid" run_ratio 3 vcpu domain=spin3
expect_true "the monitor is left alone" "balloon says: $(col source note source=balloon)" \
	grep -q "stopped" <(col source note source=balloon)

guest_continue spin2
wait_until 60 "libvirtd to reach the guest again" timeout 5 virsh -q domstats --balloon spin2
take 2 3 domain
expect_same "spin2 is back" "$(col domain state name=spin2)" running

# Worse, for nothing in its state tells: the vCPU runs on, and the thread that answers is frozen.
group=$(awk -F : '$1 == 0 { print "/sys/fs/cgroup" $3 }' "/proc/$(guest_pid spin2)/cgroup")
require "spin2 has a group for its emulator" test "${group##*/}" = emulator
require "spin2 works" guest_go spin2
echo 1 >"$group/cgroup.freeze"
tid=$(guest_vcpu_tid spin2 0)
reference_start "$tid"
take 2 10 domain vcpu source
reference_stop
expect_same "frozen: samples, all of them" "$(columns domain sample name=spin1 | tail -n 1)" 10
expect_rhythm 2
expect_same "frozen: spin2 is stuck" "$(col domain state name=spin2)" stuck
expect_between "frozen: seconds that its monitor owes an answer" \
	"$(col domain monitor_silent_seconds name=spin2)" 5 30
expect_cpu_time "frozen: its vCPU runs all the same" "$tid" run_ratio 3 vcpu domain=spin2
expect_same "frozen: spin1 is not blamed" "$(columns domain state name=spin1 | sort -u)" running
expect_true "frozen: the source says so" "balloon is ok" \
	test "$(col source state source=balloon)" != ok
echo 0 >"$group/cgroup.freeze"
wait_until 60 "libvirtd to reach the guest again" timeout 5 virsh -q domstats --balloon spin2

# ---- an image on a mount that is dead ----

# As of an NFS server that has gone: whoever touches the image waits, and so does QEMU.
modprobe -d "$TESTHOST_CACHE/host" fuse
dead=/run/testhost/dead
mkdir -p "$guests_images/remote" $dead
truncate -s 16M "$guests_images/remote/far.img"
bindfs -f "$guests_images/remote" $dead &
server=$!
require "the mount is there" wait_until 30 "the mount" mountpoint -q $dead
require "spin2 gets the disk" virsh -q attach-disk spin2 $dead/far.img vdb --subdriver raw --live
take 1 3 disk
expect_same "its image has a size" "$(col disk capacity_bytes domain=spin2 disk=vdb)" 16777216

kill -STOP $server
reference_start "$(guest_vcpu_tid spin3 0)"
take 2 10 domain vcpu disk blockdev source
reference_stop
expect_same "dead: samples, all of them" "$(columns domain sample name=spin1 | tail -n 1)" 10
expect_rhythm 2
expect_same "dead: spin1 is not blamed" "$(columns domain state name=spin1 | sort -u)" running
expect_cpu_time "dead: spin3: run time" "$(guest_vcpu_tid spin3 0)" run_ratio 3 vcpu domain=spin3
expect_same "dead: where the image lies" "$(col disk mount domain=spin2 disk=vdb)" $dead
kill -CONT $server
wait_until 60 "libvirtd to reach the guest again" timeout 5 virsh -q domstats --block spin2
virsh -q detach-disk spin2 vdb --live
guest_kill spin2
wait_until 30 "an end of the mount" umount $dead
wait $server
