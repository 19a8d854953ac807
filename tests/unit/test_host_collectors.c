/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CPUs, memory and nodes of captured hosts. Each figure is known from tests/hosts/hosts.py.
 */
#include "tests/unit/captured_host.h"

static void times_of_a_cpu_add_up(void **state)
{
	static const char text[] =
	    "kvmtop-host 1\n"
	    "## 10000000000 0\n"
	    "== proc/stat\n"
	    "cpu  1 2 3\n"
	    "cpu0 1000 200 300 4000 50 6 7 8 600 100\n"
	    "intr 100 9 9\nctxt 5000\n"
	    "== proc/loadavg\n0.50 1.25 2.75 1/99 4242\n"
	    "== proc/uptime\n81234.50 1.00\n"
	    "== proc/cpuinfo\nprocessor\t: 0\nflags\t\t: fpu avic2 tsc constant_tsc aes\n"
	    "vmx flags\t: vnmi flexpriority apicv\n"
	    "flags\t\t: nonstop_tsc avx\n"
	    "== sys/devices/system/cpu/cpu0/cache/index3/shared_cpu_list\n0-3\n"
	    "## 12000000000 0\n"
	    "== proc/stat\n"
	    "cpu0 1100 210 320 4048 54 8 13 18 640 104\n"
	    "intr 300 9 9\nctxt 5500\n"
	    "~~ proc/loadavg\n~~ proc/uptime\n";
	struct host h;
	struct snapshot *s;
	struct row *cpu;

	(void)state;
	open_text(&h, text);
	s = take(&h);
	assert_int_equal(s->table[TABLE_CPU].n, 1);
	cpu = row_of(s, TABLE_CPU, 0);
	/* Ticks of 10 ms; guests' time is in user and nice, and is taken out of them. */
	assert_true(cpu->cell[CPU_USER].count == (1000 - 600 + 200 - 100) * 10 * NS_PER_MS);
	assert_true(cpu->cell[CPU_GUEST].count == 700 * 10 * NS_PER_MS);
	assert_true(cpu->cell[CPU_IRQ].count == 13 * 10 * NS_PER_MS);
	assert_state(cpu, TABLE_CPU, CPU_USER, STATE_FIRST);
	assert_host(s, HOST_LOAD1, 0.5);
	assert_host(s, HOST_LOAD15, 2.75);
	assert_host(s, HOST_UPTIME, 81234.5);
	assert_host(s, HOST_CPUS, 1);
	assert_string_equal(cell_text(host_row(s), HOST_APIC_HELP), "apicv");
	assert_string_equal(cell_text(host_row(s), HOST_TSC), "invariant");
	assert_string_equal(cell_text(host_row(s), HOST_CPU_FEATURES), "aes avx");
	assert_string_equal(cell_text(cpu, CPU_CACHE), "0-3");
	s = take(&h);
	cpu = row_of(s, TABLE_CPU, 0);
	assert_shown(cpu, TABLE_CPU, CPU_USER, (60 + 6) / 200.0);
	assert_shown(cpu, TABLE_CPU, CPU_GUEST, 44 / 200.0);
	assert_shown(cpu, TABLE_CPU, CPU_SYSTEM, 20 / 200.0);
	assert_shown(cpu, TABLE_CPU, CPU_IDLE, 48 / 200.0);
	assert_shown(cpu, TABLE_CPU, CPU_IOWAIT, 4 / 200.0);
	assert_shown(cpu, TABLE_CPU, CPU_IRQ, 8 / 200.0);
	assert_shown(cpu, TABLE_CPU, CPU_STEAL, 10 / 200.0);
	assert_host(s, HOST_SWITCHES, 250);
	assert_host(s, HOST_INTERRUPTS, 100);
	assert_note(&h, SRC_CPUS, "cpufreq");
	close_host(&h);
}

static void counters_that_go_back_a_little_stand_still(void **state)
{
	static const char text[] = "kvmtop-host 1\n"
				   "## 10000000000 0\n== proc/stat\ncpu0 1 0 0 5000 70\n"
				   "## 11000000000 0\n== proc/stat\ncpu0 81 0 0 4901 90\n"
				   "## 12000000000 0\n== proc/stat\ncpu0 151 0 0 5030 90\n"
				   "## 13000000000 0\n== proc/stat\ncpu0 251 0 0 4900 90\n";
	struct host h;
	struct row *cpu;

	(void)state;
	open_text(&h, text);
	take(&h);
	cpu = row_of(take(&h), TABLE_CPU, 0);
	assert_shown(cpu, TABLE_CPU, CPU_IDLE, 0);
	assert_shown(cpu, TABLE_CPU, CPU_IOWAIT, 0.2);
	cpu = row_of(take(&h), TABLE_CPU, 0);
	assert_shown(cpu, TABLE_CPU, CPU_IDLE, 0.3);
	/* By 1.3 s: it began anew. */
	cpu = row_of(take(&h), TABLE_CPU, 0);
	assert_state(cpu, TABLE_CPU, CPU_IDLE, STATE_RESET);
	/* A host that is read again from its beginning did not go back a little. */
	h.next = 0;
	cpu = row_of(take(&h), TABLE_CPU, 0);
	assert_true(cpu->cell[CPU_IOWAIT].count == 700 * NS_PER_MS);
	close_host(&h);
}

static void fields_that_are_missing_stay_unknown(void **state)
{
	static const char text[] = "kvmtop-host 1\n"
				   "## 10000000000 0\n"
				   "== proc/stat\n"
				   "cpu0 1 2 3 4\ncpu1 1 2\ncpu2 x 2 3 4\ncpu99999999 1 2 3 4\n"
				   "cpu0 9 9 9 9\ncpu 7\n"
				   "== proc/uptime\nsoon\n";
	struct host h;
	struct snapshot *s;
	struct row *cpu;

	(void)state;
	open_text(&h, text);
	s = take(&h);
	assert_int_equal(s->table[TABLE_CPU].n, 1);
	cpu = row_of(s, TABLE_CPU, 0);
	assert_true(cpu->cell[CPU_IDLE].count == 40 * NS_PER_MS);
	assert_state(cpu, TABLE_CPU, CPU_GUEST, STATE_ABSENT);
	assert_state(cpu, TABLE_CPU, CPU_STEAL, STATE_ABSENT);
	assert_state(cpu, TABLE_CPU, CPU_NODE, STATE_ABSENT);
	assert_state(host_row(s), TABLE_HOST, HOST_UPTIME, STATE_ABSENT);
	assert_note(&h, SRC_CPUS, "lines of 4 CPUs make no sense");
	close_host(&h);
}

static void cpus_come_and_go(void **state)
{
	struct host h;
	struct snapshot *s;

	(void)state;
	open_host(&h, "sparse-288");
	s = take(&h);
	assert_int_equal(s->table[TABLE_CPU].n, 288);
	assert_host(s, HOST_CPUS, 288);
	assert_null(snapshot_find(s, TABLE_CPU, key_host(2)));
	assert_string_equal(cell_text(row_of(s, TABLE_CPU, 5), CPU_SIBLINGS), "4-5");
	assert_shown(row_of(s, TABLE_CPU, 573), TABLE_CPU, CPU_NODE, 17);
	assert_shown(row_of(s, TABLE_CPU, 573), TABLE_CPU, CPU_CORE, 143);
	assert_shown(row_of(s, TABLE_CPU, 573), TABLE_CPU, CPU_PACKAGE, 1);
	assert_shown(row_of(s, TABLE_NODE, 0), TABLE_NODE, NODE_CPU_COUNT, 36);
	s = take(&h);
	assert_int_equal(s->table[TABLE_CPU].n, 287);
	assert_null(snapshot_find(s, TABLE_CPU, key_host(4)));
	assert_string_equal(cell_text(row_of(s, TABLE_CPU, 5), CPU_SIBLINGS), "5");
	assert_shown(row_of(s, TABLE_CPU, 5), TABLE_CPU, CPU_SYSTEM, 0.02);
	assert_shown(row_of(s, TABLE_NODE, 0), TABLE_NODE, NODE_CPU_COUNT, 35);
	s = take(&h);
	assert_int_equal(s->table[TABLE_CPU].n, 288);
	assert_state(row_of(s, TABLE_CPU, 4), TABLE_CPU, CPU_SYSTEM, STATE_FIRST);
	assert_shown(row_of(s, TABLE_CPU, 4), TABLE_CPU, CPU_NODE, 0);
	assert_string_equal(cell_text(row_of(s, TABLE_CPU, 5), CPU_SIBLINGS), "4-5");
	close_host(&h);
}

static void frequencies_are_told_where_they_are_known(void **state)
{
	struct host h;
	struct row *cpu;

	(void)state;
	open_host(&h, "cgroup-v1");
	cpu = row_of(take(&h), TABLE_CPU, 3);
	assert_shown(cpu, TABLE_CPU, CPU_FREQUENCY, 2403e6);
	assert_string_equal(cell_text(cpu, CPU_GOVERNOR), "performance");
	assert_string_equal(cell_text(cpu, CPU_SIBLINGS), "3,7");
	assert_string_equal(slot_of(&h, SRC_CPUS)->note, "");
	close_host(&h);
}

static void memory_without_pressure(void **state)
{
	struct host h;
	struct snapshot *s;

	(void)state;
	open_host(&h, "cgroup-v1");
	take(&h);
	s = take(&h);
	assert_string_equal(cell_text(host_row(s), HOST_NAME), "cgroup-v1");
	assert_string_equal(cell_text(host_row(s), HOST_KERNEL), "4.18.0-553.el8_10.x86_64");
	assert_host(s, HOST_MEMORY_TOTAL, 32128 * MIB);
	assert_host(s, HOST_SWAP_TOTAL, 4 * GIB);
	assert_host(s, HOST_SWAP_FREE, 4 * GIB - 20 * MIB);
	/* Pages of 4 KiB, over two seconds. */
	assert_host(s, HOST_SWAP_IN, 10 * 4096);
	assert_host(s, HOST_SWAP_OUT, 25 * 4096);
	assert_host(s, HOST_NUMA_HINT_FAULTS, 300);
	assert_host(s, HOST_THP_FAULTS, 0);
	assert_host(s, HOST_NUMA_BALANCING, 1);
	assert_host(s, HOST_SWAPPINESS, 60);
	assert_host(s, HOST_HALT_POLL_LIMIT, 200000);
	assert_host(s, HOST_PAGE_SIZE, 4096);
	assert_state(host_row(s), TABLE_HOST, HOST_KSM_COPIED, STATE_ABSENT);
	assert_state(host_row(s), TABLE_HOST, HOST_PSI_CPU, STATE_ABSENT);
	assert_note(&h, SRC_MEMORY, "psi=1");
	assert_int_equal(slot_of(&h, SRC_MEMORY)->outcome, STATE_OK);
	close_host(&h);
}

static void pressure_is_a_share_of_time(void **state)
{
	struct host h;
	struct snapshot *s;

	(void)state;
	open_host(&h, "no-ksm");
	take(&h);
	s = take(&h);
	assert_host(s, HOST_PSI_CPU, 0.25);
	assert_host(s, HOST_PSI_MEMORY, 0.0625);
	assert_host(s, HOST_PSI_MEMORY_FULL, 0.00375);
	assert_host(s, HOST_PSI_IO, 0.5);
	assert_host(s, HOST_PSI_IO_FULL, 0.25);
	assert_string_equal(slot_of(&h, SRC_MEMORY)->note, "");
	close_host(&h);
}

static void pages_may_be_larger(void **state)
{
	static const char text[] = "kvmtop-host 1\n"
				   "## 10000000000 0\n"
				   "== kvmtop/page_size\n65536\n"
				   "== proc/vmstat\npswpin 10\npswpout 3\n"
				   "== sys/kernel/mm/ksm/run\n1\n"
				   "== sys/kernel/mm/ksm/pages_shared\n2\n"
				   "== proc/meminfo\nMemTotal: 1000 kB\nMemFree: 7 pages\n";
	struct host h;
	struct snapshot *s;

	(void)state;
	open_text(&h, text);
	s = take(&h);
	assert_true(host_row(s)->cell[HOST_SWAP_IN].count == 655360);
	assert_host(s, HOST_KSM_PAGES_SHARED, 131072);
	assert_host(s, HOST_MEMORY_TOTAL, 1024000);
	assert_state(host_row(s), TABLE_HOST, HOST_MEMORY_FREE, STATE_ABSENT);
	close_host(&h);
}

/* Whether there is numad is told by a note: which programs a host has is in no capture. */
static void numad_is_known_where_a_note_tells_it(void **state)
{
	static const char *const texts[] = {
		"kvmtop-host 1\n## 10000000000 0\n== kvmtop/numad\ninstalled\n",
		"kvmtop-host 1\n## 10000000000 0\n== kvmtop/numad\nmaybe\n",
		"kvmtop-host 1\n## 10000000000 0\n== proc/meminfo\nMemTotal: 4 kB\n",
	};
	static const char *const told[] = { "installed", "", "" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct host h;
		struct snapshot *s;

		open_text(&h, texts[i]);
		s = take(&h);
		assert_string_equal(cell_text(host_row(s), HOST_NUMAD), told[i]);
		close_host(&h);
	}
}

static void swap_may_be_compressed_in_memory(void **state)
{
	static const char head[] = "Filename Type Size Used Priority\n";
	static const struct {
		const char *swaps, *zswap, *told;
	} cases[] = {
		{ "/dev/sda2 partition 999 0 -2\n/dev/zram0 partition 999 0 100\n", "N", "zram" },
		{ "/zram/file file 999 0 -2\n", "N", "no" },
		{ "/dev/sda2 partition 999 0 -2\n", "Y", "zswap" },
		{ "", "N", "no" },
	};
	struct snapshot *s;
	struct host h;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = xasprintf("kvmtop-host 1\n## 10000000000 0\n== proc/swaps\n%s%s"
				       "== sys/module/zswap/parameters/enabled\n%s\n",
		    head, cases[i].swaps, cases[i].zswap);

		open_text(&h, text);
		s = take(&h);
		assert_string_equal(cell_text(host_row(s), HOST_COMPRESSED_SWAP), cases[i].told);
		close_host(&h);
		free(text);
	}
	open_text(&h, "kvmtop-host 1\n## 10000000000 0\n== proc/meminfo\nMemTotal: 4 kB\n");
	s = take(&h);
	assert_int_equal(host_row(s)->cell[HOST_COMPRESSED_SWAP].state, STATE_ABSENT);
	close_host(&h);
}

static void four_nodes_of_36_cpus(void **state)
{
	static const char *const cpus[] = { "0-17,72-89", "18-35,90-107", "36-53,108-125",
		"54-71,126-143" };
	static const char *const distances[] = { "10 21 21 21", "21 10 21 21", "21 21 10 21",
		"21 21 21 10" };
	static const double total[] = { 31975, 32316, 32316, 32314 };
	static const double unused[] = { 31120, 31673, 31726, 31387 };
	struct host h;
	struct snapshot *s;

	(void)state;
	open_host(&h, "four-nodes-36");
	s = take(&h);
	assert_int_equal(s->table[TABLE_NODE].n, 4);
	for (uint64_t n = 0; n < 4; n++) {
		const struct row *node = row_of(s, TABLE_NODE, n);

		assert_string_equal(cell_text(node, NODE_CPUS), cpus[n]);
		assert_string_equal(cell_text(node, NODE_DISTANCE), distances[n]);
		assert_shown(node, TABLE_NODE, NODE_CPU_COUNT, 36);
		assert_shown(node, TABLE_NODE, NODE_TOTAL, total[n] * MIB);
		assert_shown(node, TABLE_NODE, NODE_FREE, unused[n] * MIB);
	}
	assert_string_equal(cell_text(row_of(s, TABLE_CPU, 17), CPU_SIBLINGS), "17,89");
	assert_string_equal(cell_text(row_of(s, TABLE_CPU, 143), CPU_SIBLINGS), "71,143");
	assert_shown(row_of(s, TABLE_CPU, 143), TABLE_CPU, CPU_NODE, 3);
	close_host(&h);
}

static void nodes_tell_hits_and_misses(void **state)
{
	struct host h;
	struct snapshot *s;
	const struct row *node;

	(void)state;
	open_host(&h, "eight-nodes-misaligned");
	take(&h);
	s = take(&h);
	node = row_of(s, TABLE_NODE, 4);
	assert_shown(node, TABLE_NODE, NODE_HIT, 5000);
	assert_shown(node, TABLE_NODE, NODE_MISS, 160);
	assert_shown(node, TABLE_NODE, NODE_LOCAL, 4900);
	assert_shown(node, TABLE_NODE, NODE_OTHER, 260);
	/* 10037 MiB of guests and 1200 MiB of others. */
	assert_shown(node, TABLE_NODE, NODE_FREE, (16384 - 10037 - 1200) * MIB);
	close_host(&h);
}

static void a_node_may_lack_memory_or_cpus(void **state)
{
	struct host h;
	struct snapshot *s;

	(void)state;
	open_host(&h, "sparse-288");
	s = take(&h);
	assert_int_equal(s->table[TABLE_NODE].n, 9);
	assert_shown(row_of(s, TABLE_NODE, 9), TABLE_NODE, NODE_TOTAL, 0);
	assert_shown(row_of(s, TABLE_NODE, 9), TABLE_NODE, NODE_CPU_COUNT, 36);
	assert_shown(row_of(s, TABLE_NODE, 32), TABLE_NODE, NODE_TOTAL, 64 * GIB);
	assert_shown(row_of(s, TABLE_NODE, 32), TABLE_NODE, NODE_CPU_COUNT, 0);
	assert_string_equal(cell_text(row_of(s, TABLE_NODE, 32), NODE_CPUS), "");
	assert_int_equal(slot_of(&h, SRC_NODES)->outcome, STATE_OK);
	close_host(&h);
}

static void a_host_without_numa_is_one_node(void **state)
{
	struct host h;
	struct snapshot *s;
	const struct row *node;

	(void)state;
	open_host(&h, "no-numa");
	take(&h);
	s = take(&h);
	assert_int_equal(s->table[TABLE_NODE].n, 1);
	node = row_of(s, TABLE_NODE, 0);
	assert_string_equal(cell_text(node, NODE_CPUS), "0-1");
	assert_string_equal(cell_text(node, NODE_DISTANCE), "10");
	assert_shown(node, TABLE_NODE, NODE_TOTAL, 4000 * MIB);
	/* A pool of 1 GiB, and 500 MiB of others. */
	assert_shown(node, TABLE_NODE, NODE_FREE, (4000 - 1024 - 500) * MIB);
	assert_shown(node, TABLE_NODE, NODE_FILE, 250 * MIB);
	assert_state(node, TABLE_NODE, NODE_HIT, STATE_ABSENT);
	assert_shown(row_of(s, TABLE_CPU, 1), TABLE_CPU, CPU_NODE, 0);
	assert_state(host_row(s), TABLE_HOST, HOST_NUMA_BALANCING, STATE_ABSENT);
	assert_state(host_row(s), TABLE_HOST, HOST_NUMA_MIGRATIONS, STATE_ABSENT);
	assert_note(&h, SRC_NODES, "no NUMA");
	close_host(&h);
}

/* Started late, its kernel still keeps a part of its memory back: the node has less than the host.
 */
static void a_cloud_machine_with_three_guests(void **state)
{
	static const double mib[] = { 512, 1024, 64 };
	static const char *const vmm[] = { "qemu", "qemu", "qemu-tcg" };
	struct host h;
	struct snapshot *s;

	(void)state;
	open_host(&h, "cloud-vm");
	take(&h);
	s = take(&h);
	assert_int_equal(s->table[TABLE_CPU].n, 2);
	assert_int_equal(s->table[TABLE_NODE].n, 1);
	assert_string_equal(cell_text(row_of(s, TABLE_NODE, 0), NODE_CPUS), "0-1");
	assert_shown(row_of(s, TABLE_NODE, 0), TABLE_NODE, NODE_TOTAL, 21194964 * 1024.0);
	assert_host(s, HOST_MEMORY_TOTAL, 24684092 * 1024.0);
	assert_host(s, HOST_SWAP_TOTAL, 0);
	assert_host(s, HOST_KSM_RUN, 0);
	assert_string_equal(cell_text(host_row(s), HOST_KERNEL), "6.18.44-cloud-amd64");
	assert_note(&h, SRC_CPUS, "cpufreq");
	assert_int_equal(s->table[TABLE_DOMAIN].n, 3);
	for (int i = 0; i < 3; i++) {
		char name[16];
		const struct row *guest;

		snprintf(name, sizeof(name), "guest%d", i + 1);
		guest = guest_row(s, name);
		assert_shown(guest, TABLE_DOMAIN, DOMAIN_MEMORY, mib[i] * MIB);
		assert_string_equal(cell_text(guest, DOMAIN_VMM), vmm[i]);
		assert_state(guest, TABLE_DOMAIN, DOMAIN_HUGE_SIZE, STATE_ABSENT);
	}
	close_host(&h);
}

static void nodes_that_make_no_sense(void **state)
{
	static const char text[] = "kvmtop-host 1\n"
				   "## 10000000000 0\n"
				   "== sys/devices/system/node/online\n0,5,60000\n"
				   "== sys/devices/system/node/node0/cpulist\n0-zz\n"
				   "== sys/devices/system/node/node0/meminfo\n"
				   "Node 0 MemTotal: 100 kB\nNode 0 MemFree: many\nNode\nNode 0\n"
				   "## 11000000000 0\n"
				   "== sys/devices/system/node/online\nall\n";
	struct host h;
	struct snapshot *s;

	(void)state;
	open_text(&h, text);
	s = take(&h);
	assert_int_equal(s->table[TABLE_NODE].n, 2);
	assert_shown(row_of(s, TABLE_NODE, 0), TABLE_NODE, NODE_TOTAL, 102400);
	assert_state(row_of(s, TABLE_NODE, 0), TABLE_NODE, NODE_FREE, STATE_ABSENT);
	assert_state(row_of(s, TABLE_NODE, 5), TABLE_NODE, NODE_TOTAL, STATE_ABSENT);
	assert_note(&h, SRC_NODES, "1 nodes do not tell");
	assert_note(&h, SRC_CPUS, "proc/stat cannot be read");
	assert_int_equal(slot_of(&h, SRC_CPUS)->outcome, STATE_ABSENT);
	s = take(&h);
	assert_int_equal(s->table[TABLE_NODE].n, 0);
	assert_note(&h, SRC_NODES, "makes no sense");
	assert_int_equal(slot_of(&h, SRC_NODES)->outcome, STATE_ABSENT);
	close_host(&h);
}

/* Descriptors that stay open give new figures at the second reading. */
static void this_host_answers_twice(void **state)
{
	struct host h = { 0 };
	struct snapshot *s;
	uint64_t idle_ns = 0, before_ns = 0;

	(void)state;
	assert_int_equal(root_open("/", &h.root), 0);
	start(&h);
	s = take(&h);
	assert_true(s->table[TABLE_CPU].n >= 1);
	for (size_t i = 0; i < s->table[TABLE_CPU].n; i++)
		before_ns += s->table[TABLE_CPU].row[i]->cell[CPU_IDLE].count;
	s = take(&h);
	for (size_t i = 0; i < s->table[TABLE_CPU].n; i++)
		idle_ns += s->table[TABLE_CPU].row[i]->cell[CPU_IDLE].count;
	assert_true(idle_ns >= before_ns);
	assert_true(cell_number(host_row(s), HOST_MEMORY_TOTAL, 0) > 0);
	assert_true(s->table[TABLE_NODE].n >= 1);
	assert_true(cell_number(s->table[TABLE_NODE].row[0], NODE_TOTAL, -1) >= 0);
	assert_int_equal(slot_of(&h, SRC_CPUS)->outcome, STATE_OK);
	assert_int_equal(slot_of(&h, SRC_MEMORY)->outcome, STATE_OK);
	assert_int_equal(slot_of(&h, SRC_NODES)->outcome, STATE_OK);
	close_host(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_of_a_cpu_add_up),
		cmocka_unit_test(counters_that_go_back_a_little_stand_still),
		cmocka_unit_test(fields_that_are_missing_stay_unknown),
		cmocka_unit_test(cpus_come_and_go),
		cmocka_unit_test(frequencies_are_told_where_they_are_known),
		cmocka_unit_test(memory_without_pressure),
		cmocka_unit_test(pressure_is_a_share_of_time),
		cmocka_unit_test(pages_may_be_larger),
		cmocka_unit_test(numad_is_known_where_a_note_tells_it),
		cmocka_unit_test(swap_may_be_compressed_in_memory),
		cmocka_unit_test(four_nodes_of_36_cpus),
		cmocka_unit_test(nodes_tell_hits_and_misses),
		cmocka_unit_test(a_node_may_lack_memory_or_cpus),
		cmocka_unit_test(a_host_without_numa_is_one_node),
		cmocka_unit_test(a_cloud_machine_with_three_guests),
		cmocka_unit_test(nodes_that_make_no_sense),
		cmocka_unit_test(this_host_answers_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
