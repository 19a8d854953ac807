/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Derived figures of memory: of the host, of KSM and of pools of huge pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/derived.h"

#define PAGE 4096.0

static void memory_used_is_what_is_not_available(void **state)
{
	struct snapshot *s = sample(1);

	(void)state;
	cell_set_number(host(s), HOST_MEMORY_TOTAL, 16 * GIB, SECOND);
	cell_set_number(host(s), HOST_MEMORY_AVAILABLE, 4 * GIB, SECOND);
	derive(s, NULL);
	assert_value(host(s), TABLE_HOST, HOST_MEMORY_USED, 0.75);
	cell_set_missing(host(s), HOST_MEMORY_AVAILABLE, STATE_DENIED, SECOND);
	derive(s, NULL);
	assert_missing(host(s), TABLE_HOST, HOST_MEMORY_USED, STATE_DENIED);
	snapshot_unref(s);
}

/* Pages of KSM: 2000 shared by 18000 more users. */
static void ksm_saves_what_is_shared_besides_the_first(void **state)
{
	struct snapshot *s = sample(1);

	(void)state;
	cell_set_number(host(s), HOST_KSM_PAGES_SHARED, 2000 * PAGE, SECOND);
	cell_set_number(host(s), HOST_KSM_PAGES_SHARING, 18000 * PAGE, SECOND);
	derive(s, NULL);
	assert_value(host(s), TABLE_HOST, HOST_KSM_SAVED, 70.3125 * MIB);
	assert_value(host(s), TABLE_HOST, HOST_KSM_EFFICIENCY, 9);

	cell_set_number(host(s), HOST_KSM_PAGES_SHARED, 0, SECOND);
	cell_set_number(host(s), HOST_KSM_PAGES_SHARING, 0, SECOND);
	derive(s, NULL);
	assert_value(host(s), TABLE_HOST, HOST_KSM_SAVED, 0);
	assert_missing(host(s), TABLE_HOST, HOST_KSM_EFFICIENCY, STATE_ABSENT);

	cell_set_number(host(s), HOST_KSM_PAGES_SHARED, 2000 * PAGE, SECOND);
	cell_set_missing(host(s), HOST_KSM_PAGES_SHARING, STATE_DENIED, SECOND);
	derive(s, NULL);
	assert_missing(host(s), TABLE_HOST, HOST_KSM_SAVED, STATE_DENIED);
	assert_missing(host(s), TABLE_HOST, HOST_KSM_EFFICIENCY, STATE_DENIED);
	snapshot_unref(s);
}

/* 512 pages with 92 free; 25000 with 23425; 4 of 1 GiB on one node, 1024 of 2 MiB on another. */
static void huge_pages_add_up(void **state)
{
	struct snapshot *s = sample(1);
	const struct row *node[4], *pool;

	(void)state;
	for (unsigned n = 0; n < 4; n++)
		node[n] = add_node(s, n);
	pool = add_pool(s, 0, 2 * MIB, 512, 92);
	add_pool(s, 1, GIB, 4, 3);
	add_pool(s, 1, 2 * MIB, 25000, 23425);
	add_pool(s, 3, 2 * MIB, 1024, 1024);
	derive(s, NULL);
	assert_value(pool, TABLE_HUGEPOOL, HUGEPOOL_USED, 840 * MIB);
	assert_value(s->table[TABLE_HUGEPOOL].row[2], TABLE_HUGEPOOL, HUGEPOOL_USED, 3150 * MIB);
	assert_value(node[0], TABLE_NODE, NODE_HUGE_TOTAL, GIB);
	assert_value(node[0], TABLE_NODE, NODE_HUGE_FREE, 184 * MIB);
	assert_value(node[1], TABLE_NODE, NODE_HUGE_TOTAL, 4 * GIB + 50000 * MIB);
	assert_value(node[1], TABLE_NODE, NODE_HUGE_FREE, 3 * GIB + 46850 * MIB);
	assert_value(node[2], TABLE_NODE, NODE_HUGE_TOTAL, 0);
	assert_value(node[3], TABLE_NODE, NODE_HUGE_TOTAL, 2 * GIB);
	assert_value(host(s), TABLE_HOST, HOST_HUGE_FREE, 5 * GIB + 184 * MIB + 46850 * MIB);
	snapshot_unref(s);
}

static void a_pool_that_is_not_known_is_not_empty(void **state)
{
	struct snapshot *s = sample(1);
	const struct row *node = add_node(s, 0), *other = add_node(s, 1);
	struct row *pool = add_pool(s, 0, 2 * MIB, 512, 92);

	(void)state;
	add_pool(s, 0, GIB, 4, 4);
	add_pool(s, 1, GIB, 2, 2);
	cell_set_missing(pool, HUGEPOOL_FREE, STATE_DENIED, SECOND);
	derive(s, NULL);
	assert_missing(pool, TABLE_HUGEPOOL, HUGEPOOL_USED, STATE_DENIED);
	assert_value(node, TABLE_NODE, NODE_HUGE_TOTAL, 5 * GIB);
	assert_missing(node, TABLE_NODE, NODE_HUGE_FREE, STATE_DENIED);
	assert_value(other, TABLE_NODE, NODE_HUGE_FREE, 2 * GIB);
	assert_missing(host(s), TABLE_HOST, HOST_HUGE_FREE, STATE_DENIED);
	snapshot_unref(s);
}

static void a_pool_is_wanted_by_the_guests_that_ask_for_its_pages(void **state)
{
	struct snapshot *s = sample(1);
	const struct row *small = add_pool(s, 0, 2 * MIB, 512, 512);
	const struct row *large = add_pool(s, 0, GIB, 4, 4);
	struct row *a = add_guest(s, 7, "a"), *b = add_guest(s, 8, "b");

	(void)state;
	add_guest(s, 9, "c");
	cell_set_number(a, DOMAIN_HUGE_SIZE, 2 * MIB, SECOND);
	cell_set_number(a, DOMAIN_MEMORY, 128 * MIB, SECOND);
	cell_set_number(b, DOMAIN_HUGE_SIZE, 2 * MIB, SECOND);
	cell_set_number(b, DOMAIN_MEMORY, 64 * MIB, SECOND);
	derive(s, NULL);
	assert_value(small, TABLE_HUGEPOOL, HUGEPOOL_WANTED, 192 * MIB);
	assert_cell_text(small, HUGEPOOL_GUESTS, "a b");
	assert_value(large, TABLE_HUGEPOOL, HUGEPOOL_WANTED, 0);
	assert_cell_text(large, HUGEPOOL_GUESTS, "");

	/* What b asks for may not be read: it could be either pool. */
	cell_set_missing(b, DOMAIN_HUGE_SIZE, STATE_DENIED, SECOND);
	derive(s, NULL);
	assert_missing(small, TABLE_HUGEPOOL, HUGEPOOL_WANTED, STATE_DENIED);
	assert_cell_text(small, HUGEPOOL_GUESTS, "a");
	assert_missing(large, TABLE_HUGEPOOL, HUGEPOOL_WANTED, STATE_DENIED);
	assert_missing(large, TABLE_HUGEPOOL, HUGEPOOL_GUESTS, STATE_DENIED);

	cell_set_number(b, DOMAIN_HUGE_SIZE, 2 * MIB, SECOND);
	cell_set_missing(b, DOMAIN_MEMORY, STATE_ABSENT, SECOND);
	derive(s, NULL);
	assert_missing(small, TABLE_HUGEPOOL, HUGEPOOL_WANTED, STATE_ABSENT);
	assert_cell_text(small, HUGEPOOL_GUESTS, "a b");
	assert_value(large, TABLE_HUGEPOOL, HUGEPOOL_WANTED, 0);
	snapshot_unref(s);
}

/* 3 GiB of a pool, and beside it 1 GiB of which a quarter lies in transparent huge pages. */
static void huge_pages_have_a_share_of_a_guest(void **state)
{
	struct snapshot *s = sample(1);
	struct row *guest = add_guest(s, 7, "a");

	(void)state;
	derive(s, NULL);
	assert_missing(guest, TABLE_DOMAIN, DOMAIN_HUGE_SHARE, STATE_ABSENT);

	cell_set_number(guest, DOMAIN_RSS, 1 * GIB, SECOND);
	cell_set_number(guest, DOMAIN_HUGETLB, 3 * GIB, SECOND);
	derive(s, NULL);
	assert_value(guest, TABLE_DOMAIN, DOMAIN_HUGE_SHARE, 0.75);
	cell_set_number(guest, DOMAIN_THP, 256 * MIB, SECOND);
	derive(s, NULL);
	assert_value(guest, TABLE_DOMAIN, DOMAIN_HUGE_SHARE, 0.8125);

	/* Of a guest without a pool only the transparent ones tell. */
	cell_set_number(guest, DOMAIN_HUGETLB, 0, SECOND);
	derive(s, NULL);
	assert_value(guest, TABLE_DOMAIN, DOMAIN_HUGE_SHARE, 0.25);
	cell_set_missing(guest, DOMAIN_THP, STATE_DENIED, SECOND);
	derive(s, NULL);
	assert_missing(guest, TABLE_DOMAIN, DOMAIN_HUGE_SHARE, STATE_DENIED);

	/* Read at another moment than RSS, it may be a little more. */
	cell_set_number(guest, DOMAIN_THP, 1.01 * GIB, SECOND);
	derive(s, NULL);
	assert_value(guest, TABLE_DOMAIN, DOMAIN_HUGE_SHARE, 1);
	snapshot_unref(s);
}

static void a_guest_uses_what_it_could_not_free(void **state)
{
	struct snapshot *s = sample(1);
	struct row *guest = add_guest(s, 7, "a");

	(void)state;
	cell_set_number(guest, DOMAIN_GUEST_AVAILABLE, 4 * GIB, SECOND);
	derive(s, NULL);
	assert_missing(guest, TABLE_DOMAIN, DOMAIN_GUEST_USED, STATE_ABSENT);
	cell_set_number(guest, DOMAIN_GUEST_UNUSED, 1 * GIB, SECOND);
	derive(s, NULL);
	assert_value(guest, TABLE_DOMAIN, DOMAIN_GUEST_USED, 3 * GIB);
	cell_set_number(guest, DOMAIN_GUEST_USABLE, 2 * GIB, SECOND);
	derive(s, NULL);
	assert_value(guest, TABLE_DOMAIN, DOMAIN_GUEST_USED, 2 * GIB);
	cell_set_missing(guest, DOMAIN_GUEST_AVAILABLE, STATE_STUCK, SECOND);
	derive(s, NULL);
	assert_missing(guest, TABLE_DOMAIN, DOMAIN_GUEST_USED, STATE_STUCK);
	snapshot_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_used_is_what_is_not_available),
		cmocka_unit_test(ksm_saves_what_is_shared_besides_the_first),
		cmocka_unit_test(huge_pages_add_up),
		cmocka_unit_test(a_pool_that_is_not_known_is_not_empty),
		cmocka_unit_test(a_pool_is_wanted_by_the_guests_that_ask_for_its_pages),
		cmocka_unit_test(huge_pages_have_a_share_of_a_guest),
		cmocka_unit_test(a_guest_uses_what_it_could_not_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
