#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# host: libvirt
#
# Huge page pools that differ from node to node; a guest whose wanted pool is too small and who takes
# the rest elsewhere; one that may not, and does not start. Against /sys and numastat, exactly.

# shellcheck source=tests/host/scenarios/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

size_kib=2048

pool() {
	echo "/sys/devices/system/node/node$1/hugepages/hugepages-${size_kib}kB/$2"
}

set_pool() {
	echo "$2" >"$(pool "$1" nr_hugepages)"
	[ "$(<"$(pool "$1" nr_hugepages)")" = "$2" ]
}

expect_pools() {
	local node file column

	for node in 0 1 2 3; do
		for pair in "nr_hugepages total_pages" "free_hugepages free_pages" "surplus_hugepages surplus_pages"; do
			read -r file column <<<"$pair"
			expect_same "$1: $column of node $node" \
				"$(col hugepool "$column" "node=$node" page_size_bytes=$((size_kib * 1024)))" \
				"$(<"$(pool $node "$file")")"
		done
	done
}

require "pool of node 1" set_pool 1 90
require "pool of node 2" set_pool 2 40
require "pool of node 3" set_pool 3 8
have_guests "fits mib=128 nodes=1 pages=huge work=touch=32" \
	"overflows mib=128 nodes=2 mode=preferred pages=huge work=touch=32"

kvmtop_options="--numa exact"
take_placed 2 2 "fits overflows" hugepool domain placement
expect_pools "pools in use"
for guest in "fits 128" "overflows 128"; do
	read -r name mib <<<"$guest"
	expect_same "$name: memory in huge pages" "$(col domain huge_bytes "name=$name")" \
		"$((mib * 1048576))"
	expect_same "$name: page size" "$(col domain huge_page_size_bytes "name=$name")" \
		$((size_kib * 1024))
	while read -r node bytes; do
		expect_same "$name: huge memory on node $node" \
			"$(columns placement huge_bytes "domain=$name" "node=$node" |
				awk 'NF { last = $1 } END { printf "%.0f", last }')" "$bytes"
	done < <(numastat_bytes "$name" Huge)
	expect_placement "$name" "$mib"
done
expect_same "the small pool is used up" "$(col hugepool free_pages node=2 page_size_bytes=2097152)" 0
expect_same "memory wanted from pools of this size" \
	"$(col hugepool wanted_bytes node=2 page_size_bytes=2097152)" $(((128 + 128) * 1048576))

# The kernel refuses a guest that is bound to a pool too small for it.
expect_true "a pool too small for a bound guest" "the guest started" \
	eval '! guest_start refused mib=64 nodes=3 pages=huge'
take 2 2 hugepool domain
expect_pools "pools after the refusal"
expect_same "no row for a guest that did not start" "$(columns domain name name=refused)" ""

have_guests
for node in 1 2 3; do
	set_pool $node 0
done
take 1 2 hugepool
expect_pools "pools given back"
