/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory by node from text, and which mappings are a guest's memory. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "collectors/numa_maps.h"
#include "collectors/ram.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

/* Every page of the process, whatever it is for and however large. */
static void all_mappings_are_added_up(void **state)
{
	struct nodes_memory m = { 0 };

	(void)state;
	assert_int_equal(
	    numa_maps_parse(
		"55d0c0000000 default file=/usr/bin/qemu\\040N0=7 mapped=300 N0=200 N1=100 "
		"kernelpagesize_kB=4\n"
		"55d0c1000000 default heap anon=10 dirty=10 N1=10 kernelpagesize_kB=4\n"
		"7f0000000000 bind:0-1 anon=1024 dirty=1024 active=0 N0=512 N1=512 "
		"kernelpagesize_kB=4\n"
		"7f1000000000 prefer=static:3 file=/memfd:memory-backend-memfd\\040(deleted) huge "
		"dirty=256 N3=256 kernelpagesize_kB=2048\n"
		"7f2000000000 default\n"
		"7ffc00000000 default stack anon=3 dirty=3 N0=3 kernelpagesize_kB=4\n",
		&m),
	    0);
	assert_int_equal(m.n, 4);
	assert_int_equal(m.node[0].bytes, (200 + 512 + 3) * 4096);
	assert_int_equal(m.node[1].bytes, (100 + 10 + 512) * 4096);
	assert_int_equal(m.node[2].bytes, 0);
	assert_int_equal(m.node[3].bytes, 512 * MIB);
	assert_int_equal(m.node[3].huge_bytes, 512 * MIB);
	assert_int_equal(m.node[0].huge_bytes, 0);
	assert_int_equal(nodes_memory_sum(&m), (200 + 512 + 3 + 100 + 10 + 512) * 4096 + 512 * MIB);
	nodes_memory_done(&m);
}

static void pages_of_1_gib(void **state)
{
	struct nodes_memory m = { 0 };

	(void)state;
	assert_int_equal(numa_maps_parse("7f0000000000 default file=/huge/x huge N7=16 "
					 "kernelpagesize_kB=1048576\n",
			     &m),
	    0);
	assert_int_equal(m.node[7].huge_bytes, 16 * GIB);
	nodes_memory_done(&m);
}

static void impossible_maps_are_refused(void **state)
{
	static const struct {
		const char *text;
		int error;
	} cases[] = {
		{ "", -ENOENT },
		{ "7f00 default N0=5\n", -EINVAL },
		{ "7f00 default N0=5 kernelpagesize_kB=x\n", -EINVAL },
		{ "7f00 default N0=5 kernelpagesize_kB=0\n", -EINVAL },
		{ "7f00 default N1024=5 kernelpagesize_kB=4\n", -ERANGE },
		{ "7f00 default N99999999999=5 kernelpagesize_kB=4\n", -ERANGE },
		{ "7f00 default N0=18446744073709551615 kernelpagesize_kB=4\n", -ERANGE },
		{ "7f00 default N0=2000000000000 kernelpagesize_kB=4\n"
		  "7f01 default N0=2000000000000 kernelpagesize_kB=4\n",
		    -ERANGE },
	};
	struct nodes_memory m = { 0 };

	(void)state;
	assert_int_equal(numa_maps_parse("7f00 default N1=5 kernelpagesize_kB=4\n", &m), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(numa_maps_parse(cases[i].text, &m), cases[i].error);
		assert_int_equal(m.n, 2);
		assert_int_equal(m.node[1].bytes, 5 * 4096);
	}
	nodes_memory_done(&m);
}

static void what_is_no_node_is_none(void **state)
{
	struct nodes_memory m = { 0 };

	(void)state;
	assert_int_equal(
	    numa_maps_parse(
		"7f00 default N=5 Nx=3 N0=-4 N1=5x NN0=3 anon=9 N2=1 kernelpagesize_kB=4\n", &m),
	    0);
	assert_int_equal(m.n, 3);
	assert_int_equal(nodes_memory_sum(&m), 4096);
	nodes_memory_done(&m);
}

static void cgroup_version_2(void **state)
{
	static const char text[] = "anon N0=1048576 N1=2097152\n"
				   "file N0=999999999 N1=999999999\n"
				   "kernel_stack N0=16384 N1=0\n"
				   "shmem N0=4096 N1=8192\n"
				   "anon_thp N0=777 N1=777\n";
	struct nodes_memory m = { 0 };

	(void)state;
	assert_int_equal(numa_stat_parse(text, true, 4096, &m), 0);
	assert_int_equal(m.n, 2);
	assert_int_equal(m.node[0].bytes, MIB + 4096);
	assert_int_equal(m.node[1].bytes, 2 * MIB + 8192);
	nodes_memory_done(&m);
	assert_int_equal(numa_stat_parse("anon N0=1\n", true, 4096, &m), -ENOENT);
	assert_int_equal(numa_stat_parse("anon\nshmem\n", true, 4096, &m), -ENOENT);
	assert_int_equal(numa_stat_parse("anon N5000=1\nshmem N0=1\n", true, 4096, &m), -ERANGE);
	assert_null(m.node);
}

static void cgroup_version_1(void **state)
{
	static const char text[] = "total=900 N0=500 N1=400\nfile=300 N0=300 N1=0\n"
				   "anon=1 N0=1 N1=0\nunevictable=0 N0=0 N1=0\n"
				   "hierarchical_total=900 N0=500 N1=400\n"
				   "hierarchical_file=300 N0=300 N1=0\n"
				   "hierarchical_anon=500 N0=200 N1=300\n"
				   "hierarchical_unevictable=100 N0=0 N1=100\n";
	struct nodes_memory m = { 0 };

	(void)state;
	assert_int_equal(numa_stat_parse(text, false, 4096, &m), 0);
	assert_int_equal(m.node[0].bytes, 200 * 4096);
	assert_int_equal(m.node[1].bytes, 400 * 4096);
	nodes_memory_done(&m);
}

/* What QEMU 7.2 maps beside the guest's memory. */
#define AROUND_FRONT                                                                          \
	"55d0c0000000-55d0c0600000 r-xp 00000000 fe:00 1234    /usr/bin/qemu-system-x86_64\n" \
	"55d0c1000000-55d0c1d00000 rw-p 00000000 00:00 0       [heap]\n"
#define AROUND_BACK                                                                 \
	"7f8000000000-7f8000800000 rw-p 00000000 00:00 0 \n"                        \
	"7f8000800000-7f8000801000 ---p 00000000 00:00 0 \n"                        \
	"7f8100000000-7f8101000000 rw-s 00000000 00:0e 77  anon_inode:kvm-vcpu:0\n" \
	"7ffc00000000-7ffc40000000 rw-p 00000000 00:00 0   [stack]\n"

static void check_ram(const char *maps, uint64_t memory, size_t n, const uint64_t *expected)
{
	struct ram ram = { 0 };
	uint64_t sum = 0;

	assert_int_equal(ram_find(maps, memory, &ram), 0);
	assert_int_equal(ram.n, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(ram.range[i].start, expected[2 * i]);
		assert_int_equal(ram.range[i].bytes, expected[2 * i + 1]);
		assert_int_equal(ram.range[i].before, sum);
		sum += ram.range[i].bytes;
	}
	assert_int_equal(ram.bytes, sum);
	ram_done(&ram);
}

static void guest_memory_is_found(void **state)
{
	static const uint64_t one[] = { 0x7f0000000000, GIB };
	static const uint64_t two[] = { 0x7f0000000000, GIB, 0x7f1000000000, GIB };

	(void)state;
	/* Plain: one nameless mapping of just that size. */
	check_ram(AROUND_FRONT "7f0000000000-7f0040000000 rw-p 00000000 00:00 0 \n"
			       "7f1000000000-7f1020000000 rw-p 00000000 00:00 0 \n" AROUND_BACK,
	    GIB, 1, one);
	/* A memfd, and a file on hugetlbfs. */
	check_ram(AROUND_FRONT "7f0000000000-7f0040000000 rw-s 00000000 00:01 9 "
			       "/memfd:memory-backend-memfd (deleted)\n" AROUND_BACK,
	    GIB, 1, one);
	check_ram(AROUND_FRONT
	    "7f0000000000-7f0040000000 rw-p 00000000 00:1c 9 "
	    "/dev/hugepages/libvirt/qemu/1-x/qemu_back_mem.m.Zw3 (deleted)\n" AROUND_BACK,
	    GIB, 1, one);
	/* One backend per node of the guest. */
	check_ram(AROUND_FRONT "7f0000000000-7f0040000000 rw-p 00000000 00:00 0 \n"
			       "7f1000000000-7f1040000000 rw-p 00000000 00:00 0 \n" AROUND_BACK,
	    2 * GIB, 2, two);
	/* Nobody told the size. */
	check_ram(AROUND_FRONT "7f0000000000-7f0040000000 rw-p 00000000 00:00 0 \n" AROUND_BACK, 0,
	    1, one);
}

static void split_mappings_are_one(void **state)
{
	static const uint64_t one[] = { 0x7f0000000000, GIB };

	(void)state;
	check_ram(AROUND_FRONT "7f0000000000-7f0010000000 rw-p 00000000 00:00 0 \n"
			       "7f0010000000-7f0030000000 rw-p 00000000 00:00 0 \n"
			       "7f0030000000-7f0040000000 rw-p 00000000 00:00 0 \n" AROUND_BACK,
	    GIB, 1, one);
}

static void memory_of_devices_is_not_the_guests(void **state)
{
	static const uint64_t one[] = { 0x7f0000000000, GIB };

	(void)state;
	check_ram("7e0000000000-7e0400000000 rw-s 00000000 00:0e 5 anon_inode:[vfio-device]\n"
		  "7f0000000000-7f0040000000 rw-p 00000000 00:00 0 \n"
		  "7f5000000000-7f5400000000 rw-s 00000000 00:05 99 /dev/vfio/12\n",
	    0, 1, one);
}

static void the_rest_is_the_programs(void **state)
{
	static const char maps[] =
	    AROUND_FRONT "7f0000000000-7f0040000000 rw-p 00000000 00:00 0 \n" AROUND_BACK
			 "7ffd00000000-7ffd00004000 r--p 00000000 00:00 0   [vvar]\n";
	struct ram ram = { 0 }, rest = { 0 };

	(void)state;
	assert_int_equal(ram_find(maps, GIB, &ram), 0);
	assert_int_equal(ram_find_rest(maps, &ram, &rest), 0);
	/* Program, heap, a thread's stack, the stack; no guard page, no device, nothing of KVM's.
	 */
	assert_int_equal(rest.n, 4);
	assert_int_equal(rest.range[0].start, 0x55d0c0000000);
	assert_int_equal(rest.range[1].start, 0x55d0c1000000);
	assert_int_equal(rest.range[2].start, 0x7f8000000000);
	assert_int_equal(rest.range[3].start, 0x7ffc00000000);
	assert_int_equal(rest.bytes, 6 * MIB + 13 * MIB + 8 * MIB + GIB);
	assert_int_equal(ram_find_rest("", &ram, &rest), -ENOENT);
	assert_int_equal(rest.n, 4);
	ram_done(&ram);
	ram_done(&rest);
}

/* 400 mappings of 100 guests would be a megabyte. */
static void the_rest_is_kept_in_few_pieces(void **state)
{
	static const char maps[] = "55d0c0000000-55d0c0100000 r--p 00000000 08:01 9 /usr/bin/qemu\n"
				   "55d0c0100000-55d0c0400000 r-xp 00100000 08:01 9 /usr/bin/qemu\n"
				   "55d0c0400000-55d0c0500000 ---p 00400000 08:01 9 /usr/bin/qemu\n"
				   "55d0c0500000-55d0c0600000 rw-p 00500000 08:01 9 /usr/bin/qemu\n"
				   "7f0000000000-7f0040000000 rw-p 00000000 00:00 0 \n"
				   "7f0040000000-7f0040100000 rw-p 00000000 08:01 7 /usr/lib/a\n";
	struct ram ram = { 0 }, rest = { 0 };

	(void)state;
	assert_int_equal(ram_find(maps, GIB, &ram), 0);
	assert_int_equal(ram_find_rest(maps, &ram, &rest), 0);
	assert_int_equal(rest.n, 3);
	assert_int_equal(rest.range[0].bytes, 4 * MIB);
	assert_int_equal(rest.range[1].before, 4 * MIB);
	assert_int_equal(rest.range[2].start, 0x7f0040000000);
	assert_int_equal(rest.bytes, 6 * MIB);
	assert_int_equal(ram_address(&rest, 3 * MIB), 0x55d0c0300000);
	assert_int_equal(ram_address(&rest, 4 * MIB), 0x55d0c0500000);
	ram_done(&ram);
	ram_done(&rest);
}

static void without_memory(void **state)
{
	struct ram ram = { 0 };

	(void)state;
	assert_int_equal(ram_find("", GIB, &ram), -ENOENT);
	assert_int_equal(ram_find(AROUND_FRONT AROUND_BACK, GIB, &ram), -ENOENT);
	assert_int_equal(
	    ram_find("7f0040000000-7f0000000000 rw-p 0 00:00 0\nx-y rw-p 0 0 0\n-\n", 0, &ram),
	    -ENOENT);
	/* A stack is as large as this guest: neither is taken for the other. */
	assert_int_equal(
	    ram_find("7f0000000000-7f0000800000 rw-p 00000000 00:00 0 \n", 8 * MIB, &ram), -ENOENT);
	assert_null(ram.range);
}

static void addresses_go_through_all_ranges(void **state)
{
	struct ram ram = { 0 };

	(void)state;
	assert_int_equal(ram_find("7f0000000000-7f0002000000 rw-p 00000000 00:00 0 \n"
				  "7f1000000000-7f1003000000 rw-p 00000000 00:00 0 \n"
				  "7f2000000000-7f2004000000 rw-p 00000000 00:00 0 \n",
			     0, &ram),
	    0);
	assert_int_equal(ram.n, 3);
	assert_int_equal(ram_address(&ram, 0), 0x7f0000000000);
	assert_int_equal(ram_address(&ram, 32 * MIB - 1), 0x7f0001ffffff);
	assert_int_equal(ram_address(&ram, 32 * MIB), 0x7f1000000000);
	assert_int_equal(ram_address(&ram, 80 * MIB), 0x7f2000000000);
	assert_int_equal(ram_address(&ram, ram.bytes - 1), 0x7f2003ffffff);
	ram_done(&ram);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_mappings_are_added_up),
		cmocka_unit_test(pages_of_1_gib),
		cmocka_unit_test(impossible_maps_are_refused),
		cmocka_unit_test(what_is_no_node_is_none),
		cmocka_unit_test(cgroup_version_2),
		cmocka_unit_test(cgroup_version_1),
		cmocka_unit_test(guest_memory_is_found),
		cmocka_unit_test(split_mappings_are_one),
		cmocka_unit_test(memory_of_devices_is_not_the_guests),
		cmocka_unit_test(the_rest_is_the_programs),
		cmocka_unit_test(the_rest_is_kept_in_few_pieces),
		cmocka_unit_test(without_memory),
		cmocka_unit_test(addresses_go_through_all_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
