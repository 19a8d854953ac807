#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The whole of a guest's user space. The kernel's command line chooses the work, a list with commas:
#   idle        nothing
#   spin        keeps every CPU busy
#   touch=MIB   fills MIB of memory with what no other guest has
#   ksm=MIB     fills MIB of memory with pages that every such guest has alike
#   exits       leaves guest mode as often as it can (reads of PCI configuration space)
#   disk        writes to its disk without an end; disks: to its two disks
#   net         exchanges packets with the host without an end; net1: through its second NIC
#   symbols     first of all writes its kernel's kallsyms to its disk, and its modules from 12 MiB on
#   random      keeps a CPU busy in its kernel, in the functions of chacha
#   agent       answers like the guest agent what libvirt asks to read files (through libvirt only)
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

# use_disk DEVICE
use_disk() {
	while :; do
		$bb dd if=/dev/zero of="/dev/$1" bs=64k count=64 conv=fsync 2>/dev/null
		$bb dd if="/dev/$1" of=/dev/null bs=64k count=64 2>/dev/null
	done
}

disk() {
	use_disk vda
}

disks() {
	use_disk vda &
	use_disk vdb
}

symbols() {
	$bb dd if=/proc/kallsyms of=/dev/vda bs=64k 2>/dev/null
	$bb dd if=/proc/modules of=/dev/vda bs=64k seek=192 conv=fsync 2>/dev/null
}

random() {
	while :; do
		$bb dd if=/dev/urandom of=/dev/null bs=64k count=1024 2>/dev/null
	done
}

# One file at a time; what proc shows is copied first, for its files have no length. libvirt comes to
# the other end only when this one is open, and until then whoever reads finds the end of the file.
agent() {
	until [ -c "$(echo /dev/vport*p*)" ]; do
		$bb sleep 0.1
	done
	exec 3<>"$(echo /dev/vport*p*)"
	while :; do
		read -r line <&3 || $bb sleep 0.1
		id=${line##*\"id\":}
		id=${id%%[!0-9]*}
		case $line in
		*guest-sync-delimited*) printf '\377{"return": %s}\n' "$id" >&3 ;;
		*guest-sync*) printf '{"return": %s}\n' "$id" >&3 ;;
		*guest-file-open*)
			path=$(echo "$line" | $bb sed 's/.*"path": *"\([^"]*\)".*/\1/; s/\\//g')
			$bb cat "$path" >/memory/opened
			part=0
			echo '{"return": 1000}' >&3
			;;
		*guest-file-read*)
			$bb dd if=/memory/opened of=/memory/part bs=256k skip=$part count=1 2>/dev/null
			part=$((part + 1))
			[ -s /memory/part ] && eof=false || eof=true
			printf '{"return": {"count": %s, "buf-b64": "%s", "eof": %s}}\n' \
				"$($bb wc -c </memory/part)" "$($bb base64 /memory/part | $bb tr -d '\n')" $eof >&3
			;;
		*guest-file-close*) echo '{"return": {}}' >&3 ;;
		'') ;;
		*) echo '{"error": {"class": "CommandNotFound", "desc": "not here"}}' >&3 ;;
		esac
	done
}

# talk INTERFACE
talk() {
	$bb ip link set "$1" up
	$bb ip addr add "$net.2/24" dev "$1"
	while :; do
		$bb ping -q -c 1000 -s 1400 -A "$net.1" >/dev/null
	done
}

net() {
	talk eth0
}

net1() {
	talk eth1
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
	symbols) symbols ;;
	exits | disk | disks | net | net1 | random | agent) jobs="$jobs $item" ;;
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
