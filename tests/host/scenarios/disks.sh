#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# host: libvirt
#
# A guest that never stops writing and reading two disks: one raw, without the host's cache, native and
# with an I/O thread, on ext4 on a device mapper volume on a loop device; the other qcow2 with writeback.
# Both are limited, so that their rates are steady. Against virsh domblkstat and domblkinfo, and
# /proc/diskstats.

# shellcheck source=tests/host/scenarios/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

pool=$guests_images/pool
volume=/dev/mapper/test-pool

make_pool() {
	local loop
	modprobe -d "$TESTHOST_CACHE/host" -a loop dm_mod ext4 &&
		truncate -s 96M /run/testhost/pool.img &&
		loop=$(losetup -f --show /run/testhost/pool.img) &&
		dmsetup create --noudevsync test-pool --table "0 $((96 * 2048)) linear $loop 0" &&
		dmsetup mknodes && mkfs.ext4 -q "$volume" && mkdir -p "$pool" && mount "$volume" "$pool"
}

mountpoint -q "$pool" || require "a file system of its own" make_pool
have_guests "disk1 mib=128 disk=16 pair=$pool work=disks hold=yes"
require "disk1 works" guest_go disk1

for device in /sys/class/block/dm-*; do
	[ "$(<"$device/dm/name")" != test-pool ] || break
done
device=${device##*/}
for loop in /sys/class/block/"$device"/slaves/*; do :; done
loop=${loop##*/}

statistics() {
	local disk

	for disk in vda vdb; do
		virsh -q domblkstat disk1 $disk | awk '{ print $2, $3 }' >"$samples_dir/$disk.$1"
	done
	grep -w "$device" /proc/diskstats >"$samples_dir/device.$1"
}

is_known() {
	[ -n "$(col disk throughput_bytes_per_second disk=vda)" ] && [ -n "$(col disk host_device disk=vda)" ]
}

# All that happens does so between two times of rest, which kvmtop sees both: so its rates must add up.
virsh -q suspend disk1
sync
kvmtop_start 1 300 disk blockdev
wait_until 90 "rates of the disks" is_known
statistics before
virsh -q resume disk1
pause 15
virsh -q suspend disk1
sync
statistics after
at_rest() {
	[ "$(col disk throughput_bytes_per_second disk=vda)" = 0 ] &&
		[ "$(col disk throughput_bytes_per_second disk=vdb)" = 0 ]
}
wait_until 60 "rest" at_rest
pause 2
kill -TERM "$kvmtop_job"
kvmtop_wait disk blockdev

# read_total COLUMN DISK: the sum of a disk's rates times what they are about. They are read at a pace
# of their own, and stay until they are read again: each is about the time that the one before it
# stayed, which differs where emulation stands still. After a rest, where all are alike, that is not
# told: its own time is as good.
read_total() {
	columns disk "interval_seconds $1" "disk=$2" | awk -F '\t' '
	function add() {
		sum += rate * (rate_before > 0 ? stayed_before : stayed)
		rate_before = rate
		stayed_before = stayed
	}
	$2 == "" { next }
	$2 == rate && rate > 0 { stayed += $1; next }
	{ add(); rate = $2; stayed = $1 }
	END { add(); printf "%.6f\n", sum }'
}

# total TABLE COLUMN FILTER: the sum of rates times their intervals, of what is read at each sample.
total() {
	columns "$1" "interval_seconds $2" "$3" | awk -F '\t' '$2 != "" { sum += $1 * $2 } END { printf "%.6f\n", sum }'
}

most() {
	columns "$1" "$2" "$3" | awk '$1 > most { most = $1 } END { printf "%.6f\n", most }'
}

# mean_latency DISK: over all requests.
mean_latency() {
	columns disk "interval_seconds latency_seconds requests_per_second" "disk=$1" | awk -F '\t' '
	$2 != "" { time += $1 * $2 * $3; requests += $1 * $3 } END { printf "%.6f\n", time / requests }'
}

# grew DISK KEY [KEY]
grew() {
	paste -d ' ' "$samples_dir/$1".{before,after} | awk -v key="$2" -v other="${3:-}" '
	$1 == key || $1 == other { sum += $4 - $2 } END { printf "%.6f\n", sum }'
}

# expect_share NAME GOT WANT SHARE: near by a share of it.
expect_share() {
	echo "# $scenario: $1: kvmtop $2, it is $3"
	expect_near "$1" "$2" "$3" "$(awk "BEGIN { printf \"%.6f\", $3 * $4 }")"
}

# expect_requests NAME GOT WANT: near by a fiftieth, or the same whole number.
expect_requests() {
	expect_share "$1" "$2" "$3" "$(awk "BEGIN { printf \"%.6f\", ($3 > 25 ? 0.02 : 0.5 / ($3 + 0.001)) }")"
}

for disk in vda vdb; do
	expect_requests "$disk: reads" "$(read_total read_requests_per_second $disk)" "$(grew $disk rd_req)"
	expect_requests "$disk: writes" "$(read_total write_requests_per_second $disk)" "$(grew $disk wr_req)"
	expect_share "$disk: bytes" "$(read_total throughput_bytes_per_second $disk)" \
		"$(grew $disk rd_bytes wr_bytes)" 0.02
	expect_share "$disk: time of a request" "$(mean_latency $disk)" "$(awk "BEGIN {
		printf \"%.6f\", $(grew $disk rd_total_times wr_total_times) / 1e9 / $(grew $disk rd_req wr_req) }")" 0.02
	expect_same "$disk: method" "$(col disk method disk=$disk)" libvirt
	expect_same "$disk: capacity" "$(col disk capacity_bytes disk=$disk)" \
		"$(virsh -q domblkinfo disk1 $disk | awk '/^Capacity/ { print $2 }')"
	virsh -q domstats --raw --block disk1 | tr -d ' ' >"$samples_dir/domstats"
	number=$(sed -n "s/^block\.\([0-9]*\)\.name=$disk\$/\1/p" "$samples_dir/domstats")
	for key in allocation physical; do
		expect_same "$disk: $key" "$(col disk ${key}_bytes disk=$disk)" \
			"$(sed -n "s/^block\.$number\.$key=//p" "$samples_dir/domstats")"
	done
	expect_near "$disk: at its limit" "$(most disk limit_used_ratio disk=$disk)" 1 0.25
done
settings="bus format cache io iothread filesystem host_device host_disks"
expect_same "vda: settings" "$(col disk "$settings" disk=vda | tr '\t' ' ')" \
	"virtio raw none native 1 ext4 $device $loop"
expect_same "vdb: settings" "$(col disk "bus format cache io iothread" disk=vdb | tr '\t' ' ')" \
	"virtio qcow2 writeback default none"
expect_same "vdb: cluster size" "$(col disk cluster_size_bytes disk=vdb)" 65536
expect_same "vdb: cache that its tables need" "$(col disk l2_needed_bytes disk=vdb)" 2048

# FIELD of proc/diskstats.
device_grew() {
	paste -d ' ' "$samples_dir"/device.{before,after} | awk -v field="$1" '
	{ printf "%.6f\n", $(NF / 2 + field) - $field }'
}

expect_share "$device: written" "$(total blockdev write_bytes_per_second device="$device")" \
	"$(($(device_grew 10 | cut -d . -f 1) * 512))" 0.02
expect_requests "$device: writes" "$(total blockdev writes_per_second device="$device")" "$(device_grew 8)"
expect_share "$device: time busy" "$(total blockdev util_ratio device="$device")" \
	"$(awk "BEGIN { printf \"%.6f\", $(device_grew 13) / 1000 }")" 0.02
expect_same "$device: kind, what it is made of" "$(col blockdev "kind below" device="$device" | tr '\t' ' ')" \
	"dm $loop"
expect_same "$device: guests" "$(col blockdev guests device="$device")" disk1
virsh -q resume disk1
