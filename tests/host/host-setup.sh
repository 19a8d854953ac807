# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Second program of the test host, process 1 on its real root: mounts, modules, then the command
# (the function testhost_command, from boot's start file), its status, power off.

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root TERM=dumb LC_ALL=C.UTF-8 TESTHOST_OUT=/run/testhost/out
unset BASH_ENV ENV

for cpu in /sys/devices/system/cpu/cpu*/online; do
	echo 1 >"$cpu"
done
mkdir -p /dev/pts /dev/shm /dev/hugepages
ln -s /proc/self/fd /dev/fd
ln -s fd/0 /dev/stdin
ln -s fd/1 /dev/stdout
ln -s fd/2 /dev/stderr
mount -t devpts -o gid=5,mode=620 devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t hugetlbfs hugetlbfs /dev/hugepages
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null
echo "+cpuset +cpu +io +memory +hugetlb +pids" >/sys/fs/cgroup/cgroup.subtree_control
# Automatic balancing would move pages under a test's hands.
echo 0 >/proc/sys/kernel/numa_balancing
# Emulation loses an interrupt between CPUs now and then, and everything waits for ever. A CPU that
# stands still for 40 s ends the host, so that boot can tell.
echo 20 >/proc/sys/kernel/watchdog_thresh
echo 1 >/proc/sys/kernel/softlockup_panic
# One that lost its timer too is seen by the others alone: they wait for it in RCU.
echo 40 >/sys/module/rcupdate/parameters/rcu_cpu_stall_timeout
echo 1 >/proc/sys/kernel/panic_on_rcu_stall
ip link set lo up
modprobe -d "$TESTHOST_CACHE/host" -a kvm_amd vhost_net tun
chmod 666 /dev/kvm
# Messages go to the console file; the command's output goes to its own port, where the kernel
# does not write.
output=/dev/$(cd /sys/class/virtio-ports && grep -lx output ./*/name | cut -d/ -f2)
cd /
setsid -w bash -c "$(declare -f testhost_command); testhost_command" \
	</dev/null >"$output" 2>&1
echo "$?" >/run/testhost/run/status
echo o >/proc/sysrq-trigger
# Process 1 must not end before the power does.
while :; do sleep 60; done
