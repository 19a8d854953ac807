#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The whole of a guest's user space. The kernel's command line chooses the work, a list with commas:
#   idle        nothing
#   spin        keeps every CPU busy
#   touch=MIB   fills MIB of memory with what no other guest has
#   ksm=MIB     fills MIB of memory with pages that every such guest has alike
#   exits       leaves guest mode as often as it can (reads of PCI configuration space)
#   disk        writes to its disk without an end
#   net         exchanges packets with the host without an end
# The console says "guest is up" when user space runs, "guest is ready" when memory is filled and
# "guest works" when the endless work has begun; with `hold` that waits for a line on the console. With
# `smp` CPUs that the kernel did not start (maxcpus=1) are started here.

bb=/bin/busybox
$bb mkdir -p /proc /sys /dev /memory
$bb mount -t proc proc /proc
$bb mount -t sysfs sys /sys
$bb mount -t devtmpfs dev /dev
for module in /modules/*; do
	$bb insmod "$module"
done
work=idle
hold=
smp=
net=
for word in $($bb cat /proc/cmdline); do
	case $word in
	work=*) work=${word#work=} ;;
	net=*) net=${word#net=} ;;
	hold) hold=yes ;;
	smp) smp=yes ;;
	esac
done
exec </dev/ttyS0 >/dev/ttyS0 2>&1

# fill MIB FIRST: a MiB of lines that count from FIRST, then copies of it.
fill() {
	$bb seq "$2" $(($2 + 150000)) | $bb head -c 1048576 >/memory/first
	i=0
	while [ $i -lt "$1" ]; do
		$bb cat /memory/first
		i=$((i + 1))
	done >/memory/filled
}

spin() {
	while :; do :; done
}

exits() {
	while :; do
		for file in /sys/bus/pci/devices/*/config; do
			read -r line <"$file"
		done
	done
}

disk() {
	while :; do
		$bb dd if=/dev/zero of=/dev/vda bs=64k count=64 conv=fsync 2>/dev/null
		$bb dd if=/dev/vda of=/dev/null bs=64k count=64 2>/dev/null
	done
}

net() {
	$bb ip link set eth0 up
	$bb ip addr add "$net.2/24" dev eth0
	while :; do
		$bb ping -q -c 1000 -s 1400 -A "$net.1" >/dev/null
	done
}

echo "guest is up"
if [ -n "$smp" ]; then
	for file in /sys/devices/system/cpu/cpu*/online; do
		echo 1 >"$file"
	done
fi
$bb mount -t tmpfs -o size=95% tmpfs /memory
jobs=
for item in $(echo "$work" | $bb tr , ' '); do
	case $item in
	idle) ;;
	touch=*) fill "${item#touch=}" 2"$($bb od -An -N3 -tu4 /dev/urandom | $bb tr -d ' ')" ;;
	ksm=*) fill "${item#ksm=}" 1000000 ;;
	spin) for cpu in $($bb seq "$($bb nproc)"); do jobs="$jobs spin"; done ;;
	exits | disk | net) jobs="$jobs $item" ;;
	*) echo "unknown work: $item" ;;
	esac
done
echo "guest is ready"
[ -n "$hold" ] && read -r line
for job in $jobs; do
	$job &
done
echo "guest works"
while :; do
	$bb sleep 3600
done
