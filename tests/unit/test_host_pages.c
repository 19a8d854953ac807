/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Huge page pools, KSM and transparent huge pages of captured hosts, and the threads of the kernel
 * that work for them. Each figure is known from tests/hosts/hosts.py.
 */
#include "collectors/kthread.h"
#include "tests/unit/captured_host.h"

#include "tests/unit/captured.h"

static const struct row *pool_of(const struct snapshot *s, uint64_t node, uint64_t size_bytes)
{
	return row_of(s, TABLE_HUGEPOOL, node << 40 | size_bytes);
}

static void pools_of_each_node(void **state)
{
	struct host h;
	struct snapshot *s;
	const struct row *pool;

	(void)state;
	open_host(&h, "sparse-288");
	s = take(&h);
	/* Two sizes on nine nodes, but none on the node without memory. */
	assert_int_equal(s->table[TABLE_HUGEPOOL].n, 16);
	assert_null(snapshot_find(s, TABLE_HUGEPOOL, key_host((uint64_t)9 << 40 | 2 << 20)));
	pool = pool_of(s, 0, 2 << 20);
	assert_shown(pool, TABLE_HUGEPOOL, HUGEPOOL_TOTAL, 25000);
	assert_shown(pool, TABLE_HUGEPOOL, HUGEPOOL_FREE, 23425);
	assert_shown(pool, TABLE_HUGEPOOL, HUGEPOOL_USED, 3150 * MIB);
	assert_shown(pool, TABLE_HUGEPOOL, HUGEPOOL_WANTED, 3150 * MIB);
	assert_shown(pool, TABLE_HUGEPOOL, HUGEPOOL_SURPLUS, 0);
	assert_string_equal(cell_text(pool, HUGEPOOL_GUESTS), "huge");
	pool = pool_of(s, 1, 1 << 30);
	assert_shown(pool, TABLE_HUGEPOOL, HUGEPOOL_TOTAL, 4);
	assert_shown(pool, TABLE_HUGEPOOL, HUGEPOOL_PAGE_SIZE, GIB);
	assert_shown(pool_of(s, 3, 2 << 20), TABLE_HUGEPOOL, HUGEPOOL_TOTAL, 1024);
	assert_shown(row_of(s, TABLE_NODE, 1), TABLE_NODE, NODE_HUGE_TOTAL, 4 * GIB);
	assert_shown(row_of(s, TABLE_NODE, 3), TABLE_NODE, NODE_HUGE_TOTAL, 2 * GIB);
	assert_host(s, HOST_HUGETLB, (25000.0 + 1024) * 2 * MIB + 4 * GIB);
	assert_host(s, HOST_HUGE_FREE, (23425.0 + 1024) * 2 * MIB + 4 * GIB);
	close_host(&h);
}

static void pools_without_nodes(void **state)
{
	struct host h;
	struct snapshot *s;
	const struct row *pool;

	(void)state;
	open_host(&h, "no-numa");
	s = take(&h);
	assert_int_equal(s->table[TABLE_HUGEPOOL].n, 1);
	pool = pool_of(s, 0, 2 << 20);
	assert_shown(pool, TABLE_HUGEPOOL, HUGEPOOL_TOTAL, 512);
	assert_shown(pool, TABLE_HUGEPOOL, HUGEPOOL_FREE, 92);
	assert_shown(pool, TABLE_HUGEPOOL, HUGEPOOL_USED, 840 * MIB);
	assert_shown(pool, TABLE_HUGEPOOL, HUGEPOOL_HOST_RESERVED, 20);
	assert_string_equal(cell_text(pool, HUGEPOOL_MOUNT), "/dev/hugepages");
	assert_string_equal(slot_of(&h, SRC_HUGEPAGES)->note, "");
	close_host(&h);
}

/* What a guest wants and what it got are two things. */
static void pools_too_small_for_their_guests(void **state)
{
	struct host h;
	struct snapshot *s;
	const struct row *pool;

	(void)state;
	open_host(&h, "small-pool");
	s = take(&h);
	for (uint64_t node = 0; node < 2; node++) {
		pool = pool_of(s, node, 2 << 20);
		assert_shown(pool, TABLE_HUGEPOOL, HUGEPOOL_TOTAL, node ? 100 : 512);
		assert_shown(pool, TABLE_HUGEPOOL, HUGEPOOL_FREE, node ? 100 : 0);
		assert_shown(pool, TABLE_HUGEPOOL, HUGEPOOL_SURPLUS, node ? 0 : 12);
		assert_shown(pool, TABLE_HUGEPOOL, HUGEPOOL_USED, node ? 0 : GIB);
		assert_shown(pool, TABLE_HUGEPOOL, HUGEPOOL_WANTED, 2 * GIB);
		assert_string_equal(cell_text(pool, HUGEPOOL_GUESTS), "first second");
	}
	assert_shown(guest_row(s, "first"), TABLE_DOMAIN, DOMAIN_HUGETLB, GIB);
	assert_shown(guest_row(s, "second"), TABLE_DOMAIN, DOMAIN_HUGETLB, 0);
	assert_shown(guest_row(s, "second"), TABLE_DOMAIN, DOMAIN_HUGE_SIZE, 2 * MIB);
	assert_state(guest_row(s, "plain"), TABLE_DOMAIN, DOMAIN_HUGE_SIZE, STATE_ABSENT);
	close_host(&h);
}

static void pools_of_four_sizes(void **state)
{
	struct host h;
	struct snapshot *s;

	(void)state;
	open_host(&h, "arm64");
	s = take(&h);
	assert_int_equal(s->table[TABLE_HUGEPOOL].n, 8);
	assert_shown(pool_of(s, 1, 64 << 10), TABLE_HUGEPOOL, HUGEPOOL_TOTAL, 0);
	assert_shown(pool_of(s, 1, 32 << 20), TABLE_HUGEPOOL, HUGEPOOL_FREE, 0);
	assert_shown(row_of(s, TABLE_CPU, 12), TABLE_CPU, CPU_PACKAGE, 36);
	close_host(&h);
}

static void pools_that_make_no_sense(void **state)
{
	static const char text[] =
	    "kvmtop-host 1\n"
	    "## 10000000000 0\n"
	    "== sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages\nfew\n"
	    "== sys/kernel/mm/hugepages/hugepages-kB/nr_hugepages\n1\n"
	    "== sys/kernel/mm/hugepages/hugepages-0kB/nr_hugepages\n1\n"
	    "== sys/kernel/mm/hugepages/hugepages-99999999999999999999kB/nr_hugepages\n1\n"
	    "== sys/kernel/mm/hugepages/hugepages-4398046511104kB/nr_hugepages\n1\n"
	    "== sys/kernel/mm/hugepages/small/nr_hugepages\n1\n"
	    "## 11000000000 0\n"
	    "== proc/stat\ncpu0 1 2 3 4\n";
	struct host h;
	struct snapshot *s;

	(void)state;
	open_text(&h, text);
	s = take(&h);
	assert_int_equal(s->table[TABLE_HUGEPOOL].n, 1);
	assert_state(pool_of(s, 0, 2 << 20), TABLE_HUGEPOOL, HUGEPOOL_TOTAL, STATE_ABSENT);
	take(&h);
	assert_int_equal(slot_of(&h, SRC_HUGEPAGES)->outcome, STATE_ABSENT);
	assert_note(&h, SRC_HUGEPAGES, "no huge page pools");
	close_host(&h);
}

static void ksm_counts_pages(void **state)
{
	struct host h;
	struct snapshot *s;

	(void)state;
	open_host(&h, "four-nodes-36");
	take(&h);
	s = take(&h);
	assert_host(s, HOST_KSM_RUN, 1);
	assert_host(s, HOST_KSM_PAGES_SHARED, 2000 * 4096.0);
	assert_host(s, HOST_KSM_SAVED, 18000 * 4096.0);
	assert_host(s, HOST_KSM_EFFICIENCY, 9);
	assert_host(s, HOST_KSM_PAGES_UNSHARED, 36000 * 4096.0);
	assert_host(s, HOST_KSM_PAGES_VOLATILE, 4000 * 4096.0);
	assert_host(s, HOST_KSM_GENERAL_PROFIT, 69888000);
	assert_host(s, HOST_KSM_PAGES_TO_SCAN, 1000);
	assert_host(s, HOST_KSM_SLEEP_MILLISECS, 1000);
	assert_host(s, HOST_KSM_PAGES_SCANNED, 1000);
	assert_string_equal(cell_text(host_row(s), HOST_KSM_ADVISOR), "scan-time");
	assert_host(s, HOST_KSMD, 0.15);
	assert_shown(guest_row(s, "sles1"), TABLE_DOMAIN, DOMAIN_KSM, 10000 * 4096.0);
	assert_shown(
	    guest_row(s, "sles2"), TABLE_DOMAIN, DOMAIN_KSM_PROFIT, 10000 * 4096.0 - 64 * 30000.0);
	assert_string_equal(slot_of(&h, SRC_KSM)->note, "");
	close_host(&h);
}

static void ksm_of_an_old_kernel(void **state)
{
	struct host h;
	struct snapshot *s;

	(void)state;
	open_host(&h, "arm64");
	s = take(&h);
	assert_host(s, HOST_KSM_PAGES_SHARING, 64 * 4096);
	assert_state(host_row(s), TABLE_HOST, HOST_KSM_GENERAL_PROFIT, STATE_ABSENT);
	assert_state(host_row(s), TABLE_HOST, HOST_KSM_ADVISOR, STATE_ABSENT);
	assert_shown(guest_row(s, "arm-a"), TABLE_DOMAIN, DOMAIN_KSM, 128 * 4096);
	assert_state(guest_row(s, "arm-a"), TABLE_DOMAIN, DOMAIN_KSM_PROFIT, STATE_ABSENT);
	close_host(&h);
	open_host(&h, "cgroup-v1");
	s = take(&h);
	assert_state(guest_row(s, "db"), TABLE_DOMAIN, DOMAIN_KSM, STATE_ABSENT);
	close_host(&h);
}

static void no_ksm_at_all(void **state)
{
	struct host h;
	struct snapshot *s;

	(void)state;
	open_host(&h, "no-ksm");
	s = take(&h);
	assert_int_equal(slot_of(&h, SRC_KSM)->outcome, STATE_ABSENT);
	assert_note(&h, SRC_KSM, "no KSM");
	assert_state(host_row(s), TABLE_HOST, HOST_KSM_RUN, STATE_ABSENT);
	assert_state(host_row(s), TABLE_HOST, HOST_KSM_SAVED, STATE_ABSENT);
	assert_state(host_row(s), TABLE_HOST, HOST_KSMD, STATE_ABSENT);
	assert_state(guest_row(s, "small"), TABLE_DOMAIN, DOMAIN_KSM, STATE_ABSENT);
	close_host(&h);
}

static void ksm_may_cost_more_than_it_saves(void **state)
{
	static const char text[] = "kvmtop-host 1\n"
				   "## 10000000000 0\n"
				   "== sys/kernel/mm/ksm/run\nmaybe\n"
				   "== sys/kernel/mm/ksm/pages_shared\n1\n"
				   "== sys/kernel/mm/ksm/general_profit\n-63936\n"
				   "== sys/kernel/mm/ksm/pages_scanned\n-5\n"
				   "== sys/kernel/mm/ksm/advisor_mode\nnone scan-time\n";
	struct host h;
	struct snapshot *s;

	(void)state;
	open_text(&h, text);
	s = take(&h);
	assert_true(host_row(s)->cell[HOST_KSM_GENERAL_PROFIT].number == -63936);
	assert_state(host_row(s), TABLE_HOST, HOST_KSM_RUN, STATE_ABSENT);
	assert_state(host_row(s), TABLE_HOST, HOST_KSM_PAGES_SCANNED, STATE_ABSENT);
	assert_state(host_row(s), TABLE_HOST, HOST_KSM_ADVISOR, STATE_ABSENT);
	assert_note(&h, SRC_KSM, "sys/kernel/mm/ksm/run holds no value of its kind");
	assert_int_equal(slot_of(&h, SRC_KSM)->outcome, STATE_OK);
	close_host(&h);
}

/* Reading ksm_stat takes a lock of the guest: not while there is nothing to tell. */
static void while_ksm_is_stopped_guests_are_left_alone(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct captured h = { .state = ksm_guests_open(NULL) };
		struct row *web, *host;

		captured_sample(&h, 10);
		captured_file(
		    &h, "proc/42/ksm_stat", "ksm_rmap_items 5\nksm_process_profit -320\n");
		captured_next(&h);
		web = captured_guest(&h, 42, "web");
		host = snapshot_row(h.now, TABLE_HOST, key_host(0));
		cell_set_number(host, HOST_KSM_RUN, i, 1);
		cell_set_number(host, HOST_KSM_PAGES_SHARED, 0, 1);
		captured_read(&h, ksm_guests_read, false);
		assert_int_equal(h.outcome, STATE_OK);
		assert_int_equal(web->cell[DOMAIN_KSM_PROFIT].state, i ? STATE_OK : STATE_ABSENT);
		assert_string_equal(h.note, i ? "" : "KSM is stopped and has merged nothing.");
		if (i)
			assert_true(cell_number(web, DOMAIN_KSM_PROFIT, 0) == -320);
		captured_done(&h, ksm_guests_close);
	}
}

static void transparent_huge_pages(void **state)
{
	struct host h;
	struct snapshot *s;

	(void)state;
	open_host(&h, "eight-nodes-aligned");
	take(&h);
	s = take(&h);
	assert_string_equal(cell_text(host_row(s), HOST_THP_ENABLED), "always");
	assert_string_equal(cell_text(host_row(s), HOST_THP_DEFRAG), "madvise");
	assert_string_equal(cell_text(host_row(s), HOST_THP_SHMEM_ENABLED), "never");
	assert_host(s, HOST_KHUGEPAGED_PAGES_TO_SCAN, 4096);
	assert_host(s, HOST_KHUGEPAGED_PAGES_COLLAPSED, 2);
	assert_host(s, HOST_KHUGEPAGED_CPU, 0.002);
	close_host(&h);
	open_text(&h, "kvmtop-host 1\n## 1 1\n== proc/stat\ncpu0 1 2 3 4\n");
	take(&h);
	assert_int_equal(slot_of(&h, SRC_THP)->outcome, STATE_ABSENT);
	close_host(&h);
}

#define KERNEL_STAT " S 2 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 3 0 0\n"
#define USER_STAT " S 1 0 0 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 3 0 0\n"

static int run_of(const char *text, uint64_t *ret_ns)
{
	struct kthread k;
	char *whole = xasprintf("%s" ARCHIVE_END, text);
	struct root *root;
	int r;

	assert_int_equal(root_open_archive(whole, strlen(whole), &root), 0);
	free(whole);
	kthread_init(&k, "ksmd");
	r = kthread_run_ns(&k, root, 1, ret_ns);
	kthread_done(&k);
	root_close(root);
	return r;
}

static void threads_of_the_kernel_by_name(void **state)
{
	uint64_t run_ns = 0;

	(void)state;
	/* Whoever calls itself so is not the one; without a list of children all are tried. */
	assert_int_equal(run_of("kvmtop-host 1\n## 1 1\n== proc/2/comm\nkthreadd\n"
				"== proc/7/comm\nksmd\n== proc/7/stat\n7 (ksmd)" USER_STAT
				"== proc/7/schedstat\n5 5 5\n"
				"== proc/37/comm\nksmd\n== proc/37/stat\n37 (ksmd)" KERNEL_STAT
				"== proc/37/schedstat\n123456789 5 5\n",
			     &run_ns),
	    0);
	assert_true(run_ns == 123456789);
	/* In a container pid 2 is something else. */
	assert_true(run_of("kvmtop-host 1\n## 1 1\n== proc/2/comm\nbash\n"
			   "== proc/37/comm\nksmd\n== proc/37/stat\n37 (ksmd)" KERNEL_STAT
			   "== proc/37/schedstat\n123456789 5 5\n",
			&run_ns) < 0);
	/* A captured host has no pid 2. */
	run_ns = 0;
	assert_int_equal(run_of("kvmtop-host 1\n## 1 1\n"
				"== proc/37/comm\nksmd\n== proc/37/stat\n37 (ksmd)" KERNEL_STAT
				"== proc/37/schedstat\n123456789 5 5\n",
			     &run_ns),
	    0);
	assert_true(run_ns == 123456789);
	/* There, but what it tells makes no sense. */
	assert_true(run_of("kvmtop-host 1\n## 1 1\n== proc/2/comm\nkthreadd\n"
			   "== proc/2/task/2/children\n37 99999999999 x\n"
			   "== proc/37/comm\nksmd\n== proc/37/stat\n37 (ksmd)" KERNEL_STAT
			   "== proc/37/schedstat\nnever\n",
			&run_ns) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pools_of_each_node),
		cmocka_unit_test(pools_without_nodes),
		cmocka_unit_test(pools_too_small_for_their_guests),
		cmocka_unit_test(pools_of_four_sizes),
		cmocka_unit_test(pools_that_make_no_sense),
		cmocka_unit_test(ksm_counts_pages),
		cmocka_unit_test(ksm_of_an_old_kernel),
		cmocka_unit_test(no_ksm_at_all),
		cmocka_unit_test(ksm_may_cost_more_than_it_saves),
		cmocka_unit_test(while_ksm_is_stopped_guests_are_left_alone),
		cmocka_unit_test(transparent_huge_pages),
		cmocka_unit_test(threads_of_the_kernel_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
